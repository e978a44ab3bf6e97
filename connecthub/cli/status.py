"""`connecthub status`: what needs a person now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from connecthub.control.needs import Need
    from connecthub.control.overview import Overview

LINES = 10
SHOWN_WORKERS = 3
SHOWN_NEXT = 3


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
        from connecthub.control.overview import look, queue_problem

        seen = look(opened.database, opened.settings)
        problem = queue_problem(opened.settings)
        if workers and not as_json:
            _print_workers(seen, opened.settings.timezone)
        elif as_json:
            print_json(_as_json(seen, problem))
        else:
            for line in _lines(seen, problem, opened.settings.timezone):
                click.echo(safe_text(line))


def _lines(seen: Overview, queue_problem: str, zone: str) -> list[str]:
    from connecthub.cli.output import local
    from connecthub.control.needs import needs

    wrong = [f"queue: {queue_problem}"] if queue_problem else []
    wrong += [_sentence(need, zone) for need in needs(seen) if need.kind != "acknowledged"]
    count = len(wrong) + seen.failing_count - len(seen.failing)
    acknowledged = f", {seen.acknowledged_count} acknowledged" if seen.acknowledged_count else ""
    facts = [
        f"{len(seen.running)} running, {seen.waiting} waiting"
        + (f" since {local(seen.waiting_since, zone)}" if seen.waiting_since else "")
        + f", {len(seen.workers)} workers{acknowledged}; {local(seen.at, zone)} {zone}"
    ]
    if seen.workers:
        shown = [f"{row.host}:{row.pid} {row.queue} {row.busy} of {row.threads} busy" for row in seen.workers]
        more = f", and {len(shown) - SHOWN_WORKERS} more" if len(shown) > SHOWN_WORKERS else ""
        facts.append(f"workers: {', '.join(shown[:SHOWN_WORKERS])}{more}")
    if seen.next_runs:
        upcoming = ", ".join(f"{row.name} {local(row.next_run_at, zone)}" for row in seen.next_runs[:SHOWN_NEXT])
        facts.append(f"next: {upcoming}")
    room = LINES - len(facts)
    if len(wrong) > room:
        wrong = [
            *wrong[: room - 1],
            f"and {count - room + 1} more; `connecthub log list --status failed` shows runs",
        ]
    return [*(wrong or ["nothing needs a person"]), *facts]


def _sentence(need: Need, zone: str) -> str:
    from connecthub.cli.output import local

    at = local(need.at, zone)
    match need.kind:
        case "no_worker":
            return "no worker gives a sign of life; start `connecthub up` or `connecthub worker`"
        case "unserved":
            return f"queue {need.name}: nobody serves it since worker {need.by} was lost at {at}"
        case "overdue":
            return f"{need.number:.0f} jobs are overdue: no scheduler runs, or it does not keep up"
        case "schedule":
            return f"job {need.name}: {need.text}"
        case "lost":
            return f"run {need.log_id} of {need.name}: its worker gives no sign of life"
        case "near_timeout":
            return f"run {need.log_id} of {need.name}: over 80 % of its timeout of {need.number:g} s are used"
        case "long":
            return f"run {need.log_id} of {need.name}: runs since {at}, usually it takes {need.number:.1f} s"
        case _:
            return f"job {need.name} {need.status} (run {need.log_id}): {_first_line(need.text)}"


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


def _as_json(seen: Overview, queue_problem: str) -> dict[str, object]:
    from connecthub.cli.output import as_dict
    from connecthub.control.needs import needs

    return {
        "at": seen.at,
        "queue_problem": queue_problem or None,
        "failing": [_of_run(row) for row in seen.failing],
        "failing_count": seen.failing_count,
        "acknowledged": [_of_run(row) for row in seen.acknowledged],
        "acknowledged_count": seen.acknowledged_count,
        "schedule_errors": [as_dict(row) for row in seen.schedule_errors],
        "lost": [as_dict(row) for row in seen.lost],
        "long": [
            {"id": need.log_id, "job_name": need.name, "started_at": need.at, "why": need.kind, "seconds": need.number}
            for need in needs(seen)
            if need.kind in ("long", "near_timeout")
        ],
        "overdue": seen.overdue,
        "waiting": seen.waiting,
        "waiting_since": seen.waiting_since,
        "running": [as_dict(row) for row in seen.running],
        "workers": [as_dict(row) for row in seen.workers],
        "lost_workers": [as_dict(row) for row in seen.lost_workers],
        "next_runs": [as_dict(row) for row in seen.next_runs],
        "hours_from": seen.hours_from,
        "hours": list(seen.hours),
    }


def _of_run(row: Any) -> dict[str, object]:
    """A row without the counts, which are those of all rows."""
    from connecthub.cli.output import as_dict

    return {name: value for name, value in as_dict(row).items() if name not in ("failing", "acknowledged")}
