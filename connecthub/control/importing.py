"""Copying jobs and logs of an old system: the jobs in one transaction, then the logs in many.

Whatever is here already, by its old number, is passed over, so that an import that was interrupted can be done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from connecthub.control import old_rows
from connecthub.control.actions import act
from connecthub.control.actor import Actor
from connecthub.control.jobs import Office
from connecthub.control.old_jobs import OldJob, Survey
from connecthub.core.redact import Redactor
from connecthub.core.safe_text import storable
from connecthub.db import acknowledgements, installation, job_logs, jobs
from connecthub.db.imported import failed_there, jobs_by_old_id
from connecthub.db.old_system import LOGS_PER_STATEMENT, OldSystem, identity
from connecthub.db.tables import Trigger
from connecthub.db.types import AnyRow
from connecthub.errors import Refused
from connecthub.security.fernet import READABLE, seal

BATCH_BYTES = 4 * 1024 * 1024
"""Of logs in one transaction."""
NOTE = "failed in the old system, before the import"


def import_jobs(office: Office, actor: Actor, found: Survey) -> int:
    """Add the jobs that are not here, disabled, with their secrets sealed anew, and the audit row of the import.

    Returns how many. Raises Forbidden, and Refused where a name was taken since the survey.
    """
    with _refused_if_taken(), act(office.database, actor, "db.import", found.source) as going_on:
        connection = going_on.connection
        there = jobs_by_old_id(connection)
        new = [job for job in found.jobs if job.old_id not in there]
        fingerprint = installation.key_fingerprint(connection)
        now = office.now()
        for job in new:
            job_id = jobs.insert_job(connection, _row(job, now))
            if job.secrets:
                jobs.set_secret_cfg(connection, job_id, seal(office.keys, job_id, job.secrets, fingerprint))
            kept = {**job.settings.as_dict(), "secrets": sorted(job.secrets), "secrets_changed": bool(job.secrets)}
            jobs.insert_revision(connection, job_id, 1, kept, actor.name, now)
        going_on.target_kind, going_on.target_name = "database", found.source
        going_on.detail = {
            "jobs": len(new),
            "jobs_there": len(found.jobs) - len(new),
            "jobs_refused": sum(bool(job.problems) for job in new),
            "secrets_unreadable": sum(job.secret_state not in READABLE for job in new),
            "logs": len(found.logs),
        }
    return len(new)


@contextmanager
def _refused_if_taken() -> Iterator[None]:
    """Refuse what somebody else added in the same moment."""
    try:
        yield
    except IntegrityError:
        raise Refused("jobs of these names or old numbers were added meanwhile; import again") from None


def _row(job: OldJob, now: datetime) -> dict[str, Any]:
    return {
        **job.settings.as_dict(),
        "secret_cfg": None,
        "schedule_error": "; ".join(job.problems.values()) or None,
        "next_run_at": None,
        "version": 1,
        "created_at": job.created_at or now,
        "updated_at": now,
        "old_id": job.old_id,
    }


def import_logs(
    office: Office, actor: Actor, old: OldSystem, found: Survey, max_bytes: int, told: Callable[[int], None]
) -> tuple[int, int]:
    """Copy the logs of a survey whose jobs are here; `told` hears how many were looked at, after each transaction.

    Returns how many were copied, and how many were left out as their run has not ended. A failure that is a job's
    newest run counts as seen.
    """
    with office.database.read() as connection:
        there = jobs_by_old_id(connection)
    copying = _Copying(there, found.jobs, max_bytes, office.now())
    copied = looked_at = 0
    for batch, size in _batches(copying.rows(old, found)):
        if batch:
            with office.database.write() as connection:
                copied += job_logs.insert_imported(connection, batch)
        looked_at += size
        told(looked_at)
    with office.database.write() as connection:
        for job in there.values():
            failed = failed_there(connection, job.id)
            if failed is not None:
                jobs.lock_job_by_id(connection, job.id)
                acknowledgements.set_acknowledgement(connection, job.id, failed, actor.name, NOTE)
    return copied, copying.left_out


def _batches(rows: Iterator[dict[str, Any] | None]) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """Rows put together, a few megabytes at a time, with how many that was of all, left out ones too."""
    batch: list[dict[str, Any]] = []
    looked_at = size = 0
    for row in rows:
        looked_at += 1
        if row is not None:
            batch.append(row)
            size += len(row["run_log"] or "") + len(row["traceback"] or "")
        if looked_at >= LOGS_PER_STATEMENT or size > BATCH_BYTES:
            yield batch, looked_at
            batch, looked_at, size = [], 0, 0
    if looked_at:
        yield batch, looked_at


class _Copying:
    """Makes JobLogs of what the old system has; a job's secrets are masked in its logs, which had them in clear."""

    def __init__(self, there: Mapping[str, AnyRow], jobs: Sequence[OldJob], max_bytes: int, now: datetime) -> None:
        self._there = there
        self._redactors = {job.old_id: Redactor.from_secrets(job.secrets) for job in jobs}
        self._max_bytes = max_bytes
        self._now = now
        self.left_out = 0

    def rows(self, old: OldSystem, found: Survey) -> Iterator[dict[str, Any] | None]:
        """The rows of the survey's logs; None for each that is left out."""
        keys = [each.key for each in found.logs]
        for start in range(0, len(keys), LOGS_PER_STATEMENT):
            for log in old.logs(keys[start : start + LOGS_PER_STATEMENT], self._max_bytes):
                yield self._row(log)

    def _row(self, log: Mapping[str, Any]) -> dict[str, Any] | None:
        old_id = identity(log["job_id"])
        job = self._there.get(old_id)
        traceback = old_rows.traceback_of(self._text(log, "traceback", old_id))
        finished_at = old_rows.instant(log["finished_at"])
        if job is None or old_rows.has_not_ended(log["status"], traceback, finished_at):
            self.left_out += 1
            return None
        started_at = old_rows.instant(log["started_at"])
        queued_at = old_rows.instant(log["created_at"]) or started_at or finished_at or self._now
        return {
            "job_id": job.id,
            "job_name": job.name,
            "trigger": Trigger.SCHEDULE,
            "attempt": 1,
            "exclusive": False,
            "priority": job.priority,
            "queue": job.queue,
            "handler_path": job.handler_path,
            "public_cfg": job.public_cfg,
            "timeout": job.timeout,
            "job_version": 1,
            "dry_run": False,
            "queued_at": queued_at,
            "available_at": queued_at,
            "started_at": started_at if finished_at else None,  # how long it took is known with both only
            "finished_at": finished_at or started_at or queued_at,
            "error": old_rows.error_of(traceback, log["status"]),
            "traceback": traceback or None,
            "run_log": self._text(log, "run_log", old_id) or None,
            "old_id": identity(log["id"]),
        }

    def _text(self, log: Mapping[str, Any], name: str, old_id: str) -> str:
        head, tail = old_rows.text(log[name]), old_rows.text(log[f"{name}_tail"])
        text = old_rows.joined(head, tail, log[f"{name}_left_out"] or 0, self._max_bytes)
        redactor = self._redactors.get(old_id)
        return storable(text if redactor is None else redactor.redact(text))
