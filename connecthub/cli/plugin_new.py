"""`connecthub plugin new`: the files of a new plugin."""

from __future__ import annotations

import click


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Write a new plugin: a folder with a job, its settings, and tests that pass.

    It goes into the first of PLUGIN_PACKAGES, below EXTENSIONS_DIR. What is there already stays as it is.

    \b
    Example:
      connecthub plugin new demo_job
    """
    from connecthub.cli.output import say
    from connecthub.core.config import load_settings
    from connecthub.plugins.scaffold import write_plugin

    settings = load_settings()
    written = write_plugin(name, settings.extensions_dir, settings.plugin_packages)
    for path in written.files:
        say(f"wrote {_short(path)}")
    click.echo()
    say("Next:")
    say(f"  connecthub plugin check {written.package}")
    say(f"  pytest {_short(written.folder)}")
    say(f"  connecthub plugin run {written.handler} --help")


def _short(path: object) -> str:
    """A path as one would write it here."""
    from pathlib import Path

    return str(path).removeprefix(f"{Path.cwd()}/")
