"""Alerts as people set them up: channels, policies, a test, and a scheduler that tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import Cli, refusal
from tests.integration.conftest import Installation
from tests.webhook import webhook

pytestmark = pytest.mark.slow
EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)


@pytest.fixture
def cli(installation: Installation, tmp_path: Path) -> Cli:
    return Cli(installation.environment(), tmp_path)


@EMBEDDED
def test_a_channel_is_added_tried_named_and_removed(installation: Installation, cli: Cli, tmp_path: Path):
    installation.add()
    with webhook() as hook:
        (tmp_path / "url").write_text(f"{hook.url}\n")
        assert refusal(cli("alert", "channel", "add", "ops", "--url", hook.url), "no literal") is None
        assert cli("alert", "channel", "add", "ops", "--url", "@url").out.startswith("channel ops is added (JSON)")
        assert cli("alert", "channel", "add", "dead", "--url", "-", stdin="json://127.0.0.1:9/c4nary").code == 0
        tried = cli("alert", "test")
        assert (tried.code, hook.titles) == (1, ["test"])
        assert "ops: sent" in tried.out
        assert "Connection refused" in tried.out
        assert "c4nary" not in tried.out + tried.err
        assert cli("alert", "test", "ops").code == 0
        listed = cli("alert", "channel", "list", "--json").json
        assert [(row["name"], row["service"], row["sealed_url"]) for row in listed] == [
            ("dead", "JSON", None),
            ("ops", "JSON", None),
        ]
        shown = cli("alert", "set", "--job", "job", "--channel", "ops", "--no-success-hours", "26", "--rule", "failed")
        assert "the job's own" in shown.out
        assert cli("alert", "rules", "job", "--json").json["channels"] == ["ops"]
        assert cli("alert", "rules", "--json").json["of"] == "program"
        assert refusal(cli("alert", "channel", "remove", "ops", "--yes"), "policy of job job") is None
        assert refusal(cli("alert", "channel", "remove", "dead"), "say --yes") is None
        assert cli("alert", "channel", "remove", "dead", "--yes").out == "channel dead is removed\n"
        assert refusal(cli("alert", "set", "--job", "job"), "--reset alone") is None
        assert cli("alert", "set", "--job", "job", "--reset").code == 0


@EMBEDDED
def test_without_apprise_it_is_said_what_to_install(installation: Installation, cli: Cli, tmp_path: Path):
    (tmp_path / "missing").mkdir()
    (tmp_path / "missing/apprise.py").write_text("raise ImportError\n")
    added = cli("alert", "channel", "add", "a", "--url", "-", stdin="json://h", PYTHONPATH=str(tmp_path / "missing"))
    assert refusal(added, "pip install 'connecthub[notify]'") is None


def test_a_scheduler_tells_of_a_run_that_failed(installation: Installation, cli: Cli):
    installation.add(handler="samples.bad:Bad", params={"do": "raises"}, enabled=False)
    with webhook() as hook:
        with installation.process("scheduler"), installation.process("worker"):
            assert cli("alert", "channel", "add", "ops", "--url", "-", stdin=hook.url).code == 0
            assert cli("job", "run", "job", "--wait").code == 1
            assert hook.asked.wait(60)
        assert hook.titles == ["job job failed"]
