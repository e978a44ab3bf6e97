"""`connecthub tui`: the control center."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tui.data import Data


def no_screen_because() -> str | None:
    """Why no screen can be shown here, with the remedy; None where it can. What textual reads at its import is set."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")
    os.environ["TEXTUAL_THEME"] = "ansi-dark"  # set later, it is black on black under NO_COLOR
    from tui.terminal import refusal

    return refusal(os.environ, terminal=has_terminal())


def has_terminal() -> bool:
    """Whether a person can type here, and read."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@click.command()
@click.option("--read-only", is_flag=True, help="Change nothing: keys that act do not exist.")
def tui(read_only: bool) -> None:
    """Open the control center: browse, understand and act, from this terminal.

    \b
    Examples:
      connecthub tui
      connecthub tui --read-only
    """
    from connecthub.errors import ConfigError

    if why := no_screen_because():
        raise ConfigError(why)
    from tui.app import ControlCenter

    def open_data() -> Data:
        from tui.data import Data

        return Data.open(read_only=read_only)

    center = ControlCenter(open_data)
    center.run(mouse=False)
    if center.return_code:
        sys.exit(center.return_code)
