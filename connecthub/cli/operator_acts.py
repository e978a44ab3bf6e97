"""`connecthub operator enable | disable | remove` and `operator key add | remove`: who is let in, and with what."""

from __future__ import annotations

import shlex

import click

from connecthub.cli.reasons import reason_option


@click.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let a disabled person in again.

    \b
    Example:
      connecthub operator enable carol
    """
    _set_enabled(name, True, None)


@click.command()
@click.argument("name")
@reason_option
def disable(name: str, reason: str | None) -> None:
    """Let a person in no more, and refuse what they do in a session that is open; their keys stay.

    \b
    Example:
      connecthub operator disable carol --reason 'on leave until March'
    """
    _set_enabled(name, False, reason)


def _set_enabled(name: str, enabled: bool, reason: str | None) -> None:
    from connecthub.cli.output import say
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.operators import Register, get_operator, set_operator_enabled

        already = get_operator(opened.database, name).row.enabled == enabled
        set_operator_enabled(Register(opened.database, opened.settings), opened.actor, name, enabled, reason)
    state = f"{'enabled' if enabled else 'disabled'}{' already' if already else ''}"
    undo = f"connecthub operator {'disable' if enabled else 'enable'} {shlex.quote(name)}"
    follows = "" if enabled else ", and refused in a session that is open"
    say(f"operator {name} is {state}{follows}; `{undo}` takes it back")


@click.command()
@click.argument("name")
@reason_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, reason: str | None, yes: bool) -> None:
    """Remove a person and all their keys; what they did stays in the audit trail. It cannot be undone.

    \b
    Example:
      connecthub operator remove carol --reason 'has left the company'
    """
    from connecthub.cli.output import say
    from connecthub.cli.questions import ask_for_text
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.operators import Register, get_operator, remove_operator

        count = len(get_operator(opened.database, name).keys)
        keys = f"{count} key{'' if count == 1 else 's'}"
        if not yes:
            instance = opened.settings.instance_name
            ask_for_text(f"remove operator {name} and {keys} from {instance} for good? Type the name", name)
        remove_operator(Register(opened.database, opened.settings), opened.actor, name, reason)
    say(f"operator {name} is removed with {keys}; what they did stays in the audit trail")


@click.group()
def key() -> None:
    """The keys of a person: add, remove."""


@key.command()
@click.argument("name")
@click.argument("file")
def add(name: str, file: str) -> None:
    """Give a person one more key, or several.

    FILE ends in .pub and holds a key a line; - reads standard input.

    \b
    Example:
      connecthub operator key add carol laptop.pub
    """
    from connecthub.cli.output import say
    from connecthub.cli.public_keys import read_keys
    from connecthub.cli.session import session

    keys = read_keys([file])
    with session() as opened:
        from connecthub.control.operators import Register, add_key

        row = add_key(Register(opened.database, opened.settings), opened.actor, name, *keys).row
    may = f"may come in with it as {row.role}" if row.enabled else "may come in with it once they are enabled"
    for each in keys:
        say(f"key {each.fingerprint} is added: {name} {may}")


@key.command("remove")
@click.argument("name")
@click.argument("fingerprint")
@reason_option
def remove_(name: str, fingerprint: str, reason: str | None) -> None:
    """Take a key from a person, by its fingerprint or the beginning of it; a session that came with it is refused.

    \b
    Examples:
      connecthub operator key remove carol SHA256:jX1Q --reason 'laptop was stolen'
      ssh-keygen -lf carol.pub
    """
    from connecthub.cli.output import say
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.operators import Register, remove_key

        left = remove_key(Register(opened.database, opened.settings), opened.actor, name, fingerprint, reason).keys
    rest = f"{len(left)} left" if left else "none left, so nobody comes in under that name"
    say(f"the key is removed from operator {name}: {rest}; what came in with it is refused with its next act")
