"""`connecthub cron`: what a cron expression means."""

from __future__ import annotations

import click


@click.group()
def cron() -> None:
    """Cron expressions."""


@cron.command("next")
@click.argument("expression")
@click.option("--timezone", help="IANA zone; TIMEZONE of the settings where it is left out.")
@click.option("--from", "start", metavar="TIME", help="Count from this time instead of now.")
@click.option("--count", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many times.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def next_(expression: str, timezone: str | None, start: str | None, count: int, as_json: bool) -> None:
    """Say what a cron expression means, and show when it fires next.

    \b
    Examples:
      connecthub cron next '0 2 * * *' --timezone Asia/Shanghai
      connecthub cron next '*/15 9-17 * * MON-FRI' --from '2026-12-24 12:00' --count 10
    """
    from datetime import UTC, datetime

    from connecthub.cli.output import local, print_json, print_table, say
    from connecthub.core.config import load_settings
    from connecthub.core.times import parse_time
    from connecthub.schedule.cron import preview, validate_timezone
    from connecthub.schedule.words import describe_cron

    zone = load_settings().timezone if timezone is None else timezone
    validate_timezone(zone)
    now = datetime.now(UTC)
    fires = preview(expression, zone, parse_time(start, zone, now) if start else now, count)
    if as_json:
        print_json(fires)
    else:
        say(describe_cron(expression, "en"))
        print_table([zone, "UTC"], [(local(at, zone), local(at, "UTC")) for at in fires])
