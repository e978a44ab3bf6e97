"""A form: fields with their texts, what is wrong below each, and buttons; left only with a question if touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, Input

from connecthub.core.safe_text import safe_text
from tui.keymap import Key, bindings
from tui.rows_form import Entered
from tui.screens.base import CenterScreen
from tui.screens.dialogs import Menu
from tui.styles import style
from tui.widgets.bars import Line
from tui.widgets.fields import FieldRow

if TYPE_CHECKING:
    from connecthub.control.form_fields import Field
    from connecthub.control.forms import Form
    from tui.data import Data


class Fields(VerticalScroll, inherit_bindings=False):
    """The rows; arrows go from field to field, whichever of them has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page_up", "up", show=False),
        Binding("pagedown", "page_down", "down", show=False),
    ]


class FormScreen(CenterScreen):
    """Shows what `source` gives; `kept` are texts by path that go over it: those of an earlier, unsaved edit."""

    CSS_PATH: ClassVar[Any] = style("form")
    BINDINGS: ClassVar[list[BindingType]] = bindings("form")
    scopes: ClassVar[tuple[str, ...]] = ("form", "screen")
    leave_ways: ClassVar[tuple[str, ...]] = ("edit", "save", "drop")
    """What can be chosen where Esc would lose something."""

    def __init__(self, source: Callable[[Data], Form], kept: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._source = source
        self.kept = dict(kept or {})
        self.form: Form | None = None

    # what a form has to say

    def rows(self, form: Form, texts: Mapping[str, str]) -> list[Widget]:
        """What stands in it, from top to bottom."""
        raise NotImplementedError

    def action_save(self) -> None:
        """Do what the form is for."""
        raise NotImplementedError

    def began(self) -> None:
        """The rows are there."""

    # what is shown

    def hints(self) -> list[Key]:
        """Only its own: any other key is typed into the field."""
        return [key for key in self.keys() if key.id.startswith("form.")]

    def content(self) -> ComposeResult:
        """The rows."""
        yield Line(id="note")
        yield Fields(id="fields", can_focus=False)

    def load(self) -> None:
        """Ask for the form once; what is typed is not taken away by a refresh."""
        if self.form is None:
            self.say(self.center.words("form.asking"))
            self.ask(self._source, self.show_form, group="form", only_if_idle=True)

    def redraw(self) -> None:
        """Nothing in it depends on how times are shown."""

    def retitle(self) -> None:
        """Another language; what was typed stays."""
        if self.form is not None:
            self.build(self.form, self.entered().texts)

    def show_form(self, form: Form) -> None:
        """Show a form, and over it what is kept."""
        self.form = form
        self.build(form, {**form.texts, **self.kept})
        self.tell_lines()
        self.note(form.note)

    def note(self, text: str) -> None:
        """Say above the fields what is wrong with none of them alone."""
        line = self.query_one("#note", Line)
        line.text = safe_text(text)
        line.set_class(bool(text), "-there")

    def build(self, form: Form, texts: Mapping[str, str]) -> None:
        """All rows anew."""
        self.call_later(self._rebuild, self.rows(form, texts))

    async def _rebuild(self, rows: list[Widget]) -> None:
        fields = self.query_one(Fields)
        await fields.remove_children()
        await fields.mount_all(rows)
        self.focus_main()
        self.began()

    def row(self, field: Field, texts: Mapping[str, str]) -> FieldRow:
        """The row of a field."""
        words = self.center.words
        known = f"form.doc.{field.path}"
        doc = words(known) if words.has(known) else field.doc
        text = texts.get(field.path, "")
        may_be_empty = field.path.startswith("params.") and not field.needed
        choices = ("", *field.choices) if field.choices and (may_be_empty or not text) else field.choices
        return FieldRow(field.path, label(field), text, doc=doc, hint=field.default, choices=choices)

    # what is entered

    def focus_main(self) -> None:
        """Focus the first field."""
        rows = self.query(FieldRow)
        if rows:
            self.set_focus(rows.first().control)

    def entered(self) -> Entered:
        """What stands in the form."""
        rows = {row.path: row.text for row in self.query(FieldRow)}
        texts = {path: text for path, text in rows.items() if not path.startswith("secrets.")}
        return Entered(texts, {path: text for path, text in rows.items() if path.startswith("secrets.") and text})

    @property
    def unsaved(self) -> dict[str, str]:
        """The texts by path that differ from what was loaded; secrets are never among them."""
        if self.form is None:
            return {}
        loaded = self.form.texts
        return {path: text for path, text in self.entered().texts.items() if text != loaded.get(path, "")}

    @property
    def is_touched(self) -> bool:
        """Whether anything would be lost."""
        entered = self.entered()
        return bool(self.unsaved or entered.secrets or entered.cleared)

    def tell_problems(self, problems: Mapping[str, str]) -> bool:
        """Put each problem under its field, and go to the first; whether there are any."""
        left = dict(problems)
        for row in self.query(FieldRow):
            own = [path for path in left if path == row.path or path.startswith(f"{row.path}.")]
            row.tell("; ".join(_told(row, path, left.pop(path)) for path in own))
        bad = [row for row in self.query(FieldRow) if row.is_bad]
        if bad:
            bad[0].control.focus()
        self.note("; ".join(f"{path}: {told}" for path, told in left.items()))
        if problems:
            self.say(self.center.words("form.problems", count=len(problems)))
        return bool(problems)

    @on(FieldRow.Focused)
    def _focused(self, event: FieldRow.Focused) -> None:
        self.say(event.row.doc)

    @on(FieldRow.Changed)
    def _changed(self, event: FieldRow.Changed) -> None:
        event.row.tell("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        row = row_of(event.input)
        if row is not None:
            event.stop()
            self.enter(row)

    def enter(self, row: FieldRow) -> None:
        """Enter in a field goes on to the next."""
        self.focus_next()

    def action_next(self) -> None:
        """The next field."""
        self.focus_next()

    def action_previous(self) -> None:
        """The field before."""
        self.focus_previous()

    # leave

    @on(Button.Pressed, "#save")
    def _save_pressed(self) -> None:
        self.action_save()

    @on(Button.Pressed, "#leave")
    def _leave_pressed(self) -> None:
        self.action_back()

    def action_back(self) -> None:
        """Leave; ask where something would be lost."""
        if self.form is None or not self.is_touched:
            super().action_back()
            return
        words = self.center.words
        ways = [name for name in self.leave_ways if name != "save" or self.center.facts.may_act]
        entries = [(name, "", words(f"form.esc.{name}")) for name in ways]

        def chosen(what: str | None) -> None:
            if what is not None:
                self.leave(what)

        self.app.push_screen(Menu(words("form.esc"), entries), chosen)

    def leave(self, what: str) -> None:
        """Do what was chosen where Esc would lose something."""
        if what == "save":
            self.action_save()
        elif what == "drop":
            self.app.pop_screen()


def label(field: Field) -> str:
    """Its name, with a star where it is needed."""
    return f"{safe_text(field.name)}{' *' if field.needed else ''}"


def heading(text: str) -> Line:
    """The name of a part of the form."""
    line = Line(classes="section")
    line.text = f"== {text}"
    return line


def row_of(control: Widget) -> FieldRow | None:
    """The row in which a control stands."""
    return next((each for each in control.ancestors if isinstance(each, FieldRow)), None)


def _told(row: FieldRow, path: str, problem: str) -> str:
    return problem if path == row.path else f"{path}: {problem}"
