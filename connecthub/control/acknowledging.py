"""Saying that one has seen that a job's newest run did not succeed: until it fails anew, it needs nobody."""

from __future__ import annotations

from dataclasses import dataclass

from connecthub.control.actions import act
from connecthub.control.actor import Actor
from connecthub.control.job_settings import check_name
from connecthub.control.jobs import locked
from connecthub.db import acknowledgements
from connecthub.db.engine import Database
from connecthub.db.tables import Status
from connecthub.errors import Refused

NOTE_MAX = 500


@dataclass(frozen=True)
class Acknowledged:
    """The run that was acknowledged, or is no more."""

    job_name: str
    log_id: int


def check_note(note: str) -> None:
    """Refuse a note that is empty, too long or not one line of visible characters; raises ConfigError."""
    check_name("note", note, most=NOTE_MAX)


def acknowledge(
    database: Database, actor: Actor, reference: str, note: str, seen_log: int | None = None
) -> Acknowledged:
    """Acknowledge the newest run of a job that has ended; `seen_log` is the one that the person looked at.

    Raises ConfigError, NotFound, Forbidden, and Refused where that run succeeded or another one has ended since.
    """
    check_note(note)
    with act(database, actor, "job.acknowledge", reference) as going_on:
        connection = going_on.connection
        job = locked(connection, reference)
        newest = acknowledgements.newest_ended(connection, job.id)
        if newest is None or newest.status == Status.SUCCEEDED:
            state = "no run of it has ended" if newest is None else f"its newest run, {newest.id}, succeeded"
            raise Refused(f"job {job.name}: {state}; there is nothing to acknowledge")
        if seen_log not in (None, newest.id):
            raise Refused(f"job {job.name}: run {newest.id} has {newest.status} since; look at it first")
        acknowledgements.set_acknowledgement(connection, job.id, newest.id, actor.name, note)
        going_on.target_id, going_on.target_name = job.id, job.name
        going_on.detail, going_on.reason = {"log": newest.id, "status": newest.status, "note": note}, note
        return Acknowledged(job.name, newest.id)


def take_back(database: Database, actor: Actor, reference: str) -> Acknowledged:
    """Forget the acknowledgement of a job; raises NotFound, Forbidden, and Refused where there is none."""
    with act(database, actor, "job.acknowledge", reference) as going_on:
        connection = going_on.connection
        job = locked(connection, reference)
        kept = acknowledgements.take_away(connection, job.id)
        if kept is None:
            raise Refused(f"job {job.name}: nobody has acknowledged a run of it; there is nothing to undo")
        going_on.target_id, going_on.target_name = job.id, job.name
        going_on.detail = {"undone": True, "log": kept.log_id, "note": kept.note}
        return Acknowledged(job.name, kept.log_id)
