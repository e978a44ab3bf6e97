"""`connecthub job edit | enable | disable | delete | history | revert`: changing jobs, and taking it back."""

from __future__ import annotations

import json
from typing import Any

import click

from connecthub.cli.policies import policy_options
from connecthub.cli.reasons import reason_option


@click.command()
@click.argument("job")
@click.option("--name", help="A new name.")
@click.option("--handler", help="Another plugin: package.module:Class.")
@click.option("--cron", help="Another cron expression.")
@click.option("--timezone", help="Another IANA zone.")
@click.option("--params", help="Other settings, instead of all there are: JSON, @FILE, or - for standard input.")
@click.option("--secrets", help="Secrets to set, the others stay: @FILE, or - to type or pipe a JSON object.")
@click.option("--clear-secret", "clear", multiple=True, metavar="NAME", help="Forget this secret; may be repeated.")
@click.option("--replace-secrets", is_flag=True, help="Forget all secrets that --secrets does not set.")
@click.option("--timeout", type=float, help="Seconds until a run is stopped.")
@click.option("--tag", "tags", multiple=True, help="The job's tags, instead of all there are; may be repeated.")
@click.option("--priority", type=int, help="Higher runs first.")
@click.option("--queue", help="The queue whose workers run it.")
@policy_options
@click.option("--if-version", type=int, metavar="N", help="Only if the job is still at this version.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def edit(
    job: str,
    name: str | None,
    handler: str | None,
    cron: str | None,
    timezone: str | None,
    params: str | None,
    secrets: str | None,
    clear: tuple[str, ...],
    replace_secrets: bool,
    timeout: float | None,
    tags: tuple[str, ...],
    priority: int | None,
    queue: str | None,
    if_version: int | None,
    as_json: bool,
    **policies: Any,
) -> None:
    """Change a job's settings; what is not named stays. A new schedule counts from now.

    \b
    Examples:
      connecthub job edit nightly --cron '30 2 * * *'
      connecthub job edit nightly --params @params.json --if-version 4
      connecthub job edit nightly --secrets -
    """
    from connecthub.cli.output import as_dict, print_json, say
    from connecthub.cli.session import session
    from connecthub.cli.values import read_params, read_secrets
    from connecthub.errors import ConfigError, Refused

    given = {
        "name": name,
        "handler_path": handler,
        "cron_expr": cron,
        "timezone": timezone,
        "public_cfg": None if params is None else read_params(params),
        "timeout": timeout,
        "tags": list(tags) or None,
        "priority": priority,
        "queue": queue,
        **policies,
    }
    changes = {column: value for column, value in given.items() if value is not None}
    with session() as opened:
        from connecthub.control.job_reading import show_job
        from connecthub.control.jobs import SecretChanges, edit_job

        secret_changes = SecretChanges(read_secrets(secrets), clear, replace_secrets)
        if not changes and not secret_changes:
            raise ConfigError("nothing to change; name a setting, see `connecthub job edit --help`")
        seen = show_job(opened.database, job)
        if if_version is not None and seen.version != if_version:
            raise Refused(
                f"job {seen.name} is at version {seen.version}, not {if_version}; `connecthub job history` tells"
            )
        row = edit_job(opened.office, opened.actor, seen, changes, secret_changes)
        if as_json:
            print_json({**as_dict(row), "secret_cfg": None})
        elif row.version == seen.version:
            say(f"job {row.name} is so already; nothing was saved")
        else:
            say(f"job {row.name} saved as version {row.version}; `connecthub job revert {row.id}` takes it back")


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
def enable(jobs: tuple[str, ...]) -> None:
    """Schedule jobs again: their next run counts from now, past slots do not run by themselves.

    \b
    Example:
      connecthub job enable nightly
    """
    _set_enabled(jobs, True)


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@reason_option
def disable(jobs: tuple[str, ...], reason: str | None) -> None:
    """Stop scheduling jobs; what is queued or running goes on.

    \b
    Examples:
      connecthub job disable nightly
      connecthub job disable nightly --reason 'their server moves on Friday'
    """
    _set_enabled(jobs, False, reason)


def _set_enabled(jobs: tuple[str, ...], enabled: bool, reason: str | None = None) -> None:
    from connecthub.cli.job_missed import passed_meanwhile
    from connecthub.cli.output import local, say
    from connecthub.cli.session import session

    word = "enabled" if enabled else "disabled"
    with session() as opened:
        from connecthub.control.job_reading import show_job
        from connecthub.control.jobs import set_enabled
        from connecthub.control.missed import NONE, missed_slots

        for reference in jobs:
            seen = show_job(opened.database, reference)
            missed = missed_slots(opened.database, seen.name) if enabled else NONE  # once it is enabled it has none
            row = set_enabled(opened.office, opened.actor, seen, enabled, reason)
            when = f", next run {local(row.next_run_at, row.timezone)} {row.timezone}" if enabled else ""
            say(f"job {row.name} is {word}{' already' if row.version == seen.version else ''}{when}")
            if passed := passed_meanwhile(row, missed):
                say(passed)


@click.command()
@click.argument("job")
@reason_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(job: str, reason: str | None, yes: bool) -> None:
    """Delete a job and cancel what it has queued; its JobLogs stay. It cannot be undone.

    \b
    Examples:
      connecthub job delete nightly
      connecthub job delete nightly --reason 'replaced by nightly-2'
    """
    from connecthub.cli.output import say
    from connecthub.cli.questions import ask_for_text
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.job_reading import show_job
        from connecthub.control.jobs import delete_job

        row = show_job(opened.database, job)
        if not yes:
            ask_for_text(f"delete job {row.name} of {opened.settings.instance_name} for good? Type its name", row.name)
        cancelled = delete_job(opened.office, opened.actor, str(row.id) if row.name != job else job, reason)
        say(f"job {row.name} is deleted, {cancelled} queued runs cancelled; its JobLogs stay")


@click.command()
@click.argument("job")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def history(job: str, as_json: bool) -> None:
    """Show who saved a job when, and what each save changed.

    \b
    Example:
      connecthub job history nightly
    """
    from connecthub.cli.output import local, print_json, print_table
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.revisions import history

        saves = history(opened.database, job)
        if as_json:
            print_json([_save_as_json(save) for save in saves])
            return
        zone = opened.settings.timezone
        print_table(
            ["VERSION", f"SAVED ({zone})", "BY", "CHANGED"],
            [(save.version, local(save.saved_at, zone), save.actor, _told(save)) for save in saves],
            widest={"CHANGED": 200},
        )


def _save_as_json(save: Any) -> dict[str, Any]:
    changes: dict[str, Any] = {
        name: {"before": before, "after": after} for name, (before, after) in save.changes.items()
    }
    if save.secrets_changed:
        changes["secrets"] = "changed"
    return {"version": save.version, "saved_at": save.saved_at, "actor": save.actor, "changes": changes}


def _told(save: Any) -> str:
    if save.version == 1:
        return "added"
    told = [
        f"{name}: {json.dumps(before, ensure_ascii=False)} → {json.dumps(after, ensure_ascii=False)}"
        for name, (before, after) in save.changes.items()
    ]
    return "; ".join([*told, *(["secrets changed"] if save.secrets_changed else [])]) or "nothing"


@click.command()
@click.argument("job")
@click.option("--version", type=int, metavar="N", help="The version to go back to; the one before the last otherwise.")
def revert(job: str, version: int | None) -> None:
    """Save the settings of an earlier version anew; secrets stay as they are now.

    \b
    Examples:
      connecthub job revert nightly
      connecthub job revert nightly --version 3
    """
    from connecthub.cli.output import say
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.job_reading import show_job
        from connecthub.control.revisions import revert

        seen = show_job(opened.database, job)
        row = revert(opened.office, opened.actor, job, version)
        if row.version == seen.version:
            say(f"job {row.name} has those settings already; nothing was saved")
        else:
            say(f"job {row.name} saved as version {row.version}, with its earlier settings; secrets stay as they are")
