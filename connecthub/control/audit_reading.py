"""The audit trail as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connecthub.control.browsing import Page
from connecthub.control.filters import audit_filter, bounded
from connecthub.control.job_settings import differences
from connecthub.control.job_view import plain
from connecthub.core.times import parse_time
from connecthub.db import audit, overview
from connecthub.db.audit import AuditFilter
from connecthub.db.browsing import Cut
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import NotFound


def audit_page(database: Database, text: str, zone: str, cut: Cut) -> Page:
    """Acts that match a filter, the newest first; the key is the id. Raises ConfigError."""
    with database.read() as connection:
        found = audit.list_audit(connection, audit_filter(connection, text, zone), cut)
        return Page(found.rows, found.more, overview.now(connection))


@dataclass(frozen=True)
class AuditChoice:
    """Which acts a command asks for; what is None does not count."""

    by: str | None = None
    action: str | None = None
    target: str | None = None
    since: str | None = None
    """As people write a time."""
    before_id: int | None = None
    via: str | None = None
    result: str | None = None


def choose_acts(database: Database, choice: AuditChoice, zone: str, limit: int) -> Sequence[AnyRow]:
    """The newest acts that match, a time being of `zone`; raises ConfigError."""
    cut = Cut(limit=limit) if choice.before_id is None else Cut("after", choice.before_id, limit)
    with database.read() as connection:
        since = None if choice.since is None else parse_time(choice.since, zone, overview.now(connection))
        chosen = AuditFilter(choice.by, choice.action, choice.target, since, via=choice.via, result=choice.result)
        return audit.list_audit(connection, bounded(connection, chosen), cut).rows


def show_act(database: Database, audit_id: int) -> AnyRow:
    """One act; raises NotFound."""
    with database.read() as connection:
        row = audit.get_audit(connection, audit_id)
    if row is None:
        raise NotFound(f"no act {audit_id} in the audit trail; `connecthub audit list` shows them")
    return row


def told_lines(row: AnyRow) -> list[str]:
    """An act for one line of a list: the person's reason first, unless the act's detail says the same."""
    known = row.reason is None or row.reason in row.detail.values()
    return [*([] if known else [f"reason: {row.reason}"]), *detail_lines(row.detail)]


def detail_lines(detail: Mapping[str, Any]) -> list[str]:
    """What an act did, a line for each thing: `timeout: 60 → 90`, or `log: 812`."""
    return [line for name, value in detail.items() if value is not None for line in _lines(name, value)]


def _lines(name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{name}: {_shown(value)}"
    elif value.keys() == {"before", "after"}:
        yield from _change(name, value["before"], value["after"])
    else:
        for inner, each in value.items():
            yield f"{name}.{inner}: {_shown(each)}"


def _change(name: str, before: Any, after: Any) -> Iterator[str]:
    """A line for each part of settings that changed; one for a plain value."""
    if isinstance(before, dict) and isinstance(after, dict):
        for inner, (then, now) in differences(before, after).items():
            yield f"{name}.{inner}: {_shown(then)} → {_shown(now)}"
    else:
        yield f"{name}: {_shown(before)} → {_shown(after)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else plain(value)
