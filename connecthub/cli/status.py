"""`connecthub status`: what needs a person now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connecthub.control.overview import Overview
    from connecthub.core.config import Settings

LINES = 10
SHOWN_WORKERS = 3


@click.command()
@click.option("--workers", is_flag=True, help="List the worker processes, also those lost within a day.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def status(workers: bool, as_json: bool) -> None:
    """Say in ten lines what needs a person now.

    \b
    Examples:
      connecthub status
      connecthub status --workers
    """
    from connecthub.cli.output import print_json
    from connecthub.cli.session import session
    from connecthub.core.safe_text import safe_text

    with session() as opened:
        from connecthub.control.overview import look

        seen = look(opened.database, opened.settings.lease_seconds)
        queue_problem = _queue_problem(opened.settings)
        if workers and not as_json:
            _print_workers(seen, opened.settings.timezone)
        elif as_json:
            print_json(_as_json(seen, queue_problem))
        else:
            for line in _lines(seen, queue_problem, opened.settings.timezone):
                click.echo(safe_text(line))


def _queue_problem(settings: Settings) -> str | None:
    from connecthub.errors import QueueUnreachable
    from connecthub.tasks.huey_app import check_queue

    try:
        check_queue(settings)
    except QueueUnreachable as error:
        return str(error)
    return None


def _lines(seen: Overview, queue_problem: str | None, zone: str) -> list[str]:
    from connecthub.cli.output import local

    wrong = [f"queue: {queue_problem}"] if queue_problem else []
    if not seen.workers:
        wrong.append("no worker gives a sign of life; start `connecthub up` or `connecthub worker`")
    served = {row.queue for row in seen.workers}
    wrong += [
        f"queue {row.queue}: nobody serves it since worker {row.host}:{row.pid} was lost at {local(row.seen_at, zone)}"
        for row in {row.queue: row for row in seen.lost_workers if row.queue not in served}.values()
    ]
    if seen.overdue:
        wrong.append(f"{seen.overdue} jobs are overdue: no scheduler runs, or it does not keep up")
    wrong += [f"job {row.name}: {row.schedule_error}" for row in seen.schedule_errors]
    wrong += [f"run {row.id} of {row.job_name}: its worker gives no sign of life" for row in seen.lost]
    wrong += [f"job {row.name} {row.status} (run {row.id}): {_first_line(row.error)}" for row in seen.failing]
    facts = [
        f"{len(seen.running)} running, {seen.waiting} waiting"
        + (f" since {local(seen.waiting_since, zone)}" if seen.waiting_since else "")
        + f", {len(seen.workers)} workers; {local(seen.at, zone)} {zone}"
    ]
    if seen.workers:
        shown = [f"{row.host}:{row.pid} {row.queue} {row.busy} of {row.threads} busy" for row in seen.workers]
        more = f", and {len(shown) - SHOWN_WORKERS} more" if len(shown) > SHOWN_WORKERS else ""
        facts.append(f"workers: {', '.join(shown[:SHOWN_WORKERS])}{more}")
    if seen.next_runs:
        upcoming = ", ".join(f"{row.name} {local(row.next_run_at, zone)}" for row in seen.next_runs)
        facts.append(f"next: {upcoming}")
    room = LINES - len(facts)
    if len(wrong) > room:
        wrong = [
            *wrong[: room - 1],
            f"and {len(wrong) - room + 1} more; `connecthub log list --status failed` shows runs",
        ]
    return [*(wrong or ["nothing needs a person"]), *facts]


def _print_workers(seen: Overview, zone: str) -> None:
    from connecthub.cli.output import local, print_table

    listed = [*seen.workers, *seen.lost_workers]
    if not listed:
        click.echo("no worker gave a sign of life within a day; `connecthub up` or `connecthub worker` starts one")
        return
    print_table(
        ["WORKER", "QUEUE", "BUSY", "STATE", f"LAST SIGN ({zone})", f"STARTED ({zone})", "VERSION"],
        [
            (
                f"{row.host}:{row.pid}",
                row.queue,
                f"{row.busy} of {row.threads}",
                "lost" if row.lost else "lives",
                local(row.seen_at, zone),
                local(row.started_at, zone),
                row.version,
            )
            for row in listed
        ],
    )


def _first_line(text: str | None) -> str:
    return text.splitlines()[0] if text else "no cause given"


def _as_json(seen: Overview, queue_problem: str | None) -> dict[str, object]:
    from connecthub.cli.output import as_dict

    return {
        "at": seen.at,
        "queue_problem": queue_problem,
        "failing": [as_dict(row) for row in seen.failing],
        "schedule_errors": [as_dict(row) for row in seen.schedule_errors],
        "lost": [as_dict(row) for row in seen.lost],
        "overdue": seen.overdue,
        "waiting": seen.waiting,
        "waiting_since": seen.waiting_since,
        "running": [as_dict(row) for row in seen.running],
        "workers": [as_dict(row) for row in seen.workers],
        "lost_workers": [as_dict(row) for row in seen.lost_workers],
        "next_runs": [as_dict(row) for row in seen.next_runs],
    }
