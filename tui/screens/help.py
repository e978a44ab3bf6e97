"""The keys of a screen, made from the keymap."""

from __future__ import annotations

from collections.abc import Sequence

from tui.keymap import Key
from tui.screens.base import CenterScreen
from tui.screens.facts import FactsScreen

MOVES = (("move", "↑↓ jk"), ("open", "Enter"), ("mark", "␣"))


class HelpScreen(FactsScreen):
    """What each key does on the screen that it was opened from."""

    def __init__(self, of: CenterScreen, keys: Sequence[Key]) -> None:
        words = of.center.words
        lines = [f"{key.shown:<6} {words(f'key.{key.id}')}" for key in keys]
        lines += [f"{shown:<6} {words(f'key.{name}')}" for name, shown in MOVES]
        super().__init__(words("title.help"), "connecthub --help", "\n".join(lines))
