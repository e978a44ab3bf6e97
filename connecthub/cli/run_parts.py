"""What a run leaves beside its log, as people read it: its plan, and its calls to outside systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from connecthub.cli.output import print_block, print_table, say
from connecthub.control.plans import plan_of
from connecthub.core.safe_text import safe_text
from connecthub.runner.reports import CALLS_KEPT

CELL_MAX = 40
"""Columns of one cell of a plan."""


def print_plan(result: str | None, *, dry_run: bool) -> None:
    """Print the plan of a result as a table, if it has one, and what of it is not there."""
    plan = plan_of(result)
    if plan is None:
        return
    click.echo(f"\nplan{': nothing of it was sent' if dry_run else ''}")
    if plan.cut:
        click.echo("the result was too long to be kept, and the plan with it; the log has what the plugin said")
        return
    if plan.rows:
        columns = list(map(safe_text, plan.columns))
        print_table(columns, plan.rows, dict.fromkeys(columns, CELL_MAX))
    elif not plan.left_out:
        click.echo("nothing is to be done")
    if plan.left_out:
        click.echo(f"and {plan.left_out} more steps, which the result does not hold")


def print_calls(calls: Iterable[Mapping[str, Any]]) -> None:
    """Print a line for each call, if there is any, and where some may be missing."""
    lines = [safe_text(call_line(call)) for call in calls]  # or else a note could look like two calls
    if len(lines) >= 2 * CALLS_KEPT:
        lines.insert(CALLS_KEPT, f"… no more than the first {CALLS_KEPT} and the newest {CALLS_KEPT} are kept …")
    print_block("calls", "\n".join(lines))


def call_line(call: Mapping[str, Any]) -> str:
    """One call: `POST /members NOT SENT (add D1001)`, or with its answer, or why it has none."""
    what, note = f"{call['method']} {call['path']}", call.get("note")
    told = f" ({note})" if note else ""
    if not call["sent"]:
        return f"{what} NOT SENT{told}"
    again = f", attempt {call['attempt']}" if call["attempt"] > 1 else ""
    refused = f": {call['error']}" if call["status"] and call["error"] else ""
    return f"{what} → {call['status'] or call['error']} in {call['milliseconds']:.0f} ms{again}{told}{refused}"


def held_back(calls: Sequence[Mapping[str, Any]]) -> str:
    """How many writes a dry run did not send; where calls may be missing, how many at least."""
    count = sum(not call["sent"] for call in calls)
    least = "at least " if len(calls) >= 2 * CALLS_KEPT else ""
    return f"{least}{count} write{'' if count == 1 else 's'} not sent"


def say_end(status: str, calls: Sequence[Mapping[str, Any]], *, dry_run: bool, more: str = "") -> None:
    """Print how a run ended; of a dry run with what it held back."""
    say(f"{status}{f', a dry run: {held_back(calls)}' if dry_run else ''}{more}")
