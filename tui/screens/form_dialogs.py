"""What a form asks: whether to save these changes, and what to do when somebody else saved first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from connecthub.core.safe_text import display_width, fit
from tui.rows_form import Missed, Saved
from tui.screens.dialogs import Confirm, ListDialog
from tui.words import Words

NAME_COLUMNS = 18
VALUE_COLUMNS = 24


class ConfirmChanges(Confirm):
    """Shows every change before it is saved."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
    ]

    def __init__(self, words: Words, question: str, lines: Sequence[str]) -> None:
        super().__init__(words, question, lines)
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The question, all changes, two buttons."""
        with Vertical(id="dialog"):
            yield Static(Content(self._question), id="question")
            with VerticalScroll(id="changes", can_focus=False):
                yield Static(Content("\n".join(self._lines)))
            with Horizontal(id="buttons"):
                yield Button(Content(self._words("dialog.no")), id="no", compact=True)
                yield Button(Content(self._words("dialog.yes")), id="yes", compact=True)

    def action_scroll(self, lines: int) -> None:
        """Read on."""
        self.query_one("#changes").scroll_relative(y=lines, animate=False)


class Resolve(ListDialog[str | None]):
    """Both changes side by side; gives back `edit`, `mine` or `theirs`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back"),
    ]

    def __init__(self, words: Words, saved: Saved) -> None:
        super().__init__()
        self._words = words
        self._saved = saved

    def compose(self) -> ComposeResult:
        """What both changed, and three ways on."""
        words = self._words
        with Vertical(id="dialog"):
            yield Static(Content(words("resolve.title", who=self._saved.by)), id="question")
            with VerticalScroll(id="changes", can_focus=False):
                yield Static(Content("\n".join(self._table())))
            yield OptionList(
                *(Option(Content(words(f"resolve.{way}")), id=way) for way in ("edit", "mine", "theirs")), compact=True
            )

    def _table(self) -> list[str]:
        words = self._words
        rows = [(words("resolve.setting"), words("resolve.my_value"), words("resolve.their_value"))]
        rows += [
            (name, *(words("resolve.same") if value == before else value or "-" for value in (mine, theirs)))
            for name, before, mine, theirs in self._saved.conflict
        ]
        return [line for row in rows for line in _lines(*row)]

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_leave(self) -> None:
        """Go on editing what was seen before."""
        self.dismiss(None)


def _lines(name: str, mine: str, theirs: str) -> list[str]:
    """Side by side where there is room; else one below the other, whole."""
    if max(display_width(mine), display_width(theirs)) <= VALUE_COLUMNS:
        return [f"{fit(name, NAME_COLUMNS)} {fit(mine, VALUE_COLUMNS)} {theirs}".rstrip()]
    return [name, f"  < {mine}", f"  > {theirs}"]


class PickSlots(ListDialog[list[datetime] | None]):
    """The slots that passed while a job was disabled, to be marked; the last entry goes on with those that are."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back"), Binding("space", "mark", "mark")]

    def __init__(self, words: Words, question: str, missed: Missed) -> None:
        super().__init__()
        self._words = words
        self._question = question
        self._missed = missed
        self._slots = [*reversed(missed.slots)]
        self._marked: set[int] = set()

    def compose(self) -> ComposeResult:
        """The slots, the newest first; none is marked."""
        words = self._words
        with Vertical(id="dialog"):
            yield Static(Content(self._question), id="question")
            yield Static(Content(words("slots.more") if self._missed.more else words("slots.how")), id="names")
            yield OptionList(
                Option(Content(words("slots.go"))),
                *(Option(self._prompt(number)) for number in range(len(self._slots))),
                compact=True,
            )

    def _prompt(self, number: int) -> Content:
        at = self._slots[number].astimezone(ZoneInfo(self._missed.zone))
        return Content(f"[{'x' if number in self._marked else ' '}] {at:%Y-%m-%d %H:%M} {self._missed.zone}")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        """Enter marks a slot; on the first entry it goes on, which is asked about once more."""
        if event.option_index == 0:
            self.dismiss(sorted(self._slots[number] for number in self._marked))
        else:
            self._toggle(event.option_index - 1)

    def action_mark(self) -> None:
        """Mark the slot under the cursor, or take its mark away."""
        if at := self.query_one(OptionList).highlighted:
            self._toggle(at - 1)

    def _toggle(self, number: int) -> None:
        self._marked ^= {number}
        self.query_one(OptionList).replace_option_prompt_at_index(number + 1, self._prompt(number))

    def action_leave(self) -> None:
        """Do nothing."""
        self.dismiss(None)
