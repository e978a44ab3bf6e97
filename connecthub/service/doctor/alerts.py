"""Alerts: channels that fail, and alerts that nobody got."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from connecthub.core.redact import mask_url
from connecthub.db.alert_channels import list_channels
from connecthub.db.doctor import late_alerts
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Finding, command, problems_or, warning, wrong

LATE_SECONDS = 600.0


def look(context: Context) -> list[Finding]:
    """Look at the channels and at what waits for them."""
    with context.database.read() as connection:
        channels = list_channels(connection)
        late = late_alerts(connection, LATE_SECONDS)
    found = judge_late(late.unasked, late.waiting)
    if not channels:
        return problems_or(found, "no channel: nobody is told when a job fails (`connecthub alert --help`)")
    found += judge_channels(channels, sender=find_spec("apprise") is not None)
    return problems_or(found, f"{len(channels)} channels, none with an error")


def judge_channels(channels: Sequence[Any], *, sender: bool) -> list[Finding]:
    """A channel whose last word is an error; `sender` tells whether the package that sends is here."""
    found: list[Finding] = []
    if not sender:
        found.append(wrong("channels are there, and nothing that sends", "run `pip install 'connecthub[notify]'`"))
    for row in channels:
        if row.last_error and (row.last_sent_at is None or row.last_error_at > row.last_sent_at):
            again = f"mend it, then run {command('connecthub', 'alert', 'test', row.name)}"
            found.append(warning(f"channel {row.name} fails: {mask_url(row.last_error)}", again))
    return found


def judge_late(unasked: int, waiting: int) -> list[Finding]:
    """Alerts that should be on their way for minutes, and those that a channel should have had."""
    minutes = f"for more than {LATE_SECONDS / 60:.0f} minutes"
    found: list[Finding] = []
    if unasked:
        sender = "see whether a scheduler runs, which sends them: `connecthub doctor scheduler`"
        found.append(warning(f"{unasked} alerts were not sent to anybody {minutes}", sender))
    if waiting:
        found.append(
            warning(f"{waiting} alerts wait for a channel {minutes}", "see why: `connecthub alert list --unsent`")
        )
    return found
