"""Measures the sync of a whole company on a virtual clock: `python -m tests.sync large [--faults] [--seed N]`.

It syncs until a run has nothing to do, at most four times, and prints what each run took. Exit 1 where it does not
converge, doubles or loses a member, or writes faster than DiDi allows.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import time
from collections.abc import Sequence
from itertools import pairwise

from connecthub.integrations.sandbox.organisation import PROFILES
from tests.sync.pair import LATER, LEFT, Pair, pair
from tests.sync.trouble import make_trouble

RUNS = 3
"""So many runs may write; one more shows that nothing is left."""
GAP = 0.15
"""Seconds between two writes of a company that DiDi asks for (O-11155)."""
COLUMNS = "{:>3}  {:<10} {:>7} {:>7} {:>7} {:>8} {:>8} {:>9} {:>8} {:>8}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurement and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.sync", description="Measure the sync of a whole company.")
    parser.add_argument("profile", choices=list(PROFILES))
    parser.add_argument("--faults", action="store_true", help="let 5 %% of all calls fail")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    with pair(chosen.profile, chosen.seed) as both:
        say(f"{chosen.profile}, seed {chosen.seed}, {'5 % of calls fail' if chosen.faults else 'no faults'}")
        say(f"{len(both.organisation.departments)} departments, {len(both.organisation.members)} members in the OA")
        if chosen.faults:
            make_trouble(both.oa, seed=chosen.seed)
            make_trouble(both.didi, seed=chosen.seed + 1)
        left = sync_until_quiet(both)
        problems = [*left, *wrong_members(both), *too_fast(both)]
    for problem in problems:
        say(f"WRONG: {problem}")
    return 1 if problems else 0


def sync_until_quiet(both: Pair) -> list[str]:
    """Sync until a run writes nothing; returns what is wrong."""
    say(f"peak memory before the first run, with both stand-ins in this process: {peak_mib()} MiB")
    heads = ("run", "status", "calls", "planned", "writes", "not done", "conflicts", "real s", "virtual", "peak MiB")
    say(COLUMNS.format(*heads))
    for number in range(1, RUNS + 2):
        real, virtual, sent = time.monotonic(), both.clock.monotonic(), len(both.writes())
        run = both.sync()
        writes = len(both.writes()) - sent
        say(
            COLUMNS.format(
                number,
                run.status,
                len(run.calls),
                sum(run.result["planned"].values()) if run.result else "-",
                writes,
                run.result["not_done"] if run.result else "-",
                run.result["conflicts"]["count"] if run.result else "-",
                f"{time.monotonic() - real:.1f}",
                f"{both.clock.monotonic() - virtual - LATER:.1f}",
                peak_mib(),
            )
        )
        if run.error:
            say(f"     {run.error}")
        if run.status == "succeeded" and not writes:
            return []
    return [f"no convergence within {RUNS} runs"]


def peak_mib() -> int:
    """Return the most memory that this process had so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def wrong_members(both: Pair) -> list[str]:
    """Compare DiDi's members with the OA's people."""
    numbers = [each["employee_number"] for each in both.didi.members_now() if each["employee_number"]]
    doubled = len(numbers) - len(set(numbers))
    gone = [each for each in both.didi.members_now() if each["status"] == LEFT or each["set_dismiss_time"]]
    missing = set(both.addable()) - set(numbers)
    say(f"{len(numbers)} members in DiDi, {doubled} doubled, {len(gone)} gone, {len(missing)} missing")
    found = {"members are doubled": doubled, "left who should stay": len(gone), "are missing": len(missing)}
    return [f"{count} {what}" for what, count in found.items() if count]


def too_fast(both: Pair) -> list[str]:
    """Look at the journal for the smallest gap between two writes."""
    times = [each["at"] for each in both.writes()]
    gap = min((after - before for before, after in pairwise(times)), default=GAP)
    say(f"{len(times)} writes in the journal, the smallest gap between two of them {gap * 1000:.1f} ms")
    return [f"two writes {gap * 1000:.1f} ms apart"] if gap < GAP - 1e-9 else []


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
