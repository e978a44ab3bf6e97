"""How late minute jobs start on PostgreSQL + Redis with two schedulers and two workers.

    python -m tests.bench.lateness --minutes 5

Prints each slot's lateness and exits 1 unless every slot has exactly one JobLog that succeeded.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from connecthub.db.types import AnyRow
from tests.bench.harness import Servers, say
from tests.bench.installation import PLAIN, POSTGRES, Installation

READY_SECONDS = 5.0
ENDED_SECONDS = 10.0


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=5)
    minutes = parser.parse_args().minutes
    with Servers() as servers:
        rows, slots = observe(servers, minutes)
    sys.exit(0 if report(rows, slots) else 1)


def observe(servers: Servers, minutes: int) -> tuple[list[AnyRow], list[datetime]]:
    """The JobLogs that so many minutes left, and the slots that there were."""
    with ExitStack() as stack:
        installation = stack.enter_context(Installation(servers, POSTGRES, PLAIN))
        for kind in ("scheduler", "scheduler", "worker", "worker"):
            stack.enter_context(installation.process(kind))
        time.sleep(READY_SECONDS)
        first = installation.add("every-minute", PLAIN, "* * * * *").next_run_at
        slots = [first + timedelta(minutes=minute) for minute in range(minutes)]
        time.sleep((slots[-1] - datetime.now(UTC)).total_seconds() + ENDED_SECONDS)
        return installation.rows(), slots


def report(rows: list[AnyRow], slots: list[datetime]) -> bool:
    """Print each slot's lateness; whether each has exactly one run that succeeded."""
    rows = sorted(rows, key=lambda row: row.scheduled_for)
    late = []
    for row in rows:
        late.append((row.started_at - row.scheduled_for).total_seconds() * 1000)
        say(f"{row.scheduled_for:%H:%M} UTC  {row.status}  started {late[-1]:6.1f} ms after its slot")
    if late:
        say(f"{len(late)} runs, late {statistics.median(late):.1f} ms (median), {max(late):.1f} ms (most)")
    exact = [(row.scheduled_for, row.status) for row in rows] == [(slot, "succeeded") for slot in slots]
    say(f"exactly one succeeded JobLog for each of {len(slots)} slots: {'yes' if exact else 'NO'}")
    return exact


if __name__ == "__main__":
    main()
