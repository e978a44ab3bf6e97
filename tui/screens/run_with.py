"""A run that differs from its job: other params for this once, as of a past slot, or dry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from connecthub.core.safe_text import safe_text
from tui.rows import Done
from tui.screens.base import CenterScreen
from tui.screens.form import FormScreen, heading
from tui.screens.form_dialogs import ConfirmChanges
from tui.widgets.fields import FieldRow

if TYPE_CHECKING:
    from connecthub.control.forms import Form

SLOT = "slot"
DRY_RUN = "dry_run"
NO, YES = "no", "yes"


class RunWithScreen(FormScreen):
    """The params of a job, for one run."""

    leave_ways: ClassVar[tuple[str, ...]] = ("edit", "drop")

    def __init__(self, job_id: int) -> None:
        super().__init__(lambda data: data.job_form(job_id))
        self.job_id = job_id

    def title_line(self) -> str:
        """Which job."""
        base = self.form.base if self.form else None
        return self.center.words("title.run_with", name=safe_text(base.name) if base else self.job_id)

    def command_line(self) -> str:
        """The command that does the same."""
        return f"connecthub job run {self.job_id} --help"

    def rows(self, form: Form, texts: Mapping[str, str]) -> list[Widget]:
        """The slot, whether it is dry, the params, the buttons."""
        words = self.center.words
        zone = safe_text(form.base.timezone) if form.base else ""
        slot = FieldRow(SLOT, words("form.slot"), texts.get(SLOT, ""), doc=words("form.doc.slot", zone=zone))
        doc = words("form.doc.dry_run")
        dry = FieldRow(DRY_RUN, words("form.dry_run"), texts.get(DRY_RUN, NO), doc=doc, choices=(NO, YES))
        rows = [slot, dry, heading(words("form.params")), *(self.row(field, texts) for field in form.params)]
        run, leave = (
            Button(Content(words("form.run")), id="save", compact=True),
            Button(Content(words("form.leave")), id="leave", compact=True),
        )
        return [*rows, Horizontal(run, leave, id="form-buttons")]

    @property
    def unsaved(self) -> dict[str, str]:
        """Only what stands in this form."""
        shown = {row.path for row in self.query(FieldRow)}
        found = {path: text for path, text in super().unsaved.items() if path in shown}
        return {path: text for path, text in found.items() if (path, text) != (DRY_RUN, NO)}

    def action_save(self) -> None:
        """Ask, then run."""
        form, entered, words = self.form, self.entered(), self.center.words
        if form is None or form.base is None:
            return
        changed = self.unsaved
        slot = changed.pop(SLOT, "").strip()
        dry_run = changed.pop(DRY_RUN, NO) == YES
        lines = [f"{path}: {safe_text(text)}" for path, text in changed.items()] or [words("run_with.same")]
        lines += [words("run_with.slot", slot=safe_text(slot))] if slot else []
        lines += [words("run_with.dry_run")] if dry_run else []

        def answered(yes: bool | None) -> None:
            if yes:
                self.wait_for(lambda data: data.run_with(form, entered.texts, slot, dry_run=dry_run), self._ran)

        question = words("ask.run_with", name=safe_text(form.base.name), instance=self.center.facts.instance)
        self.app.push_screen(ConfirmChanges(words, question, lines), answered)

    def _ran(self, answer: Done | Mapping[str, str]) -> None:
        if not isinstance(answer, Done):
            self.tell_problems(answer)
            return
        self.app.pop_screen()
        if isinstance(self.app.screen, CenterScreen):
            self.app.screen.done(answer)
