"""Lists that are paged by key: a page costs the same wherever it is, and none is counted or skipped to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal_column, or_, select, tuple_

from connecthub.db.dry_runs import is_work
from connecthub.db.halving import first_id_at
from connecthub.db.log_reading import NOT_OK, LogFilter
from connecthub.db.tables import Status, job_logs, jobs
from connecthub.db.types import AnyRow, Columns

ENDED = (Status.SUCCEEDED, *NOT_OK)
RUNS_SHOWN = 10
CAUSE_MAX = 500
"""Characters of a cause in a list."""
GROUPED = 10_000
"""So many of the newest failures are grouped."""
_CAUSE = func.substr(func.coalesce(job_logs.c.error, job_logs.c.reason, ""), 1, CAUSE_MAX).label("cause")
LOGS: Columns = (
    job_logs.c.id,
    job_logs.c.job_id,
    job_logs.c.job_name,
    job_logs.c.status,
    job_logs.c.trigger,
    job_logs.c.dry_run,
    job_logs.c.attempt,
    job_logs.c.scheduled_for,
    job_logs.c.queued_at,
    job_logs.c.started_at,
    job_logs.c.finished_at,
    _CAUSE,
)
JOBS: Columns = (
    jobs.c.id,
    jobs.c.name,
    jobs.c.handler_path,
    jobs.c.tags,
    jobs.c.enabled,
    jobs.c.timezone,
    jobs.c.next_run_at,
    jobs.c.schedule_error,
)
_OF_FAILURE: Columns = (
    job_logs.c.id,
    job_logs.c.job_name,
    func.coalesce(job_logs.c.fingerprint, job_logs.c.status).label("kind"),
)


@dataclass(frozen=True)
class Cut:
    """Which rows of a list: `side` is first, last, after, before or from (the key itself and what follows)."""

    side: str = "first"
    key: Any = None
    limit: int = 200

    @property
    def forward(self) -> bool:
        """Whether the rows are read in the list's order."""
        return self.side in ("first", "after", "from")

    def beyond(self, column: Any, key: Any, *, falling: bool = False) -> list[ColumnElement[bool]]:
        """The condition on a column that rises along the list, or falls."""
        if self.side in ("first", "last"):
            return []
        if self.side == "from":
            return [column <= key if falling else column >= key]
        return [column < key if (self.side == "after") is falling else column > key]


@dataclass(frozen=True)
class Found:
    """The rows of a cut in the list's order, and whether more follow beyond them."""

    rows: Sequence[AnyRow]
    more: bool


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to list; what is None or empty does not count."""

    words: tuple[str, ...] = ()
    """Each stands in the name, the handler or a tag; letters of either case."""
    tag: str | None = None
    status: str | None = None
    """disabled, enabled, error (of the schedule), queued or running (has such a run), bad or one of ENDED (its newest
    run that has ended)."""

    def apply(self, statement: Select[Any], dialect: str) -> Select[Any]:
        """Add the conditions to a statement on jobs."""
        columns = (jobs.c.name, jobs.c.handler_path)
        for word in self.words:
            holds = [column.icontains(word, autoescape=True) for column in columns]
            tag = _tags(dialect)
            statement = statement.where(or_(*holds, _has_tag(tag, tag.c.value.icontains(word, autoescape=True))))
        if self.tag is not None:
            tag = _tags(dialect)
            statement = statement.where(_has_tag(tag, tag.c.value == self.tag))
        return statement if self.status is None else statement.where(_is(self.status))


def list_logs(connection: Connection, chosen: LogFilter, cut: Cut) -> Found:
    """JobLogs, the newest first, without their texts; the key is the id."""
    order = chosen.by_id.desc() if cut.forward else chosen.by_id.asc()
    listing = chosen.apply(select(*LOGS)).where(*cut.beyond(chosen.by_id, cut.key, falling=True))
    return _found(connection.execute(listing.order_by(order).limit(cut.limit + 1)).all(), cut)


def list_jobs_by_name(connection: Connection, chosen: JobFilter, cut: Cut) -> Found:
    """Jobs by name, which is the key."""
    order = jobs.c.name.asc() if cut.forward else jobs.c.name.desc()
    listing = chosen.apply(select(*JOBS), connection.dialect.name).where(*cut.beyond(jobs.c.name, cut.key))
    return _found(connection.execute(listing.order_by(order).limit(cut.limit + 1)).all(), cut)


def list_jobs_by_next(connection: Connection, chosen: JobFilter, cut: Cut) -> Found:
    """Jobs by their next run, those without one last; the key is (next_run_at, id)."""
    at, job_id = cut.key or (None, None)
    inside = cut.side in ("after", "before", "from")
    dated, undated = jobs.c.next_run_at.is_not(None), jobs.c.next_run_at.is_(None)
    parts: list[tuple[Any, ...]] = []
    if not (inside and cut.forward and at is None):
        key = cut.beyond(tuple_(jobs.c.next_run_at, jobs.c.id), (at, job_id)) if inside and at is not None else []
        parts.append((and_(dated, *key), jobs.c.next_run_at, jobs.c.id))
    if not (inside and not cut.forward and at is not None):
        key = cut.beyond(jobs.c.id, job_id) if inside and at is None else []
        parts.append((and_(undated, *key), jobs.c.id))
    rows: list[AnyRow] = []
    for condition, *order in parts if cut.forward else reversed(parts):
        if len(rows) > cut.limit:
            break
        listing = chosen.apply(select(*JOBS), connection.dialect.name).where(condition)
        listing = listing.order_by(*(column.asc() if cut.forward else column.desc() for column in order))
        rows += connection.execute(listing.limit(cut.limit + 1 - len(rows))).all()
    return _found(rows, cut)


def last_runs(connection: Connection, job_ids: Sequence[int]) -> dict[int, list[str]]:
    """The statuses of the newest JobLogs of each job, the newest last; of dry runs none."""
    newest = (
        select(job_logs.c.status)
        .where(job_logs.c.job_id == jobs.c.id, is_work())
        .order_by(job_logs.c.id.desc())
        .limit(RUNS_SHOWN)
        .correlate(jobs)
        .subquery()
    )
    # As text, for a row per run would need a lateral join, which SQLite has not; it comes in the subquery's order.
    told = select(func.aggregate_strings(newest.c.status, ",")).scalar_subquery()
    rows = connection.execute(select(jobs.c.id, told.label("told")).where(jobs.c.id.in_(job_ids))).all()
    return {row.id: row.told.split(",")[::-1] if row.told else [] for row in rows}


def groups(connection: Connection, chosen: LogFilter) -> Sequence[AnyRow]:
    """The newest that did not succeed and match, by fingerprint: count, jobs, the newest one; the newest group first.

    What has no fingerprint counts under its status.
    """
    listed = chosen.apply(select(*_OF_FAILURE))
    newest = listed.order_by(chosen.by_id.desc()).limit(GROUPED).subquery()
    grouped = (
        select(
            newest.c.kind,
            func.count().label("count"),
            func.count(newest.c.job_name.distinct()).label("jobs"),
            func.max(newest.c.id).label("newest"),
        )
        .group_by(newest.c.kind)
        .subquery()
    )
    at = func.coalesce(job_logs.c.finished_at, job_logs.c.queued_at, type_=job_logs.c.queued_at.type)
    listing = select(grouped, at.label("at"), _CAUSE).join_from(grouped, job_logs, job_logs.c.id == grouped.c.newest)
    return connection.execute(listing.order_by(grouped.c.newest.desc())).all()


def id_at(connection: Connection, instant: datetime) -> int:
    """The number from which on JobLogs were queued at the instant or later."""
    return first_id_at(connection, job_logs.c.id, job_logs.c.queued_at, instant)


def _found(rows: Sequence[AnyRow], cut: Cut) -> Found:
    kept = rows[: cut.limit]
    return Found(kept if cut.forward else kept[::-1], len(rows) > cut.limit)


def _tags(dialect: str) -> Any:
    each = func.json_array_elements_text if dialect == "postgresql" else func.json_each
    return each(jobs.c.tags).table_valued("value")


def _has_tag(tag: Any, condition: Any) -> Any:
    return select(literal_column("1")).select_from(tag).where(condition).correlate(jobs).exists()


def _is(status: str) -> Any:
    if status in ("enabled", "disabled"):
        return jobs.c.enabled.is_(status == "enabled")
    if status == "error":
        return jobs.c.schedule_error.is_not(None)
    of_job = select(job_logs.c.id).where(job_logs.c.job_id == jobs.c.id).correlate(jobs)
    if status in (Status.QUEUED, Status.RUNNING):
        return LogFilter(status=status).apply(of_job).exists()
    ended = job_logs.c.status.in_([literal_column(f"'{each}'") for each in ENDED])
    newest = select(job_logs.c.status).where(job_logs.c.job_id == jobs.c.id, ended, is_work()).correlate(jobs)
    newest = newest.order_by(job_logs.c.id.desc()).limit(1).scalar_subquery()
    return newest.in_(NOT_OK) if status == "bad" else newest == status
