"""What a control center sends to its terminal: nothing while it is idle, little for a key, what is new for a log."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from sqlalchemy import update

from connecthub.db import tables
from tests.bench.harness import Plan, Servers, number, percentile, print_table, say
from tests.bench.installation import POSTGRES, Installation
from tests.bench.tui_rows import fill
from tests.bench.tui_terminal import PAGE_DOWN, TimedTerminal, lines_on, runs_on

SPEAKING = "measured.speaking:Speaking"
JOBS, LOGS = 30, 1_000
CURSOR_PRESSES, PAGES, CHANGES = 15, 10, 3
SETTLED_SECONDS = 2.0
EVERY, FOLLOWED_SECONDS, SPOKEN_BEFORE = 0.1, 10.0, 40
"""Seconds between two lines, seconds that are measured, and lines before them: the screen is full."""
FILTER = "JobLogs, typing a filter"
SCREENS = {"Overview": ["1"], "Jobs": ["2"], "JobLogs": ["3"], FILTER: ["3", "/", "job:"]}
"""The keys that lead there."""

Row = tuple[object, ...]


def measure(servers: Servers, plan: Plan) -> None:
    """Print bytes at 80x24: idle, by key, by refresh, and of a log that is followed."""
    say(f"== control center: bytes sent to a terminal of 80x24; {POSTGRES}, {JOBS} jobs, {LOGS:,} JobLogs")
    spoken = {"lines": int(SPOKEN_BEFORE + (FOLLOWED_SECONDS + 2) / EVERY), "every": EVERY}
    with Installation(servers, POSTGRES, SPEAKING, jobs=JOBS, public_cfg=spoken) as installation:
        fill(installation, LOGS)
        seconds = plan.choose(full=60, quick=15)
        print_table([f"idle for {seconds} s", "bytes", "goal"], idle(installation, seconds))
        with ExitStack() as stack:
            jobs, logs = (stack.enter_context(opened(installation, screen)) for screen in ("Jobs", "JobLogs"))
            rows = keyed("Jobs", jobs, pages=0) + keyed("JobLogs", logs, pages=PAGES)
            for terminal in (jobs, logs):
                terminal.cost("g")
            rows += refreshed(installation, {"Jobs": jobs, "JobLogs": logs})
        print_table(["bytes", "p50", "max", "goal"], rows)
        print_table([f"a log that gets a line each {EVERY} s", "a second", "goal"], followed(installation))


def opened(installation: Installation, screen: str) -> TimedTerminal:
    """One of SCREENS, at rest."""
    terminal = TimedTerminal.of(installation)
    terminal.wait("job-0")
    terminal.keys(*SCREENS[screen])
    if screen in ("Overview", "Jobs"):
        terminal.wait(lambda seen: screen in seen.rows[0] and "job-0" in seen.text)
    else:
        terminal.wait(lambda seen: bool(runs_on(seen)))
    terminal.quiet(SETTLED_SECONDS)
    return terminal


def idle(installation: Installation, seconds: float) -> list[Row]:
    """Bytes of each screen, all at the same time."""
    with ExitStack() as stack:
        terminals = {screen: stack.enter_context(opened(installation, screen)) for screen in SCREENS}
        sent = {screen: len(terminal.raw) for screen, terminal in terminals.items()}
        next(iter(terminals.values())).quiet(seconds)
        for terminal in terminals.values():
            terminal.quiet(0.1)  # what waits in the terminal since it was opened
        return [(screen, len(terminal.raw) - sent[screen], 0) for screen, terminal in terminals.items()]


def keyed(screen: str, terminal: TimedTerminal, pages: int) -> list[Row]:
    """Bytes of keys that move."""
    downs = [terminal.cost("Down") for _ in range(CURSOR_PRESSES)]
    rows = [_row(f"{screen}: cursor down", downs, "1,024")]
    while terminal.rows[-3].strip() and not terminal.rows[-3].startswith(">"):
        terminal.cost("Down")
    rows.append(_row(f"{screen}: cursor down from the last line, the list scrolls", [terminal.cost("Down")], ""))
    turned = [terminal.cost(PAGE_DOWN) for _ in range(pages)]
    return rows + ([_row(f"{screen}: page down", turned, "")] if turned else [])


def refreshed(installation: Installation, terminals: dict[str, TimedTerminal]) -> list[Row]:
    """Bytes of a refresh after the newest JobLog has another status."""
    sent: dict[str, list[int]] = {screen: [] for screen in terminals}
    for turn in range(CHANGES):
        before = {screen: len(terminal.raw) for screen, terminal in terminals.items()}
        with installation.database.write() as connection:
            status = "cancelled" if turn % 2 else "crashed"
            connection.execute(update(tables.job_logs).where(tables.job_logs.c.id == LOGS).values(status=status))
        for screen, terminal in terminals.items():
            terminal.wait(lambda seen, sent=before[screen]: len(seen.raw) > sent)
            terminal.quiet(0.3)
            sent[screen].append(len(terminal.raw) - before[screen])
    return [_row(f"{screen}: refresh, one status changed", each, "changed cells") for screen, each in sent.items()]


def followed(installation: Installation) -> list[Row]:
    """Paints and bytes a second while a worker's run speaks."""
    with installation.process("worker", "-w", "1"), TimedTerminal.of(installation) as terminal:
        rows = installation.queue()
        installation.ringer.ring(rows)
        terminal.wait("job-0")
        terminal.keys(f":log {rows[0].id}", "Enter")
        terminal.wait(lambda seen: max(lines_on(seen), default=0) >= SPOKEN_BEFORE)
        paints, sent = terminal.paints(FOLLOWED_SECONDS)
    return [
        ("paints", number(paints / FOLLOWED_SECONDS), "2"),
        ("bytes", number(sent / FOLLOWED_SECONDS), ""),
        ("bytes of a paint", number(sent / max(paints, 1)), ""),
    ]


def _row(name: str, sent: Sequence[int], goal: str) -> Row:
    return name, f"{percentile(sent, 0.5):,}", f"{max(sent):,}", goal
