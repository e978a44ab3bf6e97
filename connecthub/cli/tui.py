"""`connecthub tui`: the control center."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tui.data import Data


@click.command()
@click.option("--read-only", is_flag=True, help="Change nothing: keys that act do not exist.")
def tui(read_only: bool) -> None:
    """Open the control center: browse, understand and act, from this terminal.

    \b
    Examples:
      connecthub tui
      connecthub tui --read-only
    """
    os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when textual is imported
    os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")
    os.environ["TEXTUAL_THEME"] = "ansi-dark"  # set later, it is black on black under NO_COLOR
    from connecthub.errors import ConfigError
    from tui.terminal import refusal

    if why := refusal(os.environ, terminal=sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(why)
    from tui.app import ControlCenter

    def open_data() -> Data:
        from tui.data import Data

        return Data.open(read_only=read_only)

    center = ControlCenter(open_data)
    center.run(mouse=False)
    if center.return_code:
        sys.exit(center.return_code)
