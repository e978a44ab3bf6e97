"""`connecthub db`: the database."""

from __future__ import annotations

import sys

import click

from connecthub.cli.db_import import import_


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


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def check(as_json: bool) -> None:
    """Check that the database answers, is of this program's schema, and that its secrets can be read.

    \b
    Example:
      connecthub db check
    """
    from connecthub.cli.output import print_json, say
    from connecthub.cli.session import session
    from connecthub.errors import RunFailed

    with session() as opened:
        from connecthub.control.installation import look_at_database

        found = look_at_database(opened.database, opened.keys)
        if as_json:
            print_json(found)
        else:
            say(f"{found['database']} answers; schema {found['schema']}, key {found['key']} in use")
            say(f"{found['jobs']} jobs, {found['job_logs']} JobLogs")
            for row in found["unreadable"]:
                say(f"secrets of job {row['name']}: {row['state']}")
    if found["unreadable"]:
        raise RunFailed(f"the secrets of {len(found['unreadable'])} jobs cannot be read; set them anew")


db.add_command(import_)
