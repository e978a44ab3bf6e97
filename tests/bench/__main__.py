"""All measures by one command: `python -m tests.bench`."""

from __future__ import annotations

import argparse
import time

from tests.bench import latency, memory, minute, runs, stages, startup, tick, tui
from tests.bench.harness import Plan, Servers, say

MEASURES = {
    "runs": runs.measure,
    "latency": latency.measure,
    "lateness": minute.measure,
    "tick": tick.measure,
    "startup": startup.measure,
    "tui": tui.measure,
    "memory": memory.measure,
    "profile": stages.measure,
}


def main() -> None:
    """Measure what the command line names and print it; nothing is asserted."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=MEASURES, action="append", help="this measure; may be given again")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (runs: 4, quick 2; start-up: 12, quick 3)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, fewer rows: some six minutes")
    given = parser.parse_args()
    plan = Plan(given.rounds, given.quick)
    begun = time.monotonic()
    with Servers() as servers:
        say(servers.describe())
        say()
        for name in given.only or MEASURES:
            MEASURES[name](servers, plan)
    say(f"measured in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
