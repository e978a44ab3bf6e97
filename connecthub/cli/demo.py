"""`connecthub demo`: see it work."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import click


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/demo"),
    show_default=True,
    help="Where the demo keeps its database; emptied at the start.",
)
def demo(folder: Path) -> None:
    """See it work: a job runs once at once and once by cron, against a stand-in Seeyon.

    \b
    Example:
      connecthub demo
    """
    import shlex
    import threading

    from connecthub.cli.log_detail import print_log
    from connecthub.cli.output import say
    from connecthub.errors import RunFailed
    from connecthub.service.demo import demo as set_up
    from connecthub.service.demo import run_now, wait_for_slot

    end = threading.Event()
    _end_on_signals(end.set)

    def look(seconds_left: int | None = None) -> None:
        if end.is_set():
            say("· stopping")
            raise KeyboardInterrupt
        if seconds_left is not None:
            _countdown(seconds_left)

    folder = folder.resolve()
    with set_up(folder, lambda text: say(f"· {text}")) as running:
        look()
        zone = running.settings.timezone
        say("· scheduler and worker are started; the job runs once now")
        details = [run_now(running, look)]
        say("")
        print_log(details[0], zone)
        say("")
        say("· and once by cron, on the next minute")
        details.append(wait_for_slot(running, look, end.wait))
        _end_countdown()
        say("")
        print_log(details[1], zone)
    say("")
    say(f"· stopped; `DATA_DIR={shlex.quote(str(folder))} connecthub log list` shows what it left")
    if failed := [detail.row.id for detail in details if detail.row.status != "succeeded"]:
        raise RunFailed(f"JobLog {failed[0]} of the demo did not succeed; {folder / 'demo.log'} has the processes' log")


def _end_on_signals(end: Callable[[], None]) -> None:
    """Look at a first Ctrl-C where the demo waits, so that nothing stays half made; a second one ends it at once."""
    numbers = (signal.SIGINT, signal.SIGTERM)

    def handle(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
        end()

    for number in numbers:
        signal.signal(number, handle)


def _countdown(seconds: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r  {seconds:2d} s ", nl=False, err=True)


def _end_countdown() -> None:
    if sys.stderr.isatty():
        click.echo("\r        \r", nl=False, err=True)
