"""What a plugin says that it did, or in a dry run would do: the `plan` in its result, as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NO_TABLE = "plan"
"""The column of a step that is no object."""
COLUMNS_MAX = 30
"""So many columns a table has: each further thing that a step tells would widen all of them."""
REST = "…"
"""The column of what a step tells beyond them."""
CUT = {"cut", "characters"}
"""What the runner keeps of a result that is too long."""


@dataclass(frozen=True)
class Plan:
    """A plan as a table. Its texts are as the plugin wrote them: whoever shows them makes them safe."""

    columns: Sequence[str]
    """In the order in which the steps name them first."""
    rows: Sequence[Sequence[str]]
    left_out: int = 0
    """So many steps more there are, of which the plugin gave the number only."""
    cut: bool = False
    """Whether the result was too long to be kept: if it had a plan, that is lost with it."""


def plan_of(result: str | None) -> Plan | None:
    """The plan in a kept result, which is JSON text; None where it has none."""
    told = _object(result)
    if told.keys() == CUT:
        return Plan((), (), cut=True)
    steps = told.get("plan")
    if not isinstance(steps, list):
        return None
    rows = [step if isinstance(step, dict) else {NO_TABLE: step} for step in steps]
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns, rest = names[:COLUMNS_MAX], frozenset(names[COLUMNS_MAX:])
    table = [[_cell(row.get(name)) for name in columns] for row in rows]
    if rest:
        columns.append(REST)
        for cells, row in zip(table, rows, strict=True):
            cells.append(_cell({name: value for name, value in row.items() if name in rest} or None))
    return Plan(columns, table, _number(told.get("plan_left_out")))


def without_plan(result: str | None) -> str | None:
    """A kept result for people: with its characters as they are written, and in place of a plan the number of its
    steps; what is no JSON stays as it is."""
    if not result:
        return result
    try:
        told = json.loads(result)
    except (ValueError, RecursionError):
        return result
    if isinstance(told, dict) and isinstance(told.get("plan"), list):
        count = len(told["plan"])
        told["plan"] = f"{count} step{'' if count == 1 else 's'}"
    return json.dumps(told, ensure_ascii=False)


def _object(result: str | None) -> dict[str, Any]:
    try:
        told = json.loads(result or "null")
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _number(value: Any) -> int:
    """How many were left out; a plugin can write anything."""
    return max(0, value) if isinstance(value, int) and not isinstance(value, bool) else 0


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
