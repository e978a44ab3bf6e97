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


@key.command()
def add() -> None:
    """First step of a rotation: add a new key to the key file, without using it yet.

    \b
    Example:
      connecthub key add
    """
    from connecthub.cli.output import say
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.key_rotation import add_next_key

        path = opened.settings.fernet_key_path
        new = add_next_key(opened.database, opened.keys, opened.actor)
        say(f"key {new} is added to {path}; copy that file to every host, then run `connecthub key rotate`")


@key.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def rotate(as_json: bool) -> None:
    """Second step of a rotation: encrypt all secrets under the file's newest key. It may be repeated at any time.

    \b
    Example:
      connecthub key rotate
    """
    import sys
    from dataclasses import asdict

    from connecthub.cli.output import print_json, say
    from connecthub.cli.session import session
    from connecthub.errors import RunFailed

    with session() as opened:
        from connecthub.control.key_rotation import Rotation
        from connecthub.control.key_rotation import rotate as rotate_key

        def show(done: Rotation) -> None:
            if sys.stderr.isatty():
                click.echo(f"\r{done.sealed + done.already} secrets are under the new key ", nl=False, err=True)

        done = rotate_key(opened.database, opened.keys, opened.actor, opened.settings.lease_seconds, show)
        if as_json:
            print_json({**asdict(done), "left": done.left})
        else:
            say(
                f"key {done.key} is in use: {done.sealed} secrets encrypted anew, {done.already} were so, "
                f"{done.left} left"
            )
            for row in done.unreadable:
                say(f"kept as it is: {row}")
    if done.left:
        raise RunFailed(f"{done.left} secrets are not under key {done.key}; mend them and rotate again")
