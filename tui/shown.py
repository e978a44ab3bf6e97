"""Rows of the database as screens are given them: plain, and with every text made safe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connecthub.core.safe_text import safe_text
from tui.rows import CallRow, FailureGroup, JobRow, JobView, LogRow, LogView, Plan
from tui.spans import Span

if TYPE_CHECKING:
    from connecthub.control.browsing import Cut
    from connecthub.control.job_view import JobView as Job
    from connecthub.control.log_view import LogView as Log


def job_row(row: Any, runs: Sequence[str]) -> JobRow:
    """A job in the list."""
    return JobRow(
        id=row.id,
        name=safe_text(row.name),
        handler=safe_text(row.handler_path),
        tags=tuple(map(safe_text, row.tags)),
        enabled=row.enabled,
        timezone=safe_text(row.timezone),
        next_run_at=row.next_run_at,
        schedule_error=None if row.schedule_error is None else safe_text(row.schedule_error),
        runs=tuple(runs),
        sort_name=row.name,
    )


def log_row(row: Any, cause: str) -> LogRow:
    """A JobLog in the list."""
    return LogRow(
        id=row.id,
        job_id=row.job_id,
        job_name=safe_text(row.job_name),
        status=row.status,
        trigger=row.trigger,
        attempt=row.attempt,
        scheduled_for=row.scheduled_for,
        queued_at=row.queued_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        cause=first_line(cause),
        dry_run=row.dry_run,
    )


def failure_group(row: Any) -> FailureGroup:
    """Runs that failed in the same way."""
    return FailureGroup(safe_text(row.kind), row.count, row.jobs, row.newest, row.at, first_line(row.cause))


def job_view(job: Job, zone: str) -> JobView:
    """A job whole; instants among its settings are of `zone`."""
    from connecthub.control.job_settings import JobSettings
    from connecthub.control.job_view import plain

    row = job.row
    facts = {"number": row.id, **JobSettings.of(row).as_dict()}
    facts |= {"next_run_at": row.next_run_at, "schedule_error": row.schedule_error, "version": row.version}
    facts |= {"created_at": row.created_at, "updated_at": row.updated_at}
    told = [(name, _in_zone(value, zone) if isinstance(value, datetime) else value) for name, value in facts.items()]
    return JobView(
        id=row.id,
        name=safe_text(row.name),
        settings=[(name, safe_text(plain(value))) for name, value in told if value is not None],
        secrets=None if job.secrets is None else [safe_text(name) for name in job.secrets],
        verdicts=[
            (None if each.kind == "none" else each.at, each.log, safe_text(each.words))
            for each in (job.why.next, *job.why.verdicts)
        ],
        zone=safe_text(job.why.timezone),
        changed=[(safe_text(what), safe_text(then), safe_text(now)) for what, then, now in job.changed],
    )


def log_view(log: Log, zone: str) -> LogView:
    """A JobLog whole; its instants among the facts are of `zone`."""
    from connecthub.control.log_view import plugin_frame
    from connecthub.control.plans import without_plan

    row = log.row
    facts = {
        "cause": row.error or row.reason,
        "slot": row.scheduled_for,
        "queued": row.queued_at,
        "started": row.started_at,
        "ended": row.finished_at,
        "asked to stop": row.cancel_requested_at,
        "handler": row.handler_path,
        "plugin": row.plugin_version and f"version {row.plugin_version}",
        "params": json.dumps(row.public_cfg, ensure_ascii=False),
        "timeout": f"{row.timeout:g} s",
        "job version": row.job_version,
        "dry run": "its writes are not sent" if row.dry_run else None,
        "requested by": row.requested_by,
        "retry of": row.retry_of,
        "queue": row.queue,
        "worker": row.worker,
    }
    told = {name: _in_zone(value, zone) if isinstance(value, datetime) else value for name, value in facts.items()}
    frame = plugin_frame(row.traceback or "", row.handler_path)
    return LogView(
        row=log_row(row, row.error or row.reason or ""),
        facts=[(name, safe_text(value)) for name, value in told.items() if value is not None],
        traceback=safe_text(f"{frame}\n\n{row.traceback}" if frame else row.traceback or "", newlines=True),
        chain=[log_row(each, each.error or each.reason or "") for each in log.chain],
        calls=log.call_count,
        result=safe_text(without_plan(row.result) or ""),
        plan=plan(row.result),
    )


def plan(result: str | None) -> Plan | None:
    """The plan in a result, if it has one."""
    from connecthub.control.plans import plan_of

    found = plan_of(result)
    if found is None:
        return None
    rows = [[safe_text(cell) for cell in row] for row in found.rows]
    return Plan([safe_text(column) for column in found.columns], rows, found.left_out, found.cut)


def call_row(call: Any) -> CallRow:
    """A call of a run."""
    return CallRow(
        id=call.id,
        at=call.at,
        system=safe_text(call.system),
        method=safe_text(call.method),
        path=safe_text(call.path),
        status=call.status,
        milliseconds=call.milliseconds,
        attempt=call.attempt,
        bytes=call.bytes,
        sent=call.sent,
        note=safe_text(call.note),
        error=safe_text(call.error or ""),
    )


def progress_text(progress: dict[str, Any] | None) -> str:
    """`12 of 40: note`, with what there is of it."""
    if not progress:
        return ""
    done, total, note = (progress.get(name) for name in ("done", "total", "note"))
    numbers = "" if done is None else f"{done:g}" if total is None else f"{done:g} of {total:g}"
    return safe_text(": ".join(part for part in (numbers, note) if part))


def first_line(text: str | None) -> str:
    """The first line of a cause that has something to say."""
    return next((safe_text(line) for line in (text or "").splitlines() if line.strip()), "")


def cut(span: Span) -> Cut:
    """What is asked for, in the words of the lists."""
    from connecthub.control.browsing import Cut

    return Cut(span.side, span.key, span.limit)


def place(database: Any) -> str:
    """Where the database is, as short as can be: the file as seen from here, or host and name."""
    if database.path is not None:
        here = Path.cwd()
        inside = database.path.is_relative_to(here)
        return safe_text(f"sqlite {database.path.relative_to(here) if inside else database.path}")
    host, _, name = database.name.partition("://")[2].rpartition("/")
    return safe_text(f"postgresql {host.rpartition('@')[2]}/{name}")


def _in_zone(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}"
