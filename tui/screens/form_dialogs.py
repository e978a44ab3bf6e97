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
from textual.widgets import Button, OptionList, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

from connecthub.core.safe_text import fit
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
            (name, *("" if value == before else value or "-" for value in (mine, theirs)))
            for name, before, mine, theirs in self._saved.conflict
        ]
        return [
            f"{fit(name, NAME_COLUMNS)} {fit(mine, VALUE_COLUMNS)} {fit(theirs, VALUE_COLUMNS)}".rstrip()
            for name, mine, theirs in rows
        ]

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_leave(self) -> None:
        """Go on editing what was seen before."""
        self.dismiss(None)


class PickSlots(ListDialog[list[datetime] | None]):
    """The slots that passed while a job was disabled; gives back those to run, None where nothing is to be done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back"),
        Binding("y,ｙ", "go", "go"),
    ]

    def __init__(self, words: Words, question: str, missed: Missed) -> None:
        super().__init__()
        self._words = words
        self._question = question
        self._missed = missed

    def compose(self) -> ComposeResult:
        """The slots, the newest first; none is chosen."""
        words, zone = self._words, ZoneInfo(self._missed.zone)
        with Vertical(id="dialog"):
            yield Static(Content(self._question), id="question")
            yield Static(Content(words("slots.more") if self._missed.more else ""))
            yield SelectionList[datetime](
                *(
                    Selection(Content(f"{slot.astimezone(zone):%Y-%m-%d %H:%M} {self._missed.zone}"), slot)
                    for slot in reversed(self._missed.slots)
                ),
                compact=True,
            )
            yield Static(Content(words("slots.how")))

    def action_go(self) -> None:
        """Enable, and run what is marked."""
        self.dismiss(sorted(self.query_one(SelectionList).selected))

    def action_leave(self) -> None:
        """Do nothing."""
        self.dismiss(None)
