"""The command line documents itself: each command has an example, and each example is one that it takes."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from connecthub.cli.main import connecthub
from tests.docs import calls, refusal


def leaves(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, with all its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(leaves(connecthub, "connecthub"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_an_example_of_itself_that_it_takes(name: str) -> None:
    text = COMMANDS[name].help or ""
    assert "Example" in text
    own = [call for call in calls(text) if " ".join(["connecthub", *call]).startswith(name)]
    assert own
    assert [refusal(call) for call in own if refusal(call)] == []


def test_the_examples_of_the_program_itself_are_taken() -> None:
    found = calls(connecthub.help or "")
    assert len(found) > 2
    assert [refusal(call) for call in found if refusal(call)] == []
