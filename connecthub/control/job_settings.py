"""What a job can be told, and what is refused of it before anything is written."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from connecthub.db.tables import NAME_MAX
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, ConnectHubError
from connecthub.schedule.cron import validate_cron, validate_timezone
from connecthub.schedule.follow_up import RETRY_DELAY_MAX
from connecthub.schedule.overlap import OVERLAPS
from connecthub.schedule.policy import KEPT

TIMEOUT_MAX = 7 * 24 * 3600.0
"""Seconds."""
PRIORITY_MAX = 1000
QUEUE_MAX = 64
"""Characters."""


@dataclass(frozen=True)
class JobSettings:
    """The settings of a job, without its secrets."""

    name: str
    handler_path: str
    cron_expr: str
    timezone: str
    public_cfg: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    enabled: bool = True
    timeout: float = 3600.0
    """Seconds."""
    priority: int = 0
    queue: str = "default"
    overlap: str = "skip"
    queue_limit: int = 1
    max_retries: int = 0
    retry_delay: float = 60.0
    """Seconds."""
    retry_backoff: float = 2.0
    catch_up: str = "latest"
    keep_last: int | None = None

    @classmethod
    def of(cls, source: AnyRow | dict[str, Any]) -> JobSettings:
        """The settings in a job's row, or in a revision."""
        values = source if isinstance(source, dict) else source._mapping
        return cls(**{each.name: values[each.name] for each in fields(cls) if each.name in values})

    def as_dict(self) -> dict[str, Any]:
        """The settings under the names of the table's columns."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def check(self) -> None:
        """Refuse what no job can have; raises ConfigError or ScheduleError."""
        for error in self.refused().values():
            raise error

    def refused(self) -> dict[str, ConnectHubError]:
        """Why each setting that no job can have is refused, by its name."""
        found: dict[str, ConnectHubError] = {}
        for name, check in _CHECKS.items():
            try:
                check(getattr(self, name))
            except ConnectHubError as error:
                found[name] = error
        return found


def check_params(params: dict[str, Any]) -> None:
    """Refuse what is no JSON, which not every database can keep; raises ConfigError."""
    try:
        json.dumps(params, allow_nan=False)
    except ValueError:
        raise ConfigError("params hold nan or infinity, which JSON does not know; write finite numbers") from None


def _check_job_name(name: str) -> None:
    check_name("job name", name)
    if name.isdigit():
        raise ConfigError(f"job name {name!r} is a number, which names jobs by their id; add a letter")


def _check_tags(tags: Sequence[str]) -> None:
    for tag in tags:
        check_name("tag", tag, most=QUEUE_MAX)


def _check_timeout(timeout: float) -> None:
    if not 0 < timeout <= TIMEOUT_MAX:
        raise ConfigError(f"timeout {timeout:g} is out of range; write seconds, up to {TIMEOUT_MAX:g}")


def _check_priority(priority: int) -> None:
    if abs(priority) > PRIORITY_MAX:
        raise ConfigError(f"priority {priority} is out of range; write -{PRIORITY_MAX} to {PRIORITY_MAX}")


def _check_keep_last(count: int | None) -> None:
    if count is not None:
        _check_range("keep last", count, 1, 1_000_000)


def _check_choice(what: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ConfigError(f"{what} {value!r} is unknown; write {', '.join(choices[:-1])} or {choices[-1]}")


def _check_range(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ConfigError(f"{what} {value:g} is out of range; write {least:g} to {most:g}")


def check_name(what: str, name: str, most: int = NAME_MAX) -> None:
    """Refuse a name that is empty, too long, or not fit for one line of a screen; raises ConfigError."""
    if len(name) > most:
        raise ConfigError(f"{what} of {len(name)} characters; write 1 to {most}")
    if not name.strip():
        raise ConfigError(f"{what} {name!r} is blank; write 1 to {most} characters")
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in name):
        raise ConfigError(f"{what} {name!r} holds control or invisible characters; leave them out")


def differences(old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs between two settings: name → (old, new)."""
    names = [*old, *(name for name in new if name not in old)]
    return {name: (old.get(name), new.get(name)) for name in names if not _same(old.get(name), new.get(name))}


def _same(old: Any, new: Any) -> bool:
    """Whether two values are one: to Python true is 1 as well, to a plugin it is not."""
    if isinstance(old, dict | list):
        return json.dumps(old, sort_keys=True, default=str) == json.dumps(new, sort_keys=True, default=str)
    return old == new and isinstance(old, bool) is isinstance(new, bool)


_CHECKS: dict[str, Callable[[Any], object]] = {
    "name": _check_job_name,
    "queue": lambda value: check_name("queue", value, most=QUEUE_MAX),
    "tags": _check_tags,
    "cron_expr": validate_cron,
    "timezone": validate_timezone,
    "timeout": _check_timeout,
    "priority": _check_priority,
    "overlap": lambda value: _check_choice("overlap", value, OVERLAPS),
    "catch_up": lambda value: _check_choice("catch-up", value, tuple(KEPT)),
    "queue_limit": lambda value: _check_range("queue limit", value, 1, 1000),
    "max_retries": lambda value: _check_range("max retries", value, 0, 100),
    "retry_delay": lambda value: _check_range("retry delay", value, 0, RETRY_DELAY_MAX),
    "retry_backoff": lambda value: _check_range("retry back-off", value, 1, 100),
    "keep_last": _check_keep_last,
    "public_cfg": check_params,
}
"""What checks each setting, in the order in which they are told."""
