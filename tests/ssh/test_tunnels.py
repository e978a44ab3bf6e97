"""What sshd refuses by itself: read from its log, whatever happens to that, and written once the database is there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from connecthub.core.config import Settings
from connecthub.db import operators, tables
from connecthub.db.engine import Database
from connecthub.db.schema import upgrade
from connecthub.db.types import AnyRow
from connecthub.ssh.sshd_config import LOGGED
from connecthub.ssh.sshd_log import Asker, Connections
from connecthub.ssh.tunnels import following, record_refusals

ALICE, BOB = "SHA256:alice", "SHA256:bob"
TAG = "serverloop.c:server_request_direct_tcpip():463"
LOCAL = "refused local port forward: originator 127.0.0.1 port 1, target db.example port 5432"
"""As OpenSSH 9.2 said it."""


def accepted(fingerprint: str, port: int, monitor: int | None = None) -> str:
    tag = f"auth.c:auth_log():339 (pid={monitor}): " if monitor else ""
    return f"{tag}Accepted publickey for hub from 192.0.2.7 port {port} ssh2: ED25519 {fingerprint}"


def child(monitor: int, process: int) -> str:
    return f"sshd.c:privsep_postauth():508 (pid={monitor}): User child is on pid {process}"


def refused(process: int | None = None, text: str = LOCAL) -> str:
    return f"{TAG} (pid={process}): {text}" if process else text


@pytest.mark.parametrize(
    ("line", "what"),
    {
        LOCAL: "tunnel to db.example port 5432",
        "refused streamlocal port forward: originator ::1 port 9, target /run/x y": "tunnel to the socket /run/x y",
        "tcpip-forward listen  port 0": "tunnel back from any address port 0",
        "streamlocal-forward listen path /tmp/a": "tunnel back from the socket /tmp/a",
        "agent forwarding disabled": "agent forwarding",
        "session 0 req x11-req": "X11 forwarding",
        "ctype tun@openssh.com rchan 0 win 2097152 max 32768": "tunnel device",
    }.items(),
)
def test_each_request_is_named(line: str, what: str):
    for tag in ("", "debug1: s.c:f():1 (pid=7): ", "debug1: s.c:f():1 (bin=sshd-session, uid=0, pid=7): "):
        request = Connections().take(f"{tag}{line}\r\n")
        assert request is not None
        assert (request.what, request.process) == (what, 7 if tag else None)


@pytest.mark.parametrize(
    "line",
    [
        "session 0 req window-change",
        "ctype session rchan 0 win 2097152 max 32768",
        "rtype tcpip-forward listen x port 1 want_reply 0",
        f"Received disconnect from 192.0.2.7 port 1:11: {LOCAL}",
        f"Invalid user {accepted(ALICE, 1)}",
        "",
    ],
)
def test_other_lines_name_nothing(line: str):
    connections = Connections()
    assert connections.take(line) is None
    request = connections.take(LOCAL)
    assert request is not None
    assert request.connected == ()


def test_the_process_says_who_asked():
    connections = Connections()
    for line in (accepted(ALICE, 1, 10), accepted(BOB, 2, 20), child(20, 21), child(10, 11)):
        connections.take(line)
    request = connections.take(refused(21))
    assert request is not None
    assert connections.askers(request) == (Asker("192.0.2.7", "2", BOB),)


def test_without_a_process_all_who_are_connected_may_have_asked():
    connections = Connections()
    for line in (accepted(ALICE, 1), accepted(BOB, 2), accepted(BOB, 3), "Connection closed by 192.0.2.7 port 3"):
        connections.take(line)
    connections.take("Disconnected from user hub 192.0.2.7 port 1")
    request = connections.take(LOCAL)
    assert request is not None
    assert connections.askers(request) == (Asker("192.0.2.7", "2", BOB),)


def test_the_configuration_lets_sshd_name_the_process_of_each_line():
    assert {"auth_log", "privsep_postauth"} <= set(LOGGED)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation with alice, an operator, and bob, a viewer."""
    made = Settings(data_dir=tmp_path)
    fill(made)
    return made


def fill(settings: Settings) -> None:
    database = Database(settings.database_url)
    upgrade(database, allow_create=True)
    with database.write() as connection:
        for name, role, fingerprint in (("alice", "operator", ALICE), ("bob", "viewer", BOB)):
            number = operators.insert_operator(
                connection, {"name": name, "role": role, "enabled": True, "language": ""}
            )
            key = {"operator_id": number, "fingerprint": fingerprint, "public_key": name, "comment": ""}
            operators.insert_key(connection, key)
    database.dispose()


def rows(settings: Settings) -> list[AnyRow]:
    database = Database(settings.database_url)
    with database.read() as connection:
        found = list(connection.execute(select(tables.audit).order_by(tables.audit.c.id)).all())
    database.dispose()
    return found


def record(settings: Settings, *rounds: list[str], between: Callable[[], None] = lambda: None) -> None:
    """Let the rounds of lines come one after the other, and then the end."""
    left = list(rounds)

    def wait(_: float) -> bool:
        between()
        return not left

    record_refusals(settings, lambda: left.pop(0) if left else [], wait, seconds=0)


def test_a_row_says_who_asked_for_what(settings: Settings):
    record(settings, [accepted(ALICE, 1, 10), child(10, 11), accepted(BOB, 2, 20), child(20, 21), refused(11)])
    (row,) = rows(settings)
    assert (row.actor, row.role, row.fingerprint, row.address) == ("alice", "operator", ALICE, "192.0.2.7")
    assert (row.action, row.via, row.result, row.target_kind) == ("session.command", "ssh", "refused", "session")
    assert row.target_name == "tunnel to db.example port 5432"
    assert row.detail == {"refused": "tunnel to db.example port 5432: nothing is forwarded over SSH"}


def test_who_cannot_be_told_apart_is_named_together(settings: Settings):
    record(settings, [accepted(BOB, 2), accepted(ALICE, 1), refused()])
    (row,) = rows(settings)
    assert (row.actor, row.role, row.fingerprint) == ("one of: alice, bob", "viewer", None)
    assert row.address == "192.0.2.7"


def test_a_key_that_is_gone_and_a_process_of_before_are_named_as_such(settings: Settings):
    record(settings, [accepted("SHA256:gone", 1, 10), child(10, 11), refused(11), refused(99)])
    assert [row.actor for row in rows(settings)] == ["key:removed", "key:unknown"]


def test_many_requests_at_once_are_one_row(settings: Settings):
    lines = [accepted(ALICE, 1, 10), child(10, 11), *[refused(11)] * 500, refused(11, "agent forwarding disabled")]
    record(settings, lines, [refused(11)])
    told = [row.detail["refused"] for row in rows(settings)]
    assert len(told) == 3
    assert told[0].endswith("; 500 such requests at once, of which this was the first")


def test_what_the_client_sent_acts_on_no_terminal(settings: Settings):
    record(settings, [accepted(ALICE, 1), refused(text=LOCAL.replace("db.example", "\x1b]0;x\x07\0"))])
    (row,) = rows(settings)
    assert row.target_name == "tunnel to ␛]0;x␇␀ port 5432"


def test_rows_wait_for_a_database_that_is_away(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    settings = Settings(data_dir=tmp_path / "later")
    settings.data_dir.mkdir()
    lines = [accepted(ALICE, 1, 10), child(10, 11), refused(11)]
    passed = 0

    def comes_back() -> None:
        nonlocal passed
        passed += 1
        if passed == 2:
            fill(settings)

    record(settings, lines, [], [], between=comes_back)
    assert [row.actor for row in rows(settings)] == ["alice"]
    assert [entry.message for entry in caplog.records if "is kept until" in entry.message] != []
    assert len([entry for entry in caplog.records if "is kept until" in entry.message]) == 1


def test_a_log_is_followed_from_its_end_with_who_was_connected_before(settings: Settings, tmp_path: Path):
    log = tmp_path / "sshd.log"
    log.write_text("\n".join([accepted(ALICE, 1, 10), child(10, 11), refused(11), ""]))
    with following(settings, log, threading.Event()), log.open("a") as file:
        file.write(refused(11, "agent forwarding disabled") + "\n")
    assert [(row.actor, row.target_name) for row in rows(settings)] == [("alice", "agent forwarding")]
