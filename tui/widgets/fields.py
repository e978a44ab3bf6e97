"""The fields of a form: one line each, and below it what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

from connecthub.core.safe_text import safe_text
from tui.widgets.bars import Line


class Choice(Widget, can_focus=True):
    """One of a few words; left, right and space go through them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,l", "turn(1)", "next", show=False),
        Binding("left,h", "turn(-1)", "previous", show=False),
    ]
    value: reactive[str] = reactive("")

    class Changed(Message):
        """Another word was chosen."""

    def __init__(self, choices: Sequence[str], value: str) -> None:
        super().__init__()
        self._choices = [*choices] if value in choices else [value, *choices]
        self.set_reactive(Choice.value, value)

    def render(self) -> Content:
        """The word between two signs that tell that there are others."""
        return Content(f"< {self.value or '-'} >")

    def set_hint(self, hint: str) -> None:
        """A choice has none."""

    def action_turn(self, step: int) -> None:
        """Go to another word."""
        at = self._choices.index(self.value) if self.value in self._choices else 0
        self.value = self._choices[(at + step) % len(self._choices)]
        self.post_message(self.Changed())


class OneLine(Input):
    """A text on one line, whose cursor does not blink."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("backspace", "rub_out", "delete", show=False)]

    class RubbedOut(Message):
        """Backspace was pressed where nothing stood."""

        def __init__(self, field: OneLine) -> None:
            super().__init__()
            self.field = field

    def __init__(self, value: str = "", hint: str = "", *, masked: bool = False) -> None:
        super().__init__(value, placeholder=hint, password=masked, compact=True, select_on_focus=False)
        self.cursor_blink = False

    def set_hint(self, hint: str) -> None:
        """Say something else where nothing is typed."""
        self.placeholder = hint

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is outside text, of which one line fits; a secret is taken as it is, and never shown."""
        if not self.password:
            event.text = safe_text(next(iter(event.text.splitlines()), ""))

    def action_copy(self) -> None:
        """Send what is selected to the clipboard; of a secret nothing."""
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        """Take what is selected away, to the clipboard; of a secret only away."""
        if self.password:
            self.delete_selection()
        else:
            super().action_cut()

    def action_rub_out(self) -> None:
        """Take the letter before the cursor away."""
        if self.value:
            self.action_delete_left()
        else:
            self.post_message(self.RubbedOut(self))


class FieldRow(Vertical):
    """A label, what stands in the field, and what is wrong with it."""

    class Changed(Message):
        """What stands in a field changed."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    class Focused(Message):
        """The cursor came into a field."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    def __init__(
        self,
        path: str,
        label: str,
        text: str,
        *,
        doc: str = "",
        hint: str = "",
        choices: Sequence[str] = (),
        masked: bool = False,
    ) -> None:
        super().__init__()
        self.path = path
        self.label = label
        self.doc = doc
        self.control: Choice | OneLine = Choice(choices, text) if choices else OneLine(text, hint, masked=masked)

    def compose(self) -> ComposeResult:
        """The field's line, and the line below."""
        label = Line(classes="label")
        label.text = self.label
        with Horizontal():
            yield label
            yield self.control
        yield Line(classes="problem")

    @property
    def text(self) -> str:
        """What stands in the field."""
        return self.control.value

    @property
    def is_bad(self) -> bool:
        """Whether something is said to be wrong."""
        return self.query_one(".problem").has_class("-there")

    def put(self, text: str) -> None:
        """Let something else stand there."""
        self.control.value = text

    def tell(self, problem: str) -> None:
        """Say below the field what is wrong; nothing takes the line away."""
        line = self.query_one(".problem", Line)
        line.text = f"^ {safe_text(problem)}" if problem else ""
        line.set_class(bool(problem), "-there")

    @on(Input.Changed)
    @on(Choice.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed(self))

    def on_descendant_focus(self) -> None:
        """Tell which field one is in."""
        self.post_message(self.Focused(self))
