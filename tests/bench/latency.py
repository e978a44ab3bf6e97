"""From a bell to the plugin's first line, of single runs on an idle machine and at half load."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable

from connecthub.db.types import AnyRow
from tests.bench.harness import Plan, Servers, print_table, say, spread
from tests.bench.installation import MODELLED, PLAIN, STACKS, Installation

WARM_UP = 10
PAUSE = (0.05, 0.08)
"""Seconds between two single runs, longer than a run takes."""
HEAD = ["ms", "p50", "p99", "min", "max", "runs"]


def measure(servers: Servers, plan: Plan) -> None:
    """Print p50 and p99."""
    say("== latency: ring → first line of the plugin, in milliseconds")
    rows = []
    for stack in STACKS:
        for words, handler in (("no models", PLAIN), ("models", MODELLED)):
            with Installation(servers, stack, handler) as installation, installation.process("worker", "-w", "4"):
                idle = latencies(*paced(installation, plan.choose(full=200, quick=40)))
                rows.append((f"{stack}, {words}, idle", *spread(idle), len(idle)))
                if handler == PLAIN:
                    rate = capacity(installation, plan.choose(full=300, quick=100)) / 2
                    count = int(rate * plan.choose(full=10, quick=2))
                    half = latencies(*paced(installation, count, lambda rate=rate: random.expovariate(rate)))
                    rows.append((f"{stack}, {words}, half load ({rate:.0f}/s)", *spread(half), len(half)))
    print_table(HEAD, rows)


def paced(
    installation: Installation, count: int, pause: Callable[[], float] = lambda: random.uniform(*PAUSE)
) -> tuple[dict[int, float], list[AnyRow]]:
    """Ring one row after another, `pause` seconds apart: when each was rung, by id, and the ended rows.

    Nobody asks the database meanwhile; the rows are read when all have ended. The first, warming up, are left out.
    """
    random.seed(4)
    rung: dict[int, float] = {}
    rows: list[AnyRow] = []
    due = time.monotonic()
    for _ in range(WARM_UP + count):
        due += pause()
        time.sleep(max(0.0, due - time.monotonic()))
        rows += (row := installation.queue())
        rung[row[0].id] = time.monotonic()
        installation.ringer.ring(row)
    return rung, installation.wait_for(rows)[WARM_UP:]


def latencies(rung: dict[int, float], rows: list[AnyRow]) -> list[float]:
    """Milliseconds from each bell to its plugin's first line."""
    return [(stamps(row)["run_began"] - rung[row.id]) * 1000 for row in rows]


def stamps(row: AnyRow) -> dict[str, float]:
    """The times that the plugin wrote into its first and last line."""
    lines = [json.loads(text) for text in _messages(row.run_log) if text.startswith("{")]
    return {**lines[0], **lines[-1]}


def _messages(run_log: str) -> Iterable[str]:
    return (line.partition(": ")[2] for line in run_log.splitlines())


def capacity(installation: Installation, count: int) -> float:
    """Runs per second when all are rung at once."""
    rows = installation.queue(count)
    installation.ringer.ring(rows)
    found = installation.wait_for(rows)
    return len(found) / (max(row.finished_at for row in found) - min(row.started_at for row in found)).total_seconds()
