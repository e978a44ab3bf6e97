"""`connecthub db`: the database."""

from __future__ import annotations

import sys

import click


@click.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Create the database and its key, or bring its schema up to this program.

    \b
    Example:
      connecthub db upgrade
    """
    from connecthub.control.installation import prepare
    from connecthub.core.config import load_settings
    from connecthub.core.logging import configure_logging

    settings = load_settings()
    settings.check_stack()
    configure_logging(settings, "cli", sys.stderr)
    database, _ = prepare(settings, migrate=True)
    database.dispose()
    click.echo(f"{database.name} is up to date")
