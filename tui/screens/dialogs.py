"""Questions that a person answers before something happens, and the menu of what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from connecthub.core.safe_text import safe_text
from tui.styles import style
from tui.widgets.fields import OneLine
from tui.words import Words

T = TypeVar("T")

NAMES_SHOWN = 8
TYPED_FROM = 21
"""So many things at once ask for their number to be typed."""


class Dialog(ModalScreen[T]):
    """A question over a screen."""

    CSS_PATH: ClassVar[Any] = style("dialogs")


class Reason(OneLine):
    """Why, in the person's own words; it may stay empty."""

    def __init__(self, hint: str) -> None:
        from connecthub.control.reasons import REASON_MAX

        super().__init__(hint=hint)
        self.max_length = REASON_MAX

    @staticmethod
    def of(dialog: Dialog[bool]) -> str | None:
        """What was typed; None where nothing was, or where nothing is asked."""
        found = dialog.query(Reason)
        return (found.first().value.strip() if found else "") or None


class Confirm(Dialog[bool]):
    """Asks before an act. The focus is on Cancel; `y`, or the other button, does it.

    Where a reason is asked for, `r` leads into its line and Enter out of it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,ｙ", "yes", "yes"),
        Binding("escape,n,q", "no", "no"),
        Binding("r,ｒ", "reason", "reason"),
        Binding("left,right,h,l,tab", "other", "other button", priority=True),
    ]

    def __init__(self, words: Words, question: str, names: Sequence[str], *, asks_why: bool = False) -> None:
        super().__init__()
        self._words = words
        self._question = question
        self._names = names
        self._asks_why = asks_why

    def compose(self) -> ComposeResult:
        """The question, what it is about, and two buttons."""
        with Vertical(id="dialog"):
            yield Static(Content(self._question), id="question")
            yield Static(Content("\n".join(_some(self._words, self._names))), id="names")
            if self._asks_why:
                yield Reason(self._words("dialog.reason"))
            with Horizontal(id="buttons"):
                yield Button(Content(self._words("dialog.no")), id="no", compact=True)
                yield Button(Content(self._words("dialog.yes")), id="yes", compact=True)

    def on_mount(self) -> None:
        """Stand on Cancel."""
        self.query_one("#no", Button).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a line every key is a letter of it."""
        return action != "other" or not isinstance(self.focused, Input)

    def action_reason(self) -> None:
        """Say why."""
        for line in self.query(Reason):
            line.focus()

    @on(Input.Submitted)
    def _reason_entered(self) -> None:
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_yes(self) -> None:
        """Do it."""
        self.dismiss(True)

    def action_no(self) -> None:
        """Do nothing."""
        self.dismiss(False)

    def action_other(self) -> None:
        """Go to the other button."""
        here = self.focused.id if self.focused else "yes"
        self.query_one("#no" if here == "yes" else "#yes", Button).focus()


class ConfirmRun(Confirm):
    """Asks before a run, and whether it is to be a dry one; `d` says so."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d,ｄ", "dry_run", "dry run")]

    def __init__(self, words: Words, question: str, names: Sequence[str]) -> None:
        super().__init__(words, question, names)
        self.dry_run = False

    def compose(self) -> ComposeResult:
        """The question, what it is about, the choice, and two buttons."""
        with Vertical(id="dialog"):
            yield Static(Content(self._question), id="question")
            yield Static(Content("\n".join(_some(self._words, self._names))), id="names")
            yield Static(Content(self._words("dialog.dry_run.no")), id="dry-run")
            with Horizontal(id="buttons"):
                yield Button(Content(self._words("dialog.no")), id="no", compact=True)
                yield Button(Content(self._words("dialog.yes")), id="yes", compact=True)

    def action_dry_run(self) -> None:
        """A dry run, or a real one again."""
        self.dry_run = not self.dry_run
        told = self.query_one("#dry-run", Static)
        told.update(Content(self._words(f"dialog.dry_run.{'yes' if self.dry_run else 'no'}")))
        told.set_class(self.dry_run, "-there")

    @on(events.Click, "#dry-run")
    def _clicked(self) -> None:
        self.action_dry_run()


class ConfirmTyped(Dialog[bool]):
    """Asks before an act on many things, or one that cannot be undone: their number or name has to be typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", "no")]

    def __init__(
        self, words: Words, question: str, names: Sequence[str], wanted: str, *, asks_why: bool = False
    ) -> None:
        super().__init__()
        self._words = words
        self._question = question
        self._names = names
        self._wanted = wanted
        self._asks_why = asks_why

    def compose(self) -> ComposeResult:
        """The question, what it is about, and a field."""
        with Vertical(id="dialog"):
            yield Static(Content(self._question), id="question")
            yield Static(Content("\n".join(_some(self._words, self._names))), id="names")
            yield Static(Content(self._words("dialog.type", text=self._wanted)), id="told")
            yield OneLine()
            if self._asks_why:
                yield Reason(self._words("dialog.reason.tab"))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if isinstance(event.input, Reason):
            self.query(OneLine).first().focus()
        elif event.value.strip() == self._wanted:
            self.dismiss(True)
        else:
            self.query_one("#told", Static).update(Content(self._words("dialog.not_that", text=self._wanted)))

    def action_no(self) -> None:
        """Do nothing."""
        self.dismiss(False)


class Busy(Dialog[None]):
    """Nothing to see: as long as an act is under way no key reaches the screen below, nor leads to another."""


class ListDialog(Dialog[T]):
    """A question whose answers are a list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("j", "down", "down"), Binding("k", "up", "up")]

    def action_down(self) -> None:
        """To the next entry."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """To the one before."""
        self.query_one(OptionList).action_cursor_up()


class Menu(ListDialog[str | None]):
    """Lists what can be done here with its keys; gives back the id of what was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,full_stop", "leave", "back")]

    def __init__(self, title: str, entries: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self._title = title
        self._entries = entries
        """Id, key as it is read, and what it does."""

    def compose(self) -> ComposeResult:
        """The entries."""
        with Vertical(id="dialog"):
            yield Static(Content(self._title), id="question")
            yield OptionList(
                *(
                    Option(Content(safe_text(f"{key:<5} {what}" if key else what)), id=each)
                    for each, key, what in self._entries
                ),
                compact=True,
            )

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_leave(self) -> None:
        """Choose nothing."""
        self.dismiss(None)


def _some(words: Words, names: Sequence[str]) -> list[str]:
    """The first names, and how many more there are."""
    shown = [*names[:NAMES_SHOWN]]
    if len(names) > NAMES_SHOWN:
        shown.append(words("dialog.and_more", count=len(names) - NAMES_SHOWN))
    return shown
