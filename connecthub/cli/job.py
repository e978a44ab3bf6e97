"""`connecthub job`: what runs, when, with which settings."""

from __future__ import annotations

from typing import Any

import click


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
    disabled: bool,
    as_json: bool,
) -> None:
    """Add a job, after its schedule, plugin and settings were checked.

    \b
    Example:
      connecthub job add nightly --handler extensions.sync_oa_to_didi.job:SyncOAToDidiTokenJob \\
        --cron '0 2 * * *' --params '{"base_url": "https://oa.example.com"}' --secrets @secrets.json
    """
    from connecthub.cli.output import as_dict, local, print_json, say
    from connecthub.cli.session import session
    from connecthub.cli.values import read_params, read_secrets

    given_params, given_secrets = read_params(params), read_secrets(secrets)
    with session() as opened:
        from connecthub.control.jobs import NewJob, add_job
        from connecthub.core.clock import SystemClock
        from connecthub.runner.launcher_process import LauncherProcess
        from connecthub.runner.questions import PluginQuestions

        settings = opened.settings
        new = NewJob(
            name=name,
            handler_path=handler,
            cron_expr=cron,
            timezone=settings.timezone if timezone is None else timezone,
            params=given_params,
            secrets=given_secrets,
            timeout=timeout,
            enabled=not disabled,
        )
        with LauncherProcess() as launcher:
            questions = PluginQuestions(settings, launcher)
            row = add_job(opened.database, opened.keys, questions, opened.actor, new, SystemClock().now())
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
    from connecthub.cli.output import as_dict, local, print_json, print_table
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.jobs import list_jobs

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
        from connecthub.control.jobs import show_job

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
@click.option("--wait", is_flag=True, help="Stay until the run has ended; exit 1 if it did not succeed.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def run(job: str, wait: bool, as_json: bool) -> None:
    """Run a job now.

    \b
    Examples:
      connecthub job run nightly
      connecthub job run nightly --wait && echo it succeeded
    """
    from connecthub.cli.output import as_dict, print_json
    from connecthub.cli.session import session
    from connecthub.errors import RunFailed

    with session() as opened:
        from connecthub.control.job_logs import show_log, wait_for_end
        from connecthub.control.jobs import run_job
        from connecthub.tasks.huey_app import Ringer, signers

        ringer = Ringer(opened.settings, signers(opened.settings, opened.keys))
        try:
            queued = run_job(opened.database, ringer.ring, opened.actor, job)
        finally:
            ringer.close()
        if not wait:
            if as_json:
                print_json(as_dict(show_log(opened.database, queued.id).row))
            else:
                click.echo(f"run {queued.id} is queued; `connecthub log show {queued.id}` shows it")
            return
        if not as_json:
            click.echo(f"run {queued.id} is queued; waiting for its end, Ctrl-C leaves it to itself", err=True)
        ended = wait_for_end(opened.database, queued.id)
        if as_json:
            print_json({**as_dict(ended.row), "log": ended.text})
        else:
            click.echo(f"run {queued.id} {ended.row.status}")
        if ended.row.status != "succeeded":
            cause = (ended.row.error or "no cause given").splitlines()[0]
            raise RunFailed(
                f"run {queued.id} {ended.row.status}: {cause}; `connecthub log show {queued.id}` has its log"
            )
