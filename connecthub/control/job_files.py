"""Jobs as a YAML file: written so that a diff shows what differs, read with the line of every mistake.

What a file leaves out of a job is the default, not what the database has; only secrets that are not mentioned stay.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from connecthub.alerts.policy import Policy
from connecthub.control.job_settings import JobSettings
from connecthub.control.whole_policies import read_policy, written_policy
from connecthub.control.yaml_text import Document, dump, entries, line_of
from connecthub.core.safe_text import safe_text
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError

FILE_MAX = 8 * 1024 * 1024
"""Characters of a file: more than `export_jobs` writes of 20,000 jobs."""
KEPT = "kept"
"""Stands for a secret, or for all secrets, of which the stored value stays."""

FIELDS = {
    "handler": "handler_path",
    "cron": "cron_expr",
    "timezone": "timezone",
    "enabled": "enabled",
    "params": "public_cfg",
    "tags": "tags",
    "queue": "queue",
    "priority": "priority",
    "timeout": "timeout",
    "overlap": "overlap",
    "queue_limit": "queue_limit",
    "max_retries": "max_retries",
    "retry_delay": "retry_delay",
    "retry_backoff": "retry_backoff",
    "catch_up": "catch_up",
    "keep_last": "keep_last",
}
"""What a file calls each setting of JobSettings, in the order in which they are written."""
SECRETS, ALERT_POLICY = "secrets", "alert_policy"
_ALWAYS = ("handler", "cron", "timezone", "enabled")
"""Written also where they are the default."""
_NEEDED = ("handler", "cron")
_WHOLE_MAX = 10**15
_DEFAULTS = JobSettings("", "", "", "").as_dict()


@dataclass(frozen=True)
class SecretReference:
    """Where the value of a secret is: `kept` as it is stored, or in a `file` or a variable of the `env`ironment."""

    kind: str
    place: str = ""


@dataclass(frozen=True)
class JobEntry:
    """A job as a file has it."""

    name: str
    line: int
    settings: dict[str, Any]
    """By the names of JobSettings; what the file leaves out is left out."""
    secrets: dict[str, SecretReference] | None = None
    """None where they all stay as they are."""
    alert_policy: Policy | None = None
    """None where the installation's holds."""


@dataclass
class JobFile:
    """What was read of a file, and what is wrong with it, each with its line."""

    jobs: list[JobEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def export_jobs(rows: Sequence[AnyRow], secret_names: Callable[[AnyRow], list[str] | None], instance: str) -> str:
    """The YAML text of jobs, by name; `secret_names` gives None where a job's secrets cannot be read."""
    unreadable: list[str] = []
    jobs: dict[str, Any] = {}
    for row in sorted(rows, key=lambda row: row.name):
        names = secret_names(row)
        if names is None:
            unreadable.append(row.name)
        jobs[row.name] = _written(row, names)
    lines = [
        f"# Jobs of {safe_text(instance)}, by `connecthub job export`.",
        "# `connecthub job apply FILE --dry-run` shows what would change; without --dry-run it asks, then changes it.",
        "# What is left out of a job is the default. Secrets are not here: `kept` leaves what is stored; {file: PATH}",
        "# (seen from this file) and {env: NAME} set a value; a secret that is taken off its list is forgotten.",
        *(f"# The secrets of {safe_text(name)} cannot be read; they stay as they are." for name in unreadable),
    ]
    return "\n".join([*lines, dump({"jobs": jobs})])


def _written(row: AnyRow, secret_names: list[str] | None) -> dict[str, Any]:
    settings = JobSettings.of(row).as_dict()
    written: dict[str, Any] = {}
    for name, setting in FIELDS.items():
        value = settings[setting]
        if name in _ALWAYS or value != _DEFAULTS[setting]:
            written[name] = _steady(value) if name != "timeout" else _short(value)
        if name == "params" and secret_names != []:  # beside the params, which they complete
            written[SECRETS] = KEPT if secret_names is None else dict.fromkeys(secret_names, KEPT)
    if row.alert_policy is not None:
        written[ALERT_POLICY] = written_policy(Policy.of(row.alert_policy))
    return written


def _steady(value: Any) -> Any:
    """The same value with its keys in order, however they are stored."""
    if isinstance(value, dict):
        return {name: _steady(value[name]) for name in sorted(value)}
    return [_steady(each) for each in value] if isinstance(value, list) else value


def _short(seconds: float) -> float | int:
    return int(seconds) if seconds.is_integer() else seconds


def read_jobs(text: str) -> JobFile:
    """Read a file; raises ConfigError where it is no YAML at all, or too long."""
    if len(text) > FILE_MAX:
        raise ConfigError(f"more than {FILE_MAX} characters; make it several files")
    found = JobFile()
    document = Document(text)
    if document.root is None:
        raise ConfigError("empty; write `jobs:` and below it a job under its name, as `connecthub job export` does")
    top = entries(document.root)
    if "jobs" not in top or len(top) > 1:
        other = next((name for name in top if name != "jobs"), None)
        line = line_of(document.root if other is None else top[other][0])
        raise ConfigError(f"line {line}: `jobs:` is expected here, and below it each job under its name")
    for name, (key, node) in entries(top["jobs"][1]).items() if not _is_null(top["jobs"][1]) else ():
        reading = _Reading(document, name, line_of(key), found.problems)
        if (entry := reading.read(node)) is not None:
            found.jobs.append(entry)
    return found


def _is_null(node: yaml.Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"


class _Reading:
    """Reads one job; what is wrong goes to `problems`, so that all of it is told at once."""

    def __init__(self, document: Document, name: str, line: int, problems: list[str]) -> None:
        self._document = document
        self._name = name
        self._line = line
        self._problems = problems

    def read(self, node: yaml.Node) -> JobEntry | None:
        """The job; None where something is wrong with it."""
        before = len(self._problems)
        try:
            fields = entries(node)
        except ConfigError as error:
            self._problems.append(str(error))
            return None
        settings: dict[str, Any] = {}
        secrets, alert_policy = None, None
        for name, (key, value) in fields.items():
            try:
                if name == SECRETS:
                    secrets = self._secrets(value)
                elif name == ALERT_POLICY:
                    alert_policy = self._policy(value)
                elif name in FIELDS:
                    settings[FIELDS[name]] = self._setting(name, value)
                else:
                    self._wrong(key, f"{name!r} is no field of a job{_hint(name)}")
            except ConfigError as error:
                self._problems.append(str(error))
        for name in _NEEDED:
            if name not in fields:
                self._problems.append(f"line {self._line}: job {self._name!r} has no {name}; add `{name}: …`")
        if len(self._problems) > before:
            return None
        return JobEntry(self._name, self._line, settings, secrets, alert_policy)

    def _setting(self, name: str, node: yaml.Node) -> Any:
        default = _DEFAULTS[FIELDS[name]]
        if name == "tags":
            tags = self._typed(name, node, list, "a list of texts")
            if not all(isinstance(tag, str) for tag in tags):
                self._wrong(node, "tags is no list of texts; put each in quotes")
            return tags
        if name == "params":
            return {} if _is_null(node) else self._typed(name, node, dict, "a mapping")
        if name == "keep_last":
            return None if _is_null(node) else self._typed(name, node, int, "a whole number")
        if isinstance(default, bool):
            return self._typed(name, node, bool, "true or false")
        if isinstance(default, int):
            return self._typed(name, node, int, "a whole number")
        if isinstance(default, float):
            return float(self._typed(name, node, int | float, "a number"))
        return self._typed(name, node, str, "a text; put it in quotes")

    def _typed(self, name: str, node: yaml.Node, kind: Any, expected: str) -> Any:
        value = self._document.value(node)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self._wrong(node, f"{name} is not {expected}")
        if isinstance(value, int) and abs(value) > _WHOLE_MAX:
            self._wrong(node, f"{name} is out of range; write a smaller number")
        return value

    def _secrets(self, node: yaml.Node) -> dict[str, SecretReference] | None:
        if isinstance(node, yaml.ScalarNode):
            if node.value == KEPT or _is_null(node):
                return None
            self._wrong(node, f"secrets are not `{KEPT}` or a mapping; write each under its name")
        return {name: self._reference(name, value) for name, (_, value) in entries(node).items()}

    def _policy(self, node: yaml.Node) -> Policy | None:
        if _is_null(node):
            return None
        try:
            return read_policy(self._typed(ALERT_POLICY, node, dict, "a mapping"))
        except ConfigError as error:
            if str(error).startswith("line "):
                raise
            self._wrong(node, str(error))

    def _reference(self, name: str, node: yaml.Node) -> SecretReference:
        if isinstance(node, yaml.ScalarNode) and node.value == KEPT:
            return SecretReference(KEPT)
        if isinstance(node, yaml.MappingNode) and len(node.value) == 1:
            ((kind, (_, place)),) = entries(node).items()
            if kind in ("file", "env") and isinstance(place, yaml.ScalarNode) and place.value:
                return SecretReference(kind, place.value)
        forms = f"`{KEPT}`, `{{file: PATH}}` or `{{env: NAME}}`"
        self._wrong(node, f"the secret {name!r} is no reference; write {forms}, never the value itself")

    def _wrong(self, node: yaml.Node, text: str) -> NoReturn:
        raise ConfigError(f"line {line_of(node)}: job {self._name!r}: {text}")


def _hint(name: str) -> str:
    known: Mapping[str, str] = {setting: field for field, setting in FIELDS.items()}
    if name in known:
        return f"; write {known[name]}"
    names: Iterable[str] = [*FIELDS, SECRETS, ALERT_POLICY]
    close = difflib.get_close_matches(name, names, n=1)
    return f"; write {close[0]}" if close else f"; there are {', '.join(names)}"
