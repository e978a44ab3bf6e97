"""What a person may stop: a run that waits, or one that goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from connecthub.control.actions import act
from connecthub.control.actor import Actor
from connecthub.control.jobs import Ring
from connecthub.control.reasons import check_reason
from connecthub.db import job_logs, jobs, line, log_reading
from connecthub.db.engine import Database
from connecthub.db.tables import FINAL
from connecthub.errors import ConnectHubError, NotFound, Refused


class Done(StrEnum):
    """What became of the wish to cancel a run."""

    CANCELLED = "cancelled"
    """It was queued and will not start."""
    ASKED = "asked"
    """It runs, and its worker hears of it with its next heartbeat."""
    ASKED_ALREADY = "asked already"
    """Somebody asked before; nothing was changed."""


@dataclass(frozen=True)
class Cancelled:
    """One wish that was granted."""

    log_id: int
    job_name: str
    done: Done


def cancel_log(database: Database, ring: Ring, actor: Actor, log_id: int, reason: str | None = None) -> Cancelled:
    """Cancel a JobLog that is queued, ask one that runs to stop; asked twice, the first one stands.

    Where one that was queued is gone, the job's next in line is rung.

    Raises ConfigError, NotFound, Forbidden, and Refused where it has ended.
    """
    check_reason(reason)
    with act(database, actor, "log.cancel", str(log_id)) as going_on:
        connection, going_on.reason = going_on.connection, reason
        row = log_reading.get_log(connection, log_id)
        if row is None:
            raise NotFound(f"no JobLog {log_id}; `connecthub log list` shows the newest")
        if row.job_id is not None:
            jobs.lock_job_by_id(connection, row.job_id)
        done = _cancel(connection, log_id, f"cancelled by {actor.name}{f': {reason}' if reason else ''}")
        going_on.target_kind, going_on.target_id, going_on.target_name = "log", row.id, row.job_name
        going_on.detail = {"done": done}
        job_id = row.job_id if done is Done.CANCELLED else None
        bells = [] if job_id is None else line.next_in_line(connection, job_id)
    ring(bells)
    return Cancelled(row.id, row.job_name, done)


def _cancel(connection: Connection, log_id: int, reason: str) -> Done:
    """Each step leaves out a row that has another status by now: a worker claims and ends without the job's lock."""
    if job_logs.cancel_rows(connection, [log_id], reason):
        return Done.CANCELLED
    if job_logs.ask_to_stop(connection, [log_id], reason):
        return Done.ASKED
    now = log_reading.get_log(connection, log_id)
    if now is None or now.status in FINAL:
        raise Refused(f"JobLog {log_id} is {now.status if now else 'deleted'} already; there is nothing to cancel")
    return Done.ASKED_ALREADY


def cancel_many(
    database: Database, ring: Ring, actor: Actor, log_ids: Sequence[int], reason: str | None = None
) -> tuple[list[Cancelled], list[str]]:
    """Cancel each; returns what was done, and of the others why not. Raises ConfigError for a reason that is none."""
    check_reason(reason)
    done: list[Cancelled] = []
    refused: list[str] = []
    for log_id in log_ids:
        try:
            done.append(cancel_log(database, ring, actor, log_id, reason))
        except ConnectHubError as error:
            refused.append(str(error))
    return done, refused
