"""`connecthub completion`: names and options at the Tab key."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes commands and options at the Tab key.

    \b
    Examples:
      connecthub completion bash >> ~/.bashrc
      connecthub completion fish > ~/.config/fish/completions/connecthub.fish
    """
    from click.shell_completion import get_completion_class

    from connecthub.cli.main import connecthub

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(connecthub, {}, "connecthub", "_CONNECTHUB_COMPLETE").source())
