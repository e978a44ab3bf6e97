"""However a session ends, nothing of it is left, and the audit trail says how."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connecthub.db.types import AnyRow
from tests.cli import SECONDS
from tests.ssh.host import CLIENT, Host
from tests.tui.terminal import Terminal

pytestmark = pytest.mark.slow

LOST = "the connection was lost"


@pytest.fixture(scope="module")
def job(host: Host) -> str:
    """A job that never runs by itself."""
    host.done("job", "add", "quiet", "--handler", "samples.good:Hello", "--cron", "0 0 1 1 *")
    return "quiet"


@pytest.fixture(scope="module")
def going_on(host: Host) -> str:
    """The number of a run that waits for ever, as no worker is there."""
    host.done("job", "add", "waiting", "--handler", "samples.good:Hello", "--cron", "0 0 1 1 *")
    return str(json.loads(host.done("job", "run", "waiting", "--json"))["id"])


def how(host: Host, person: str) -> AnyRow:
    """The row that says how the last session of a person ended, waited for."""
    give_up = time.monotonic() + SECONDS
    while True:
        rows = [row for row in host.audit("session.open", "session.close") if row.actor == person]
        if rows and rows[-1].action == "session.close":
            return rows[-1]
        assert time.monotonic() < give_up, rows
        time.sleep(0.05)


@contextmanager
def following(host: Host, key: Path, log_id: str) -> Iterator[subprocess.Popen[bytes]]:
    """A client that follows a log without a terminal, seen to do so."""
    words = ["ssh", *host.client(key), "-p", str(host.port), host.address, "log", "tail", "-f", log_id]
    opened = len(host.audit("session.open"))
    with subprocess.Popen(
        words, env=CLIENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as client:
        while len(host.audit("session.open")) == opened:
            assert client.poll() is None
            time.sleep(0.05)
        yield client
        if client.poll() is None:
            client.kill()


def edit(terminal: Terminal) -> None:
    """Stand in a form with something changed."""
    terminal.wait("hall")
    terminal.keys("2")
    terminal.wait(">quiet")
    terminal.keys("e")
    terminal.wait("only in January")
    terminal.keys("x")
    terminal.wait("quietx")


def test_a_connection_that_drops_in_mid_edit_leaves_no_process(host: Host, job: str):
    key = host.operator("dropped", "operator")
    with host.terminal(key) as terminal:
        edit(terminal)
        with host.all_gone():
            terminal.process.send_signal(signal.SIGKILL)
    row = how(host, "dropped")
    assert row.detail["how"] == LOST
    assert (row.via, row.target_name) == ("tui", "control center")


def test_a_connection_that_drops_while_a_log_is_followed_leaves_no_process(host: Host, going_on: str):
    key = host.operator("tailing", "viewer")
    with following(host, key, going_on) as client, host.all_gone():
        client.kill()
    assert how(host, "tailing").detail["how"] == LOST


def test_who_leaves_has_left(host: Host, job: str):
    key = host.operator("leaving", "viewer")
    with host.terminal(key) as terminal:
        terminal.wait("hall")
        with host.all_gone():
            terminal.keys("q")
            assert terminal.end() == 0
    row = how(host, "leaving")
    assert (row.detail["how"], row.detail["exit"]) == ("left", 0)


def test_a_key_that_is_taken_away_does_not_act_any_more_and_its_session_ends(host: Host, job: str):
    key = host.operator("revoked", "operator")
    host.done("operator", "key", "add", "revoked", "-", stdin=host.key("other").with_suffix(".pub").read_text())
    fingerprint = host.audit("operator.add")[-1].detail["keys"][0]
    with host.terminal(key) as terminal:
        terminal.wait("hall")
        terminal.keys("2")
        terminal.wait(">quiet")
        host.done("operator", "key", "remove", "revoked", fingerprint)
        with host.all_gone():
            terminal.keys("D", "y")
            terminal.end()
    assert host.ssh(key, "status").code == 255
    assert [row for row in host.audit("job.disable") if row.actor == "revoked" and row.result == "done"] == []
    how(host, "revoked")


def test_who_is_disabled_is_out_also_where_they_only_look(host: Host, going_on: str):
    key = host.operator("disabled", "viewer")
    with following(host, key, going_on) as client:
        with host.all_gone():
            host.done("operator", "disable", "disabled")
        assert client.stderr is not None
        assert b"your key does not open any more" in client.stderr.read()
    assert how(host, "disabled").detail["how"] == "the key was taken out"


def test_a_parent_that_is_killed_takes_its_session_with_it(host: Host, job: str):
    key = host.operator("killed", "viewer")
    with host.terminal(key) as terminal:
        terminal.wait("hall")
        with host.all_gone():
            os.kill(min(host.sessions()), signal.SIGKILL)
        terminal.end()


def test_a_session_that_is_killed_is_seen_to_end(host: Host, job: str):
    key = host.operator("shot", "viewer")
    with host.terminal(key) as terminal:
        terminal.wait("hall")
        with host.all_gone():
            os.kill(max(host.sessions()), signal.SIGKILL)
        assert terminal.end() == 128 + signal.SIGKILL
    assert how(host, "shot").detail["how"] == "killed by signal 9"


def test_so_many_sessions_at_the_same_time_and_no_more(host: Host, going_on: str):
    key = host.operator("busy", "viewer")
    most = host.settings.ssh_sessions
    clients = [following(host, key, going_on) for _ in range(most)]
    for client in clients:
        client.__enter__()
    try:
        ran = host.ssh(key, "status")
        assert ran.code == 2
        assert f"busy has {most} sessions open" in ran.err
        assert host.audit("session.open")[-1].result == "refused"
    finally:
        with host.all_gone():
            for client in clients:
                client.__exit__(None, None, None)
    assert host.ssh(key, "status").code == 0


@pytest.mark.parametrize(("term", "told"), [("dumb", "TERM is dumb"), ("../x", "no name of a terminal")])
def test_a_terminal_without_a_screen_is_refused_with_a_reason(host: Host, term: str, told: str):
    key = host.operator(f"typist-{term.strip('./')}", "viewer")
    with host.terminal(key, term=term) as terminal:
        assert terminal.end() == 64
        assert told in " ".join(terminal.text.split())
    assert host.audit("session.open")[-1].result == "refused"


def test_a_question_is_asked_at_a_terminal_and_answered_by_yes_without_one(host: Host, going_on: str):
    key = host.operator("asked", "operator")
    several = f"log cancel {going_on} {int(going_on) + 1000}"
    assert "say --yes" in host.ssh(key, several).err
    with host.terminal(key, several) as terminal:
        terminal.wait("cancel 2 runs of hall?")
        terminal.keys("n", "Enter")
        assert terminal.end() == 2
        assert "nothing was done" in terminal.text
