"""`connecthub log`: what ran, and how it went."""

from __future__ import annotations

import click

from connecthub.cli.log_acts import cancel, prune, retry, tail


@click.group()
def log() -> None:
    """JobLogs: one for each run, and for each slot that did not run."""


@log.command("list")
@click.option("--job", help="Only of this job, by name or id.")
@click.option("--status", help="Only with this status: queued, running, succeeded, failed, timed_out, …")
@click.option("--since", metavar="TIME", help="Queued at this time or later: 12h, 18:00, 2026-11-24 …")
@click.option("--until", metavar="TIME", help="Queued before this time.")
@click.option("--text", help="With this text in the job's name, the cause, the traceback or the log.")
@click.option("--dry-run", "dry", is_flag=True, default=None, help="Only dry runs.")
@click.option("--before", "before_id", metavar="NUMBER", type=int, help="Older than this JobLog: the next page.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def list_(
    job: str | None,
    status: str | None,
    since: str | None,
    until: str | None,
    text: str | None,
    dry: bool | None,
    before_id: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """List JobLogs, the newest first.

    \b
    Examples:
      connecthub log list
      connecthub log list --job nightly --status failed
      connecthub log list --since 12h --text timeout
    """
    from connecthub.cli.output import as_dict, local, print_json, print_table, seconds_between
    from connecthub.cli.session import session
    from connecthub.core.clock import SystemClock
    from connecthub.core.times import parse_time

    with session() as opened:
        from connecthub.control.job_logs import LogChoice, list_logs

        zone, now = opened.settings.timezone, SystemClock().now()
        first, last = (None if at is None else parse_time(at, zone, now) for at in (since, until))
        chosen = LogChoice(job, status, first, last, text, before_id, dry)
        rows = list_logs(opened.database, chosen, limit)
        if as_json:
            print_json([as_dict(row) for row in rows])
            return
        if not rows:
            click.echo("no JobLogs match; a job leaves one when its time comes or `connecthub job run` is given")
            return
        print_table(
            ["ID", "JOB", "STATUS", "TRIGGER", f"SLOT ({zone})", f"STARTED ({zone})", "TOOK", "CAUSE"],
            [
                (
                    row.id,
                    row.job_name,
                    row.status,
                    f"{row.trigger}, dry run" if row.dry_run else row.trigger,
                    local(row.scheduled_for, zone),
                    local(row.started_at, zone),
                    seconds_between(row.started_at, row.finished_at),
                    row.error or row.reason,
                )
                for row in rows
            ],
        )


@log.command()
@click.argument("log_id", metavar="NUMBER", type=click.IntRange(1, 2**63 - 1))
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def show(log_id: int, as_json: bool) -> None:
    """Show one JobLog with its log.

    \b
    Example:
      connecthub log show 812
    """
    from connecthub.cli.output import as_dict, print_json
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.cli.log_detail import print_log
        from connecthub.control.job_logs import show_log

        detail = show_log(opened.database, log_id)
        if as_json:
            print_json({**as_dict(detail.row), "log": detail.text, "calls": [as_dict(call) for call in detail.calls]})
        else:
            print_log(detail, opened.settings.timezone)


for command in (tail, retry, cancel, prune):
    log.add_command(command)
