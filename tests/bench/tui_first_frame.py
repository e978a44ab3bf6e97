"""The control center's first frame and first row, beside the first frame of a bare Textual app."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from functools import partial

from tests.bench.environment import BASELINES
from tests.bench.harness import ROOT, Plan, Rounds, Servers, say
from tests.bench.installation import PLAIN, STACKS, Installation
from tests.bench.tui_terminal import TimedTerminal
from tests.tui.terminal import Terminal

JOBS = 50
BARE, OURS = "bare Textual app", "connecthub tui, {}"
TITLES, HEADINGS = ("Overview", "Jobs"), ("NEEDS A PERSON", "LAST RUNS")
"""Of the screens that may come first; the bare app has those of Jobs."""
SETTINGS = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_DISABLE_KITTY_KEY": "1", "TEXTUAL_THEME": "ansi-dark"}
"""As ours has them."""


def measure(servers: Servers, plan: Plan) -> None:
    """Print milliseconds from the start of the process to the first frame, and from there to the first row."""
    say(f"== control center: start to first frame (title, heading of the list, hints), in milliseconds; {JOBS} jobs")
    frames, rows = Rounds("first frame, ms"), Rounds("first frame to first row, ms (goal 500)")
    with ExitStack() as stack:
        installations = [stack.enter_context(Installation(servers, name, PLAIN, jobs=JOBS)) for name in STACKS]
        measures = {BARE: partial(bare, installations[0])}
        measures |= {OURS.format(each.stack): partial(ours, each, rows) for each in installations}
        Rounds("warm-up").run(1, measures)
        rows.values.clear()
        frames.run(plan.rounds(full=12, quick=3), measures)
    frames.table(measures)
    frames.ratios((name, BARE) for name in measures if name != BARE)
    say("goal of the ratio: 1.3\n")
    rows.table(measures)


def bare(installation: Installation) -> float:
    """Milliseconds to the bare app's frame."""
    command = [sys.executable, str(BASELINES / "bare_textual.py")]
    with TimedTerminal(command, installation.environment | SETTINGS, ROOT) as terminal:
        return (terminal.seen_at(is_framed) - terminal.begun) * 1000


def ours(installation: Installation, rows: Rounds) -> float:
    """Milliseconds to our first frame; those from there to the first row go to `rows`."""
    with TimedTerminal.of(installation) as terminal:
        framed = terminal.seen_at(is_framed)
        shown = terminal.seen_at("job-0")
        rows.values.setdefault(OURS.format(installation.stack), []).append((shown - framed) * 1000)
        return (framed - terminal.begun) * 1000


def is_framed(terminal: Terminal) -> bool:
    """Whether title, the list's heading and hints are there."""
    rows = terminal.rows
    return (
        any(title in rows[0] for title in TITLES)
        and any(heading in row for row in rows[1:3] for heading in HEADINGS)
        and "? help" in rows[-1]
    )
