"""What a run leaves beside its log, as people read it: its plan, and its calls to outside systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from connecthub.cli.output import print_block, print_table, say
from connecthub.control.plans import Plan, plan_of, without_plan
from connecthub.core.safe_text import safe_text
from connecthub.runner.reports import CALLS_KEPT

CELL_MAX, LAST_CELL_MAX = 40, 200
"""Columns of one cell of a plan, and of one that nothing stands behind."""


def print_parts(result: str | None, calls: Iterable[Mapping[str, Any]], *, dry_run: bool, whole: str) -> None:
    """Print a run's plan and its calls, without the writes that the plan tells of; `whole` is what lists them."""
    plan = plan_of(result)
    if plan is not None:
        print_plan(plan, dry_run=dry_run)
    print_calls(calls, whole if plan is not None and plan.rows else None)


def print_plan(plan: Plan, *, dry_run: bool) -> None:
    """Print a plan as a table, and what of it is not there."""
    if plan.cut:
        click.echo("\nplan: the result was too long to be kept, and if it had a plan, that is cut; see the log")
        return
    if not plan.rows and not plan.left_out:
        click.echo("\nplan: nothing to do")
        return
    click.echo(f"\nplan{': nothing of it was sent' if dry_run else ''}")
    if plan.rows:
        columns = list(map(safe_text, plan.columns))
        print_table(columns, plan.rows, dict.fromkeys(columns, CELL_MAX) | {columns[-1]: LAST_CELL_MAX})
    if plan.left_out:
        click.echo(f"and {plan.left_out} more steps, which the result does not hold")


def print_calls(calls: Iterable[Mapping[str, Any]], whole: str | None = None) -> None:
    """Print a line for each call, if there is any, and where some may be missing. With `whole`, the command that lists
    all, the writes that were not sent are counted only: a plan tells of them already."""
    kept = list(calls)
    lines: list[str] = []
    for number, call in enumerate(kept):
        if number == CALLS_KEPT and len(kept) >= 2 * CALLS_KEPT:
            lines.append(f"… no more than the first {CALLS_KEPT} and the newest {CALLS_KEPT} are kept …")
        if call["sent"] or whole is None:
            lines.append(safe_text(call_line(call)))  # or else a note could look like two calls
    if whole is not None and not all(call["sent"] for call in kept):
        lines.append(f"{held_back(kept)}, see the plan; {whole} lists them")
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


def say_end(status: str, calls: Sequence[Mapping[str, Any]], *, dry_run: bool, result: str | None = None) -> None:
    """Print how a run ended, of a dry run with what it held back, and its result."""
    told = without_plan(result)
    say(f"{status}{f', a dry run: {held_back(calls)}' if dry_run else ''}{f', result {told}' if told else ''}")
