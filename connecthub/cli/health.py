"""`connecthub health`: for probes."""

from __future__ import annotations

import click

PARTS = ("database", "queue", "scheduler", "worker", "ssh")


@click.command()
@click.argument("part", required=False, type=click.Choice(PARTS))
@click.option("--port", type=click.IntRange(1, 65_535), default=2222, show_default=True, help="The port of ssh.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def health(context: click.Context, part: str | None, port: int, as_json: bool) -> None:
    """Say in a line each whether this host's parts do their work: exit 0 where they do, 1 where one does not.

    Without a name it looks at the database, the queue, the scheduler and the worker.

    \b
    Examples:
      connecthub health
      connecthub health worker
      connecthub health ssh --port 2222
    """
    from connecthub.cli.output import print_json, say
    from connecthub.control.health import Health, probe
    from connecthub.core.config import load_settings
    from connecthub.errors import ConfigError

    parts = [part] if part else PARTS[:-1]
    try:
        settings = load_settings()
        settings.check_stack()
    except ConfigError as error:
        found = [Health(part or "settings", False, str(error))]
    else:
        found = [probe(name, settings, port) for name in parts]
    if as_json:
        print_json([{"part": each.part, "good": each.good, "text": each.text} for each in found])
    else:
        for each in found:
            say(f"{each.part}: {'' if each.good else 'NOT WELL, '}{each.text}")
    context.exit(0 if all(each.good for each in found) else 1)
