"""Three people with three roles come in by their keys, and each does what they may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connecthub.db.jobs import find_job
from connecthub.security.fernet import open_secrets
from connecthub.security.key_ring import KeyRing
from tests.ssh.host import Host, quoted
from tests.tui.terminal import Terminal
from tests.tui.test_session import edit_field, save

pytestmark = pytest.mark.slow

OLD, NEW = "0ld-t0ken", "n3w-t0ken"


def fill(host: Host, name: str) -> None:
    """A job that fails for its params, and never runs by itself."""
    params = json.dumps({"city": "Berlin", "people": 13})
    given = ["--handler", "samples.tally:Tally", "--cron", "0 0 1 1 *", "--params", params, "--secrets", "-"]
    host.done("job", "add", name, *given, stdin=json.dumps({"token": OLD}))


def secret_of(host: Host, name: str, folder: Path) -> object:
    """The secrets of a job, opened with a copy of the key: the file itself is for its owner alone."""
    copy = folder / "fernet.key"
    copy.write_bytes((host.folder / "data/fernet.key").read_bytes())
    copy.chmod(0o600)
    keys = KeyRing.load(copy)
    with host.database() as database, database.read() as connection:
        row = find_job(connection, name)
    assert row is not None
    return open_secrets(keys, row.id, row.secret_cfg)


def acts(host: Host, person: str) -> list[tuple[str, str, str]]:
    """What a person did or was refused, and by which way."""
    known = ("job.edit", "job.run", "job.disable", "job.enable", "job.delete", "log.retry", "log.cancel")
    return [(row.action, row.via, row.result) for row in host.audit(*known) if row.actor == person]


def open_jobs(terminal: Terminal, name: str) -> None:
    """Stand on a job in the list of jobs."""
    terminal.wait("hall")
    terminal.keys(":")
    terminal.wait("jobs, logs")
    terminal.keys(f"job {name}", "Enter")
    terminal.wait("LAST RUNS")


def test_a_viewer_reads_and_nothing_else(host: Host):
    fill(host, "seen")
    key = host.operator("vic", "viewer")
    assert "seen" in host.ssh(key, "job list").out
    assert json.loads(host.ssh(key, "job show seen --json").out)["secret_cfg"] == {"token": "***"}
    for command in ("job run seen", "job disable seen"):
        ran = host.ssh(key, command)
        assert ran.code == 2, command
        assert "needs the role operator" in ran.err
    assert acts(host, "vic") == [("job.run", "ssh", "refused"), ("job.disable", "ssh", "refused")]
    with host.terminal(key) as terminal:
        open_jobs(terminal, "seen")
        assert "S run" not in terminal.text
        terminal.keys("S", "D")
        terminal.quiet(0.5)
        terminal.keys("q")
        assert terminal.end() == 0
    assert [row for row in acts(host, "vic") if row[2] == "done"] == []


def test_an_operator_mends_a_job_and_retries_it(host: Host, tmp_path: Path):
    """Edited, with its secret replaced, in the control center; retried from there and by a command."""
    fill(host, "counting")
    key = host.operator("otto", "operator")
    with host.process("worker"):
        ran = host.ssh(key, "job run counting --wait --json")
        assert ran.code == 1
        with host.terminal(key) as terminal:
            retry_and_mend(terminal)
        failed = json.loads(host.ssh(key, "log list --job counting --status failed --json").out)
        assert len(failed) == 2
        ran = host.ssh(key, f"log retry {failed[0]['id']} --wait")
        assert ran.code == 0, ran
    assert "succeeded" in ran.out
    assert secret_of(host, "counting", tmp_path) == {"token": NEW}
    assert [act for act in acts(host, "otto") if act[2] == "done"] == [
        ("job.run", "ssh", "done"),
        ("log.retry", "tui", "done"),
        ("job.edit", "tui", "done"),
        ("log.retry", "ssh", "done"),
    ]
    assert host.ssh(key, quoted("job", "run", "counting", "--params", '{"city": "Rome", "people": 1}')).code == 0
    assert no_secret_anywhere(host, terminal)


def retry_and_mend(terminal: Terminal) -> None:
    """Retry the failed run from the screen, then change params and secret of its job."""
    open_jobs(terminal, "counting")
    terminal.keys("R")
    terminal.wait("Retry what failed of 1 job(s) of hall?")
    terminal.keys("y")
    terminal.wait("✗ failed")
    terminal.wait("13 people are one too many")
    terminal.keys("Esc")
    terminal.wait("LAST RUNS")
    terminal.keys("e")
    terminal.wait("Berlin")
    edit_field(terminal, 7, 2, "4")
    edit_field(terminal, 5, 0, NEW)
    save(terminal)
    terminal.wait("secrets.token: set anew")
    terminal.keys("y")
    terminal.wait("is saved as version 2")
    terminal.keys("q")
    assert terminal.end() == 0


def no_secret_anywhere(host: Host, terminal: Terminal) -> bool:
    """No secret is in what was shown or written down."""
    trail = "\n".join(str(row.detail) for row in host.audit("job.edit", "job.add", "session.open", "session.command"))
    return not [each for each in (OLD, NEW) if each in terminal.history + trail + host.log.read_text()]


def test_an_admin_deletes_a_job_in_the_control_center_and_an_operator_does_not(host: Host):
    fill(host, "old")
    with host.terminal(host.operator("oscar", "operator")) as terminal:
        open_jobs(terminal, "old")
        terminal.keys("X")
        terminal.quiet(0.5)
        assert "delete" not in terminal.text
        terminal.keys("q")
        assert terminal.end() == 0
    with host.terminal(host.operator("anna", "admin")) as terminal:
        open_jobs(terminal, "old")
        terminal.keys("X")
        terminal.wait("type old and press Enter")
        terminal.keys("old", "Enter")
        terminal.wait("job old is deleted")
        terminal.keys("q")
        assert terminal.end() == 0
    assert acts(host, "anna") == [("job.delete", "tui", "done")]
    assert acts(host, "oscar") == []
