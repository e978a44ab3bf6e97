"""The turns that runs of all workers take, by the database's clock: one row for each thing that is done in turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from sqlalchemy import ColumnElement, Connection, Float, bindparam, case, delete

from connecthub.core.turns import AHEAD_MAX
from connecthub.db.dialects import insert_into
from connecthub.db.tables import turns
from connecthub.db.types import database_now, later

LEAD_SECONDS = 0.03
"""The soonest turn: its answer has a commit and two sockets before it, and one that is missed is lost to all."""

_together: ColumnElement[float] = bindparam("together", type_=Float)
_soonest = database_now(bindparam("lead", LEAD_SECONDS, type_=Float))
_stands = case(  # further ahead is what was left by a clock that was stepped back since
    (turns.c.free_at.between(_soonest, database_now(bindparam("ahead", type_=Float))), turns.c.free_at),
    else_=_soonest,
)


def take_turns(connection: Connection, key: str, intervals: Sequence[float]) -> list[float]:
    """Take the next turns of `key`, each followed by its own interval in seconds; returns the seconds until each comes,
    `LEAD_SECONDS` at least.

    The row is locked until the transaction ends: who takes turns of several keys in one takes them in order.
    """
    intervals = [math.ceil(round(interval * 1000, 6)) / 1000 for interval in intervals]
    statement = insert_into(connection, turns).values(key=key, free_at=later(_soonest, _together))
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
