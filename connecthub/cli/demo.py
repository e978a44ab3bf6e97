"""`connecthub demo`: see it work."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connecthub.service.demo import Demo
    from tui.data import Data


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/demo"),
    show_default=True,
    help="Where the demo keeps its database; emptied at the start.",
)
@click.option("--no-tui", is_flag=True, help="Tell it line by line, at a terminal too.")
def demo(folder: Path, no_tui: bool) -> None:
    """See it work: a job runs once at once and then by cron, against a stand-in Seeyon.

    At a terminal the control center opens on the log of the first run, and the demo goes on until you quit (q).

    \b
    Examples:
      connecthub demo
      connecthub demo --no-tui
    """
    import shlex

    from connecthub.cli.output import say
    from connecthub.cli.tui import has_terminal, no_screen_because
    from connecthub.errors import RunFailed
    from connecthub.service.demo import demo as set_up

    end = threading.Event()
    _end_on_signals(end.set)
    in_center = not no_tui and has_terminal() and no_screen_because() is None
    folder = folder.resolve()
    with set_up(folder, lambda text: say(f"· {text}")) as running:
        _leave_if(end)
        say("· scheduler and worker are started; the job runs once now")
        failed = _show(running, end) if in_center else _tell(running, end)
    say("")
    say(f"· stopped; `DATA_DIR={shlex.quote(str(folder))} connecthub log list` shows what it left")
    if failed:
        raise RunFailed(f"JobLog {failed[0]} of the demo did not succeed; {folder / 'demo.log'} has the processes' log")


def _show(running: Demo, end: threading.Event) -> list[int]:
    """Stand in the log of the first run until the person quits the control center; nothing of that is a failure."""
    from connecthub.service.demo import start_now
    from tui.app import ControlCenter

    def open_data() -> Data:
        from tui.data import Data

        return Data.of(running.settings)

    log_id = start_now(running)
    center = ControlCenter(open_data, first=lambda center: center.open_log(log_id))
    _end_on_signals(lambda: (end.set(), center.call_later(center.exit)))
    _leave_if(end)
    center.run(mouse=False)
    if center.return_code:
        sys.exit(center.return_code)
    _leave_if(end)
    return []


def _tell(running: Demo, end: threading.Event) -> list[int]:
    """Print both runs as they end; returns the JobLogs that did not succeed."""
    from connecthub.cli.log_detail import print_log
    from connecthub.cli.output import say
    from connecthub.service.demo import run_now, wait_for_slot

    def look(seconds_left: int | None = None) -> None:
        _leave_if(end)
        if seconds_left is not None:
            _countdown(seconds_left)

    zone = running.settings.timezone
    details = [run_now(running, look)]
    say("")
    print_log(details[0], zone)
    say("")
    say("· and once by cron, on the next minute")
    details.append(wait_for_slot(running, look, end.wait))
    _end_countdown()
    say("")
    print_log(details[1], zone)
    return [detail.row.id for detail in details if detail.row.status != "succeeded"]


def _leave_if(end: threading.Event) -> None:
    """Leave the demo, whose processes stop on the way out, where it was asked to."""
    if end.is_set():
        from connecthub.cli.output import say

        say("· stopping")
        raise KeyboardInterrupt


def _end_on_signals(end: Callable[[], object]) -> None:
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
