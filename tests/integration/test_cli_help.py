"""`--help`: at once, whatever the settings say, with an example for each command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from connecthub.cli import main
from connecthub.cli.main import connecthub
from tests.cli import Cli, bare_environment

HEAVY = (
    "alembic",
    "connecthub.core.config",
    "cryptography",
    "httpx",
    "huey",
    "psycopg",
    "pydantic",
    "redis",
    "sqlalchemy",
)
HELP = """
import sys
from connecthub.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end
print(*sorted(sys.modules))
"""


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every group and command with the words that lead to it."""
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands(connecthub))
COMMANDS = [path for path, command in ALL.items() if not isinstance(command, click.Group)]
GROUPS = [path for path, command in ALL.items() if isinstance(command, click.Group)]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_each_command_is_explained_with_an_example_of_itself(path: tuple[str, ...]):
    command = ALL[path]
    with click.Context(command, info_name=" ".join(("connecthub", *path))) as context:
        text = command.get_help(context)
    assert f"  connecthub {' '.join(path)}" in text.partition("Example")[2]
    assert command.get_short_help_str(limit=200).endswith((".", "`."))
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.help.endswith((".", "…")), option.name
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", ["job", "log", "plugin", "db", "key"])
def test_the_list_of_groups_names_their_commands(name: str):
    line = main.COMMANDS[name][1]
    group = ALL[name,]
    assert isinstance(group, click.Group)
    assert [command for command in group.commands if command not in line] == []


@pytest.mark.parametrize("path", [*GROUPS, ("job", "add"), ("plugin", "run"), ("worker",)], ids=" ".join)
def test_help_imports_nothing_heavy(path: tuple[str, ...], tmp_path: Path):
    ran = subprocess.run([sys.executable, "-c", HELP, *path, "--help"], capture_output=True, text=True, cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "connecthub.cli.main" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_help_and_version_answer_where_the_settings_make_no_sense(tmp_path: Path):
    cli = Cli(bare_environment(WORKERS="none", DB_URL="nonsense"), tmp_path)
    for words in (("--help",), ("-h",), ("job", "--help"), ("job", "list", "-h"), ("--version",)):
        ran = cli(*words)
        assert (ran.code, ran.err) == (0, ""), words
        assert ran.out
