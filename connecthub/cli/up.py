"""`connecthub up`: scheduler and worker as one command."""

from __future__ import annotations

import os
import sys

import click


@click.command()
def up() -> None:
    """Run a scheduler and a worker here until Ctrl-C; creates what is not there yet.

    \b
    Example:
      connecthub up
    """
    from connecthub.control.installation import prepare
    from connecthub.core.config import load_settings
    from connecthub.core.lock_file import exclusive_lock
    from connecthub.core.logging import configure_logging
    from connecthub.service.supervisor import Supervisor

    settings = load_settings()
    settings.check_stack()
    configure_logging(settings, "up", sys.stdout)
    with exclusive_lock(settings.data_dir / "up.lock", "connecthub up"):
        database, _ = prepare(settings, migrate=settings.db_migrate)
        database.dispose()
        supervisor = Supervisor(
            {"scheduler": ["scheduler"], "worker": ["worker"]}, os.environ, settings.drain_seconds + 20
        )
        supervisor.stop_on_signals()
        click.echo(f"up: scheduler and worker on {database.name}; Ctrl-C stops them", err=True)
        supervisor.run()
