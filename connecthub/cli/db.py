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
    from connecthub.cli.output import say
    from connecthub.control.actor import local_actor
    from connecthub.control.installation import upgrade as upgrade_installation
    from connecthub.core.config import load_settings
    from connecthub.core.logging import configure_logging
    from connecthub.errors import Refused

    settings = load_settings()
    settings.check_stack()
    if not settings.db_migrate:
        raise Refused(
            "DB_MIGRATE is off; run `DB_MIGRATE=on connecthub db upgrade` with an account that may change tables"
        )
    configure_logging(settings, "cli", sys.stderr)
    database = upgrade_installation(settings, local_actor())
    database.dispose()
    say(f"{database.name} is up to date")
