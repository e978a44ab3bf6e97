"""The keys of a screen, made from the bindings, and the commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.binding import Binding
from textual.widget import Widget

from connecthub.core.safe_text import fit
from tui.commands import KNOWN
from tui.keymap import Key
from tui.screens.base import CenterScreen
from tui.screens.facts import FactsScreen
from tui.widgets.log_view import LogView
from tui.widgets.table import KeysetTable
from tui.words import Words

KEY_WIDTH = 18
SHOWN = {
    **{"up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp", "pagedown": "PgDn"},
    **{"home": "Home", "end": "End", "enter": "Enter", "space": "␣", "shift+g": ""},
}
"""Textual's names of keys as people read them; what has none counts twice."""
TAKES = {
    **{"jobs": "FILTER", "logs": "FILTER", "audit": "FILTER", "operators": "FILTER", "job": "FILTER", "log": "NUMBER"},
    **{"new": "HANDLER", "lang": "en|zh"},
}
"""What a command may have behind it."""


class HelpScreen(FactsScreen):
    """What each key does on the screen that it was opened from."""

    def __init__(self, of: CenterScreen, keys: Sequence[Key]) -> None:
        self._keys = keys
        self._moves = moves(of)
        words = of.center.words
        super().__init__(words("title.help"), "connecthub --help", self._help(words))

    def title_line(self) -> str:
        """Keys."""
        return self.center.words("title.help")

    def retitle(self) -> None:
        """The same in another language."""
        self.query_one(LogView).replace_text(self._help(self.center.words))

    def _help(self, words: Words) -> str:
        here, everywhere = (
            [(key.shown, words(f"key.{key.id}")) for key in self._keys if key.id.startswith("app.") is general]
            for general in (False, True)
        )
        moving = [(shown_keys(binding.key), _told(words, binding)) for binding in self._moves]
        commands = [(f":{name} {TAKES.get(name, '')}".rstrip(), _command(words, name)) for name in KNOWN]
        groups = [("help.here", here), ("help.moving", moving), ("help.everywhere", everywhere)]
        return "\n\n".join(
            "\n".join([f"== {words(title)}", *(f"  {fit(keys, KEY_WIDTH)} {what}" for keys, what in lines)])
            for title, lines in [*groups, ("help.commands", commands)]
            if lines
        )


def moves(of: CenterScreen) -> list[Binding]:
    """The bindings of the tables and logs of a screen, each once."""
    found: dict[str, Binding] = {}
    for widget in of.query(Widget):
        if isinstance(widget, KeysetTable | LogView):
            found |= {binding.id: binding for binding in widget.BINDINGS if isinstance(binding, Binding) and binding.id}
    return list(found.values())


def shown_keys(keys: str) -> str:
    """The keys of a binding as people read them."""
    return " ".join(_once(SHOWN.get(key, key.replace("ctrl+", "^")) for key in keys.split(",")))


def _once(names: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(name for name in names if name)


def _told(words: Words, binding: Binding) -> str:
    key = f"move.{binding.id}"
    return words(key) if words.has(key) else binding.tooltip or binding.description


def _command(words: Words, name: str) -> str:
    key = f"command.{name}"
    return words(key) if words.has(key) else ""
