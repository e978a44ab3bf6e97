"""Secrets at rest: what stands in a row's `secret_cfg`."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connecthub.errors import InvalidSettings, SecretUnreadable
from connecthub.security.fernet import SecretState, describe_secret_cfg, open_secrets, seal
from connecthub.security.key_ring import KeyRing, create_key_file
from tests.unit.conftest import legacy, new_key

CANARY = "canary-9d41"
SECRETS: dict[str, Any] = {"user_name": "anna", "password": CANARY, "nested": {"pins": [1, 2.5, None, True, "密码"]}}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def unreadable(ring: KeyRing, stored: Any) -> str:
    """Return the one line with which a row's secrets are reported."""
    with pytest.raises(SecretUnreadable) as raised:
        open_secrets(ring, 42, stored)
    told = "".join(traceback.format_exception(raised.value))
    assert CANARY not in told
    assert raised.value.__context__ is None
    assert str(raised.value).startswith("the secrets of job 42 ")
    return str(raised.value)


def test_secrets_come_back_as_they_were(ring: KeyRing) -> None:
    assert open_secrets(ring, 42, seal(ring, 42, SECRETS)) == SECRETS


@settings(max_examples=60, deadline=None)
@given(secrets=st.dictionaries(st.text(), json_values, max_size=5), job_id=st.integers(1, 2**63 - 1))
def test_any_json_object_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, secrets: dict[str, Any], job_id: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "hypothesis.key"
    if not path.exists():
        create_key_file(path)
    ring = KeyRing.load(path)
    token = seal(ring, job_id, secrets)
    assert open_secrets(ring, job_id, token) == secrets
    assert describe_secret_cfg(ring, job_id, token) == "sealed"


@pytest.mark.parametrize(
    "secrets",
    [
        {"password": float("nan")},
        {"password": float("inf")},
        {"password": b"canary-9d41"},
        {"password": ("canary-9d41",)},
        {"password": {1: "canary-9d41"}},
        {1: "canary-9d41"},
        {"password": 10**5000},
        ["canary-9d41"],
        "canary-9d41",
        None,
    ],
)
def test_what_json_does_not_give_back_is_refused(ring: KeyRing, secrets: Any) -> None:
    with pytest.raises(InvalidSettings, match="the secrets of job 42 are no JSON object") as raised:
        seal(ring, 42, secrets)
    assert CANARY not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_token_copied_to_another_job_is_refused(ring: KeyRing) -> None:
    token = seal(ring, 7, SECRETS)
    assert unreadable(ring, token) == "the secrets of job 42 were sealed for another job; set them anew"
    assert describe_secret_cfg(ring, 42, token) == SecretState.OTHER_JOB


def test_a_token_of_the_old_system_is_read(ring: KeyRing, key: str) -> None:
    token = legacy(key, SECRETS)
    assert open_secrets(ring, 42, f" {token}\n") == SECRETS
    assert describe_secret_cfg(ring, 42, token) == "legacy token"


def test_plain_json_of_the_old_system_is_read(ring: KeyRing) -> None:
    assert open_secrets(ring, 42, json.dumps(SECRETS)) == SECRETS
    assert describe_secret_cfg(ring, 42, json.dumps(SECRETS)) == "plain JSON"


@pytest.mark.parametrize("stored", [None, "", "  \n"])
def test_nothing_stored_is_no_secrets(ring: KeyRing, stored: str | None) -> None:
    assert open_secrets(ring, 42, stored) == {}
    assert describe_secret_cfg(ring, 42, stored) == "unset"


def test_a_token_of_a_lost_key_is_told_with_the_file(ring: KeyRing, path: Path) -> None:
    token = legacy(new_key(), {"password": CANARY})
    assert f"are sealed under a key that {path} lacks, or damaged; add that key" in unreadable(ring, token)
    assert describe_secret_cfg(ring, 42, token) == "unreadable with this key"


@pytest.mark.parametrize(
    "stored",
    [
        "canary-9d41",
        '["canary-9d41"]',
        '"canary-9d41"',
        "null",
        "0",
        '{"password": "canary-9d41"',
        '{"password": NaN}',
        '{"a":' * 100_000,
        "gAAAAAcanary-9d41",
        "gAAAAAAAAAAA",
        "\udc80canary-9d41",
        b"canary-9d41",
        {"password": "canary-9d41"},
    ],
)
def test_anything_else_is_told_without_its_content(ring: KeyRing, stored: Any) -> None:
    assert unreadable(ring, stored).endswith("; set them anew")
    assert describe_secret_cfg(ring, 42, stored) == "broken"


@pytest.mark.parametrize(
    "value",
    [
        [CANARY],
        None,
        CANARY,
        {"v": 2, "job": 42, "secrets": {"password": CANARY}},
        {"v": 1, "job": 42, "secrets": [CANARY]},
    ],
)
def test_a_token_that_holds_no_secrets_is_told_without_its_content(ring: KeyRing, key: str, value: object) -> None:
    assert unreadable(ring, legacy(key, value)).endswith("; set them anew")
    assert describe_secret_cfg(ring, 42, legacy(key, value)) == "broken"


def test_a_damaged_token_is_told(ring: KeyRing) -> None:
    token = seal(ring, 42, SECRETS)
    assert describe_secret_cfg(ring, 42, token[:-8]) == "broken"
    assert describe_secret_cfg(ring, 42, token[:40] + ("A" if token[40] != "A" else "B") + token[41:]) == (
        "unreadable with this key"
    )
