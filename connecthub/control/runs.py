"""What a person may start: a run now, a run of a past slot, a retry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connecthub.control.actions import act, allow
from connecthub.control.actor import Actor
from connecthub.control.job_logs import LogChoice, resolve
from connecthub.control.job_reading import found
from connecthub.control.job_settings import check_params, differences
from connecthub.control.jobs import Office, Ring, locked
from connecthub.db import job_logs, jobs, line, log_reading
from connecthub.db.engine import Database
from connecthub.db.new_log import NewLog
from connecthub.db.tables import Status, Trigger
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, ConnectHubError, NotFound, Refused
from connecthub.schedule.cron import next_fire_time
from connecthub.schedule.overlap import admit
from connecthub.security.fernet import open_secrets
from connecthub.tasks.endings import REPLACED, cut


@dataclass(frozen=True)
class Retried:
    """One retry that was asked for: the JobLog, its new row, and what differs from its settings (then, now)."""

    of: AnyRow
    row: AnyRow
    differs: dict[str, tuple[Any, Any]]


def run_job(
    office: Office,
    actor: Actor,
    reference: str,
    params: dict[str, Any] | None = None,
    slot: datetime | None = None,
    *,
    in_turn: bool = False,
    dry_run: bool = False,
) -> AnyRow:
    """Queue a run of the job and ring; returns the new row (id, queue, priority).

    `params` hold for this run only, instead of the job's. With `slot` it is a backfill of that past slot; Refused where
    the schedule has no such slot. Refused too where the overlap policy does not let it start, unless `in_turn` lets it
    wait. A dry run, which is of no slot, takes no other run's place. Raises ConfigError, InvalidSettings, NotFound,
    Forbidden.
    """
    if dry_run and slot is not None:
        raise ConfigError("a dry run does no slot's work; leave the slot out, or the dry run")
    action = "job.dry_run" if dry_run else "job.run"
    allow(office.database, actor, action, reference)
    if params is not None:
        _check_params(office, reference, params)
    with act(office.database, actor, action, reference) as going_on:
        job = locked(going_on.connection, reference)
        of_mine: dict[str, Any] = {"requested_by": actor.name, "params": params}
        new = NewLog(job, Trigger.MANUAL, exclusive=job.overlap != "allow", dry_run=dry_run, **of_mine)
        if slot is not None:
            _check_slot(job, slot, office.now())
            new = NewLog(job, Trigger.BACKFILL, scheduled_for=slot, exclusive=True, **of_mine)
        else:
            _make_way(going_on.connection, job, in_turn, actor, dry_run)
        (row,) = job_logs.insert_queued(going_on.connection, [new])
        going_on.target_id, going_on.target_name = job.id, job.name
        going_on.detail = {"log": row.id, "slot": slot and slot.isoformat(), "own_params": params is not None}
    office.ring([row])
    return row


def _make_way(connection: Connection, job: AnyRow, in_turn: bool, actor: Actor, dry_run: bool) -> None:
    """Do what the overlap policy asks for one more run of a locked job; Refused where it may not stand in line.

    A dry run is never worth another run: where the policy has it take their place, it is as under `skip`.
    """
    overlap = "skip" if dry_run and job.overlap == "replace" else job.overlap
    if in_turn and overlap == "skip":
        return
    open_runs = line.open_runs(connection, [job.id]).get(job.id, [])
    admission = admit(overlap, job.queue_limit, open_runs, supersedes=False)
    if admission.refused is not None:
        remedy = "; --in-turn waits for its turn" if overlap == "skip" else ""
        raise Refused(f"job {job.name}: {admission.refused.partition(': ')[2]}{remedy}")
    reason = f"{REPLACED} by a run that {actor.name} asked for"
    if admission.cancel:
        cut(connection, admission.cancel, reason)
    if admission.stop:
        job_logs.ask_to_stop(connection, admission.stop, reason)


def _check_params(office: Office, reference: str, params: dict[str, Any]) -> None:
    check_params(params)
    with office.database.read() as connection:
        job = found(connection, reference)
    office.questions.validate(job.handler_path, params, open_secrets(office.keys, job.id, job.secret_cfg))


def _check_slot(job: AnyRow, slot: datetime, now: datetime) -> None:
    if slot > now:
        raise Refused(f"slot {slot.isoformat()} is not over yet; it will run by itself")
    at = next_fire_time(job.cron_expr, job.timezone, slot - timedelta(seconds=1))
    if at != slot:
        raise Refused(
            f"job {job.name} ({job.cron_expr}, {job.timezone}) has no slot at {slot.isoformat()}; "
            f"the next after it is {at.isoformat()}"
        )


def retry_log(
    database: Database, ring: Ring, actor: Actor, log_id: int, *, same_settings: bool = False, in_turn: bool = False
) -> Retried:
    """Run a JobLog that did not succeed again, with the job's settings of now, or those that it had; rings. What
    repeats a dry run is one.

    Raises Refused where it cannot be retried, where its chain has an open row already (whose number it names), or where
    the overlap policy does not let it start, unless `in_turn` lets it wait.
    """
    with act(database, actor, "log.retry", str(log_id)) as going_on:
        connection = going_on.connection
        old = log_reading.get_log(connection, log_id)
        if old is None:
            raise NotFound(f"no JobLog {log_id}; `connecthub log list` shows the newest")
        _refuse_retry(old)
        job = None if old.job_id is None else jobs.lock_job_by_id(connection, old.job_id)
        if job is None:
            raise Refused(f"the job of JobLog {old.id} ({old.job_name}) was deleted; nothing is left to run")
        if (is_open := log_reading.open_in_chain(connection, old.root_id or old.id)) is not None:
            raise Refused(f"already asked: run {is_open}")
        _make_way(connection, job, in_turn, actor, old.dry_run)
        new = NewLog(
            job,
            Trigger.RETRY,
            scheduled_for=old.scheduled_for,
            exclusive=job.overlap != "allow",
            requested_by=actor.name,
            retry_of=old,
            snapshot=old if same_settings else None,
        )
        (row,) = job_logs.insert_queued(connection, [new])
        going_on.target_kind, going_on.target_id, going_on.target_name = "log", old.id, old.job_name
        going_on.detail = {"log": row.id, "same_settings": same_settings}
        going_on.detail |= {"dry_run": True} if old.dry_run else {}
    ring([row])
    return Retried(old, row, {} if same_settings else _what_differs(old, job))


def _refuse_retry(old: AnyRow) -> None:
    if old.status in (Status.QUEUED, Status.RUNNING):
        raise Refused(f"JobLog {old.id} is {old.status}; wait for its end")
    if old.status == Status.SUCCEEDED:
        again = f"`connecthub job run {old.job_name}{' --dry-run' if old.dry_run else ''}` runs the job again"
        raise Refused(f"JobLog {old.id} succeeded; {again}")
    if old.status == Status.SKIPPED:
        raise Refused(f"JobLog {old.id} was skipped; `connecthub job run {old.job_name} --slot …` runs its slot")


def _what_differs(old: AnyRow, job: AnyRow) -> dict[str, tuple[Any, Any]]:
    names = ("handler_path", "public_cfg", "timeout")
    return differences({name: getattr(old, name) for name in names}, {name: getattr(job, name) for name in names})


def retry_many(
    database: Database,
    ring: Ring,
    actor: Actor,
    log_ids: Sequence[int],
    *,
    same_settings: bool = False,
    in_turn: bool = False,
) -> tuple[list[Retried], list[str]]:
    """Retry each; returns what was asked for, and of the others why not."""
    done: list[Retried] = []
    refused: list[str] = []
    for log_id in log_ids:
        try:
            done.append(retry_log(database, ring, actor, log_id, same_settings=same_settings, in_turn=in_turn))
        except ConnectHubError as error:
            refused.append(f"{log_id}: {error}")
    return done, refused


def failed_logs(database: Database, chosen: LogChoice, limit: int = 10_000) -> list[int]:
    """JobLogs that match and did not succeed, oldest first; of a chain only the newest. NotFound, ConfigError."""
    with database.read() as connection:
        return log_reading.retriable(connection, resolve(connection, chosen), limit)
