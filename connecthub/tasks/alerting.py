"""The scheduler's look for alerts: what the rules find is owed, and what is owed is handed to its channels.

Nothing is sent here (`alert_sending.py`), so no channel can hold this up. Any number of schedulers may look: an alert
has a key under which it is written once, and one of them at a time writes and hands out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connecthub.alerts import rules
from connecthub.alerts.policy import Policy, Rule, effective
from connecthub.alerts.rules import Owed
from connecthub.core.config import Settings
from connecthub.db import alert_channels, alert_facts, alerts, overview
from connecthub.db.engine import Database
from connecthub.db.halving import first_id_at
from connecthub.db.tables import job_logs
from connecthub.db.types import AnyRow
from connecthub.tasks.maintenance import SWEEP_SHARE

PAGE = 1000
"""JobLogs, series of failures, or jobs that one look takes in; the next goes on behind them."""
BATCH = 200
"""Alerts that are handed out in one transaction."""
DAY_SECONDS = 86_400.0
"""So old what a first look finds may be, and a sign of life of a worker that is told to be lost."""
SETTLED = timedelta(seconds=60)
"""JobLogs younger than this are looked at again: one with a lower number may come into sight after them."""


@dataclass
class _Found:
    """What a look found, not yet written."""

    owed: list[Owed]
    over: list[int]
    """Alerts whose series is over."""
    state: dict[str, Any]
    left: bool


class Alerts:
    """Looks for alerts that are owed, and hands them out."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float]) -> None:
        self._lease = settings.lease_seconds
        self._wait = settings.heartbeat_seconds + settings.lease_seconds * SWEEP_SHARE
        self._monotonic = monotonic
        self._silent: dict[tuple[int, datetime], float] = {}
        self._series_after = 0
        self._job_after = 0

    def look(self, database: Database) -> bool:
        """Take one look; returns whether more is to be done at once. Raises where the database does not answer."""
        with database.read() as connection:
            found = self._find(connection)
            changed = bool(found.owed or found.over) or found.state != alert_channels.read_state(connection)
            if not changed and not alerts.list_owed(connection, 1):
                return found.left
        with database.write() as connection:
            if not alerts.take_turn(connection):
                return False  # another scheduler is at it, and what it leaves the next look finds again
            if changed:
                alerts.owe_once(connection, map(_row, found.owed))
                alerts.end_series(connection, found.over)
                alert_channels.write_state(connection, found.state)
            return hand_out(connection) == BATCH or found.left

    def _find(self, connection: Connection) -> _Found:
        now = overview.now(connection)
        default = alert_channels.default_policy(connection)
        found = _Found([], [], dict(alert_channels.read_state(connection) or {}), left=False)
        self._missed(connection, found, now)
        self._recovered(connection, found)
        self._without_success(connection, found, default, now)
        self._long(connection, found, default, now)
        found.owed += rules.worker_lost(self._lost_workers(connection), now)
        told = alert_facts.told_of(connection, [each.key for each in found.owed])
        found.owed = [each for each in found.owed if each.key not in told]
        return found

    def _missed(self, connection: Connection, found: _Found, now: datetime) -> None:
        after = found.state.get("missed_after")
        if after is None:
            since = now - timedelta(seconds=DAY_SECONDS)
            after = first_id_at(connection, job_logs.c.id, job_logs.c.queued_at, since) - 1
        rows = alert_facts.not_ok_after(connection, after, PAGE)
        found.owed += rules.missed(rows)
        found.state["missed_after"] = max([after, *(row.id for row in rows if now - row.queued_at > SETTLED)])
        found.left |= len(rows) == PAGE and found.state["missed_after"] > after

    def _recovered(self, connection: Connection, found: _Found) -> None:
        rows = alert_facts.series_after(connection, self._series_after, PAGE)
        self._series_after = rows[-1].series_of if len(rows) == PAGE else 0
        there = [row for row in rows if row.there is not None]
        over = rules.recovered(there)
        found.owed += over
        ended = {owed.key for owed in over}
        found.over += [
            row.id for row in rows if row.there is None or rules.recovery_key(row.series_of, row.id) in ended
        ]

    def _without_success(
        self, connection: Connection, found: _Found, default: dict[str, Any] | None, now: datetime
    ) -> None:
        after = self._job_after
        page = alert_facts.enabled_after(connection, after, PAGE)
        self._job_after = page[-1].id if len(page) == PAGE else 0
        policies = {row.id: effective(row.alert_policy, default) for row in page}
        policies = {job_id: policy for job_id, policy in policies.items() if Rule.NO_SUCCESS in policy.rules}
        if policies:
            rows = alert_facts.enabled_with_success(connection, after, PAGE)
            found.owed += rules.no_success((row for row in rows if row.id in policies), policies, now)

    def _long(self, connection: Connection, found: _Found, default: dict[str, Any] | None, now: datetime) -> None:
        running = [row for row in overview.running(connection) if row.job_id is not None and not row.dry_run]
        told = alert_facts.told_of(connection, [rules.long_key(row.id) for row in running])
        running = [row for row in running if rules.long_key(row.id) not in told]
        if not running:
            return
        job_ids = sorted({row.job_id for row in running})
        own = alert_facts.policies_of(connection, job_ids)
        policies = {job_id: effective(own.get(job_id), default) for job_id in job_ids}
        least = timedelta(seconds=rules.LONG_FOR_ALERT)
        old = sorted({row.job_id for row in running if now - row.started_at > least})
        found.owed += rules.long_running(running, overview.usual_seconds(connection, old), policies, now)

    def _lost_workers(self, connection: Connection) -> list[AnyRow]:
        """Those that a look some seconds ago found as silent: when the database was away, all of them are at first."""
        seen, self._silent = self._silent, {}
        rows = alert_facts.silent_workers(connection, self._lease, DAY_SECONDS)
        now = self._monotonic()
        self._silent = {(row.id, row.seen_at): seen.get((row.id, row.seen_at), now) for row in rows}
        return [row for row in rows if now - self._silent[row.id, row.seen_at] >= self._wait]


def hand_out(connection: Connection) -> int:
    """Give each alert that is owed to the channels that its job's policy names; returns how many alerts that were.

    A failure opens its job's series where none is open, or where the job succeeded since that one began.
    """
    rows = alerts.list_owed(connection, BATCH)
    default = alert_channels.default_policy(connection)
    channels = alert_channels.first_tries(connection, overview.now(connection))
    series = alerts.open_series(connection, {row.job_id for row in rows if row.kind == Rule.FAILED and row.job_id})
    deliveries: list[dict[str, Any]] = []
    for row in rows:
        policy = effective(row.alert_policy, default)
        first = row.kind == Rule.FAILED and _opens_series(connection, row, series, policy)
        if rules.is_told(row.kind, policy, first=first):
            deliveries += _deliveries(row.id, policy, channels)
    alerts.hand_out(connection, [row.id for row in rows], deliveries)
    return len(rows)


def _opens_series(connection: Connection, row: AnyRow, series: dict[int, tuple[int, datetime]], policy: Policy) -> bool:
    if row.job_id is None:
        return True
    began_id, began_at = series.get(row.job_id, (None, None))
    success = None if began_at is None else alert_facts.success_before(connection, row.job_id, row.created_at)
    if not rules.begins_series(began_at, None if success is None else success.finished_at):
        return False
    if began_id is not None and success is not None:
        _recover(connection, began_id, success)
    first_only = {} if Rule.FAILED in policy.rules else {"first_only": True}
    alerts.begin_series(connection, row.id, row.job_id, {**row.detail, **first_only})
    series[row.job_id] = (row.id, row.created_at)
    return True


def _recover(connection: Connection, began_id: int, success: AnyRow) -> None:
    """The job succeeded between two failures of which no look saw the first alone."""
    began = alert_facts.series_of_alert(connection, began_id, success)
    alerts.end_series(connection, [began_id])
    alerts.owe_once(connection, map(_row, rules.recovered([began])))


def _deliveries(alert_id: int, policy: Policy, channels: dict[str, tuple[int, datetime]]) -> list[dict[str, Any]]:
    names: Sequence[str] = list(channels) if policy.channels is None else policy.channels
    return [
        {"alert_id": alert_id, "channel_id": channels[name][0], "next_try_at": channels[name][1]}
        for name in names
        if name in channels
    ]


def _row(owed: Owed) -> dict[str, Any]:
    values = asdict(owed)
    return {
        "kind": values["kind"].value,
        "dedup_key": values["key"],
        "created_at": values["at"],
        "detail": values["detail"],
        "job_id": values["job_id"],
        "job_log_id": values["log_id"],
    }
