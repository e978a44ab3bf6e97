"""Who is told of what: policies of jobs and of the installation, and the alerts there were."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from connecthub.alerts.messages import headline
from connecthub.alerts.policy import Policy, Rule, effective
from connecthub.control.actions import act
from connecthub.control.actor import Actor
from connecthub.control.job_reading import found
from connecthub.control.job_settings import differences
from connecthub.control.jobs import locked
from connecthub.db import alert_channels, alerts, jobs
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import NotFound

NUMBERS = {"no_success_hours": Rule.NO_SUCCESS, "long_running_seconds": Rule.LONG_RUNNING}
"""What needs a number, and the rule that is meant where it is given."""


@dataclass(frozen=True)
class Shown:
    """A policy that holds, whose it is (job, installation or program), and the channels that it tells."""

    policy: Policy
    source: str
    channels: list[str]
    gone: list[str]
    """Channels that it names and that are not there."""


@dataclass(frozen=True)
class PolicyChange:
    """What `set_policy` changes of the policy that holds; what is None or empty stays."""

    add: Collection[Rule] = ()
    drop: Collection[Rule] = ()
    channels: tuple[str, ...] | None = None
    all_channels: bool = False
    no_success_hours: float | None = None
    long_running_seconds: float | None = None

    def of(self, policy: Policy) -> Policy:
        """The policy, changed and checked; raises ConfigError."""
        numbers = {name: value for name in NUMBERS if (value := getattr(self, name)) is not None}
        rules = (policy.rules | {*self.add, *(NUMBERS[name] for name in numbers)}) - {*self.drop}
        channels = policy.channels if self.channels is None else self.channels
        changed = replace(policy, rules=rules, channels=None if self.all_channels else channels, **numbers)
        changed.check()
        return changed


@dataclass(frozen=True)
class AlertSeen:
    """An alert with what became of it."""

    row: AnyRow
    about: str
    deliveries: Sequence[AnyRow]


def show_policy(database: Database, job: str | None) -> Shown:
    """The policy that holds for a job, or for jobs that have none of their own; raises NotFound."""
    with database.read() as connection:
        own = None if job is None else found(connection, job).alert_policy
        return _shown(connection, own)


def set_policy(database: Database, actor: Actor, job: str | None, change: PolicyChange | None) -> Shown:
    """Change the policy of a job, which has its own from then on, or of the installation; None takes it away.

    Raises ConfigError, NotFound (the job, or a channel that is named), Forbidden.
    """
    with act(database, actor, "alert.policy", job or "installation") as going_on:
        connection = going_on.connection
        row = None if job is None else locked(connection, job)
        before = _shown(connection, None if row is None else row.alert_policy)
        stored = None if change is None else change.of(before.policy).as_json()
        _require_channels(connection, change)
        if row is None:
            going_on.target_kind = "installation"
            alert_channels.set_default_policy(connection, stored)
        else:
            going_on.target_id, going_on.target_name = row.id, row.name
            jobs.update_job(connection, row.id, {"alert_policy": stored})
        after = _shown(connection, stored if row else None)
        changed = differences(_told(before), _told(after))
        going_on.detail = {name: {"before": old, "after": new} for name, (old, new) in changed.items()}
    return after


def list_alerts(database: Database, limit: int, *, unsent: bool = False) -> list[AlertSeen]:
    """Alerts, the newest first; `unsent`: those that are not on their way yet, or that a channel has not got."""
    with database.read() as connection:
        rows = alerts.list_alerts(connection, limit, unsent=unsent)
        deliveries = alerts.list_deliveries(connection, [row.id for row in rows])
    return [AlertSeen(row, headline(row), [each for each in deliveries if each.alert_id == row.id]) for row in rows]


def _shown(connection: Connection, own: dict[str, Any] | None) -> Shown:
    default = alert_channels.default_policy(connection)
    source = "job" if own is not None else "installation" if default is not None else "program"
    policy = effective(own, default)
    there = [row.name for row in alert_channels.list_channels(connection)]
    named = there if policy.channels is None else policy.channels
    return Shown(
        policy, source, [name for name in named if name in there], [name for name in named if name not in there]
    )


def _told(shown: Shown) -> dict[str, Any]:
    return {"of": shown.source, **shown.policy.as_json()}


def _require_channels(connection: Connection, change: PolicyChange | None) -> None:
    for name in (change.channels if change else None) or ():
        if alert_channels.find_channel(connection, name) is None:
            raise NotFound(f"no channel {name!r}; `connecthub alert channel list` shows what is there")
