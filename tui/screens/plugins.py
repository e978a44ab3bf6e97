"""What can run: the plugins that are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from shlex import quote
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType

from connecthub.errors import DatabaseError
from tui.keymap import bindings
from tui.messages import Failed
from tui.rows_places import PluginRow
from tui.screens.facts import FactsScreen
from tui.screens.listing import ListScreen
from tui.screens.plugin_facts import broken_text, plugin_text
from tui.spans import Page, Span
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data


class PluginsScreen(ListScreen[PluginRow]):
    """All plugins, and what cannot be used first. Looking for them takes a moment: it is done when the screen is opened
    and on a person's word, and the list is held."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("plugins")
    scopes: ClassVar[tuple[str, ...]] = ("list", "plugins", "screen")

    def __init__(self) -> None:
        super().__init__()
        self._found: Sequence[PluginRow] | None = None
        self._looked = False

    def title_line(self) -> str:
        """Plugins, the filter, and how many cannot be used."""
        words = self.center.words
        broken = sum(row.broken for row in self._found or ())
        told = [words("title.plugins")]
        told += [f"/{self.filter_text}"] if self.filter_text else []
        told += [words("plugins.broken", count=broken)] if broken else []
        return " · ".join(told)

    def columns(self) -> Sequence[Column]:
        """Class, how many jobs use it, version, what it says of itself, handler."""
        words = self.center.words
        return [
            Column(words("column.plugin"), 20, grows=True),
            Column(words("column.plugin.jobs"), 5),
            Column(words("column.plugin.version"), 12, drop=2),
            Column(words("column.plugin.doc"), 24, grows=True),
            Column(words("column.plugin.handler"), 24, grows=True, drop=1),
        ]

    def key(self, row: PluginRow) -> str:
        """Its handler."""
        return row.handler

    def cells(self, row: PluginRow) -> Sequence[Cell]:
        """One plugin."""
        missing = self.center.words("plugins.not_found") if row.broken else ""
        return [
            Cell(f"! {row.name}" if row.broken else row.name, "bad" if row.broken else ""),
            Cell(str(row.jobs), "" if row.jobs else "dim"),
            Cell(row.version, "dim"),
            Cell(row.headline or missing, "bad" if row.broken else ""),
            Cell(row.handler, "dim"),
        ]

    def page(self, text: str, span: Span) -> Callable[[Data], Page[PluginRow]]:
        """All of them."""
        return lambda data: data.plugins()

    def empty(self) -> str:
        """Why none is there."""
        words = self.center.words
        if self.filter_text and self._found:
            return words("empty.plugins.filtered", text=self.filter_text)
        return words("empty.plugins")

    def filter_hint(self) -> str:
        """What a filter may say."""
        return self.center.words("prompt.filter.plugins")

    def command_line(self) -> str:
        """The plugin under the cursor."""
        row = self.table.cursor_row()
        return "connecthub plugin list" if row is None or row.broken else f"connecthub plugin show {quote(row.handler)}"

    # looking for them

    def load(self) -> None:
        """Look for plugins once; after that, show what matches another filter."""
        if self._found is not None:
            self._show(anew=not self._shown)
        elif not self._looked:
            self._look()

    def action_reload(self) -> None:
        """Look for them again."""
        self._look()

    def _look(self) -> None:
        self._looked = True
        self.say(self.center.words("plugins.looking"))
        self.ask(self.page("", Span()), self._arrived, only_if_idle=True)

    def on_failed(self, message: Failed) -> None:
        """Look again by itself only where the database was away."""
        self._looked = not isinstance(message.error, DatabaseError)

    def _arrived(self, page: Page[PluginRow]) -> None:
        self._found, self.at = page.rows, page.at
        self.say("")
        self._show(anew=not self._shown)
        self.tell_lines()

    def _show(self, *, anew: bool) -> None:
        wanted = self.filter_text.lower().split()
        rows = [row for row in self._found or () if _matches(row, wanted)]
        self._shown = True
        if anew:
            self.table.show(rows, False)
        elif rows != list(self.table.rows):
            self.table.refreshed(rows, False)
        self.table.show_empty(self.empty())

    # keys

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        row, words = self.table.cursor_row(), self.center.words
        if row is None:
            return
        if not row.broken:
            self._tell(row, plugin_text(words, row))
            return
        self.say(words("plugins.looking"))
        self.ask(lambda data: data.load_error(row), lambda why: self._tell(row, broken_text(words, row, *why)), "why")

    def _tell(self, row: PluginRow, text: str) -> None:
        self.say("")
        command = "connecthub plugin list" if row.broken else f"connecthub plugin show {row.handler}"
        self.app.push_screen(FactsScreen(self.center.words("title.plugin", name=row.handler), command, text))

    def action_new(self) -> None:
        """A new job of the plugin under the cursor."""
        row = self.table.cursor_row()
        if row is not None and row.broken:
            self.say(self.center.words("plugins.cannot", name=row.handler))
        elif row is not None:
            self.center.new_job(row.handler)

    @on(KeysetTable.Moved)
    def _moved(self) -> None:
        self.tell_lines()  # another row, other hints

    def fits(self, key_id: str) -> bool:
        """A job is made of a plugin that can be used."""
        row = self.table.cursor_row()
        return key_id != "plugins.new" or (row is not None and not row.broken)


def _matches(row: PluginRow, wanted: Sequence[str]) -> bool:
    text = f"{row.handler} {row.headline}".lower()
    return all(word in text for word in wanted)
