"""How commands answer: tables for people, JSON for programs; outside text passes `safe_text`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from connecthub.core.safe_text import display_width, fit, safe_text

CELL_MAX = 60
"""Columns of one cell of a table."""
NEVER_CUT = sys.maxsize
"""As the width of a column whose cells are pasted into another command."""


def say(text: str) -> None:
    """Print a line."""
    click.echo(safe_text(text))


def print_json(value: Any) -> None:
    """Print one JSON value; instants as ISO 8601 in UTC."""
    click.echo(json.dumps(value, ensure_ascii=True, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def as_dict(row: Any) -> dict[str, Any]:
    """A database row under its column names."""
    return dict(row._mapping)


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], widest: Mapping[str, int] | None = None
) -> None:
    """Print columns that line up, also where names are Chinese; `widest` lets a heading's cells be longer."""
    most = [(widest or {}).get(heading, CELL_MAX) for heading in headings]
    shown = [["" if cell is None else safe_text(cell) for cell in row] for row in rows]
    table = [list(headings), *shown]
    widths = [min(limit, max(display_width(row[column]) for row in table)) for column, limit in enumerate(most)]
    for row in table:
        click.echo("  ".join(fit(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_facts(facts: Mapping[str, object]) -> None:
    """Print one thing as `name  value` lines, without those that have no value."""
    known = {name: safe_text(value) for name, value in facts.items() if value is not None and value != ""}
    width = max(map(len, known), default=0)
    for name, value in known.items():
        click.echo(f"{name:<{width}}  {value}")


def print_block(title: str, text: str | None) -> None:
    """Print a text of several lines under a title, if there is any."""
    if text:
        click.echo(f"\n{title}")
        click.echo(safe_text(text.rstrip("\n"), newlines=True))


def local(at: datetime | None, zone: str) -> str:
    """An instant in a zone, without the zone's name: that stands in the heading."""
    return "" if at is None else f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def seconds_between(start: datetime | None, end: datetime | None) -> str:
    """A duration for people."""
    return "" if start is None or end is None else f"{(end - start).total_seconds():.2f} s"
