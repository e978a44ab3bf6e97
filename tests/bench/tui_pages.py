"""Lists and logs of any length: from the key to the complete screen, and the memory that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.bench.harness import Plan, Servers, number, percentile, print_table, say
from tests.bench.installation import PLAIN, STACKS, Installation
from tests.bench.tui_rows import fill, write_log
from tests.bench.tui_terminal import TimedTerminal, runs_on
from tests.bench.tui_walk import Walk

SIZES = (1_000, 100_000, 1_000_000)
LINES = 100_000
JOBS = 50
SCREEN = (100, 30)
PRESSES, TIMES = 50, 5
GOALS = {
    "page down": "50",
    "end (G)": "50",
    "home (g)": "50",
    "filter status:failed, from Enter": "50",
    "… from its last letter, a pause of 150 in it": "200",
    "open a log": "at once",
    "page down in it": "no delay",
    "end of it (G)": "no delay",
}
FIRST_PAGE = "on the first page"

Times = dict[str, list[float]]
"""Milliseconds by what was done."""
Memory = dict[str, float]
"""MiB by when it was looked at."""


def measure(servers: Servers, plan: Plan) -> None:
    """Print milliseconds and MiB by the number of JobLogs, on both stacks."""
    sizes = SIZES[:2] if plan.quick else SIZES
    wide, high = SCREEN
    say(
        f"== control center: lists by their JobLogs, a log of {LINES:,} lines; {wide}x{high}, key to complete screen;"
        f" {PRESSES} page downs, {TIMES} of the others"
    )
    for stack in STACKS:
        times: dict[int, Times] = {}
        memory: dict[int, Memory] = {}
        with Installation(servers, stack, PLAIN, jobs=JOBS) as installation:
            there = 0
            for size in sizes:
                fill(installation, size, there)
                write_log(installation, size, LINES)
                times[size], memory[size] = browse(installation, size)
                there = size
        _print(stack, times, memory)


def browse(installation: Installation, size: int) -> tuple[Times, Memory]:
    """Do all that is measured in a control center of its own."""
    with TimedTerminal.of(installation, SCREEN) as terminal:
        terminal.wait("job-0")
        terminal.keys("3")
        terminal.wait(lambda seen: runs_on(seen)[:1] == [size] and len(runs_on(seen)) == SCREEN[1] - 4)
        walk = Walk(terminal, size, LINES)
        memory = {FIRST_PAGE: terminal.memory()}
        times: Times = {"page down": [walk.page_down() for _ in range(PRESSES)]}
        memory[f"after {PRESSES} page downs"] = terminal.memory()
        times |= _alternately(TIMES, {"end (G)": walk.end, "home (g)": walk.home})
        memory["after end and home"] = terminal.memory()
        entered, typed = list(GOALS)[3:5]
        times |= _alternately(TIMES, {entered: walk.filter_entered, typed: walk.filter_typed})
        times["open a log"] = [walk.open_log() for _ in range(TIMES)]
        times["page down in it"] = [walk.page_down_in_log() for _ in range(PRESSES)]
        times["end of it (G)"] = [walk.end_of_log() for _ in range(TIMES)]
        memory[f"in the log of {LINES:,} lines"] = terminal.memory()
        walk.close_log()
        memory["back in the list"] = terminal.memory()
    return times, memory


def _alternately(times: int, measures: Mapping[str, Callable[[], float]]) -> Times:
    rounds = [{name: measure() for name, measure in measures.items()} for _ in range(times)]
    return {name: [each[name] for each in rounds] for name in measures}


def _print(stack: str, times: Mapping[int, Times], memory: Mapping[int, Memory]) -> None:
    sizes = [f"{size:,}" for size in times]
    rows = [
        (name, *(f"{number(percentile(each[name], 0.5))} / {number(max(each[name]))}" for each in times.values()), goal)
        for name, goal in GOALS.items()
    ]
    print_table([f"{stack}: ms, p50 / max", *sizes, "goal"], rows)
    looks = [(when, *(f"{each[when]:.1f}" for each in memory.values())) for when in next(iter(memory.values()))]
    print_table([f"{stack}: MiB (goal: flat)", *sizes], looks)
