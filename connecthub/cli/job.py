"""`connecthub job`: what runs, when, with which settings."""

from __future__ import annotations

from typing import Any

import click

from connecthub.cli.job_acknowledge import acknowledge
from connecthub.cli.job_apply import apply
from connecthub.cli.job_edit import delete, disable, edit, enable, history, revert
from connecthub.cli.job_export import export
from connecthub.cli.job_missed import missed
from connecthub.cli.job_why import why
from connecthub.cli.policies import policy_options


@click.group()
def job() -> None:
    """Jobs. A job is named by its name or its id."""


@job.command()
@click.argument("name")
@click.option("--handler", required=True, help="The plugin: package.module:Class.")
@click.option("--cron", required=True, help="Five fields, or @hourly, @daily, @weekly, @monthly, @yearly.")
@click.option("--timezone", help="IANA zone of the cron expression; TIMEZONE of the settings where it is left out.")
@click.option("--params", help="Settings as a JSON object: JSON, @FILE, or - for standard input.")
@click.option("--secrets", help="Secrets as a JSON object: @FILE, or - to type or pipe it.")
@click.option("--timeout", type=float, default=3600.0, show_default=True, help="Seconds until a run is stopped.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by; may be repeated.")
@click.option("--queue", default="default", show_default=True, help="The queue whose workers run it.")
@click.option("--priority", type=int, default=0, show_default=True, help="Higher runs first.")
@policy_options
@click.option("--disabled", is_flag=True, help="Do not schedule it yet.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def add(
    name: str,
    handler: str,
    cron: str,
    timezone: str | None,
    params: str | None,
    secrets: str | None,
    timeout: float,
    tags: tuple[str, ...],
    queue: str,
    priority: int,
    disabled: bool,
    as_json: bool,
    **policies: Any,
) -> None:
    """Add a job, after its schedule, plugin and settings were checked.

    \b
    Example:
      connecthub job add nightly --handler extensions.sync_oa_to_didi.job:SyncOAToDidiTokenJob \\
        --cron '0 2 * * *' --params '{"base_url": "https://oa.example.com"}' --secrets @secrets.json
    """
    from connecthub.cli.output import as_dict, local, print_json, say
    from connecthub.cli.policies import named
    from connecthub.cli.session import session
    from connecthub.cli.values import read_params, read_secrets

    given_secrets = read_secrets(secrets)
    given = {"public_cfg": read_params(params), "timeout": timeout, "enabled": not disabled, "tags": list(tags)}
    with session() as opened:
        from connecthub.control.job_settings import JobSettings
        from connecthub.control.jobs import add_job

        zone = opened.settings.timezone if timezone is None else timezone
        settings = JobSettings(name, handler, cron, zone, **given, queue=queue, priority=priority, **named(policies))
        row = add_job(opened.office, opened.actor, settings, given_secrets)
        if as_json:
            print_json({**as_dict(row), "secret_cfg": dict.fromkeys(sorted(given_secrets), "***")})
        else:
            when = f"next run {local(row.next_run_at, row.timezone)} {row.timezone}" if row.enabled else "disabled"
            say(f"job {row.id} added: {row.name}, {when}")


@job.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def list_(as_json: bool) -> None:
    """List the jobs.

    \b
    Example:
      connecthub job list
    """
    from connecthub.cli.output import NEVER_CUT, as_dict, local, print_json, print_table
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.job_reading import list_jobs

        rows = list_jobs(opened.database)
        if as_json:
            print_json([as_dict(row) for row in rows])
            return
        if not rows:
            click.echo("no jobs yet; `connecthub job add` makes one")
            return
        zone = opened.settings.timezone
        print_table(
            ["ID", "NAME", "CRON", "ZONE", f"NEXT RUN ({zone})", "HANDLER"],
            [
                (
                    row.id,
                    row.name,
                    row.cron_expr,
                    row.timezone,
                    row.schedule_error or (local(row.next_run_at, zone) if row.enabled else "disabled"),
                    row.handler_path,
                )
                for row in rows
            ],
            widest={"HANDLER": NEVER_CUT},
        )


@job.command()
@click.argument("job")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def show(job: str, as_json: bool) -> None:
    """Show a job with its settings; secrets are masked.

    \b
    Example:
      connecthub job show nightly
    """
    from connecthub.cli.output import as_dict, print_facts, print_json
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.job_reading import show_job

        row = show_job(opened.database, job)
        shown = {**as_dict(row), "secret_cfg": _masked_secrets(opened, row)}
        if as_json:
            print_json(shown)
            return
        zone = opened.settings.timezone
        print_facts({name: _for_people(value, zone) for name, value in shown.items()})


def _masked_secrets(opened: Any, row: Any) -> Any:
    """Field names → `***`, or a sentence where they cannot be read: showing a job must not fail for its key."""
    from connecthub.control.jobs import secret_fields
    from connecthub.errors import KeyFileError, SecretUnreadable

    if row.secret_cfg is None:
        return {}
    try:
        return secret_fields(opened.keys, row)
    except (SecretUnreadable, KeyFileError) as error:
        return f"cannot be read: {error}"


def _for_people(value: Any, zone: str) -> Any:
    import json
    from datetime import datetime

    from connecthub.cli.output import local

    if isinstance(value, datetime):
        return f"{local(value, zone)} {zone}"
    if isinstance(value, float):  # the timeout
        return f"{value:g} s"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False) if value else None
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


@job.command()
@click.argument("job")
@click.option("--params", help="Settings for this run only, instead of the job's: JSON, @FILE, or -.")
@click.option("--slot", metavar="TIME", help="As of this past slot, in the job's zone: '2026-11-24 02:00'.")
@click.option("--dry-run", is_flag=True, help="Send no write: only show what the run would do.")
@click.option("--in-turn", is_flag=True, help="Where the job runs already: wait until it has ended, then run.")
@click.option("--wait", is_flag=True, help="Stay until the run has ended; exit 1 if it did not succeed.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def run(
    job: str, params: str | None, slot: str | None, dry_run: bool, in_turn: bool, wait: bool, as_json: bool
) -> None:
    """Run a job now.

    In a dry run the clients of connecthub.integrations let reads out, and record writes instead of sending them; what
    a plugin writes by other means is not held back. A dry run counts nowhere as a run of the job, and alerts nobody.

    \b
    Examples:
      connecthub job run nightly
      connecthub job run nightly --wait && echo it succeeded
      connecthub job run nightly --slot '2026-11-24 02:00'
      connecthub job run nightly --dry-run --wait
    """
    from connecthub.cli.output import as_dict, print_json, say
    from connecthub.cli.session import session
    from connecthub.cli.values import read_params
    from connecthub.core.times import parse_time

    with session() as opened:
        from connecthub.control.job_logs import show_log
        from connecthub.control.job_reading import show_job
        from connecthub.control.runs import run_job

        given = None if params is None else read_params(params)
        office = opened.office
        zone = show_job(opened.database, job).timezone
        at = None if slot is None else parse_time(slot, zone, office.now())
        queued = run_job(office, opened.actor, job, given, at, in_turn=in_turn, dry_run=dry_run)
        what = "dry run" if dry_run else "run"
        if wait:
            _await_end(opened, queued.id, what, as_json)
        elif as_json:
            print_json(as_dict(show_log(opened.database, queued.id).row))
        else:
            say(f"{what} {queued.id} is queued; `connecthub log show {queued.id}` shows it")


def _await_end(opened: Any, log_id: int, what: str, as_json: bool) -> None:
    from connecthub.cli.log_detail import print_end
    from connecthub.cli.output import as_dict, print_json
    from connecthub.control.job_logs import open_retry, wait_for_end
    from connecthub.errors import RunFailed

    if not as_json:
        click.echo(f"{what} {log_id} is queued; waiting for its end, Ctrl-C leaves it to itself", err=True)
    ended = wait_for_end(opened.database, log_id)
    if as_json:
        calls = {"calls": [as_dict(call) for call in ended.calls]} if ended.row.dry_run else {}
        print_json({**as_dict(ended.row), "log": ended.text, **calls})
    else:
        print_end(ended)
    if ended.row.status != "succeeded":
        cause = (ended.row.error or "no cause given").splitlines()[0]
        again = open_retry(opened.database, ended.row)
        more = f"; run {again.id} is its retry" if again else ""
        raise RunFailed(f"run {log_id} {ended.row.status}: {cause}{more}; `connecthub log show {log_id}` has its log")


@job.command("retry-failed")
@click.argument("job")
@click.option("--since", metavar="TIME", help="Only what was queued at this time or later: 12h, 18:00, 2026-11-24 …")
@click.option("--wait", is_flag=True, help="Stay until all have ended; exit 1 if one did not succeed.")
@click.option("--in-turn", is_flag=True, help="One after another, where only one of them may run at a time.")
@click.option("--yes", is_flag=True, help="Do not ask where it is more than one.")
def retry_failed(job: str, since: str | None, wait: bool, in_turn: bool, yes: bool) -> None:
    """Run all of a job that did not succeed again; of a chain of retries only the newest.

    \b
    Example:
      connecthub job retry-failed nightly --since 12h --in-turn
    """
    from connecthub.cli.log_acts import matching, retry_chosen
    from connecthub.cli.session import session

    with session() as opened:
        chosen = matching(opened, job, None, since)
        retry_chosen(opened, chosen, same_settings=False, in_turn=in_turn, wait=wait, yes=yes)


for command in (acknowledge, apply, edit, export, enable, disable, delete, history, missed, revert, why):
    job.add_command(command)
