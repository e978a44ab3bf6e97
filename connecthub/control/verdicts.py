"""Why a job did or did not run: each of its newest slots in plain words, between the acts that changed its schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connecthub.control.job_reading import found
from connecthub.control.slot_words import SlotWords, span
from connecthub.db import overview, verdicts
from connecthub.db.engine import Database
from connecthub.db.tables import Status
from connecthub.db.types import AnyRow
from connecthub.errors import ScheduleError
from connecthub.schedule.cron import next_fire_time, validate_timezone
from connecthub.schedule.policy import MISSED_AFTER

COUNT = 20
REPEATABLE = (Status.FAILED, Status.TIMED_OUT, Status.CANCELLED, Status.CRASHED)
PASSED_MAX = 1000
"""Slots that passed while a job was disabled are counted up to here."""


@dataclass(frozen=True)
class Verdict:
    """What became of a slot, or an act between two slots."""

    at: datetime
    """The slot, or the instant of the act."""
    kind: str
    """Of a slot: on_time, late, early, caught_up, skipped, missed, cancelled, waiting, next, due; of an act: added,
    disabled, enabled, rescheduled; none where there is no next slot."""
    words: str
    """For people; times in it are of the explanation's zone."""
    log: int | None = None
    """The JobLog of the slot."""


@dataclass(frozen=True)
class Explanation:
    """A job's newest slots, explained."""

    job: str
    cron_expr: str
    timezone: str
    """The job's zone, or UTC where that cannot be used."""
    next: Verdict
    verdicts: list[Verdict]
    """The newest first."""


def explain(database: Database, reference: str, count: int = COUNT) -> Explanation:
    """Explain the last `count` slots of a job; raises NotFound."""
    with database.read() as connection:
        job = found(connection, reference)
        slots = verdicts.newest_slots(connection, job.id, count)
        retries = verdicts.newest_retries(connection, job.id, [row.id for row in slots if row.status in REPEATABLE])
        line = verdicts.in_line(connection, job.id)
        acts = verdicts.newest_acts(connection, job.id)
        now = overview.now(connection)
    zone = _known_zone(job.timezone)
    words = SlotWords(zone, now, slots, retries, line)
    told = [Verdict(row.scheduled_for, *words.of(row), row.id) for row in slots]
    done = _acts(job, acts)
    oldest = slots[-1].scheduled_for if len(slots) == count else datetime.min.replace(tzinfo=now.tzinfo)
    told += [act for act in done if act.at >= oldest]
    told.sort(key=lambda verdict: verdict.at, reverse=True)
    return Explanation(job.name, job.cron_expr, zone, _next(job, done, words, now), told)


def _known_zone(timezone: str) -> str:
    """The job's zone; UTC where it cannot be used, which the job's schedule error tells."""
    try:
        validate_timezone(timezone)
    except ScheduleError:
        return "UTC"
    return timezone


def _next(job: AnyRow, done: Sequence[Verdict], words: SlotWords, now: datetime) -> Verdict:
    """What the job is up to."""
    if job.schedule_error is not None:
        return Verdict(now, "none", f"no next slot: {job.schedule_error}; `connecthub job edit` mends it")
    if job.next_run_at is None:
        switched = next((act for act in reversed(done) if act.kind == "disabled"), None)
        why = "disabled" if switched is None else f"{switched.words} on {words.day_and_time(switched.at)}"
        return Verdict(now, "none", f"no next slot: {why}")
    if job.next_run_at > now:
        return Verdict(job.next_run_at, "next", f"the next slot, in {span(job.next_run_at - now)}")
    overdue = now - job.next_run_at
    if overdue <= MISSED_AFTER:
        return Verdict(job.next_run_at, "due", "due now")
    return Verdict(
        job.next_run_at,
        "due",
        f"due for {span(overdue)}, and no scheduler has taken it; `connecthub up` or `connecthub scheduler` starts one",
    )


def _acts(job: AnyRow, acts: Sequence[AnyRow]) -> list[Verdict]:
    """The acts that changed when the job runs, in order."""
    told: list[Verdict] = []
    schedule = {name: _first_value(acts, name, getattr(job, name)) for name in ("cron_expr", "timezone")}
    disabled_since: datetime | None = None
    for act in acts:
        by, changes = act.actor, act.detail
        if act.action == "job.add":
            if changes.get("enabled", True):
                told.append(Verdict(act.at, "added", f"added by {by}"))
            else:
                told.append(Verdict(act.at, "disabled", f"added by {by}, disabled"))
                disabled_since = act.at
            continue
        changed = {name: changes[name] for name in schedule if name in changes}
        if changed:
            turns = [f"{each['before']} → {each['after']}" for each in changed.values()]
            told.append(Verdict(act.at, "rescheduled", f"schedule changed by {by}: {', '.join(turns)}"))
            schedule |= {name: each["after"] for name, each in changed.items()}
            disabled_since = None  # which slots passed meanwhile, nobody can say in one number
        if "enabled" in changes and changes["enabled"]["after"]:
            told.append(Verdict(act.at, "enabled", f"enabled by {by}{_passed(schedule, disabled_since, act.at)}"))
            disabled_since = None
        elif "enabled" in changes:
            told.append(Verdict(act.at, "disabled", f"disabled by {by}"))
            disabled_since = act.at
    return told


def _first_value(acts: Sequence[AnyRow], name: str, value_now: str) -> str:
    """A setting as it was before the first of the acts."""
    for act in acts:
        if act.action != "job.add" and name in act.detail:
            return act.detail[name]["before"]
    return value_now


def _passed(schedule: dict[str, str], since: datetime | None, until: datetime) -> str:
    """How many slots a job had while it was disabled."""
    if since is None:
        return ""
    count, at = 0, since
    try:
        while count <= PASSED_MAX and (at := next_fire_time(schedule["cron_expr"], schedule["timezone"], at)) < until:
            count += 1
    except ScheduleError:
        return ""
    many = f"more than {PASSED_MAX}" if count > PASSED_MAX else str(count or "no")
    return f"; {many} slot{'' if count == 1 else 's'} passed while it was disabled"
