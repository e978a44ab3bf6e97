"""A hand-over as text: read as it stands, and the same in whatever renders Markdown.

Text from outside stands in code spans, where no mark of Markdown means anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connecthub.control.audit_reading import told_lines
from connecthub.control.handover import told_changes
from connecthub.core.safe_text import display_width, fit, safe_text

if TYPE_CHECKING:
    from connecthub.control.handover import Handover, Listed
    from connecthub.control.needs import Need
    from connecthub.db.types import AnyRow

NAME_WIDTH = 30
TEXT_WIDTH = 74
"""Columns of a text from outside that has its own line."""
PARTS_SHOWN = 6
"""Of what one act changed."""
_STATUS = {"timed_out": "timed out"}
_KINDS = {"misfire": "missed", "queue_full": "skipped, the queue was full", "overlap": "skipped, one still ran"}


def lines_of(found: Handover, instance: str) -> Iterator[str]:
    """The lines of a hand-over."""
    times = _Times(found.zone, found.at)
    yield f"# Handover: {code(instance)}"
    yield ""
    yield f"{times.full(found.since)} to {times.full(found.at)} ({found.zone})"
    title = f"{_many(found.failures.count, 'job')}, {_many(found.failed_runs, 'run')}"
    yield from _section("Failed", title, found.failures, lambda row: _failure(row, times))
    title = _many(found.recovered.count, "job")
    yield from _section("Recovered", title, found.recovered, lambda row: _recovery(row, times))
    yield from _open(found, times)
    title = _many(found.did_not_run.count, "job")
    yield from _section("Did not run", title, found.did_not_run, lambda row: _skipped(row, times))
    title = _many(found.changes.count, "act")
    yield from _section("Changed", title, found.changes, lambda row: _act(row, times, told_changes(row)))
    title = _many(found.by_hand.count, "kind")
    yield from _section("Run, retried or cancelled by hand", title, found.by_hand, lambda row: _by_hand(row, times))
    title = _many(found.refusals.count, "attempt")
    yield from _section("Refused", title, found.refusals, lambda row: _act(row, times, told_lines(row)))
    yield from _alerts(found, times)


def code(text: str, width: int = NAME_WIDTH) -> str:
    """A text from outside in a code span, in at most so many columns."""
    safe = safe_text(text).replace("`", "'").strip() or "-"
    return f"`{safe if display_width(safe) <= width else fit(safe, width).rstrip()}`"


class _Times:
    """Instants as the reader needs them: of this day the clock alone."""

    def __init__(self, zone: str, at: datetime) -> None:
        self._zone = ZoneInfo(zone)
        self._today = at.astimezone(self._zone)

    def full(self, instant: datetime) -> str:
        return f"{instant.astimezone(self._zone):%Y-%m-%d %H:%M}"

    def of(self, instant: datetime) -> str:
        local = instant.astimezone(self._zone)
        if local.date() == self._today.date():
            return f"{local:%H:%M}"
        return f"{local:%m-%d %H:%M}" if local.year == self._today.year else f"{local:%Y-%m-%d %H:%M}"

    def span(self, first: datetime, last: datetime) -> str:
        one, other = self.of(first), self.of(last)
        return one if one == other else f"{one} to {other}"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _section(name: str, title: str, listed: Listed, told: Callable[[AnyRow], Sequence[str]]) -> Iterator[str]:
    yield ""
    yield f"## {name}: {title if listed.count else 'nothing'}"
    for row in listed.rows:
        first, *more = told(row)
        yield f"- {first}"
        yield from (f"  {line}" for line in more)
    if listed.count > len(listed.rows):
        yield f"- and {listed.count - len(listed.rows)} more"


def _failure(row: AnyRow, times: _Times) -> list[str]:
    status = _STATUS.get(row.status, row.status)
    if row.recovered_at is not None:
        now = f"recovered {times.of(row.recovered_at)}"
    else:
        now = "still failing" if row.job_id is not None else "the job was deleted"
    often = "once" if row.count == 1 else f"{row.count} times"
    told = [f"{code(row.job_name)}: {often}, {times.span(row.first, row.last)}; {now}"]
    told.append(f"run {row.log_id} {status}: {code(_first_line(row.cause), TEXT_WIDTH - 20)}")
    if row.actor is not None:
        told += [f"acknowledged by {code(row.actor)}:", code(row.note, TEXT_WIDTH)]
    return told


def _recovery(row: AnyRow, times: _Times) -> list[str]:
    return [
        f"{code(row.job_name)}: {times.of(row.recovered_at)} with run {row.log_id},"
        f" had failed {times.of(row.failed_at)}"
    ]


def _open(found: Handover, times: _Times) -> Iterator[str]:
    told = [[f"queue: {code(found.queue_problem, TEXT_WIDTH - 10)}"]] if found.queue_problem else []
    above = {row.job_id for row in found.failures.rows if row.recovered_at is None}
    fails = [need for need in found.open if need.kind in ("failing", "acknowledged") and need.job_id in above]
    told += [_need(need, times) for need in found.open if need not in fails]
    told += [[f"{_many(len(fails), 'job')} of those above, under Failed"]] if fails else []
    told += [[f"and {found.open_beyond} more jobs that fail"]] if found.open_beyond else []
    seen = found.seen
    waits = f", {seen.waiting} waiting" + (f" since {times.of(seen.waiting_since)}" if seen.waiting_since else "")
    yield ""
    yield f"## Open now: {_many(len(told), 'thing') if told else 'nothing'}"
    yield f"- {len(seen.running)} running{waits}, {_many(len(seen.workers), 'worker')}"
    for first, *more in told:
        yield f"- {first}"
        yield from (f"  {line}" for line in more)


def _need(need: Need, times: _Times) -> list[str]:
    name, at = code(need.name), "" if need.at is None else times.of(need.at)
    match need.kind:
        case "no_worker":
            return ["no worker gives a sign of life"]
        case "unserved":
            return [f"queue {name}: nobody serves it since {at}, when {code(need.by)} was lost"]
        case "overdue":
            return [f"{_many(int(need.number), 'job')} overdue, {name} since {at}: no scheduler keeps up"]
        case "schedule":
            return [f"{name} has no next run:", code(_first_line(need.text), TEXT_WIDTH)]
        case "lost":
            return [f"{name}: the worker of run {need.log_id} gives no sign of life since {at}"]
        case "near_timeout":
            return [f"{name}: run {need.log_id} runs since {at}, its timeout of {need.number:g} s is near"]
        case "long":
            return [f"{name}: run {need.log_id} runs since {at}, usually it takes {need.number:.1f} s"]
        case "acknowledged":
            return [f"{name} fails, acknowledged by {code(need.by)} {at}:", code(need.text, TEXT_WIDTH)]
        case _:
            status = _STATUS.get(need.status, need.status)
            return [f"{name}: run {need.log_id} {status} {at}", code(_first_line(need.text), TEXT_WIDTH)]


def _skipped(row: AnyRow, times: _Times) -> list[str]:
    slots = f"{_many(int(row.slots), 'slot')} {_KINDS[row.kind]}"
    return [f"{code(row.job_name)}: {slots}, {times.span(row.first, row.last)} (run {row.log_id})"]


def _act(row: AnyRow, times: _Times, parts: Sequence[str]) -> list[str]:
    way = f"{row.via} {code(row.address)}" if row.address else row.via
    told = [f"{times.of(row.at)} {code(row.actor)} {row.action} {code(row.target_name)} ({way})"]
    told += [f"reason: {code(row.reason, TEXT_WIDTH - 10)}"] if row.reason and row.result == "done" else []
    told += [f"- {code(part, TEXT_WIDTH - 4)}" for part in parts[:PARTS_SHOWN]]
    return told + ([f"- and {len(parts) - PARTS_SHOWN} more"] if len(parts) > PARTS_SHOWN else [])


def _by_hand(row: AnyRow, times: _Times) -> list[str]:
    often = "" if row.count == 1 else f" {row.count} times"
    told = [f"{code(row.actor)} {row.action} {code(row.target_name)}{often}, {times.span(row.first, row.last)}"]
    return told + ([f"reason: {code(row.reason, TEXT_WIDTH - 10)}"] if row.reason else [])


def _alerts(found: Handover, times: _Times) -> Iterator[str]:
    told = [f"{row.count} {row.kind} not handed on since {times.of(row.since)}" for row in found.unsent_alerts]
    told += [
        f"channel {code(row.name)}: {row.waiting} not delivered yet, {row.lost} given up"
        for row in found.undelivered_alerts
    ]
    yield ""
    yield f"## Alerts not delivered: {'`connecthub alert list` has them' if told else 'none'}"
    yield from (f"- {line}" for line in told)


def _first_line(text: str | None) -> str:
    return text.splitlines()[0] if text else "no cause given"
