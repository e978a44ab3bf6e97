"""What a person may do with jobs: add, edit, enable, disable, delete."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from connecthub.control.actions import Act, act, allow
from connecthub.control.actor import Actor
from connecthub.control.job_reading import found
from connecthub.control.job_settings import JobSettings, differences
from connecthub.control.reasons import check_reason
from connecthub.db import installation, job_logs, jobs, log_reading
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import EditedMeanwhile, NotFound, Refused, SecretUnreadable
from connecthub.runner.questions import PluginQuestions
from connecthub.schedule.cron import next_fire_time
from connecthub.security.fernet import open_secrets, seal
from connecthub.security.key_ring import KeyRing
from connecthub.tasks.dispatcher import dispatch

Ring = Callable[[Iterable[AnyRow]], None]


@dataclass(frozen=True)
class SecretChanges:
    """What an edit does with a job's secrets: fields that are not named stay as they are."""

    set: dict[str, Any] = field(default_factory=dict, repr=False)
    clear: tuple[str, ...] = ()
    replace_all: bool = False
    """Forget what is stored, also where it cannot be read."""

    def __bool__(self) -> bool:
        return bool(self.set or self.clear or self.replace_all)


@dataclass(frozen=True)
class Office:
    """What editing needs beside the database: the keys, a way to ask plugins, bells, the time."""

    database: Database
    keys: KeyRing
    questions: PluginQuestions
    ring: Ring
    now: Callable[[], datetime]


def add_job(office: Office, actor: Actor, settings: JobSettings, secrets: dict[str, Any]) -> AnyRow:
    """Add a job after its schedule, its plugin and its settings were checked; returns its row.

    Raises ConfigError, ScheduleError, PluginError, InvalidSettings, Refused (the name is taken), Forbidden.
    """
    allow(office.database, actor, "job.add", settings.name)
    settings.check()
    office.questions.validate(settings.handler_path, settings.public_cfg, secrets)
    now = office.now()
    with _refused_if_taken(settings.name), act(office.database, actor, "job.add", settings.name) as going_on:
        connection = going_on.connection
        _refuse_taken(connection, settings.name)
        row = {**settings.as_dict(), "secret_cfg": None, "schedule_error": None}
        row |= {"next_run_at": _next_run(settings, now), "version": 1, "created_at": now, "updated_at": now}
        job_id = jobs.insert_job(connection, row)
        if secrets:
            jobs.set_secret_cfg(connection, job_id, _sealed(connection, office.keys, job_id, secrets))
        kept = _keep_revision(going_on, job_id, 1, settings, sorted(secrets), bool(secrets), actor, now)
        going_on.target_id, going_on.target_name, going_on.detail = job_id, settings.name, kept
        return found(connection, settings.name)


def edit_job(
    office: Office,
    actor: Actor,
    seen: AnyRow,
    changes: dict[str, Any],
    secrets: SecretChanges | None = None,
    action: str = "job.edit",
    reason: str | None = None,
) -> AnyRow:
    """Change a job as it was `seen`; returns its new row, or the same where nothing changes.

    Raises EditedMeanwhile where it was saved since, and what `add_job` raises. What is due is dispatched first, so that
    no edit takes a slot's verdict away; a new schedule counts from now.
    """
    check_reason(reason)
    allow(office.database, actor, action, seen.name)
    secrets = secrets or SecretChanges()
    settings = replace(JobSettings.of(seen), **changes)
    settings.check()
    stored = {} if secrets.replace_all else _stored_secrets(office.keys, seen, needed=bool(secrets))
    wanted = {name: value for name, value in {**(stored or {}), **secrets.set}.items() if name not in secrets.clear}
    changed = differences(JobSettings.of(seen).as_dict(), settings.as_dict())
    wakes = settings.enabled and "enabled" in changed and seen.schedule_error is not None
    asked = wakes or asks_plugin(changed, secrets)
    if asked:  # what was imported may never have been
        office.questions.validate(settings.handler_path, settings.public_cfg, wanted if stored is not None else {})
    if not changed and not secrets:
        return seen
    now = office.now()
    with act(office.database, actor, action, seen.name) as going_on:
        connection = going_on.connection
        row = _unchanged(connection, seen)
        if "name" in changed:
            _refuse_taken(connection, settings.name)
        bells = _dispatch_due(connection, row, now)
        values = {**settings.as_dict(), "version": row.version + 1, "updated_at": now}
        if changed.keys() & {"cron_expr", "timezone", "enabled"} or (asked and not settings.enabled):
            values |= {"next_run_at": _next_run(settings, now), "schedule_error": None}
        if secrets:
            values["secret_cfg"] = _sealed(connection, office.keys, row.id, wanted) if wanted else None
        jobs.update_job(connection, row.id, values)
        if changed.keys() & {"queue", "priority"}:
            bells = job_logs.move_queued(connection, row.id, settings.queue, settings.priority)
        names = sorted(wanted) if stored is not None else None
        _keep_revision(going_on, row.id, row.version + 1, settings, names, bool(secrets), actor, now)
        going_on.target_id, going_on.target_name = row.id, settings.name
        going_on.detail = {name: {"before": before, "after": after} for name, (before, after) in changed.items()}
        if secrets:
            going_on.detail["secrets"] = "changed"
        going_on.reason = reason
        edited = found(connection, settings.name)
    office.ring(bells)
    return edited


def asks_plugin(changed: Container[str], secrets: SecretChanges) -> bool:
    """Whether an edit is the plugin's business: one of other settings is saved also where the plugin is broken."""
    return "handler_path" in changed or "public_cfg" in changed or bool(secrets)


def set_enabled(office: Office, actor: Actor, seen: AnyRow, enabled: bool, reason: str | None = None) -> AnyRow:
    """Enable or disable a job; the same row comes back where it is so already."""
    action = "job.enable" if enabled else "job.disable"
    return edit_job(office, actor, seen, {"enabled": enabled}, action=action, reason=reason)


def delete_job(office: Office, actor: Actor, reference: str, reason: str | None = None) -> int:
    """Delete a job, cancel what it has waiting, keep its JobLogs; returns how many rows were cancelled.

    Raises Refused while it runs.
    """
    check_reason(reason)
    with act(office.database, actor, "job.delete", reference) as going_on:
        connection, going_on.reason = going_on.connection, reason
        row = locked(connection, reference)
        _dispatch_due(connection, row, office.now())
        cancelled = job_logs.cancel_queued(connection, row.id, f"job deleted by {actor.name}")
        running = log_reading.running_of(connection, row.id)  # looked at last: what waited may have started meanwhile
        if running is not None:
            raise Refused(f"job {row.name} runs now (run {running}); wait for its end")
        jobs.delete_job(connection, row.id)
        going_on.target_id, going_on.target_name = row.id, row.name
        going_on.detail = {**JobSettings.of(row).as_dict(), "cancelled": cancelled}
        return cancelled


def secret_fields(keys: KeyRing, job: AnyRow) -> dict[str, str]:
    """The names of a job's secret fields, each masked; raises SecretUnreadable."""
    return dict.fromkeys(sorted(open_secrets(keys, job.id, job.secret_cfg)), "***")


@contextmanager
def _refused_if_taken(name: str) -> Iterator[None]:
    """Refuse a name that another add took in the same moment."""
    try:
        yield
    except IntegrityError:
        raise Refused(f"job {name!r} was added in this moment; choose another name") from None


def locked(connection: Connection, reference: str) -> AnyRow:
    """The job, locked until the transaction ends; raises NotFound."""
    job = jobs.lock_job(connection, reference)
    if job is None:
        raise NotFound(f"no job {reference!r}; `connecthub job list` shows what is there")
    return job


def _unchanged(connection: Connection, seen: AnyRow) -> AnyRow:
    """Lock the job and see that it is as it was seen."""
    row = jobs.lock_job_by_id(connection, seen.id)
    if row is None:
        raise NotFound(f"job {seen.name!r} was deleted meanwhile")
    if row.version != seen.version:
        last = jobs.list_revisions(connection, row.id)[0]
        changed = differences(JobSettings.of(seen).as_dict(), JobSettings.of(row).as_dict())
        raise EditedMeanwhile(row.name, last.actor, row.version, changed, secrets=row.secret_cfg != seen.secret_cfg)
    return row


def _refuse_taken(connection: Connection, name: str) -> None:
    if (taken := jobs.find_job(connection, name)) is not None:
        raise Refused(f"job {name!r} is there already (number {taken.id}); choose another name")


def _next_run(settings: JobSettings, now: datetime) -> datetime | None:
    return next_fire_time(settings.cron_expr, settings.timezone, now) if settings.enabled else None


def _stored_secrets(keys: KeyRing, row: AnyRow, *, needed: bool) -> dict[str, Any] | None:
    """The stored secrets; None where they cannot be read and nobody needs them."""
    try:
        return open_secrets(keys, row.id, row.secret_cfg)
    except SecretUnreadable:
        if needed:
            raise
        return None


def _sealed(connection: Connection, keys: KeyRing, job_id: int, secrets: dict[str, Any]) -> str:
    return seal(keys, job_id, secrets, installation.key_fingerprint(connection))


def _dispatch_due(connection: Connection, row: AnyRow, now: datetime) -> list[AnyRow]:
    if row.next_run_at is None or row.next_run_at > now:
        return []
    return dispatch(connection, [row], now).queued


def _keep_revision(
    going_on: Act,
    job_id: int,
    version: int,
    settings: JobSettings,
    secret_names: list[str] | None,
    secrets_changed: bool,
    actor: Actor,
    now: datetime,
) -> dict[str, Any]:
    kept = {**settings.as_dict(), "secrets": secret_names, "secrets_changed": secrets_changed}
    jobs.insert_revision(going_on.connection, job_id, version, kept, actor.name, now)
    return kept
