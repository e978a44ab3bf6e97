"""`connecthub job missed`: what passed while a job was disabled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from connecthub.control.missed import MissedSlots


@click.command()
@click.argument("job")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def missed(job: str, as_json: bool) -> None:
    """List the slots that passed since a job was disabled, each with the command that runs it.

    \b
    Example:
      connecthub job missed nightly
    """
    from dataclasses import asdict

    from connecthub.cli.output import local, print_json, print_table, say
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.job_reading import show_job
        from connecthub.control.missed import command_to_run, missed_slots

        row = show_job(opened.database, job)
        found = missed_slots(opened.database, row.name)
        if as_json:
            print_json({"job": row.name, "timezone": row.timezone, **asdict(found)})
        elif not found.slots:
            say(_none(row, found))
        else:
            command = "COMMAND THAT RUNS IT"
            print_table(
                [f"SLOT ({row.timezone})", command],
                [(local(slot, row.timezone), command_to_run(row.name, row.timezone, slot)) for slot in found.slots],
                widest={command: 300},
            )
            if found.more:
                click.echo(f"these are the newest {len(found.slots)}; there are older ones", err=True)


def _none(row: Any, found: MissedSlots) -> str:
    from connecthub.cli.output import local

    if row.enabled:
        return f"job {row.name} is enabled; `connecthub job why {row.name}` tells of its slots"
    if row.schedule_error:
        return f"job {row.name} has no slots: {row.schedule_error}"
    if found.since is None:
        return f"job {row.name} is disabled, and the audit trail does not tell since when"
    return f"no slot passed since job {row.name} was disabled, {local(found.since, row.timezone)} {row.timezone}"


def passed_meanwhile(row: Any, found: MissedSlots) -> str | None:
    """What to say of a job that is enabled again; None where it missed nothing."""
    from connecthub.control.missed import command_to_run

    if not found.slots:
        return None
    from connecthub.cli.output import local

    newest, count = found.slots[-1], len(found.slots)
    many = f"{'more than ' if found.more else ''}{count} slot{'' if count == 1 and not found.more else 's'}"
    at = f"{local(newest, row.timezone)[:-3]} {row.timezone}"
    return (
        f"{many} passed while it was disabled, the newest {at}: "
        f"`{command_to_run(row.name, row.timezone, newest)}` runs {'it' if count == 1 else 'one'}"
    )
