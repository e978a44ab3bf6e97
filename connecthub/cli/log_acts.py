"""`connecthub log tail | retry | cancel | prune`: following, repeating, stopping and deleting runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from connecthub.cli.reasons import reason_option

if TYPE_CHECKING:
    from connecthub.control.runs import Retried
    from connecthub.control.session import Session

NUMBER = click.IntRange(1, 2**63 - 1)


@click.command()
@click.argument("log_id", metavar="NUMBER", type=NUMBER)
@click.option("-f", "--follow", is_flag=True, help="Stay until the run has ended.")
@click.option("-n", "--lines", type=click.IntRange(0), default=20, show_default=True, help="How many last lines.")
def tail(log_id: int, follow: bool, lines: int) -> None:
    """Show the last lines of a run's log; with -f go on until the run has ended. Times are UTC.

    \b
    Examples:
      connecthub log tail 812
      connecthub log tail -f 812
    """
    from connecthub.cli.session import session
    from connecthub.core.safe_text import safe_text

    def show(text: str) -> None:
        click.echo(safe_text(text, newlines=True), nl=False)

    with session() as opened:
        from connecthub.control.job_logs import follow as follow_log
        from connecthub.control.job_logs import show_log

        detail = show_log(opened.database, log_id)
        for line in detail.text.splitlines(keepends=True)[-lines or len(detail.text) :]:
            show(line)
        if follow and detail.row.finished_at is None:
            row = follow_log(opened.database, log_id, show, after=detail.last_chunk)
            click.echo(f"run {row.id} {row.status}", err=True)


@click.command()
@click.argument("log_ids", metavar="[NUMBER]...", type=NUMBER, nargs=-1)
@click.option("--job", help="All of this job that did not succeed, by name or id.")
@click.option("--status", help="All with this status.")
@click.option("--since", metavar="TIME", help="All queued at this time or later: 12h, 18:00, 2026-11-24 …")
@click.option("--same-settings", is_flag=True, help="With the settings that they had, not those of the job now.")
@click.option("--in-turn", is_flag=True, help="Where the job runs already: wait until it has ended, then run.")
@click.option("--wait", is_flag=True, help="Stay until all have ended; exit 1 if one did not succeed.")
@click.option("--yes", is_flag=True, help="Do not ask where it is more than one.")
def retry(
    log_ids: tuple[int, ...],
    job: str | None,
    status: str | None,
    since: str | None,
    same_settings: bool,
    in_turn: bool,
    wait: bool,
    yes: bool,
) -> None:
    """Run what did not succeed again: by number, or all that match; of a chain of retries only the newest.

    \b
    Examples:
      connecthub log retry 812
      connecthub log retry --job nightly --since 12h --wait
    """
    from connecthub.cli.session import session
    from connecthub.errors import ConfigError

    if log_ids and (job or status or since):
        raise ConfigError("name JobLogs by number, or give --job, --status or --since, not both")
    if not log_ids and not (job or status or since):
        raise ConfigError("name JobLogs by number, or give --job, --status or --since")
    with session() as opened:
        chosen = list(log_ids) or matching(opened, job, status, since)
        retry_chosen(opened, chosen, same_settings=same_settings, in_turn=in_turn, wait=wait, yes=yes)


def matching(opened: Session, job: str | None, status: str | None, since: str | None) -> list[int]:
    """What did not succeed, of a job, with a status, since a time."""
    from connecthub.control.job_logs import LogChoice
    from connecthub.control.runs import failed_logs
    from connecthub.core.clock import SystemClock
    from connecthub.core.times import parse_time

    at = None if since is None else parse_time(since, opened.settings.timezone, SystemClock().now())
    return failed_logs(opened.database, LogChoice(job=job, status=status, since=at))


def retry_chosen(
    opened: Session, chosen: list[int], *, same_settings: bool, in_turn: bool, wait: bool, yes: bool
) -> None:
    """Ask where it is more than one, retry, say what differs and what was refused."""
    from connecthub.cli.output import say
    from connecthub.cli.questions import ask
    from connecthub.control.runs import retry_many
    from connecthub.errors import Refused

    if not chosen:
        say("nothing matches that did not succeed")
        return
    if len(chosen) > 1 and not yes:
        ask(f"retry {len(chosen)} runs of {opened.settings.instance_name}?")
    office = opened.office
    done, refused = retry_many(
        office.database, office.ring, opened.actor, chosen, same_settings=same_settings, in_turn=in_turn
    )
    for each in done:
        what = "dry run" if each.of.dry_run else "run"
        say(f"{what} {each.row.id} is queued: a retry of {each.of.id} ({each.of.job_name}){_differs(each)}")
    for reason in refused:
        click.echo(f"connecthub: not retried: {reason}", err=True)
    if refused and not done:
        raise Refused(f"{len(refused)} of {len(chosen)} could not be retried")
    if wait:
        _wait_for_all(opened, done)


def _differs(each: Retried) -> str:
    told = [f"{name} is now {new!r}, was {old!r}" for name, (old, new) in each.differs.items()]
    return f"; since then {', '.join(told)}" if told else ""


def _wait_for_all(opened: Session, done: list[Retried]) -> None:
    from connecthub.cli.log_detail import print_end
    from connecthub.control.job_logs import wait_for_end
    from connecthub.errors import RunFailed

    failed = []
    for number, each in enumerate(done, start=1):
        if sys.stderr.isatty() and len(done) > 1:
            click.echo(f"\r{number - 1} of {len(done)} have ended ", nl=False, err=True)
        ended = wait_for_end(opened.database, each.row.id)
        print_end(ended)
        failed += [each.row.id] if ended.row.status != "succeeded" else []
    if failed:
        raise RunFailed(
            f"{len(failed)} of {len(done)} did not succeed; `connecthub log show {failed[0]}` shows the first"
        )


@click.command()
@click.argument("log_ids", metavar="NUMBER...", type=NUMBER, nargs=-1, required=True)
@reason_option
@click.option("--yes", is_flag=True, help="Do not ask where it is more than one.")
def cancel(log_ids: tuple[int, ...], reason: str | None, yes: bool) -> None:
    """Cancel runs: what is queued does not start; what runs is asked to stop, and killed where it does not.

    \b
    Examples:
      connecthub log cancel 812
      connecthub log cancel 812 813 --yes --reason 'wrong file'
    """
    from connecthub.cli.output import say
    from connecthub.cli.questions import ask
    from connecthub.cli.session import session
    from connecthub.errors import Refused

    chosen = list(dict.fromkeys(log_ids))
    with session() as opened:
        from connecthub.control.cancelling import cancel_many

        if len(chosen) > 1 and not yes:
            ask(f"cancel {len(chosen)} runs of {opened.settings.instance_name}?")
        done, refused = cancel_many(opened.database, opened.ring_if_any, opened.actor, chosen, reason)
    for each in done:
        say(CANCELLED[each.done].format(id=each.log_id, job=each.job_name))
    if refused and not done:
        raise Refused("; ".join(refused))
    for reason in refused:
        click.echo(f"connecthub: not cancelled: {reason}", err=True)


CANCELLED = {
    "cancelled": "run {id} ({job}) is cancelled; it had not started",
    "asked": "run {id} ({job}) is asked to stop; `connecthub log tail -f {id}` shows it go",
    "asked already": "run {id} ({job}) was asked to stop already; `connecthub log tail -f {id}` shows it go",
}


@click.command()
@click.option(
    "--before", metavar="TIME", help="Ended before this time: 30d, 2026-11-01 …; LOG_RETENTION_DAYS otherwise."
)
@click.option("--job", help="Only of this job, by name or id.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune(before: str | None, job: str | None, dry_run: bool, yes: bool) -> None:
    """Delete JobLogs that ended long ago, with their logs. It cannot be undone.

    Jobs that say how many they keep are left out.

    \b
    Examples:
      connecthub log prune --dry-run
      connecthub log prune --before 90d --job nightly
    """
    from datetime import timedelta

    from connecthub.cli.output import local, say
    from connecthub.cli.questions import ask
    from connecthub.cli.session import session
    from connecthub.core.clock import SystemClock
    from connecthub.core.times import parse_time

    with session() as opened:
        from connecthub.control.pruning import count_old
        from connecthub.control.pruning import prune as prune_logs

        settings, now = opened.settings, SystemClock().now()
        kept = timedelta(days=settings.log_retention_days)
        at = now - kept if before is None else parse_time(before, settings.timezone, now)
        count = count_old(opened.database, at, job)
        what = f"{count} JobLogs that ended before {local(at, settings.timezone)} {settings.timezone}"
        if dry_run or not count:
            say(f"{what}; nothing was deleted")
            return
        if not yes:
            ask(f"delete {what} of {settings.instance_name} for good?")
        say(f"{prune_logs(opened.database, opened.actor, at, job, _progress(count))} JobLogs are deleted")


def _progress(count: int) -> Any:
    def show(deleted: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if deleted >= count else ""
            click.echo(f"\r{deleted} of {count} deleted{end}", nl=False, err=True)

    return show
