"""A hundred jobs of one minute: how late they are queued, rung and started."""

from __future__ import annotations

import re
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.harness import Plan, Servers, number, print_table, say
from tests.bench.installation import PLAIN, POSTGRES, SQLITE, Installation

JOBS = 100
READY_SECONDS = 3.0
"""How long the processes run before the first minute that counts."""
RUN_SECONDS = 5.0
DISPATCHED = re.compile(r"^(?P<at>\S+Z) INFO scheduler \S+: dispatched (?P<jobs>\d+) jobs", re.MULTILINE)


def measure(servers: Servers, plan: Plan) -> None:
    """Print the lateness of each minute that was waited for."""
    say(f"== lateness of {JOBS} jobs of one minute, in milliseconds after it; worker -w 4")
    rows = []
    for stack, minutes in ((POSTGRES, plan.choose(full=2, quick=1)), (SQLITE, plan.choose(full=1, quick=0))):
        rows += observe(servers, stack, minutes) if minutes else []
    print_table(["stack, minute", "last queued", "last rung", "first started", "median", "last", "runs"], rows)


def observe(servers: Servers, stack: str, minutes: int) -> list[tuple[object, ...]]:
    """One row of the table for each of the next `minutes`."""
    with Installation(servers, stack, PLAIN, jobs=JOBS, cron="* * * * *") as installation:
        log = installation.folder / "scheduler.log"
        with installation.process("scheduler", output=log), installation.process("worker", "-w", "4"):
            time.sleep(READY_SECONDS)
            begin = datetime.now(UTC).timestamp() // 60 * 60 + 60
            end = begin + 60 * (minutes - 1)
            time.sleep(max(0.0, end + RUN_SECONDS - datetime.now(UTC).timestamp()))
        return [lateness(installation, log, begin + 60 * index) for index in range(minutes)]


def lateness(installation: Installation, log: Path, slot: float) -> tuple[object, ...]:
    """What became of a minute's slots."""

    def late(at: datetime) -> float:
        return (at.timestamp() - slot) * 1000

    rows = [row for row in installation.rows() if row.scheduled_for.timestamp() == slot]
    started = [late(row.started_at) for row in rows if row.started_at]
    told = [datetime.fromisoformat(found["at"]) for found in DISPATCHED.finditer(log.read_text())]
    rung = [late(at) for at in told if 0 <= late(at) < 30_000]
    figures = (
        max(late(row.queued_at) for row in rows),
        max(rung),
        min(started),
        statistics.median(started),
        max(started),
    )
    minute = f"{installation.stack}, {datetime.fromtimestamp(slot, UTC):%H:%M}"
    return (minute, *map(number, figures), len(rows))
