"""Where in a table that is numbered as its rows are born an instant lies, found without reading it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select


def first_id_at(connection: Connection, number: Any, at: Any, instant: datetime) -> int:
    """The number from which on rows are of the instant or later, by their columns `number` and `at`; 0 without rows.

    They are numbered as they are born, give or take what the transactions of one moment differ by.
    """
    ends = (select(end(number)).scalar_subquery() for end in (func.min, func.max))  # at once SQLite reads all
    low, last = tuple(connection.execute(select(*ends)).one())
    if low is None:
        return 0
    high = last + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(select(number, at).where(number >= middle).order_by(number).limit(1)).first()
        if row is not None and row[1] < instant:
            low = row[0] + 1
        else:
            high = middle
    return low
