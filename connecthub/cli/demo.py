"""`connecthub demo`: see it work."""

from __future__ import annotations

import signal
import sys
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
    import time

    from connecthub.cli.log_detail import print_log
    from connecthub.core.lock_file import exclusive_lock
    from connecthub.errors import RunFailed
    from connecthub.service.demo import demo as set_up
    from connecthub.service.demo import run_now, wait_for_slot

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    folder = folder.resolve()
    with (
        exclusive_lock(folder.parent / f"{folder.name}.lock", "connecthub demo"),
        set_up(folder, lambda text: click.echo(f"· {text}")) as running,
    ):
        zone = running.settings.timezone
        click.echo("· scheduler and worker are started; the job runs once now")
        details = [run_now(running)]
        click.echo("")
        print_log(details[0], zone)
        click.echo("\n· and once by cron, on the next minute")
        details.append(wait_for_slot(running, _countdown, time.sleep))
        _end_countdown()
        click.echo("")
        print_log(details[1], zone)
    click.echo(f"\n· stopped; `DATA_DIR={folder} connecthub log list` shows what it left")
    if failed := [detail.row.id for detail in details if detail.row.status != "succeeded"]:
        raise RunFailed(f"JobLog {failed[0]} of the demo did not succeed; {folder / 'demo.log'} has the processes' log")


def _countdown(seconds: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r  {seconds:2d} s ", nl=False, err=True)


def _end_countdown() -> None:
    if sys.stderr.isatty():
        click.echo("\r        \r", nl=False, err=True)
