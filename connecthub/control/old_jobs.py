"""A look at an old system before anything of it is copied: each job as it will arrive, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connecthub.control import old_rows
from connecthub.control.job_settings import JobSettings
from connecthub.control.jobs import Office
from connecthub.db.imported import jobs_by_old_id, old_ids_of_logs
from connecthub.db.old_system import OldLogKey, OldSystem, identity
from connecthub.db.whole_jobs import whole_jobs
from connecthub.errors import ConfigError, ConnectHubError, InvalidSettings, PluginError, ScheduleError
from connecthub.schedule.cron import MAX_LENGTH, preview
from connecthub.security.fernet import READABLE, SecretState, describe_secret_cfg, open_secrets, seal
from connecthub.security.key_ring import KeyRing

ZONE_MAX = 64
_OLD_PACKAGES = ("app.jobs.", "app.plugins.", "app.")


@dataclass(frozen=True)
class OldJob:
    """A job of the old system as it will arrive: disabled, with what is wrong with it."""

    old_id: str
    settings: JobSettings
    secrets: dict[str, Any] = field(repr=False)
    secret_state: SecretState
    was_enabled: bool | None
    """None where the old system does not tell."""
    created_at: datetime | None
    problems: Mapping[str, str]
    """Why it cannot run: by cron, timezone, handler, params or secrets."""
    next_times: Sequence[datetime]
    logs: int
    there: str | None
    """The name of the job that it was imported as before."""


@dataclass
class Survey:
    """What an old system has, and what of it would be copied."""

    source: str
    jobs: list[OldJob] = field(default_factory=list)
    logs: list[OldLogKey] = field(default_factory=list)
    """Those to copy, the oldest first."""
    logs_there: int = 0
    logs_over_limit: int = 0
    logs_without_job: int = 0
    logs_expired: int = 0
    """How many of those to copy are older than ended JobLogs are kept."""

    @property
    def new_jobs(self) -> list[OldJob]:
        """The jobs that were not imported before."""
        return [job for job in self.jobs if job.there is None]


def survey(office: Office, old: OldSystem, old_keys: KeyRing, timezone: str, limit_logs: int | None) -> Survey:
    """Look at an old system; `timezone` is for rows that name none, `limit_logs` counts the newest of each job."""
    with office.database.read() as connection:
        there = jobs_by_old_id(connection)
        taken = {row.name for row in whole_jobs(connection)}
        logs_there = old_ids_of_logs(connection)
    found = Survey(old.name)
    rows = old.jobs()
    keys = old.log_keys()
    counts = Counter(key.job_id for key in keys)
    looking = _Looking(office, old_keys, timezone, taken)
    for row in rows:
        old_id = identity(row["id"])
        imported = there.get(old_id)
        found.jobs.append(looking.at(row, old_id, counts[old_id], None if imported is None else imported.name))
    _choose_logs(found, keys, logs_there, limit_logs)
    return found


def count_expired(found: Survey, now: datetime, retention_days: int) -> None:
    """Count the logs that the next pruning would delete again."""
    before = now - timedelta(days=retention_days)
    times = (old_rows.instant(key.at) for key in found.logs)
    found.logs_expired = sum(at is not None and at < before for at in times)


def _choose_logs(found: Survey, keys: Sequence[OldLogKey], there: set[str], limit: int | None) -> None:
    known = {job.old_id for job in found.jobs}
    of_jobs = [key for key in keys if key.job_id in known]
    found.logs_without_job = len(keys) - len(of_jobs)
    left = Counter[str]()
    chosen: list[OldLogKey] = []
    for key in reversed(of_jobs):
        left[key.job_id] += 1
        if limit is None or left[key.job_id] <= limit:
            chosen.append(key)
    found.logs_over_limit = len(of_jobs) - len(chosen)
    found.logs = [key for key in reversed(chosen) if key.log_id not in there]
    found.logs_there = len(chosen) - len(found.logs)


class _Looking:
    """Looks at one job after another; each gets a name of its own."""

    def __init__(self, office: Office, old_keys: KeyRing, timezone: str, taken: set[str]) -> None:
        self._office = office
        self._old_keys = old_keys
        self._timezone = timezone
        self._taken = taken
        self._plugins: list[str] | None = None

    def at(self, row: Mapping[str, Any], old_id: str, logs: int, there: str | None) -> OldJob:
        """The job that a row of the old system becomes."""
        problems: dict[str, str] = {}
        written = old_rows.text(row["handler"]).strip()
        handler = written if ":" in written else ":".join(written.rsplit(".", 1))
        secrets, state = self._secrets(row, problems)
        params = self._params(row, problems)
        settings = JobSettings(
            name=self._name(row, handler, old_id) if there is None else there,
            handler_path=handler,
            cron_expr=old_rows.text(row["cron"]).strip()[:MAX_LENGTH],
            timezone=old_rows.text(row["timezone"]).strip()[:ZONE_MAX] or self._timezone,
            public_cfg=params,
            enabled=False,
        )
        self._judge(settings, old_rows.text(row["cron"]).strip(), secrets, problems)
        next_times = self._next_times(settings, problems)
        return OldJob(
            old_id,
            settings,
            secrets,
            state,
            old_rows.truth(row["enabled"]),
            old_rows.instant(row["created_at"]),
            problems,
            next_times,
            logs,
            there,
        )

    def _name(self, row: Mapping[str, Any], handler: str, old_id: str) -> str:
        name = old_rows.free_name(old_rows.job_name(row["name"], handler, old_id), self._taken)
        self._taken.add(name)
        return name

    def _secrets(self, row: Mapping[str, Any], problems: dict[str, str]) -> tuple[dict[str, Any], SecretState]:
        stored = old_rows.secret_text(row["secrets"])
        state = describe_secret_cfg(self._old_keys, 0, stored)
        try:
            secrets = open_secrets(self._old_keys, 0, stored)
            seal(self._old_keys, 0, secrets)  # what JSON does not give back as it was is refused now, not half-way
        except (ConnectHubError, UnicodeEncodeError):
            if state in READABLE:
                state = SecretState.BROKEN
            problems["secrets"] = f"its secrets are {state}; set them anew"
            return {}, state
        return secrets, state

    def _params(self, row: Mapping[str, Any], problems: dict[str, str]) -> dict[str, Any]:
        try:
            return old_rows.params(row["params"])
        except ConfigError as error:
            problems["params"] = str(error)
            return {}

    def _judge(self, settings: JobSettings, cron: str, secrets: dict[str, Any], problems: dict[str, str]) -> None:
        refused = replace(settings, cron_expr=cron).refused()
        problems |= {
            name: str(refused[setting])
            for name, setting in (("cron", "cron_expr"), ("timezone", "timezone"))
            if setting in refused
        }
        questions = self._office.questions
        try:
            if problems.keys() & {"secrets", "params"}:  # what is missing would be blamed on the plugin
                questions.describe(settings.handler_path)
            else:
                questions.validate(settings.handler_path, settings.public_cfg, secrets)
        except InvalidSettings as error:
            problems["settings"] = str(error)
        except PluginError as error:
            problems["handler"] = f"{error}{self._advice(settings.handler_path)}"

    def _advice(self, handler: str) -> str:
        """What a handler that cannot be used should become."""
        if self._plugins is None:
            self._plugins = [told["handler"] for told in self._office.questions.list_all() if "handler" in told]
        module, _, class_name = handler.rpartition(":")
        if same := [
            plugin for plugin in self._plugins if plugin.rpartition(":")[2] == class_name and plugin != handler
        ]:
            return f"; there is {' and '.join(same[:3])}"
        old = next((package for package in _OLD_PACKAGES if module.startswith(package)), None)
        if old is None or not class_name.isidentifier():
            return ""
        return f"; it should become extensions.{module.removeprefix(old)}:{class_name}"

    def _next_times(self, settings: JobSettings, problems: dict[str, str]) -> list[datetime]:
        if problems.keys() & {"cron", "timezone"}:
            return []
        try:
            return preview(settings.cron_expr, settings.timezone, self._office.now())
        except ScheduleError as error:
            problems["cron"] = str(error)
            return []
