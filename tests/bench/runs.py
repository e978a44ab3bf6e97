"""Runs per second of the whole path, twenty lines of log each, beside systems that are used for the same.

The queue is full before workers start. A round counts from the start of the run with which the first tenth is over, so
that no system's start-up is measured, to the last end.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from tests.bench.environment import versions
from tests.bench.harness import Plan, Rounds, Servers, say, wait_until
from tests.bench.installation import POSTGRES, SQLITE, STACKS, TWENTY, Installation
from tests.bench.systems import Ours, System, Times, celery, huey, rq

CELERY, RQ, HUEY = "Celery + PostgreSQL tracked (2)", "RQ forking (2)", "bare Huey, Redis, process (2)"
EXPECTED = {POSTGRES: 150.0, SQLITE: 150.0, CELERY: 250.0, RQ: 60.0, HUEY: 3500.0}
"""Runs per second before the first round has told."""


def measure(servers: Servers, plan: Plan) -> None:
    """Print runs per second and the ratios that the goals name."""
    say(f"== runs per second; worker -w 4, a child per run; beside {versions()}")
    rounds = Rounds("runs/s")
    with ExitStack() as stack:
        systems: dict[str, System] = {
            name: Ours(stack.enter_context(Installation(servers, name, TWENTY))) for name in STACKS
        }
        systems |= {CELERY: celery(servers), RQ: rq(servers), HUEY: huey(servers)}
        seconds = plan.choose(full=6, quick=2)
        rounds.run(
            plan.rounds(full=4, quick=2),
            {name: partial(one_round, name, system, rounds, seconds) for name, system in systems.items()},
        )
    rounds.table(systems)
    rounds.ratios((ours, peer) for ours in STACKS for peer in (CELERY, RQ, HUEY))


def one_round(name: str, system: System, rounds: Rounds, seconds: float) -> float:
    """Runs per second of a queue that takes about so many seconds."""
    known = rounds.values.get(name)
    count = max(20, int((known[-1] if known else EXPECTED[name]) * seconds))
    system.fill(count)
    with system.working():
        wait_until(lambda: system.ended() >= count, f"{count} runs of {name}")
    return rate(system.times())


def rate(times: Times) -> float:
    """Runs per second after the first tenth has begun."""
    starts = sorted(begun for begun, _ in times)
    begin = starts[len(starts) // 10]
    ends = [ended for _, ended in times if ended > begin]
    return len(ends) / (max(ends) - begin)
