"""`connecthub tui`: the control center."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connecthub.control.actor import Actor
    from tui.data import Data
    from tui.watchdog import Watchdog


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
    if code := open_center(read_only=read_only):
        sys.exit(code)


def open_center(*, authorize: Callable[[], Actor] | None = None, language: str = "", read_only: bool = False) -> int:
    """Show the control center until the person leaves; returns the exit code.

    `authorize` says in a thread who came over SSH: it is called again every five seconds while it raises DatabaseError,
    and ends the session where it raises Refused; without it the account of this shell acts. Raises ConfigError where
    no screen can be shown, and for settings that cannot be used.
    """
    from connecthub.errors import ConfigError

    if why := no_screen_because():
        raise ConfigError(why)
    from tui.app import ControlCenter

    def open_data() -> Data:
        from tui.data import Data

        return Data.open(read_only=read_only, authorize=authorize)

    watchdog = _watchdog() if authorize is not None else None
    center = ControlCenter(open_data, language or None, diagnose=_diagnose, watchdog=watchdog)
    center.run(mouse=False)
    return center.return_code or 0


def _watchdog() -> Watchdog:
    from connecthub.core.config import load_settings
    from tui.watchdog import Watchdog

    return Watchdog(load_settings().ssh_idle_minutes * 60)


def _diagnose() -> list[str]:
    from connecthub.core.config import load_settings
    from connecthub.service.doctor import findings

    return findings(load_settings())
