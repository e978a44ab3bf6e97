"""The words of an alert. Text from outside passes `safe_text`, and all of it fits the smallest of the services."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connecthub.core.safe_text import safe_text
from connecthub.db.types import AnyRow
from connecthub.schedule.policy import COUNT_MAX

BODY_BYTES, TITLE_BYTES = 1800, 240
"""WeCom takes 2048 bytes of both together."""
TITLE_CHARS = 120
CAUSE_LINES = 3
LISTED = 20
"""Alerts that a message about many names."""
LEVELS = {"failed": "failure", "recovered": "success", "worker_lost": "failure", "schedule_error": "failure"}
"""How bad each kind is; the others are warnings."""
_STATUS = {"timed_out": "timed out", "cancelled": "was cut off"}


@dataclass(frozen=True)
class Message:
    """What a channel is sent."""

    title: str
    body: str
    level: str
    """failure, warning, success or info."""


def headline(alert: AnyRow) -> str:
    """An alert in a few words."""
    detail = alert.detail
    job = f"job {detail.get('job', '')}"
    told: dict[str, Callable[[], str]] = {
        "failed": lambda: f"{job} {_STATUS.get(detail.get('status', ''), detail.get('status', 'failed'))}",
        "recovered": lambda: f"{job} succeeded again",
        "missed": lambda: f"{job} missed {_slots(detail.get('count', 1))}",
        "no_success": lambda: f"{job} has not succeeded for {detail.get('hours', 0):g} hours",
        "long_running": lambda: f"{job} runs for long",
        "schedule_error": lambda: f"{job} has no next run",
        "worker_lost": lambda: f"worker {detail.get('worker', '')} was lost",
    }
    return _line(told.get(alert.kind, lambda: f"{alert.kind}: {job}")())


def message(instance: str, zone: str, alert: AnyRow) -> Message:
    """The message about one alert; times are of the zone."""
    lines = [_at(alert.created_at, zone), *_facts(alert, zone)]
    body = _fitting(lines, f"look: {_command(alert)}", len(lines))
    return Message(_title(instance, headline(alert)), body, LEVELS.get(alert.kind, "warning"))


def bundle(instance: str, zone: str, alerts: Sequence[AnyRow]) -> Message:
    """One message about many alerts, the oldest first."""
    lines = [f"{_at(alert.created_at, zone)}: {headline(alert)}{_run(alert)}" for alert in alerts[:LISTED]]
    level = "failure" if any(LEVELS.get(alert.kind) == "failure" for alert in alerts) else "warning"
    body = _fitting(lines, "look: connecthub alert list", len(alerts))
    return Message(_title(instance, f"{len(alerts)} alerts"), body, level)


def trial_message(instance: str, zone: str, actor: str, now: datetime) -> Message:
    """What `connecthub alert test` sends."""
    body = _line(f"{_at(now, zone)}: {actor} tests this channel; alerts will arrive here")
    return Message(_title(instance, "test"), body, "info")


def _facts(alert: AnyRow, zone: str) -> list[str]:
    detail = alert.detail
    lines = [f"run {alert.job_log_id}"] if alert.job_log_id is not None else []
    cause = str(detail.get("error") or detail.get("reason") or "").splitlines()
    lines += [_line(line, 300) for line in cause[:CAUSE_LINES]]
    if alert.kind == "long_running":
        lines.append(f"since {_iso(detail.get('started_at'), zone)}; {detail.get('why', '')}")
    elif alert.kind == "recovered":
        lines.append(f"it failed at {_iso(detail.get('failed_at'), zone)} (run {detail.get('failed_run')})")
    elif alert.kind == "no_success":
        last = detail.get("succeeded_at")
        lines.append(f"last success: {_iso(last, zone) if last else 'none that is kept'}")
    elif alert.kind == "worker_lost":
        lines.append(_line(f"queue {detail.get('queue', '')}, last seen at {_iso(detail.get('seen_at'), zone)}"))
    if detail.get("first_only"):
        lines.append("further failures are not told until it has recovered")
    return lines


def _command(alert: AnyRow) -> str:
    if alert.job_log_id is not None:
        return f"connecthub log show {alert.job_log_id}"
    if alert.kind == "worker_lost":
        return "connecthub status"
    act = "why" if alert.kind == "no_success" else "show"
    return f"connecthub job {act} {_line(shlex.quote(alert.detail.get('job', '')))}"


def _slots(count: int) -> str:
    if count > COUNT_MAX:
        return f"more than {COUNT_MAX} slots"
    return "1 slot" if count == 1 else f"{count} slots"


def _run(alert: AnyRow) -> str:
    return "" if alert.job_log_id is None else f" (run {alert.job_log_id})"


def _fitting(lines: Sequence[str], last: str, total: int) -> str:
    """As many lines as fit, how many of the total are left out, and the last line."""
    kept: list[str] = []
    left = BODY_BYTES - len(last.encode()) - len("and 1000000 more\n\n")
    for line in lines:
        left -= len(line.encode()) + 1
        if left < 0:
            break
        kept.append(line)
    more = [f"and {total - len(kept)} more"] if len(kept) < total else []
    return "\n".join([*kept, *more, last])


def _title(instance: str, what: str) -> str:
    title = _line(f"[{instance}] {what}", TITLE_CHARS)
    if len(title.encode()) <= TITLE_BYTES:
        return title
    return f"{title.encode()[: TITLE_BYTES - len('…'.encode())].decode(errors='ignore')}…"


def _line(text: str, most: int = 200) -> str:
    shown = safe_text(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _at(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}"


def _iso(text: Any, zone: str) -> str:
    return _at(datetime.fromisoformat(text), zone) if text else "?"
