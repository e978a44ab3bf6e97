"""What the form of a job asks: its fields, a look at what it would change, the save, and earlier versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from shlex import quote
from typing import TYPE_CHECKING, Any

from tui.acts import told
from tui.data.acts import Acts
from tui.rows import Done
from tui.rows_form import CronWords, Entered, Missed, Review, RevisionRow, Saved

if TYPE_CHECKING:
    from connecthub.control.drafts import Draft
    from connecthub.control.forms import Form
    from tui.kept import Kept

LOOKED_AT = 20
"""Of so many jobs at once."""
PASSED_MAX = 100
"""So many slots that passed are counted."""


class Editing(Acts):
    """Adding, changing and deleting jobs, and runs that differ from their job."""

    def job_form(self, job_id: int) -> Form:
        """The form of a job."""
        from connecthub.control.forms import job_form

        return job_form(self._office, str(job_id))

    def copy_form(self, job_id: int) -> Form:
        """The form of a new job like another."""
        from connecthub.control.forms import copy_form

        return copy_form(self._acting(), str(job_id))

    def new_form(self, handler: str, example: str | None) -> Form:
        """The form of a new job of a plugin."""
        from connecthub.control.forms import new_form

        return new_form(self._acting(), handler, self._zone, example)

    def kept_form(self, kept: Kept) -> Form:
        """The form that an earlier session left, as it is now, with the fields of the plugin that was chosen."""
        handler = kept.texts.get("handler_path", "")
        if kept.job_id is None:
            return self.new_form(handler, None)
        form = self.job_form(kept.job_id)
        if handler in ("", form.texts["handler_path"]):
            return form
        other = self.form_with_handler(form, handler, {**form.texts, **kept.texts})
        return replace(other, texts={path: form.texts.get(path, "") for path in other.texts})

    def form_with_handler(self, form: Form, handler: str, texts: Mapping[str, str]) -> Form:
        """The same form for another plugin."""
        from connecthub.control.forms import with_handler

        return with_handler(self._office, form, handler, texts)

    def handlers(self) -> tuple[list[tuple[str, str]], int]:
        """The plugins that are found, each with the first line of what it says of itself; how many cannot be used."""
        from tui.shown import first_line

        found = self._office.questions.list_all()
        usable = [(each["handler"], first_line(each["doc"])) for each in found if "handler" in each]
        return usable, len(found) - len(usable)

    def examples(self, handler: str) -> list[str]:
        """The names of a plugin's examples."""
        return list(self._office.questions.describe(handler)["examples"])

    def cron_words(self, expression: str, zone: str, language: str) -> CronWords:
        """What a schedule means, and its next five times."""
        from connecthub.errors import ConnectHubError
        from connecthub.schedule.cron import preview, validate_timezone
        from connecthub.schedule.words import describe_cron

        try:
            validate_timezone(zone)
            return CronWords(describe_cron(expression, language), preview(expression, zone, self.now(), 5), zone)
        except ConnectHubError as error:
            return CronWords("", (), problem=str(error))

    def review(self, form: Form, entered: Entered) -> Review:
        """What is wrong with a form, and what saving it would change."""
        from connecthub.control.drafts import changes, problems
        from connecthub.control.forms import draft_of
        from tui.shown_form import change_line

        office = self._acting()
        draft, wrong = draft_of(form, entered.texts, entered.secrets, entered.cleared)
        found = {**problems(office, draft), **wrong}
        if any(path == "params" or path.startswith("params.") for path in wrong):
            found = {path: told for path, told in found.items() if not path.startswith("params.") or path in wrong}
        lines = [change_line(*change) for change in changes(draft)]
        if draft.base is not None and draft.wanted.enabled and not draft.base.enabled:
            lines += self.passed({draft.base.id: "enabled"})
        return Review(found, lines, draft)

    def save(self, draft: Draft) -> Saved:
        """Save, unless somebody else did meanwhile."""
        from connecthub.control.actions import ACTIONS
        from connecthub.control.drafts import conflicts, save
        from connecthub.control.job_reading import show_job
        from connecthub.control.job_settings import differences
        from connecthub.core.safe_text import safe_text
        from connecthub.errors import EditedMeanwhile
        from tui.shown_form import conflict_row

        office, new = self._acting(), draft.base is None
        try:
            row = save(office, self._actor, draft)
        except EditedMeanwhile as error:
            theirs = show_job(office.database, str(draft.base.id if draft.base else 0))
            rows = [conflict_row(each) for each in conflicts(draft, theirs)]
            return Saved(conflict=rows, by=safe_text(error.actor), theirs=theirs)
        undo = ACTIONS["job.add" if new else "job.edit"].undo or ""
        if not new and draft.base is not None and row.version == draft.base.version:
            return Saved(told(f"job {row.name} is so already; nothing was saved"))
        line = f"job {row.name} is added" if new else f"job {row.name} is saved as version {row.version}"
        if draft.base is not None and not differences(draft.before, draft.wanted.as_dict()):
            return Saved(told(f"{line}; the former secrets are not kept"))
        return Saved(told(line, undo.format(name=quote(row.name))))

    def save_over(self, draft: Draft, theirs: Any) -> Saved:
        """Save a draft's own changes on top of somebody else's."""
        from connecthub.control.drafts import rebased

        return self.save(rebased(draft, theirs))

    def revisions(self, job_id: int) -> list[RevisionRow]:
        """The saves of a job, the newest first."""
        from connecthub.control.revisions import history
        from tui.shown_form import revision_row

        return [revision_row(each) for each in history(self._database, str(job_id))]

    def way_back(self, job_id: int, version: int) -> list[str]:
        """What taking a job back to a version would change."""
        from connecthub.control.revisions import way_back
        from tui.shown_form import change_line

        return [change_line(*change) for change in way_back(self._database, str(job_id), version)]

    def take_back(self, job_id: int, version: int) -> Done:
        """Save the settings of an earlier version anew."""
        from connecthub.control.revisions import revert

        row = revert(self._acting(), self._actor, str(job_id), version)
        line = f"job {row.name} has version {version} again, as version {row.version}"
        return told(line, f"connecthub job revert {quote(row.name)}")

    def delete(self, job_id: int, reason: str | None = None) -> Done:
        """Delete a job for good."""
        from connecthub.control.job_reading import show_job
        from connecthub.control.jobs import delete_job

        office = self._acting()
        name = show_job(office.database, str(job_id)).name
        cancelled = delete_job(office, self._actor, str(job_id), reason=reason)
        return told(f"job {name} is deleted, {cancelled} queued runs cancelled; its JobLogs stay")

    def run_with(
        self, form: Form, texts: Mapping[str, str], slot: str, *, dry_run: bool = False
    ) -> Done | dict[str, str]:
        """Run a job once with the params of a form, or as of a past slot; or else what is wrong, by path."""
        from connecthub.control.forms import read_params
        from connecthub.control.runs import run_job
        from connecthub.core.times import parse_time
        from connecthub.errors import InvalidSettings

        office, base = self._acting(), form.base
        params, wrong = read_params(form.params, texts)
        if wrong or base is None:
            return wrong
        at = parse_time(slot, base.timezone, office.now()) if slot.strip() else None
        own = params if params != base.public_cfg else None
        try:
            row = run_job(office, self._actor, str(base.id), own, at, dry_run=dry_run)
        except InvalidSettings as error:
            return error.fields
        return told(f"{'dry run' if dry_run else 'run'} {row.id} is queued ({base.name})", opened=row.id)

    def missed(self, job_id: int) -> Missed:
        """The slots that passed while a job is disabled."""
        from connecthub.control.job_reading import show_job
        from connecthub.control.missed import missed_slots

        found = missed_slots(self._database, str(job_id), 20)
        return Missed(found.slots, found.more, show_job(self._database, str(job_id)).timezone)

    def passed(self, jobs: Mapping[int, str]) -> list[str]:
        """Each job's name, and how many slots passed while it was disabled; they do not run by themselves."""
        from connecthub.control.missed import missed_slots

        lines: list[str] = []
        for place, (job_id, name) in enumerate(jobs.items()):
            if place >= LOOKED_AT:
                lines.append(name)
                continue
            found = missed_slots(self._database, str(job_id), PASSED_MAX)
            many = f"more than {PASSED_MAX}" if found.more else str(len(found.slots))
            lines.append(f"{name}: {many} slots passed, which do not run" if found.slots else name)
        return lines

    def enable_and_run(self, job_id: int, slots: Sequence[datetime]) -> Done:
        """Enable a job, and run past slots of it, oldest first."""
        enabled = self.enable([job_id])
        if enabled.refused:
            return enabled
        ran = self._run_slots(job_id, slots)
        return replace(ran, lines=[*enabled.lines, *ran.lines], undo=enabled.undo, opened=None)

    def _run_slots(self, job_id: int, slots: Sequence[datetime]) -> Done:
        from connecthub.control.job_reading import show_job
        from connecthub.control.runs import run_job
        from tui.acts import Tally

        office, tally = self._acting(), Tally()
        name = show_job(office.database, str(job_id)).name

        def run(slot: datetime) -> None:
            row = run_job(office, self._actor, str(job_id), slot=slot)
            tally.lines.append(f"run {row.id} is queued ({name})")

        return tally.each(slots, run).done()
