"""A job whole, and what changed since it last succeeded."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from connecthub.control.job_reading import found
from connecthub.control.job_settings import differences
from connecthub.control.jobs import secret_fields
from connecthub.control.verdicts import Explanation, explain
from connecthub.db import jobs, log_reading
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import KeyFileError, SecretUnreadable
from connecthub.security.key_ring import KeyRing

Change = tuple[str, str, str]
"""What changed, how it was, how it is."""


@dataclass(frozen=True)
class JobView:
    """One job and what belongs to it."""

    row: AnyRow
    secrets: Sequence[str] | None
    """The names of its secret fields; None where they cannot be read."""
    why: Explanation
    changed: Sequence[Change]
    """Since its last success; empty where nothing did, or where it never succeeded."""


def view_job(database: Database, keys: Callable[[], KeyRing], job_id: int) -> JobView:
    """A job by its number; the keys are asked for where it has secrets. Raises NotFound."""
    with database.read() as connection:
        job = found(connection, str(job_id))
        success = log_reading.newest_success(connection, job.id)
        saves = jobs.list_revisions(connection, job.id) if success is not None else []
        version = None
        if success is not None and success.plugin_version:
            version = log_reading.newest_plugin_version(connection, job.id, success.id)
    changed = [] if success is None else _changes(success, job, version, saves)
    return JobView(job, _secret_names(keys, job), explain(database, str(job_id)), changed)


def plain(value: Any) -> str:
    """A setting as people read it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return json.dumps(value, ensure_ascii=False)


def _secret_names(keys: Callable[[], KeyRing], job: AnyRow) -> list[str] | None:
    """Showing a job must not fail for its key."""
    try:
        return [] if job.secret_cfg is None else list(secret_fields(keys(), job))
    except (SecretUnreadable, KeyFileError):
        return None


def _changes(success: AnyRow, job: AnyRow, plugin_version: str | None, saves: Sequence[AnyRow]) -> list[Change]:
    then = {"handler": success.handler_path, "timeout": success.timeout}
    now = {"handler": job.handler_path, "timeout": job.timeout}
    if plugin_version:
        then["plugin version"], now["plugin version"] = success.plugin_version, plugin_version
    then |= {f"params.{name}": value for name, value in success.public_cfg.items()}
    now |= {f"params.{name}": value for name, value in job.public_cfg.items()}
    changed = [(name, _known(name, then), _known(name, now)) for name in differences(then, now)]
    later = [save for save in saves if save.version > success.job_version and save.settings.get("secrets_changed")]
    if later:
        changed.append(("secrets", "", f"changed by {later[0].actor} (version {later[0].version})"))
    return changed


def _known(name: str, values: dict[str, Any]) -> str:
    return plain(values[name]) if name in values else ""
