"""`connecthub up | down | restart | logs`: scheduler and worker as one command, at the terminal or behind it."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connecthub.core.config import Settings
    from connecthub.service.background import Holder

LAST_LINES = 15
"""So many log lines are shown where it did not start."""
STOP_MARGIN = 30.0
"""Seconds beyond DRAIN_SECONDS that `down` waits: the supervisor itself kills after 20."""
TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(0),
    help="Seconds until what has not ended is killed; DRAIN_SECONDS and 30 where left out.",
)


@click.command()
@click.option("--detach", is_flag=True, help="Start it in the background, and stay until it lives.")
def up(detach: bool) -> None:
    """Run a scheduler and a worker here until Ctrl-C; creates what is not there yet.

    With --detach it goes on in the background: `logs` shows what it says, `down` stops it.

    \b
    Examples:
      connecthub up
      connecthub up --detach
    """
    settings = _settings()
    if detach:
        _start(settings)
        return
    from connecthub.control.installation import prepare
    from connecthub.core.logging import configure_logging
    from connecthub.service.background import holding
    from connecthub.service.supervisor import Supervisor

    configure_logging(settings, "up", sys.stdout)
    with holding(settings.data_dir):
        database, _ = prepare(settings, migrate=settings.db_migrate)
        database.dispose()
        supervisor = Supervisor(
            {"scheduler": ["scheduler"], "worker": ["worker"]}, os.environ, settings.drain_seconds + 20
        )
        supervisor.stop_on_signals()
        click.echo(f"up: scheduler and worker on {database.name}; Ctrl-C or `connecthub down` stops them", err=True)
        supervisor.run()


@click.command()
@TIMEOUT
def down(timeout: float | None) -> None:
    """Stop what `connecthub up` started here; runs that go on get DRAIN_SECONDS to end by themselves.

    \b
    Examples:
      connecthub down
      connecthub down --timeout 5
    """
    _stop(_settings(), timeout)


@click.command()
@TIMEOUT
def restart(timeout: float | None) -> None:
    """Stop what `connecthub up` started here, as `down` does, and start it in the background.

    \b
    Example:
      connecthub restart
    """
    settings = _settings()
    _stop(settings, timeout)
    _start(settings)


@click.command()
@click.argument("process", required=False, type=click.Choice(["scheduler", "worker"]))
@click.option("-f", "--follow", is_flag=True, help="Stay, and show what comes, until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(0), default=20, show_default=True, help="How many last lines.")
def logs(process: str | None, follow: bool, lines: int) -> None:
    """Show the last lines that scheduler and worker logged in the background, by time, which is UTC.

    \b
    Examples:
      connecthub logs
      connecthub logs -f worker
    """
    from connecthub.cli.output import say
    from connecthub.service.background_logs import BackgroundLogs

    reading = BackgroundLogs(_settings().data_dir / "logs", process)
    try:
        for line in reading.last(lines):
            say(line)
        if follow:
            reading.follow(say)
    finally:
        reading.close()


def _settings() -> Settings:
    from connecthub.core.config import load_settings

    settings = load_settings()
    settings.check_stack()
    return settings


def _start(settings: Settings) -> None:
    from connecthub.cli.output import say
    from connecthub.core.safe_text import safe_text
    from connecthub.errors import ServiceFailed
    from connecthub.service.background import start
    from connecthub.service.background_logs import BackgroundLogs
    from connecthub.service.background_work import what_is_missing

    reading = BackgroundLogs(settings.data_dir / "logs")
    try:
        reading.skip()  # what comes after it is of this start
        pid = start(settings, os.environ, lambda running: what_is_missing(settings, running))
    except ServiceFailed as error:
        for line in reading.new()[-LAST_LINES:]:
            click.echo(f"  {safe_text(line)}", err=True)
        raise ServiceFailed(f"{error}; {reading.folder} has its logs") from None
    finally:
        reading.close()
    say(f"scheduler and worker live in the background (process {pid}) on {settings.data_dir}")
    say(f"they log to {reading.folder}; `connecthub logs -f` shows it, `connecthub down` stops them")


def _stop(settings: Settings, timeout: float | None) -> None:
    from connecthub.cli.output import say
    from connecthub.service.background import holder, stop

    seconds = settings.drain_seconds + STOP_MARGIN if timeout is None else timeout
    with holder(settings.data_dir) as running:
        if running is None:
            say(f"nothing to stop: no connecthub up runs on {settings.data_dir}")
            return
        runs = _runs(settings, running)
        began = time.monotonic()
        going = f", {len(runs)} runs go on" if len(runs) > 1 else ", 1 run goes on" if runs else ""
        click.echo(f"stopping process {running.pid}{going}", err=True)
        in_order = stop(running, seconds, lambda left: click.echo(f"still stopping, {left:.0f} s left", err=True))
    took = f"{time.monotonic() - began:.0f} s"
    say(f"stopped after {took}" if in_order else f"killed after {took}: it had not ended by itself")
    _say_how_they_ended(settings, runs)


def _runs(settings: Settings, running: Holder) -> list[int]:
    """The runs that go on; where the database does not tell, that is said, and the stop goes on."""
    from connecthub.cli.output import say
    from connecthub.errors import DatabaseError
    from connecthub.service.background_work import runs_of

    try:
        return runs_of(settings, running)
    except DatabaseError as error:
        say(f"its runs cannot be counted: {error}")
        return []


def _say_how_they_ended(settings: Settings, runs: list[int]) -> None:
    from connecthub.cli.output import say
    from connecthub.errors import DatabaseError
    from connecthub.service.background_work import how_they_ended

    try:
        for log_id, status in how_they_ended(settings, runs) if runs else []:
            ended = "was killed; the next start puts it on record" if status == "running" else status
            say(f"run {log_id} {ended}")
    except DatabaseError as error:
        say(f"how its runs ended cannot be read: {error}")
