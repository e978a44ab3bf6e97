"""`connecthub queue`: what waits, and who serves it."""

from __future__ import annotations

import click


@click.group()
def queue() -> None:
    """Queues: what waits in each, what runs, how many workers serve it."""


@queue.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def list_(as_json: bool) -> None:
    """List the queues that have rows or workers, those that nobody serves first.

    \b
    Examples:
      connecthub queue list
      connecthub queue list --json
    """
    from dataclasses import asdict

    from connecthub.cli.output import local, print_json, print_table
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.queues import look_at_floor

        found = look_at_floor(opened.database, opened.settings.lease_seconds).queues
        if as_json:
            print_json([{**asdict(each), "unserved": each.unserved} for each in found])
            return
        if not found:
            click.echo("no queue yet: nothing waits or runs, and no worker gave a sign of life within a day")
            return
        zone = opened.settings.timezone
        print_table(
            ["QUEUE", "WAITING", f"OLDEST SINCE ({zone})", "LATER", "RUNNING", "WORKERS", "STATE"],
            [
                (
                    each.name,
                    each.waiting,
                    local(each.waiting_since, zone),
                    each.later,
                    each.running,
                    each.workers,
                    "nobody serves it" if each.unserved else "",
                )
                for each in found
            ],
        )
