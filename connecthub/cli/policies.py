"""The options that set a job's policies; `job add` and `job edit` share them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--overlap",
        type=click.Choice(["skip", "queue", "replace", "allow"]),
        help="When a run is due and the last one goes on: skip it (default), queue it, replace the last, allow both.",
    ),
    click.option("--queue-limit", type=int, help="How many runs may wait under --overlap queue (default 1)."),
    click.option("--max-retries", type=int, help="How often a failed run is repeated by itself (default 0)."),
    click.option("--retry-delay", type=float, help="Seconds before the first of these (default 60)."),
    click.option("--retry-backoff", type=float, help="Each further delay is so many times longer (default 2)."),
    click.option(
        "--catch-up",
        type=click.Choice(["latest", "skip", "all"]),
        help="Of slots missed while no scheduler ran: run the latest within 24 h (default), none, or all.",
    ),
    click.option(
        "--keep-last",
        type=int,
        help="Keep so many ended JobLogs, skipped ones too (default: by LOG_RETENTION_DAYS alone).",
    ),
)


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of all policies; each comes as None where it is not named."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def named(policies: dict[str, Any]) -> dict[str, Any]:
    """The policies that the command line names."""
    return {name: value for name, value in policies.items() if value is not None}
