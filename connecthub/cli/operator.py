"""`connecthub operator`: who may come over SSH."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from connecthub.cli.operator_acts import disable, enable, key, remove

if TYPE_CHECKING:
    from connecthub.control.operators import Operator

ROLES = click.Choice(["viewer", "operator", "admin"])
LANGUAGES = click.Choice(["en", "zh"])
FOLLOW = "this host knows it now; others that run `connecthub ssh sync` follow within ten seconds"


@click.group()
def operator() -> None:
    """Who may come over SSH, with which keys, and what each may do.

    A viewer reads. An operator also runs, retries, cancels, enables, disables, adds and edits jobs, and replaces their
    secrets. An admin also deletes jobs and manages operators. In a shell on the host you are always admin.
    """


operator.add_command(enable)
operator.add_command(disable)
operator.add_command(remove)
operator.add_command(key)


@operator.command()
@click.argument("name")
@click.option("--role", type=ROLES, required=True, help="What the person may do.")
@click.option("--key", "files", multiple=True, required=True, metavar="FILE", help="Public keys; may be repeated.")
@click.option("--language", type=LANGUAGES, help="Of the control center; UI_LANG otherwise.")
def add(name: str, role: str, files: tuple[str, ...], language: str | None) -> None:
    """Let a person come in with their SSH keys.

    A FILE ends in .pub and holds a key a line; - reads standard input.

    \b
    Examples:
      connecthub operator add carol --role operator --key carol.pub
      ssh-add -L | connecthub operator add carol --role admin --language zh --key -
    """
    from connecthub.cli.output import say
    from connecthub.cli.public_keys import read_keys
    from connecthub.cli.session import session
    from connecthub.control.actor import Role

    keys = read_keys(files)
    with session() as opened:
        from connecthub.control.operators import Register, add_operator

        register = Register(opened.database, opened.settings)
        added = add_operator(register, opened.actor, name, Role(role), keys, language or "")
    for each in added.keys:
        say(f"{name} may come in with key {each.fingerprint} as {role}")
    say(FOLLOW)


@operator.command()
@click.argument("name")
@click.option("--role", type=ROLES, help="What the person may do from now on.")
@click.option("--language", type=click.Choice(["en", "zh", ""]), help="Of the control center; '' for UI_LANG.")
def edit(name: str, role: str | None, language: str | None) -> None:
    """Change what a person may do, or their language; what is not named stays.

    \b
    Examples:
      connecthub operator edit carol --role viewer
      connecthub operator edit carol --language zh
    """
    from connecthub.cli.output import say
    from connecthub.cli.session import session
    from connecthub.control.actor import Role
    from connecthub.errors import ConfigError

    if role is None and language is None:
        raise ConfigError("nothing to change; give --role or --language, see `connecthub operator edit --help`")
    with session() as opened:
        from connecthub.control.operators import Register, edit_operator, get_operator

        before = get_operator(opened.database, name).row
        register = Register(opened.database, opened.settings)
        row = edit_operator(register, opened.actor, name, role=Role(role) if role else None, language=language).row
    if (row.role, row.language) == (before.role, before.language):
        say(f"operator {name} is so already; nothing was changed")
        return
    changed = [] if row.role == before.role else [f"{row.role} now, was {before.role}"]
    changed += [] if row.language == before.language else [f"{_language(row)} now, was {_language(before)}"]
    say(f"operator {name}: {'; '.join(changed)}; a session that is open has the new role with its next act")


@operator.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def list_(as_json: bool) -> None:
    """List people with their keys, a line for each key.

    \b
    Examples:
      connecthub operator list
      connecthub operator list --json
    """
    from connecthub.cli.output import local, print_json, print_table
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.operators import list_operators

        people, zone = list_operators(opened.database), opened.settings.timezone
    if as_json:
        print_json([_as_json(each) for each in people])
        return
    if not people:
        click.echo("nobody may come over SSH yet; `connecthub operator add NAME --role admin --key FILE` lets one in")
        return
    rows = []
    for each in people:
        person = (each.row.name, each.row.role, each.row.language or "-", _state(each))
        keys = [(key.fingerprint, _type(key), key.comment, local(key.created_at, zone)[:10]) for key in each.keys]
        rows += [(*person, *key) for key in keys or [("no key",)]]
    rows = [row + ("",) * (8 - len(row)) for row in rows]
    print_table(
        ["NAME", "ROLE", "LANGUAGE", "STATE", "KEY", "TYPE", "COMMENT", f"SINCE ({zone})"], rows, {"COMMENT": 20}
    )


@operator.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def show(name: str, as_json: bool) -> None:
    """Show one person and their keys.

    \b
    Example:
      connecthub operator show carol
    """
    from connecthub.cli.output import local, print_facts, print_json, print_table
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.operators import get_operator

        person, zone = get_operator(opened.database, name), opened.settings.timezone
    if as_json:
        print_json(_as_json(person))
        return
    row = person.row
    facts = {"name": row.name, "role": row.role, "language": _language(row), "state": _state(person)}
    facts |= {"since": f"{local(row.created_at, zone)} {zone}", "changed": f"{local(row.updated_at, zone)} {zone}"}
    print_facts(facts)
    click.echo()
    keys = [(key.fingerprint, _type(key), key.comment, local(key.created_at, zone)) for key in person.keys]
    if keys:
        print_table(["KEY", "TYPE", "COMMENT", f"SINCE ({zone})"], keys)
    else:
        click.echo("no key; `connecthub operator key add` gives one")


def _state(person: Operator) -> str:
    return "enabled" if person.row.enabled else "disabled"


def _language(row: Any) -> str:
    return {"en": "English", "zh": "Chinese"}.get(row.language, "by UI_LANG")


def _type(key: Any) -> str:
    """The type without what says that it is of SSH, as `ssh-keygen` names it where it is short."""
    return key.public_key.split()[0].removeprefix("ssh-")


def _as_json(person: Operator) -> dict[str, Any]:
    from connecthub.cli.output import as_dict

    keys = [{**as_dict(key), "type": key.public_key.split()[0]} for key in person.keys]
    return {**as_dict(person.row), "keys": keys}
