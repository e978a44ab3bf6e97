"""`connecthub key`: the key that encrypts secrets."""

from __future__ import annotations

import click


@click.group()
def key() -> None:
    """The key that encrypts secrets."""


@key.command()
def init() -> None:
    """Make the key file, if there is none.

    \b
    Example:
      connecthub key init
    """
    from connecthub.cli.output import say
    from connecthub.control.actor import local_actor
    from connecthub.control.installation import init_key
    from connecthub.core.config import load_settings

    settings = load_settings()
    fingerprint = init_key(settings, local_actor())
    say(f"{settings.fernet_key_path} is made, key {fingerprint}; keep a copy apart from the database's backups")


@key.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def check(as_json: bool) -> None:
    """Check that the key file is safe and that it is the one in use.

    \b
    Example:
      connecthub key check
    """
    from connecthub.cli.output import print_json, say
    from connecthub.cli.session import session

    with session() as opened:
        keys = opened.keys
        if as_json:
            print_json({"file": str(opened.settings.fernet_key_path), "fingerprints": list(keys.fingerprints)})
        else:
            say(f"{opened.settings.fernet_key_path} is the key in use: {', '.join(keys.fingerprints)}")
