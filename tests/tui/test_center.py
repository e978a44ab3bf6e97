"""The control center in a real terminal, beside a worker: what an operator sees and does."""

from __future__ import annotations

import re
import signal
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from connecthub.db import tables
from connecthub.tasks.execute import Workbench, execute_job
from tests.cli import Cli, bare_environment
from tests.integration.conftest import NOON, Installation
from tests.servers.postgres import PostgresServer
from tests.tui.terminal import Terminal

GONE = "~"
"""Before a text that has to go away."""
HOSTILE = "\x1b]0;owned\x07 \x1b[2J\u202egnp.exe \x9b31m [bold]owned[/] 名\u200b"
EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)
"""For what does not depend on the stack."""
OURS = re.compile(rb"\x1b\[[?<>=]?[0-9;]*\$?[A-Za-z]|\x1bP\+q[0-9a-f;]*\x1b\\|\x1b\]22;[a-z]*(\x07|\x1b\\)")
"""What Textual itself sends: colours, places, modes, the shape of the mouse pointer."""
UNASKED = (b"\x1b[2J", b"\x1b[6n", b"\x1bc", b"\x1b[?1049l")


def unasked(raw: bytes) -> list[bytes]:
    """What in all that was sent a terminal would act on and Textual did not mean."""
    found = [bad for bad in UNASKED if bad in raw[: raw.rfind(b"\x1b[?1049l")] or raw.count(bad) > 1]
    rest = OURS.sub(b"", raw).decode(errors="surrogateescape")
    found += sorted({ascii(char).encode() for char in rest if char not in "\r\n" and is_unsafe(char)})
    return found


def is_unsafe(char: str) -> bool:
    """Whether it is a control, invisible, reordering or broken character."""
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


@contextmanager
def center(
    installation: Installation, *arguments: str, size: tuple[int, int] = (80, 24), **variables: str
) -> Iterator[Terminal]:
    """A control center of an installation, once it shows its jobs."""
    environment = {**installation.environment(), "INSTANCE_NAME": "hall", **variables}
    with Terminal.connecthub("tui", *arguments, environment=environment, folder=Path("/"), size=size) as terminal:
        terminal.wait("hall")
        terminal.keys("2")
        yield terminal


def test_a_job_is_run_and_its_live_log_shown_then_what_failed_is_retried(installation: Installation):
    installation.add("good", cron_expr="0 0 1 1 *", params={"name": "you"})
    installation.add("bad", handler="samples.bad:Bad", params={"do": "raises"}, cron_expr="0 0 1 1 *")
    with installation.process("worker"), center(installation) as terminal:
        terminal.wait(">bad")
        terminal.keys("Down")
        terminal.wait(">good")
        terminal.keys("S")
        terminal.wait("Run 1 job(s) of hall now?")
        terminal.keys("y")
        terminal.wait("hello you")
        terminal.wait("succeeded")
        terminal.keys("Esc")
        terminal.wait(">good")
        terminal.keys("Up", "S")
        terminal.wait("Run 1 job(s)")
        terminal.keys("y")
        terminal.wait("✗ failed")
        terminal.keys("i")
        terminal.wait("requested by")
        terminal.keys("Esc")
        terminal.wait(lambda seen: "requested by" not in seen.text and "i facts" in seen.text)
        terminal.keys("R")
        terminal.wait("Retry 1 run(s) of hall?")
        terminal.keys("y")
        terminal.wait("JobLog 3")
        terminal.wait("✗ failed")
        terminal.keys("q")
        assert terminal.end() == 0
    assert [installation.log(log_id).row.status for log_id in (1, 2, 3)] == ["succeeded", "failed", "failed"]
    assert installation.log(3).row.retry_of == 2


@pytest.mark.slow
def test_a_run_is_cancelled_while_its_log_is_followed(installation: Installation, tmp_path: Path):
    params = {"pid_file": str(tmp_path / "pid")}
    installation.add("slow", handler="samples.good:Sleeper", params=params, cron_expr="0 0 1 1 *")
    log_id = installation.run("slow", bell=True)
    with installation.process("worker"), center(installation) as terminal:
        terminal.keys(":")
        terminal.wait("jobs, logs")
        terminal.keys(f"log {log_id}", "Enter")
        terminal.wait("▸ running")
        terminal.keys("X")
        terminal.wait("Cancel 1 run(s) of hall?")
        terminal.keys("y")
        terminal.wait("- cancelled")
    assert installation.log(log_id).row.status == "cancelled"


@EMBEDDED
def test_a_key_that_acts_and_enter_in_one_packet_do_nothing(installation: Installation):
    installation.add("job", cron_expr="0 0 1 1 *")
    with center(installation) as terminal:
        terminal.wait(">job")
        terminal.keys("D", "Enter", "n", "t")
        terminal.wait("times in UTC")
        terminal.keys("S", "Enter", "n", "3")
        terminal.wait("JobLogs")
        terminal.wait("nothing has run yet")
    assert installation.job().enabled


@EMBEDDED
@pytest.mark.slow
def test_many_are_marked_and_more_than_twenty_ask_for_their_number(installation: Installation):
    for number in range(21):
        installation.add(f"job-{number:02}", cron_expr="0 0 1 1 *")
    with center(installation) as terminal:
        terminal.wait(">job-00")
        terminal.keys(*[" "] * 21)
        terminal.wait("21 marked")
        terminal.keys("D")
        terminal.wait("type 21 and press Enter")
        terminal.keys("y", "Enter")
        terminal.keys("\x7f", "21", "Enter")
        terminal.wait("disabled")
        terminal.wait("20 more")
    assert not installation.job("job-20").enabled


@EMBEDDED
def test_a_list_is_filtered_while_typing_also_in_full_width(installation: Installation):
    installation.add("夜间同步", cron_expr="0 0 1 1 *")
    installation.add("other", cron_expr="0 0 1 1 *")
    with center(installation) as terminal:
        terminal.wait("other")
        terminal.keys("／", "夜间")
        terminal.wait(lambda seen: "other" not in seen.text and ">夜间同步" in seen.text.replace(" ", ""))
        terminal.keys("Enter", "Esc")
        terminal.wait("other")
        terminal.keys("：", "logs status:failed", "Enter")
        terminal.wait("no JobLog matches /status:failed")
        terminal.keys("２")
        terminal.wait("other")


@EMBEDDED
def test_nothing_from_outside_reaches_the_terminal_as_control_bytes(installation: Installation, bench: Workbench):
    installation.add("job", handler="samples.hostile:Hostile", params={"fail": True}, cron_expr="0 0 1 1 *")
    execute_job(bench, installation.run())
    make_hostile(installation)
    with center(installation, PLUGIN_PACKAGES="samples.hostile") as terminal:
        terminal.wait("owned")
        for key, seen in [
            ("Enter", "catch_up"),
            ("Esc", "s sort"),
            ("3", "JobLogs"),
            ("Enter", "i facts"),
            ("i", "cause   "),
            ("Esc", "i facts  R retry  ? help"),
            ("Esc", "f failures"),
            ("f", "NEWEST"),
            ("?", "Keys"),
            ("Esc", "NEWEST"),
            (".", "What can"),
            ("Esc", GONE + "What can"),
            ("1", "NEEDS A PERSON"),
            ("4", "NAME"),
            ("6", "job.add"),
            ("Enter", "target"),
            ("Esc", "ACT"),
            ("2", "LAST RUNS"),
            ("e", "== params"),
            ("Esc", "LAST RUNS"),
            ("P", "== params"),
            ("Esc", "LAST RUNS"),
            ("C", "New job"),
            ("Down", "handler_path"),
            ("Esc", "LAST RUNS"),
            ("X", "Delete this job"),
            ("Esc", GONE + "Delete this job"),
            ("5", "Hostile"),
            ("Enter", "handler: "),
        ]:
            terminal.keys(key)
            terminal.wait(lambda now, seen=seen: (seen.lstrip(GONE) in now.text) != seen.startswith(GONE))
        terminal.quiet(0.3)
    assert "␛]52;c;" in terminal.history
    assert unasked(terminal.raw) == []


def make_hostile(installation: Installation) -> None:
    """Put hostile text where no command of ours lets it: rows of another program's, or of an older version."""
    values = (
        (
            tables.jobs,
            {"name": HOSTILE, "tags": [HOSTILE], "schedule_error": HOSTILE, "public_cfg": {HOSTILE: HOSTILE}},
        ),
        (tables.job_logs, {"job_name": HOSTILE, "requested_by": HOSTILE, "worker": HOSTILE}),
        (tables.audit, {"actor": HOSTILE, "via": HOSTILE[:10], "target_name": HOSTILE, "detail": {HOSTILE: HOSTILE}}),
        (tables.job_revisions, {"actor": HOSTILE}),
    )
    worker = {"host": HOSTILE, "pid": 1, "nonce": "1", "queue": HOSTILE, "threads": 1, "version": HOSTILE}
    worker |= {"key_fingerprints": HOSTILE, "started_at": NOON, "seen_at": datetime.now(UTC)}
    with installation.database.write() as connection:
        connection.execute(insert(tables.workers).values(worker))
        for table, columns in values:
            connection.execute(update(table).values(columns))


@EMBEDDED
@pytest.mark.slow
def test_an_idle_screen_sends_nothing_and_a_key_little(installation: Installation):
    for number in range(3):
        installation.add(f"job-{number}", cron_expr="0 0 1 1 *")
    with center(installation) as terminal:
        terminal.wait(">job-0")
        terminal.quiet(1)
        assert terminal.quiet(7) == 0
        terminal.keys("Down")
        assert 0 < terminal.quiet(0.5) <= 1024
        terminal.keys("/")
        terminal.quiet(1)
        assert terminal.quiet(2) == 0


@EMBEDDED
@pytest.mark.slow
def test_a_terminal_that_hangs_up_leaves_no_process(installation: Installation):
    installation.add()
    with center(installation) as terminal:
        terminal.wait(">job")
        terminal.hang_up()
        assert terminal.process.wait(10) in (129, -signal.SIGHUP)


@EMBEDDED
def test_read_only_has_no_keys_that_act(installation: Installation):
    installation.add(cron_expr="0 0 1 1 *")
    with center(installation, "--read-only") as terminal:
        terminal.wait("READ-ONLY")
        terminal.wait(">job")
        terminal.keys("D", "y", "S", "y", "3")
        terminal.wait("nothing has run yet")
    assert installation.job().enabled


@pytest.mark.slow
def test_a_database_that_is_away_is_told_and_comes_back_by_itself(tmp_path: Path, redis_url: str):
    with PostgresServer() as server:
        url = server.create_database("away")
        data = bare_environment(DATA_DIR=tmp_path, DB_URL=url, REDIS_URL=redis_url, INSTANCE_NAME="hall")
        assert Cli(data, tmp_path)("db", "upgrade").code == 0
        with Terminal.connecthub("tui", environment=data, folder=tmp_path) as terminal:
            terminal.wait("hall")
            terminal.keys("2")
            terminal.wait("no jobs yet")
            server.stop()
            terminal.wait("trying again")
            server.start()
            terminal.wait(lambda seen: "trying again" not in seen.text)


@pytest.mark.parametrize(("term", "told"), [("dumb", "TERM is dumb"), ("", "TERM is not set")])
@EMBEDDED
def test_no_screen_is_tried_where_none_can_be(installation: Installation, term: str, told: str):
    with Terminal.connecthub(
        "tui", environment={**installation.environment(), "TERM": term}, folder=Path("/"), term=term
    ) as terminal:
        assert terminal.end() == 2
        assert told in terminal.text
