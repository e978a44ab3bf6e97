"""The forms of an operator: a new person, another role or language, a further key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from shlex import quote
from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from connecthub.control.actor import Role
from connecthub.core.safe_text import safe_text
from tui.rows import Done
from tui.screens.base import CenterScreen
from tui.screens.form import FormScreen
from tui.screens.form_dialogs import ConfirmChanges
from tui.widgets.fields import FieldRow
from tui.words import LANGUAGES

if TYPE_CHECKING:
    from connecthub.control.forms import Form
    from tui.data import Data

CHOICES: Mapping[str, Sequence[str]] = {"role": [*map(str, Role)], "language": ["", *LANGUAGES]}


class OperatorForm(FormScreen):
    """Some of the fields of a person, asked about before they are saved."""

    paths: tuple[str, ...] = ()

    def rows(self, form: Form, texts: Mapping[str, str]) -> list[Widget]:
        """The fields and the buttons."""
        words = self.center.words
        fields = [
            FieldRow(
                path,
                words(f"form.{path}"),
                texts.get(path, ""),
                doc=words(f"form.doc.{path}"),
                choices=CHOICES.get(path, ()),
            )
            for path in self.paths
        ]
        save, leave = (Button(Content(words(f"form.{name}")), id=name, compact=True) for name in ("save", "leave"))
        return [*fields, Horizontal(save, leave, id="form-buttons")]

    def action_save(self) -> None:
        """Look at what is entered, ask, and save."""
        if "key" not in self.paths:
            self._ask([])
            return
        key = self.entered().texts["key"]
        self.wait_for(lambda data: data.told_keys(key), self._ask)

    def question(self) -> str:
        """What is asked."""
        raise NotImplementedError

    def act(self, texts: Mapping[str, str]) -> Callable[[Data], Done]:
        """What is done with the texts."""
        raise NotImplementedError

    def lines(self) -> list[str]:
        """What is saved, but for keys."""
        words, loaded = self.center.words, self.form.texts if self.form else {}
        return [
            f"{words(f'form.{path}')}: {safe_text(loaded[path] or '-')} → {safe_text(text or '-')}"
            if loaded.get(path)
            else f"{words(f'form.{path}')}: {safe_text(text)}"
            for path, text in self.unsaved.items()
            if path != "key"
        ]

    def _ask(self, keys: Sequence[str]) -> None:
        words, texts = self.center.words, self.entered().texts
        lines = [*self.lines(), *(f"{words('form.key')}: {key}" for key in keys)]
        if not lines:
            self.say(words("form.unchanged"))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.wait_for(self.act(texts), self._saved)

        self.app.push_screen(ConfirmChanges(words, self.question(), lines), answered)

    def _saved(self, done: Done) -> None:
        self.app.pop_screen()
        if isinstance(self.app.screen, CenterScreen):
            self.app.screen.done(done)


class AddOperator(OperatorForm):
    """A new person, with their first key."""

    paths = ("operator", "role", "language", "key")

    def __init__(self) -> None:
        super().__init__(lambda data: data.operator_form(None))

    def title_line(self) -> str:
        """A new person."""
        return self.center.words("title.new_operator")

    def command_line(self) -> str:
        """The command that does the same."""
        return "connecthub operator add --help"

    def question(self) -> str:
        """Whether to let them in."""
        return self.center.words("ask.operators.add", instance=self.center.facts.instance)

    def lines(self) -> list[str]:
        """All of it, also what stood there before."""
        words, texts = self.center.words, self.entered().texts
        shown = {path: texts[path].strip() or "-" for path in ("operator", "role", "language")}
        return [f"{words(f'form.{path}')}: {safe_text(text)}" for path, text in shown.items()]

    def act(self, texts: Mapping[str, str]) -> Callable[[Data], Done]:
        """Add them."""
        name = texts["operator"].strip()
        return lambda data: data.add_operator(name, texts["role"], texts["language"], texts["key"])


class EditOperator(OperatorForm):
    """Role and language of a person."""

    paths = ("role", "language")

    def __init__(self, given_name: str) -> None:
        super().__init__(lambda data: data.operator_form(given_name))
        self._given_name = given_name

    def title_line(self) -> str:
        """Whose."""
        return self.center.words("title.edit", name=safe_text(self._given_name))

    def command_line(self) -> str:
        """The command that does the same."""
        return f"connecthub operator edit {quote(self._given_name)}"

    def question(self) -> str:
        """Whether to save."""
        words = self.center.words
        return words("ask.save", name=safe_text(self._given_name), instance=self.center.facts.instance)

    def act(self, texts: Mapping[str, str]) -> Callable[[Data], Done]:
        """Save what was changed."""
        changed = self.unsaved
        return lambda data: data.edit_operator(self._given_name, changed.get("role"), changed.get("language"))


class AddKey(OperatorForm):
    """A further key of a person."""

    paths = ("key",)

    def __init__(self, given_name: str, name: str) -> None:
        super().__init__(lambda data: data.key_form())
        self._given_name = given_name
        self._shown_name = name

    def title_line(self) -> str:
        """Whose."""
        return self.center.words("title.new_key", name=self._shown_name)

    def command_line(self) -> str:
        """The command that does the same."""
        return "connecthub operator edit --help"

    def question(self) -> str:
        """Whether to give it."""
        words = self.center.words
        return words("ask.operators.add_key", name=self._shown_name, instance=self.center.facts.instance)

    def act(self, texts: Mapping[str, str]) -> Callable[[Data], Done]:
        """Give it."""
        return lambda data: data.add_operator_key(self._given_name, texts["key"])
