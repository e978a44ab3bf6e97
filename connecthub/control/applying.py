"""Jobs as a file wants them: what would change, told and checked whole before the first write, then done one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from connecthub.alerts.policy import Policy
from connecthub.control import drafts
from connecthub.control.actions import act, allow
from connecthub.control.actor import Actor
from connecthub.control.alerts import set_policy
from connecthub.control.drafts import Draft
from connecthub.control.job_files import ALERT_POLICY, FIELDS, KEPT, JobEntry
from connecthub.control.job_settings import JobSettings, differences
from connecthub.control.jobs import Office, SecretChanges, delete_job
from connecthub.control.secret_references import SecretSources
from connecthub.control.whole_policies import WholePolicy, change_to, written_policy
from connecthub.db.alert_channels import list_channels
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.db.whole_jobs import whole_jobs
from connecthub.errors import ConfigError, ConnectHubError, DatabaseError, Refused, SecretUnreadable
from connecthub.security.fernet import open_secrets

_DEFAULTS = JobSettings("", "", "", "").as_dict()
_FILE_NAMES = {setting: name for name, setting in FIELDS.items()}


class Kind(StrEnum):
    """What becomes of a job."""

    ADD = "add"
    CHANGE = "change"
    SAME = "same"
    DELETE = "delete"


@dataclass(frozen=True)
class Step:
    """What becomes of one job, and each field that differs: name, before, after; of secrets only the word."""

    kind: Kind
    name: str
    changes: Sequence[tuple[str, Any, Any]] = ()
    draft: Draft | None = None
    """None where it is deleted."""
    policy: WholePolicy | None = None
    """Of alerts; None where the installation's is to hold."""
    sets_policy: bool = False


@dataclass
class Plan:
    """All steps, and what stands in their way, each with its line of the file."""

    steps: list[Step] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def to_do(self) -> list[Step]:
        """The steps that change something."""
        return [step for step in self.steps if step.kind is not Kind.SAME]

    def count(self, kind: Kind) -> int:
        """How many steps are of a kind."""
        return sum(step.kind is kind for step in self.steps)


def all_jobs(database: Database) -> Sequence[AnyRow]:
    """All jobs by name, with everything that their rows hold."""
    with database.read() as connection:
        return whole_jobs(connection)


def make_plan(
    office: Office, entries: Sequence[JobEntry], sources: SecretSources, timezone: str, *, prune: bool
) -> Plan:
    """Compare the jobs of a file with those that are there, and check each that would be written.

    `timezone` is that of a job which names none. With `prune` jobs that the file lacks are deleted.
    """
    with office.database.read() as connection:
        stored = {row.name: row for row in whole_jobs(connection)}
        channels = {row.name for row in list_channels(connection)}
    plan = Plan()
    for entry in entries:
        try:
            step = _step(office, entry, stored.get(entry.name), sources, timezone)
            step = _with_policy(step, entry, stored.get(entry.name), channels)
        except ConnectHubError as error:
            plan.problems.append(_told(entry, str(error)))
            continue
        if step.kind is not Kind.SAME and step.draft is not None:
            found = drafts.problems(office, step.draft)
            plan.problems += [_told(entry, f"{_shown(name)}: {problem}") for name, problem in found.items()]
        plan.steps.append(step)
    if prune:
        wanted = {entry.name for entry in entries}
        plan.steps += [Step(Kind.DELETE, name) for name in stored if name not in wanted]
    return plan


def apply_plan(
    office: Office, actor: Actor, plan: Plan, source: str, told: Callable[[Step, AnyRow | None], None]
) -> None:
    """Do the steps of a plan, each in its own transaction; `told` hears of each that is done, with the job's new row.

    Raises Refused where one cannot be done: those before it stand, and a new plan goes on with the rest.
    """
    allow(office.database, actor, "job.apply", source)
    if plan.count(Kind.DELETE):
        allow(office.database, actor, "job.delete", source)
    done: list[Step] = []
    failure: ConnectHubError | None = None
    for step in plan.to_do:
        try:
            row = _do(office, actor, step)
        except ConnectHubError as error:
            failure = error
            break
        done.append(step)
        told(step, row)
    if not isinstance(failure, DatabaseError):  # nothing could be noted; each job has its own audit row
        _note(office.database, actor, source, done, failure)
    if failure is not None:
        stand = f"{len(done)} of {len(plan.to_do)} changes were made and stand"
        raise Refused(
            f"job {plan.to_do[len(done)].name!r}: {failure}; {stand}, apply it again for the rest"
        ) from failure


def _do(office: Office, actor: Actor, step: Step) -> AnyRow | None:
    if step.draft is None:
        delete_job(office, actor, step.name)
        return None
    row = drafts.save(office, actor, step.draft)
    if step.sets_policy:
        set_policy(office.database, actor, row.name, step.policy)
    return row


def _note(database: Database, actor: Actor, source: str, done: Sequence[Step], failure: Exception | None) -> None:
    with act(database, actor, "job.apply", source) as going_on:
        going_on.target_kind, going_on.target_name = "file", source
        going_on.detail = {kind: names for kind in Kind if (names := [step.name for step in done if step.kind is kind])}
        if failure is not None:
            going_on.detail["stopped"] = str(failure)


def _step(office: Office, entry: JobEntry, base: AnyRow | None, sources: SecretSources, timezone: str) -> Step:
    settings = {**_DEFAULTS, "timezone": timezone, **entry.settings, "name": entry.name}
    secrets = _secret_changes(office, entry, base, sources)
    draft = Draft(base, settings, secrets)
    changes = [(_shown(name), before, after) for name, before, after in drafts.changes(replace(draft, secrets=_NONE))]
    if secrets.replace_all:
        changes.append(("secrets", None, "those that are stored, and cannot be read, are forgotten"))
    changes += [(f"secrets.{name}", None, "set" if base is None else "changed") for name in secrets.set]
    changes += [(f"secrets.{name}", None, "forgotten") for name in secrets.clear]
    if base is None:
        return Step(Kind.ADD, entry.name, [change for change in changes if change[0] != "name"], draft)
    return Step(Kind.CHANGE if changes else Kind.SAME, entry.name, changes, draft)


def _with_policy(step: Step, entry: JobEntry, base: AnyRow | None, channels: set[str]) -> Step:
    """The step with the alert policy that the file has; raises ConfigError where it changes to one that cannot be."""
    stored = None if base is None or base.alert_policy is None else Policy.of(base.alert_policy)
    if stored == entry.alert_policy:
        return step
    change = None if entry.alert_policy is None else change_to(entry.alert_policy, channels)
    before, after = ({} if each is None else written_policy(each) for each in (stored, entry.alert_policy))
    told = [(f"{ALERT_POLICY}.{name}", *pair) for name, pair in differences(before, after).items()]
    kind = Kind.CHANGE if step.kind is Kind.SAME else step.kind
    return replace(step, kind=kind, changes=[*step.changes, *told], policy=change, sets_policy=True)


_NONE = SecretChanges()


def _secret_changes(office: Office, entry: JobEntry, base: AnyRow | None, sources: SecretSources) -> SecretChanges:
    if entry.secrets is None:
        return _NONE
    kept = [name for name, reference in entry.secrets.items() if reference.kind == KEPT]
    given = {name: sources.value(each) for name, each in entry.secrets.items() if each.kind != KEPT}
    try:
        stored = {} if base is None else open_secrets(office.keys, base.id, base.secret_cfg)
    except SecretUnreadable as error:
        if kept:
            raise ConfigError(f"{error}; or write `secrets: {KEPT}`, which leaves them") from None
        return SecretChanges(given, replace_all=True)
    if missing := [name for name in kept if name not in stored]:
        raise ConfigError(
            f"no secret {missing[0]!r} is stored that could be kept; write {{file: PATH}} or {{env: NAME}}"
        )
    changed = {name: value for name, value in given.items() if name not in stored or stored[name] != value}
    return SecretChanges(changed, clear=tuple(sorted(stored.keys() - entry.secrets.keys())))


def _told(entry: JobEntry, problem: str) -> str:
    return f"line {entry.line}: job {entry.name!r}: {problem}"


def _shown(name: str) -> str:
    """A setting under the name that files have for it."""
    return _FILE_NAMES.get(name, name)
