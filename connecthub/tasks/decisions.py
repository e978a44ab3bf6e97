"""What a dispatch has decided, gathered for all its jobs and then written in a few statements."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from connecthub.db import alerts, job_logs, jobs
from connecthub.db.new_log import NewLog
from connecthub.db.tables import Trigger
from connecthub.db.types import AnyRow
from connecthub.schedule.overlap import OpenRun, admit
from connecthub.schedule.policy import Plan
from connecthub.tasks.endings import REPLACED, cut

SUPERSEDED = "superseded by the next slot"


class Decisions:
    """Rows to be born, rows that give way, next slots, alerts."""

    def __init__(self) -> None:
        self._queued: list[NewLog] = []
        self._skipped: list[NewLog] = []
        self._steps: list[dict[str, Any]] = []
        self._alerts: list[dict[str, Any]] = []
        self._cancel: dict[str, list[int]] = {}
        self._stop: list[int] = []
        self.passed_over = False
        """Whether a row was not born, because its slot has one."""

    def has_no_next_run(self, job: AnyRow, problem: str) -> None:
        """The job's schedule cannot be computed: it stops until somebody edits it, and that is told."""
        self._steps.append({"job_id": job.id, "next": None, "problem": problem})
        detail = {"job": job.name, "error": problem}
        self._alerts.append({"job_id": job.id, "job_log_id": None, "detail": detail})

    def take(self, job: AnyRow, plan: Plan, open_runs: list[OpenRun]) -> None:
        """Decide for each of the job's slots; the missed ones first, for they are the older."""
        self._queued += [NewLog(job, Trigger.CATCH_UP, slot, exclusive=True) for slot in plan.catch_up]
        if plan.misfire is not None:
            missed = plan.misfire
            self._skipped.append(
                NewLog(
                    job,
                    Trigger.CATCH_UP,
                    missed.last,
                    reason=missed.reason,
                    missed_from=missed.first,
                    missed_count=missed.count,
                )
            )
        supersedes = job.overlap != "allow" and job.catch_up != "all"
        if plan.catch_up and supersedes:
            self._supersede([run.id for run in open_runs if run.waiting_retry and run.id is not None])
        for slot in plan.slots:
            open_runs = self._take_slot(
                NewLog(job, Trigger.SCHEDULE, slot, exclusive=job.overlap != "allow"), open_runs
            )
        self._steps.append({"job_id": job.id, "next": plan.next_run_at, "problem": None})

    def _take_slot(self, new: NewLog, open_runs: list[OpenRun]) -> list[OpenRun]:
        """Decide for one slot; returns who is open then."""
        job = new.job
        supersedes = job.overlap != "allow" and job.catch_up != "all"
        admission = admit(job.overlap, job.queue_limit, open_runs, supersedes=supersedes)
        if admission.refused is not None:
            self._skipped.append(NewLog(job, Trigger.SCHEDULE, new.scheduled_for, reason=admission.refused))
            return open_runs
        self._queued.append(new)
        self._supersede(admission.superseded)
        self._cancel.setdefault(f"{REPLACED} by the slot {new.scheduled_for:%Y-%m-%d %H:%M} UTC", []).extend(
            admission.cancel
        )
        self._stop += admission.stop
        gone = {*admission.cancel, *admission.superseded}
        return [*(run for run in open_runs if run.id not in gone), OpenRun(None, running=False, counts=True)]

    def _supersede(self, log_ids: Any) -> None:
        self._cancel.setdefault(SUPERSEDED, []).extend(log_ids)

    def write(self, connection: Connection) -> list[AnyRow]:
        """Write it all; returns the new queued rows, whose bells are to ring."""
        for reason, log_ids in self._cancel.items():
            if log_ids:
                cut(connection, log_ids, reason)
        if self._stop:
            job_logs.ask_to_stop(connection, self._stop, f"{REPLACED} by a later slot")
        queued = job_logs.insert_queued(connection, self._queued)
        skipped = job_logs.insert_skipped(connection, self._skipped)
        self.passed_over = len(queued) + len(skipped) < len(self._queued) + len(self._skipped)
        jobs.advance(connection, self._steps)
        alerts.owe(connection, "schedule_error", self._alerts)
        return queued
