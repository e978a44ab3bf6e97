"""`connecthub plugin new`: the files of a new plugin."""

from __future__ import annotations

import click

PARAMS = '{"base_url": "http://127.0.0.1:8765"}'
SECRETS = '{"user_name": "sandbox-user", "password": "sandbox-password"}'
"""What the template runs with against its stand-in."""


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
    program, pytest = programs()
    say(f"  {program} plugin check {written.package}")
    say(f"  {pytest} {_short(written.folder)}")
    say(f"  {program} sandbox seeyon")
    say("and while the stand-in goes on, in another terminal:")
    say(f"  echo '{SECRETS}' | {program} plugin run {written.handler} --params '{PARAMS}' --secrets -")


def programs() -> tuple[str, str]:
    """How one calls this program here, and the pytest beside it."""
    import shlex
    import shutil
    import sys
    from pathlib import Path

    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m connecthub", f"{shlex.quote(sys.executable)} -m pytest"
    if shutil.which(called.name) == str(called):
        return called.name, "pytest"
    return shlex.quote(_short(called)), shlex.quote(_short(called.with_name("pytest")))


def _short(path: object) -> str:
    """A path as one would write it here."""
    from pathlib import Path

    return str(path).removeprefix(f"{Path.cwd()}/")
