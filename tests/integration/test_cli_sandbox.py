"""`connecthub sandbox`: what it says, and what its options do. Its end at a signal: test_cli_up."""

from __future__ import annotations

from pathlib import Path

import click
import httpx
import pytest

from connecthub.cli.sandbox import didi, seeyon
from connecthub.integrations.sandbox.organisation import PROFILES
from tests.cli import Cli, Live, bare_environment

SIGN_IN = {"userName": "sandbox-user", "password": "sandbox-password"}


def address(sandbox: Live) -> str:
    sandbox.wait_for("its journal")
    return sandbox.said.split()[3].rstrip(",")


def test_the_profiles_offered_are_those_there_are() -> None:
    offered = {
        command.name: list(option.type.choices)
        for command in (seeyon, didi)
        for option in command.params
        if option.name == "profile" and isinstance(option.type, click.Choice)
    }
    assert offered == {"seeyon": list(PROFILES), "didi": ["none", *PROFILES]}


@pytest.mark.slow
def test_a_seeyon_stand_in_is_as_asked_for(tmp_path: Path) -> None:
    line = "sandbox seeyon --port 0 --profile branch --seed 7 --virtual-clock"
    with Cli(bare_environment(), tmp_path).live(*line.split()) as sandbox:
        url = address(sandbox)
        assert "user sandbox-user, password sandbox-password" in sandbox.said
        assert "members: 500 (profile branch, seed 7)" in sandbox.said
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert client.get("/__control/state").json()["members"] == 500
            token = client.post("/seeyon/rest/token", json=SIGN_IN).json()["id"]
            read = [client.get("/seeyon/rest/orgAccounts", headers={"token": token}).status_code]
            client.post("/__control/clock", json={"advance_s": 901})
            read.append(client.get("/seeyon/rest/orgAccounts", headers={"token": token}).status_code)
            assert read == [200, 401]


@pytest.mark.slow
def test_a_didi_stand_in_is_as_asked_for(tmp_path: Path) -> None:
    line = "sandbox didi --port 0 --profile small --fail 100"
    with Cli(bare_environment(), tmp_path).live(*line.split()) as sandbox:
        url = address(sandbox)
        assert (
            "client_id sandbox-client, client_secret sandbox-client-secret, sign_key sandbox-sign-key" in sandbox.said
        )
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert client.get("/__control/state").json()["members"] > 0
            assert client.post("/__control/clock", json={"advance_s": 1}).status_code == 409
            for _ in range(20):
                try:
                    assert client.post("/river/Auth/authorize", json={}).status_code == 502
                except httpx.RemoteProtocolError:
                    continue
            faults = {entry["fault"] for entry in client.get("/__control/journal").json()}
            assert faults == {"gateway", "dropped", "answer-lost"}
