"""Who may come over SSH: the people, and what each may do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType

from tui.keymap import bindings
from tui.rows_operators import OperatorRow
from tui.screens.listing import ListScreen
from tui.screens.operator_forms import AddOperator, EditOperator
from tui.spans import Page, Span, whole
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data


class OperatorsScreen(ListScreen[OperatorRow]):
    """All people by name; Enter shows the keys of one."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("operators")
    scopes: ClassVar[tuple[str, ...]] = ("list", "operators", "screen")

    def title_line(self) -> str:
        """Operators, and the filter."""
        title = self.center.words("title.operators")
        return f"{title} /{self.filter_text}" if self.filter_text else title

    def columns(self) -> Sequence[Column]:
        """Name, role, language, whether they are let in, their keys."""
        words = self.center.words
        return [
            Column(words("column.operator"), 16, grows=True),
            Column(words("column.operator.role"), 9),
            Column(words("column.operator.language"), 8),
            Column(words("column.operator.state"), 10),
            Column(words("column.operator.keys"), 24, grows=True),
        ]

    def key(self, row: OperatorRow) -> str:
        """The name."""
        return row.given_name

    def cells(self, row: OperatorRow) -> Sequence[Cell]:
        """One person."""
        words = self.center.words
        state = Cell(words("operators.in"), "ok") if row.enabled else Cell(words("operators.out"), "bad")
        keys = ", ".join(key.comment or key.fingerprint for key in row.keys)
        told = Cell(f"{len(row.keys)}: {keys}", "dim") if row.keys else Cell(words("operators.no_key"), "bad")
        return [Cell(row.name), Cell(row.role), Cell(row.language, "dim"), state, told]

    def page(self, text: str, span: Span) -> Callable[[Data], Page[OperatorRow]]:
        """All of them that match: they are few."""
        wanted = text.lower().split()

        def ask(data: Data) -> Page[OperatorRow]:
            seen = data.operators()
            return whole([row for row in seen.rows if _matches(row, wanted)], span, seen.at)

        return ask

    def empty(self) -> str:
        """Why none is there."""
        words = self.center.words
        return (
            words("empty.operators.filtered", text=self.filter_text) if self.filter_text else words("empty.operators")
        )

    def filter_hint(self) -> str:
        """What a filter may say."""
        return self.center.words("prompt.filter.operators")

    def command_line(self) -> str:
        """The command that shows them."""
        return "connecthub operator list"

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        from tui.screens.operator_keys import OperatorKeysScreen

        if row := self.table.cursor_row():
            self.app.push_screen(OperatorKeysScreen(row.given_name, row.name))

    # acts

    def action_new(self) -> None:
        """Let somebody in."""
        self.app.push_screen(AddOperator())

    def action_edit(self) -> None:
        """Another role or language for the person under the cursor."""
        if row := self.table.cursor_row():
            self.app.push_screen(EditOperator(row.given_name))

    def action_enable(self) -> None:
        """Let people in again."""
        self._switch(True)

    def action_disable(self) -> None:
        """Let people in no more."""
        self._switch(False)

    def _switch(self, enabled: bool) -> None:
        words = self.center.words
        names, shown = self.named(lambda row: f"{row.name} ({row.role})")
        question = "ask.operators.enable" if enabled else "ask.operators.disable"
        asked = words(question, count=len(names), instance=self.center.facts.instance)
        self.confirm_why(asked, shown, lambda data, why: data.set_operators_enabled(names, enabled, why))

    def action_remove(self) -> None:
        """Remove the person under the cursor and their keys, once the name is typed."""
        if row := self.table.cursor_row():
            asked = self.center.words("ask.operators.remove", instance=self.center.facts.instance)
            keys = [f"{key.fingerprint} {key.comment}" for key in row.keys]
            name = row.given_name
            told = [f"{row.name} ({row.role})", *keys]
            self.confirm_why(asked, told, lambda data, why: data.remove_operator(name, why), typed=name)


def _matches(row: OperatorRow, wanted: Sequence[str]) -> bool:
    keys = " ".join(f"{key.comment} {key.fingerprint}" for key in row.keys)
    text = f"{row.name} {row.role} {keys}".lower()
    return all(word in text for word in wanted)
