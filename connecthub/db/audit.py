"""The audit trail: only ever added to, and read page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select

from connecthub.db.browsing import Cut, Found
from connecthub.db.halving import first_id_at
from connecthub.db.tables import audit
from connecthub.db.types import AnyRow, database_now

SPAN = 100_000
"""So many of the newest acts are searched for one that is rare; indexes on all texts would cost more than they give."""


@dataclass(frozen=True)
class AuditFilter:
    """Which acts to list; what is None or empty does not count. Letters of either case, but for the action's."""

    by: str | None = None
    """Stands in the actor's name."""
    action: str | None = None
    """What the action begins with: `job.edit`, or `job.` for all of them."""
    target: str | None = None
    """Stands in the target's name; or its number."""
    since: datetime | None = None
    from_id: int | None = None
    """This act or a newer one."""
    words: tuple[str, ...] = ()
    """Each stands in the target's name, the actor's or the action."""
    via: str | None = None
    """The way in: tui, ssh or cli."""
    result: str | None = None
    """done or refused."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """What holds for the acts that match; where it has to be searched for, of the newest `SPAN`."""
        columns = audit.c
        searched: list[ColumnElement[bool]] = [
            or_(*(_holds(column, word) for column in (columns.target_name, columns.actor, columns.action)))
            for word in self.words
        ]
        if self.by is not None:
            searched.append(_holds(columns.actor, self.by))
        if self.action is not None:
            searched.append(columns.action.startswith(self.action, autoescape=True))
        searched += [
            column == value
            for column, value in ((columns.via, self.via), (columns.result, self.result))
            if value is not None
        ]
        if self.target is not None:
            searched.append(_is_target(self.target))
        if searched:
            newest = select(func.max(columns.id)).scalar_subquery()
            searched.append(columns.id > newest - SPAN)
        since = [] if self.since is None else [columns.at >= self.since]
        return [*searched, *since, *([] if self.from_id is None else [columns.id >= self.from_id])]


def insert_audit(connection: Connection, values: dict[str, Any]) -> None:
    """Add one act, at the database's time; `values` must hold no secret."""
    connection.execute(insert(audit).values(at=database_now(), **values))


def list_audit(connection: Connection, chosen: AuditFilter, cut: Cut) -> Found:
    """Acts, the newest first; the key is the id."""
    order = audit.c.id.desc() if cut.forward else audit.c.id.asc()
    listing = select(audit).where(*chosen.conditions(), *cut.beyond(audit.c.id, cut.key, falling=True))
    rows = connection.execute(listing.order_by(order).limit(cut.limit + 1)).all()
    kept = rows[: cut.limit]
    return Found(kept if cut.forward else kept[::-1], len(rows) > cut.limit)


def get_audit(connection: Connection, audit_id: int) -> AnyRow | None:
    """One act."""
    return connection.execute(select(audit).where(audit.c.id == audit_id)).first()


def audit_id_at(connection: Connection, instant: datetime) -> int:
    """The number from which on acts were done at the instant or later."""
    return first_id_at(connection, audit.c.id, audit.c.at, instant)


def _holds(column: Any, text: str) -> ColumnElement[bool]:
    return column.icontains(text, autoescape=True)


def _is_target(text: str) -> ColumnElement[bool]:
    named = _holds(audit.c.target_name, text)
    number = int(text) if text.isascii() and text.isdigit() else 0
    return or_(named, audit.c.target_id == number) if 0 < number < 2**63 else named
