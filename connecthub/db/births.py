"""Many JobLogs born at once: one statement and, on PostgreSQL, one parameter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Executable, Text, bindparam, cast, column, func, select

from connecthub.db.dialects import insert_into
from connecthub.db.tables import job_logs
from connecthub.db.types import AnyRow

Clock = tuple[tuple[str, ColumnElement[datetime]], ...]
"""Columns that the database's clock fills in."""

_JSON = frozenset(each.name for each in job_logs.c if isinstance(each.type, JSON))
"""They travel as text within the JSON: a NUL in them would be refused on its way."""
_born = (job_logs.c.id, job_logs.c.queue, job_logs.c.priority)


def insert_births(connection: Connection, rows: Sequence[dict[str, Any]], clock: Clock) -> list[AnyRow]:
    """Add the rows, which have the same columns; a slot that has its row is passed over.

    Returns id, queue and priority of the new, by id.
    """
    if connection.dialect.name == "postgresql":
        parameters: Any = {"rows": [{name: _as_json(name, value) for name, value in row.items()} for row in rows]}
        statement = _from_json(tuple(rows[0]), clock)
    else:
        parameters = list(rows)
        statement = insert_into(connection, job_logs).values(dict(clock)).on_conflict_do_nothing().returning(*_born)
    return sorted(connection.execute(statement, parameters).all(), key=lambda row: row.id)


@cache
def _from_json(names: tuple[str, ...], clock: Clock) -> Executable:
    """A thousand rows as values of their own are twenty thousand placeholders, which psycopg takes 200 ms to read."""
    from sqlalchemy.dialects.postgresql import insert

    rows = func.json_to_recordset(bindparam("rows", type_=JSON()))
    new = rows.table_valued(*(column(name, Text() if name in _JSON else job_logs.c[name].type) for name in names))
    new = new.render_derived(name="new", with_types=True)
    given = (cast(new.c[name], JSON) if name in _JSON else new.c[name] for name in names)
    values = select(*given, *(instant for _, instant in clock))
    columns = [*names, *(name for name, _ in clock)]
    return insert(job_logs).from_select(columns, values).on_conflict_do_nothing().returning(*_born)


def _as_json(name: str, value: Any) -> Any:
    if name in _JSON:
        return json.dumps(value)
    return value.isoformat() if isinstance(value, datetime) else value
