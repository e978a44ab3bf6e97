"""Where the milliseconds of one run go: its stages, the CPU of each process, the hottest functions of a supervisor."""

from __future__ import annotations

import json
import pstats
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import cpu
from tests.bench.harness import ROOT, Plan, Servers, number, print_table, say
from tests.bench.installation import PLAIN, STACKS, Installation
from tests.bench.latency import WARM_UP, paced, stamps
from tests.bench.watched import Stamps

STAGES = (
    ("bell: ring → heard", "rung", "heard"),
    ("claim: statement and commit", "claim_began", "claimed"),
    ("secrets, redactor, request", "claimed", "supervise_began"),
    ("sockets, pipes, order to the launcher", "supervise_began", "ordered"),
    ("fork, isolate, request, capture → import", "ordered", "import_began"),
    ("import of the plugin", "import_began", "import_ended"),
    ("version, models, context → run", "import_ended", "run_began"),
    ("twenty lines", "run_began", "run_ended"),
    ("answer, child's end → exit known, all read", "run_ended", "exit_known"),
    ("outcome, log text", "exit_known", "finish_began"),
    ("finish: statement and commit", "finish_began", "finished"),
    ("all: heard → final row", "heard", "finished"),
)
"""Each begins about where the one before it ended."""
CPU_STAGES = (
    ("claim", "claim_began", "claimed"),
    ("secrets, redactor, request, order to the launcher", "claimed", "ordered"),
    ("reading what the run says, until its exit", "ordered", "exit_known"),
    ("outcome, log text", "exit_known", "finish_began"),
    ("finish", "finish_began", "finished"),
    ("all", "heard", "finished"),
)
SHORT = {stack: stack.partition(" ")[0] for stack in STACKS}
HOTTEST = 25
WAITS = ("poll", "acquire", "sleep", "select", "wait")


def measure(servers: Servers, plan: Plan) -> None:
    """Print the tables of both stacks."""
    count = plan.choose(full=200, quick=40)
    say(f"== profile: stages of a run that logs twenty lines, median of {count} runs, in milliseconds")
    columns: dict[str, list[Stamps]] = {}
    spent: dict[str, list[Stamps]] = {}
    for stack in STACKS:
        with Installation(servers, stack, PLAIN) as installation:
            columns[f"{SHORT[stack]}, one by one"], _ = staged(installation, 1, count)
            columns[f"{SHORT[stack]}, 4 at once"], spent[stack] = staged(installation, 4, count)
    rows = [(words, *(number(median(runs, begin, end)) for runs in columns.values())) for words, begin, end in STAGES]
    rows[0] = (
        rows[0][0],
        *(cell if "one by one" in name else "-" for cell, name in zip(rows[0][1:], columns, strict=True)),
    )
    print_table(["stage", *columns], rows)
    say("CPU time of the thread that supervises, 4 at once, median in milliseconds per run")
    print_table(
        ["stage", *spent],
        [(words, *(number(median(runs, begin, end)) for runs in spent.values())) for words, begin, end in CPU_STAGES],
    )
    for stack in STACKS:
        cpu.measure(servers, stack, plan)
    for stack in STACKS:
        with Installation(servers, stack, PLAIN) as installation:
            print_functions(installation, count)


def median(runs: list[Stamps], begin: str, end: str) -> float:
    """The median of a stage in milliseconds."""
    return statistics.median(run[end] - run[begin] for run in runs) * 1000


def staged(installation: Installation, threads: int, count: int) -> tuple[list[Stamps], list[Stamps]]:
    """What happened to so many runs when, in seconds of the clock and of the supervising thread's CPU time.

    With one thread they are rung one after another, else all at once.
    """
    output = installation.folder / f"stamps-{threads}.json"
    with watched(installation, output, threads):
        if threads == 1:
            rung, rows = paced(installation, count)
        else:
            queued = installation.queue(WARM_UP + count)
            installation.ringer.ring(queued)
            rows = installation.wait_for(queued)[WARM_UP:]
            rung = dict.fromkeys((row.id for row in rows), 0.0)
    seen = json.loads(output.read_text())
    clock, used = seen["clock"], seen["cpu"]
    runs = [{"rung": rung[row.id], **clock[str(row.id)], **stamps(row)} for row in rows]
    return runs, [used[str(row.id)] for row in rows]


@contextmanager
def watched(installation: Installation, output: Path, threads: int, *how: str) -> Iterator[None]:
    """A worker with a stopwatch while the block does; `output` is there after it."""
    command = [sys.executable, "-m", "tests.bench.watched", str(output), str(threads), *how]
    with installation.running(command, serves=True):
        yield


def print_functions(installation: Installation, count: int) -> None:
    """Print the functions in which a supervisor's thread spends the most of its own time."""
    output = installation.folder / "profile"
    with watched(installation, output, 1, "profile"):
        queued = installation.queue(count)
        installation.ringer.ring(queued)
        installation.wait_for(queued)
    say(f"supervisor's thread on {installation.stack}: milliseconds per run under cProfile, waiting left out")
    found = [
        (own, total, calls, name_of(where))
        for where, (_, calls, own, total, _) in vars(pstats.Stats(str(output)))["stats"].items()
        if not any(f" '{wait}' " in where[2] or where[2].endswith(f".{wait}>") for wait in WAITS)
    ]
    rows = [
        (name, f"{own / count * 1000:.3f}", f"{total / count * 1000:.3f}", f"{calls / count:.1f}")
        for own, total, calls, name in sorted(found, reverse=True)[:HOTTEST]
    ]
    print_table(["function", "own", "with callees", "calls"], rows)


def name_of(where: tuple[str, int, str]) -> str:
    """File, line and function, as short as they tell the place."""
    file, line, function = where
    if file == "~":
        return function
    return f"{file.partition('/site-packages/')[2] or file.removeprefix(f'{ROOT}/')}:{line} {function}"
