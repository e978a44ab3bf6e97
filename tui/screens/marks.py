"""How a status looks: a sign and a word, so that colour alone tells nothing."""

from __future__ import annotations

from collections.abc import Sequence

from tui.widgets.columns import Cell
from tui.words import Words

SIGNS = {
    "succeeded": ("●", "ok"),
    "failed": ("✗", "bad"),
    "timed_out": ("T", "bad"),
    "crashed": ("!", "bad"),
    "cancelled": ("-", "warn"),
    "skipped": ("s", "dim"),
    "running": ("▸", "busy"),
    "queued": ("…", "dim"),
}
"""Status → sign and style."""


def run_name(words: Words, job_name: str, *, dry_run: bool) -> str:
    """The job of a run, with a mark before that of a dry run."""
    return words("mark.dry_run", name=job_name) if dry_run else job_name


def dots(statuses: Sequence[str]) -> Cell:
    """A row of signs, the newest last, in the style of the newest one that tells something."""
    signs = "".join(SIGNS.get(status, ("?", "warn"))[0] for status in statuses)
    newest = next((SIGNS[status][1] for status in reversed(statuses) if status in SIGNS), "")
    return Cell(signs, newest)


def status(name: str) -> Cell:
    """A sign and the status itself."""
    sign, style = SIGNS.get(name, ("?", "warn"))
    return Cell(f"{sign} {name}", style)
