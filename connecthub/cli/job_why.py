"""`connecthub job why`: the last slots of a job, explained."""

from __future__ import annotations

import click


@click.command()
@click.argument("job")
@click.option("--count", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many slots.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def why(job: str, count: int, as_json: bool) -> None:
    """Explain in plain words why a job did or did not run: its last slots, the newest first.

    \b
    Examples:
      connecthub job why nightly
      connecthub job why nightly --count 100
    """
    from dataclasses import asdict

    from connecthub.cli.output import local, print_json, print_table
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.verdicts import explain

        told = explain(opened.database, job, count)
        if as_json:
            print_json(asdict(told))
            return
        zone, what = told.timezone, f"WHAT BECAME OF IT ({told.cron_expr})"
        print_table(
            [f"SLOT ({zone})", "RUN", what],
            [
                (local(None if each.kind == "none" else each.at, zone), each.log, each.words)
                for each in (told.next, *told.verdicts)
            ],
            widest={what: 300},
        )
