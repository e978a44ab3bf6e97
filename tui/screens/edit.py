"""The form of a job: its settings, its plugin's params and secrets, its policies; confirmed before it is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from connecthub.core.safe_text import safe_text
from tui.rows_form import CronWords, Entered, Review, Saved
from tui.screens.base import CenterScreen
from tui.screens.dialogs import Confirm
from tui.screens.form import FormScreen, heading, label, row_of
from tui.screens.form_dialogs import ConfirmChanges, Resolve
from tui.widgets.bars import Line
from tui.widgets.fields import FieldRow, OneLine

if TYPE_CHECKING:
    from connecthub.control.drafts import Draft
    from connecthub.control.form_fields import Field
    from connecthub.control.forms import Form
    from tui.data import Data

TYPING_PAUSE = 0.3
"""Seconds after the last letter until a schedule is put into words."""
SCHEDULE = ("cron_expr", "timezone")


class EditScreen(FormScreen):
    """A job that is there already, or a new one."""

    leave_ways: ClassVar[tuple[str, ...]] = ("edit", "save", "json", "drop")

    def __init__(self, source: Callable[[Data], Form], kept: Mapping[str, str] | None = None) -> None:
        super().__init__(source, kept)
        self._cleared: list[str] = []
        self._typed_secrets: dict[str, str] = {}
        self._typing: Any = None

    def title_line(self) -> str:
        """Which job."""
        words = self.center.words
        if self.form is None or self.form.base is None:
            return words("title.new_job")
        return words("title.edit", name=safe_text(self.form.base.name))

    def command_line(self) -> str:
        """The command that does the same."""
        if self.form is None or self.form.base is None:
            return "connecthub job add --help"
        return f"connecthub job edit {self.form.base.id}"

    def rows(self, form: Form, texts: Mapping[str, str]) -> list[Widget]:
        """Settings, what the schedule means, params, secrets, policies, buttons."""
        from connecthub.control.form_fields import POLICIES, SETTINGS

        words = self.center.words
        rows: list[Widget] = [self.row(field, texts) for field in SETTINGS]
        rows[4:4] = [Line(id="words", classes="told"), Line(id="times", classes="told")]
        rows += [heading(words("form.params")), *(self.row(field, texts) for field in form.params)]
        if form.secrets:
            rows += [heading(words("form.secrets")), *(self._secret(form, field) for field in form.secrets)]
        rows += [heading(words("form.policies")), *(self.row(field, texts) for field in POLICIES)]
        names = ("save", "json", "leave") if self.center.facts.may_act else ("json", "leave")
        buttons = [Button(Content(words(f"form.{name}")), id=name, compact=True) for name in names]
        return [*rows, Horizontal(*buttons, id="form-buttons")]

    def began(self) -> None:
        """Put the schedule into words."""
        self._ask_words()

    def entered(self) -> Entered:
        """What stands in the form, and which secrets are to be cleared."""
        found = super().entered()
        return Entered(found.texts, found.secrets, tuple(self._cleared))

    def build(self, form: Form, texts: Mapping[str, str]) -> None:
        """All rows anew; secrets that were typed stay."""
        self._typed_secrets = dict(self.entered().secrets)
        super().build(form, texts)

    def unsaved_edit(self) -> tuple[int | None, Mapping[str, str]] | None:
        """The job, and what was typed; of a new job all that stands there."""
        if self.form is None or not self.unsaved:
            return None
        return (None, self.entered().texts) if self.form.base is None else (self.form.base.id, self.unsaved)

    # the schedule in words

    @on(FieldRow.Changed)
    def _schedule_changed(self, event: FieldRow.Changed) -> None:
        if event.row.path in SCHEDULE:
            if self._typing is not None:
                self._typing.stop()
            self._typing = self.set_timer(TYPING_PAUSE, self._ask_words)

    def _ask_words(self) -> None:
        rows = {row.path: row.text.strip() for row in self.query(FieldRow) if row.path in SCHEDULE}
        expression, zone = (rows[path] for path in SCHEDULE)
        language = self.center.words.language
        self.ask(lambda data: data.cron_words(expression, zone, language), self._tell_words, group="cron")

    def _tell_words(self, told: CronWords) -> None:
        self.query_one("#words", Line).text = safe_text(told.problem or told.meaning)
        times = [at.astimezone(ZoneInfo(told.zone)) for at in told.times]
        form = "%m-%d %H:%M" if len({at.year for at in times}) == 1 else "%y-%m-%d %H:%M"
        zone = [told.zone] if times else []
        self.query_one("#times", Line).text = "  ".join([*(f"{at:{form}}" for at in times), *zone])

    # another plugin

    def enter(self, row: FieldRow) -> None:
        """Enter in the plugin's field lists those that are found."""
        if row.path == "handler_path":
            from tui.screens.new import pick_plugin

            pick_plugin(self, self._picked)
        else:
            super().enter(row)

    def _picked(self, handler: str) -> None:
        form = self.form
        if form is not None:
            texts = {**self.entered().texts, "handler_path": handler}
            self.kept = {path: text for path, text in texts.items() if text != form.texts.get(path, "")}
            self.wait_for(lambda data: data.form_with_handler(form, handler, texts), self._other_plugin)

    def _other_plugin(self, form: Form) -> None:
        """Show the fields of another plugin; what was typed before is still not saved."""
        loaded = self.form.texts if self.form else {}
        self.show_form(form)
        self.form = replace(form, texts={path: loaded.get(path, "") for path in form.texts})

    # secrets

    def _secret(self, form: Form, field: Field) -> FieldRow:
        words = self.center.words
        state = words(f"form.secret.{form.stored.get(field.name, 'not set').partition(' ')[0]}")
        if field.name in self._cleared:
            state = words("form.secret.clearing")
        doc = " · ".join(part for part in (field.doc, words("form.doc.secret")) if part)
        typed = self._typed_secrets.get(field.path, "")
        return FieldRow(field.path, label(field), typed, doc=doc, hint=state, masked=True)

    @on(FieldRow.Changed)
    def _secret_changed(self, event: FieldRow.Changed) -> None:
        """Who types a new secret after all does not clear it."""
        row = event.row
        name = row.path.partition(".")[2]
        if row.path.startswith("secrets.") and row.text and name in self._cleared:
            self._cleared.remove(name)
            row.control.set_hint(self.center.words("form.secret.set"))

    @on(OneLine.RubbedOut)
    def _rubbed_out(self, event: OneLine.RubbedOut) -> None:
        row, form = row_of(event.field), self.form
        if row is None or form is None or not row.path.startswith("secrets."):
            return
        name = row.path.partition(".")[2]
        if form.stored.get(name) != "set" or name in self._cleared:
            return
        words = self.center.words

        def answered(yes: bool | None) -> None:
            if yes:
                self._cleared.append(name)
                event.field.set_hint(words("form.secret.clearing"))

        question = words("ask.clear_secret", instance=self.center.facts.instance)
        self.app.push_screen(Confirm(words, question, [safe_text(name)]), answered)

    # save

    def action_save(self) -> None:
        """Look at what a save would change; it is confirmed after that."""
        form, entered = self.form, self.entered()
        if form is not None:
            self.say(self.center.words("form.checking"))
            self.wait_for(lambda data: data.review(form, entered), self._reviewed)

    def _reviewed(self, review: Review) -> None:
        words, draft = self.center.words, review.draft
        self.say("")
        if self.tell_problems(review.problems):
            return
        if not review.changes:
            self.say(words("form.unchanged"))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.wait_for(lambda data: data.save(draft), lambda saved: self._saved(draft, saved))

        name = safe_text(draft.wanted.name)
        question = words("ask.save", name=name, instance=self.center.facts.instance)
        self.app.push_screen(ConfirmChanges(words, question, review.changes), answered)

    def _saved(self, draft: Draft, saved: Saved) -> None:
        """Back to where the form was opened from, which says what was done; or else somebody was first."""
        if saved.theirs is not None:
            self._resolve(draft, saved)
            return
        self.app.pop_screen()
        if saved.done is not None and isinstance(self.app.screen, CenterScreen):
            self.app.screen.done(saved.done)

    def _resolve(self, draft: Draft, saved: Saved) -> None:
        def chosen(what: str | None) -> None:
            if what == "mine":
                over = lambda data: data.save_over(draft, saved.theirs)  # noqa: E731
                self.wait_for(over, lambda again: self._saved(draft, again))
            elif what is not None:
                if what == "theirs":
                    self._forget()
                self.kept = self.unsaved if what == "edit" else {}
                self.wait_for(lambda data: data.job_form(saved.theirs.id), self.show_form)

        self.app.push_screen(Resolve(self.center.words, saved), chosen)

    def _forget(self) -> None:
        self._cleared = []
        for row in self.query(FieldRow):
            if row.path.startswith("secrets."):
                row.put("")

    # as JSON

    def leave(self, what: str) -> None:
        """Also to the JSON of it."""
        if what == "json":
            self._as_json()
        else:
            super().leave(what)

    @on(Button.Pressed, "#json")
    def _as_json(self) -> None:
        from connecthub.control.forms import as_json
        from tui.screens.json_view import JsonScreen

        form = self.form
        if form is not None:
            self.app.push_screen(JsonScreen(form, as_json(form, self.entered().texts)), self._from_json)

    def _from_json(self, answer: tuple[Form, Mapping[str, str]] | None) -> None:
        if answer is not None:
            self.form, texts = answer
            self.build(self.form, texts)
