"""A job's settings as one JSON text, to be edited whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import TextArea

from connecthub.control.forms import Form, from_json
from connecthub.core.safe_text import safe_text
from connecthub.errors import ConfigError
from tui.screens.dialogs import Menu
from tui.styles import style
from tui.widgets.bars import Header, HintBar, StatusLine

if TYPE_CHECKING:
    from tui.app import ControlCenter


class JsonText(TextArea):
    """A text whose cursor does not blink."""

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is outside text."""
        event.text = safe_text(event.text, newlines=True)


class JsonScreen(ModalScreen[tuple[Form, Mapping[str, str]] | None]):
    """Gives back the form and the texts that the JSON makes, or nothing where it was left as it was."""

    CSS_PATH: ClassVar[Any] = style("form")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "back", priority=True)]

    def __init__(self, form: Form, text: str) -> None:
        super().__init__()
        self._form = form
        self._text = text

    def compose(self) -> ComposeResult:
        """The text between the lines that all screens have."""
        yield Header()
        area = JsonText(self._text, id="json-text", tab_behavior="focus")
        area.cursor_blink = False
        yield area
        yield StatusLine()
        yield HintBar()

    def on_mount(self) -> None:
        """Say what it is, and how to leave."""
        words = self._center.words
        self.query_one(Header).tell([words("title.json"), self._center.facts.instance], "")
        self.query_one(HintBar).tell([("Esc", words("form.json_esc"))])
        self.query_one(JsonText).focus()

    @property
    def _center(self) -> ControlCenter:
        return cast("ControlCenter", self.app)

    def action_back(self) -> None:
        """Back to the fields; a text that cannot be read stays, unless it is thrown away."""
        text = self.query_one(JsonText).text
        if text == self._text:
            self.dismiss(None)
            return
        try:
            self.dismiss(from_json(self._form, text))
        except ConfigError as error:
            self.query_one(StatusLine).text = safe_text(error)
            self._ask()

    def _ask(self) -> None:
        words = self._center.words

        def chosen(what: str | None) -> None:
            if what == "drop":
                self.dismiss(None)

        entries = [(name, "", words(f"form.esc.{name}")) for name in ("edit", "drop")]
        self.app.push_screen(Menu(words("form.no_json"), entries), chosen)
