"""The turns that runs of all workers take, by the database's clock: one row for each thing that is done in turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from sqlalchemy import ColumnElement, Connection, Float, bindparam, case, delete

from connecthub.db.dialects import insert_into
from connecthub.db.tables import turns
from connecthub.db.types import database_now, later

AHEAD_MAX = 500
"""More turns than that are never waited for at once: a row further ahead is of a clock that was stepped back since."""

_together: ColumnElement[float] = bindparam("together", type_=Float)
_stands = case(
    (turns.c.free_at.between(database_now(), database_now(bindparam("ahead", type_=Float))), turns.c.free_at),
    else_=database_now(),
)


def take_turns(connection: Connection, key: str, intervals: Sequence[float]) -> list[float]:
    """Take the next turns of `key`, each followed by its own interval in seconds; returns the seconds until each comes.

    The row is locked until the transaction ends: who takes turns of several keys in one takes them in order.
    """
    intervals = [math.ceil(round(interval * 1000, 6)) / 1000 for interval in intervals]
    statement = insert_into(connection, turns).values(key=key, free_at=database_now(_together))
    statement = statement.on_conflict_do_update(index_elements=["key"], set_={"free_at": later(_stands, _together)})
    together = sum(intervals)
    ahead = AHEAD_MAX * max(intervals)
    row = connection.execute(
        statement.returning(turns.c.free_at, database_now().label("now")), {"together": together, "ahead": ahead}
    ).one()
    first = (row.free_at - row.now).total_seconds() - together
    return [max(0.0, first + before) for before in accumulate(intervals[:-1], initial=0.0)]


def delete_unused(connection: Connection, seconds: float) -> int:
    """Delete the rows of which no turn was taken for so many seconds; returns how many they were."""
    return connection.execute(
        delete(turns).where(turns.c.free_at < database_now(bindparam("since"))), {"since": -seconds}
    ).rowcount
