"""The SSH keys of one person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from tui.keymap import bindings
from tui.rows_operators import KeyRow
from tui.screens.listing import ListScreen
from tui.screens.operator_forms import AddKey
from tui.spans import Page, Span, whole
from tui.widgets.columns import Cell, Column

if TYPE_CHECKING:
    from tui.data import Data


class OperatorKeysScreen(ListScreen[KeyRow]):
    """By number; they are few. `given_name` is the person's name as it is stored, `name` as it is shown."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("operator")
    scopes: ClassVar[tuple[str, ...]] = ("operator", "screen")

    def __init__(self, given_name: str, name: str) -> None:
        super().__init__()
        self._given_name = given_name
        self._shown_name = name

    def title_line(self) -> str:
        """Whose."""
        return self.center.words("title.operator_keys", name=self._shown_name)

    def columns(self) -> Sequence[Column]:
        """Fingerprint whole, comment, since when."""
        words = self.center.words
        return [
            Column(words("column.key.fingerprint"), 50),
            Column(words("column.key.comment"), 25, grows=True),
            Column(words("column.key.added"), 14, drop=1),
        ]

    def key(self, row: KeyRow) -> str:
        """The fingerprint."""
        return row.fingerprint

    def cells(self, row: KeyRow) -> Sequence[Cell]:
        """One key."""
        own = [self.center.words("operators.own")] if row.own else []
        return [
            Cell(row.fingerprint),
            Cell(" ".join([*own, row.comment])),
            Cell(self.center.times.show(row.added_at, self.at), "dim"),
        ]

    def page(self, text: str, span: Span) -> Callable[[Data], Page[KeyRow]]:
        """All of them."""
        name = self._given_name
        return lambda data: whole(data.operator(name).keys, span, data.now())

    def empty(self) -> str:
        """Why none is there."""
        return self.center.words("empty.operator_keys", name=self._shown_name)

    def filter_hint(self) -> str:
        """There is no filter."""
        return ""

    def action_filter(self) -> None:
        """There is no filter."""

    def command_line(self) -> str:
        """The command that shows them."""
        return "connecthub operator list"

    def action_add_key(self) -> None:
        """A further key."""
        self.app.push_screen(AddKey(self._given_name, self._shown_name))

    def action_remove_key(self) -> None:
        """Take the key under the cursor from the person."""
        if row := self.table.cursor_row():
            asked = self.center.words(
                "ask.operators.remove_key", name=self._shown_name, instance=self.center.facts.instance
            )
            name, fingerprint = self._given_name, row.fingerprint
            told = [f"{fingerprint} {row.comment}".rstrip()]
            self.confirm_why(asked, told, lambda data, why: data.remove_operator_key(name, fingerprint, why))
