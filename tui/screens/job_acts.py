"""Acts on one job that lead to other screens, the same from the list and from the job itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from connecthub.core.safe_text import safe_text
from tui.kept import Kept
from tui.rows import Done
from tui.rows_form import Missed
from tui.screens.base import CenterScreen
from tui.screens.dialogs import TYPED_FROM, ConfirmRun, Menu
from tui.screens.edit import EditScreen
from tui.screens.form_dialogs import PickSlots


def edit(screen: CenterScreen, job_id: int) -> None:
    """Open its form."""
    screen.app.push_screen(EditScreen(lambda data: data.job_form(job_id)))


def offer_edit(screen: CenterScreen, kept: Kept) -> None:
    """Ask whether to go on with an edit that an earlier session left."""
    words, job_id = screen.center.words, kept.job_id

    def chosen(what: str | None) -> None:
        if what is not None:
            screen.center.taken_up = True
        if what == "edit":
            screen.app.push_screen(EditScreen(lambda data: data.kept_form(kept), kept.texts))

    name = kept.texts.get("name") or (words("title.job", name=job_id) if job_id else words("title.new_job"))
    entries = [(way, "", words(f"kept.{way}")) for way in ("edit", "drop")]
    screen.app.push_screen(Menu(words("kept.ask", name=safe_text(name)), entries), chosen)


def run(screen: CenterScreen, jobs: Mapping[int, str]) -> None:
    """Ask whether to run jobs now, given by number and name, and whether dry; of very many the number is typed, and the
    question says that no dry run is offered."""
    words, ids, names = screen.center.words, list(jobs), list(jobs.values())
    question = words("ask.run", count=len(ids), instance=screen.center.facts.instance)
    if not ids or len(ids) >= TYPED_FROM:
        question += f" {words('ask.run.no_dry', count=TYPED_FROM - 1)}" if ids else ""
        screen.confirm(question, names, lambda data: data.run(ids))
        return
    dialog = ConfirmRun(words, question, names)

    def answered(yes: bool | None) -> None:
        if yes:
            screen.wait_for(lambda data: data.run(ids, dry_run=dialog.dry_run), screen.done)

    screen.app.push_screen(dialog, answered)


def copy(screen: CenterScreen, job_id: int) -> None:
    """Open the form of a new job like it."""
    screen.app.push_screen(EditScreen(lambda data: data.copy_form(job_id)))


def run_with(screen: CenterScreen, job_id: int) -> None:
    """Open the form of a run that differs from its job."""
    from tui.screens.run_with import RunWithScreen

    screen.app.push_screen(RunWithScreen(job_id))


def delete(screen: CenterScreen, job_id: int, name: str, *, leave: bool = False) -> None:
    """Delete it once its name is typed; `leave` the screen then, which shows nothing more."""

    def done(done: Done) -> None:
        if leave:
            screen.app.pop_screen()
        target = screen.app.screen
        (target if isinstance(target, CenterScreen) else screen).done(done)

    question = screen.center.words("ask.delete", instance=screen.center.facts.instance)
    screen.confirm_why(question, [name], lambda data, why: data.delete(job_id, why), typed=name, then=done)


def enable(screen: CenterScreen, job_id: int, name: str) -> None:
    """Enable it; where slots passed meanwhile, show them and ask which to run."""

    def show(missed: Missed) -> None:
        words, instance = screen.center.words, screen.center.facts.instance
        if not missed.slots:
            screen.confirm(words("ask.enable", count=1, instance=instance), [name], lambda data: data.enable([job_id]))
            return

        def chosen(slots: list[datetime] | None) -> None:
            if slots is not None:
                told = [name, *(f"{at.astimezone(ZoneInfo(missed.zone)):%Y-%m-%d %H:%M} {missed.zone}" for at in slots)]
                asked = words("ask.enable_and_run", count=len(slots), instance=instance)
                screen.confirm(asked, told, lambda data: data.enable_and_run(job_id, slots))

        question = words("ask.enable_missed", name=name, instance=instance)
        screen.app.push_screen(PickSlots(words, question, missed), chosen)

    screen.ask(lambda data: data.missed(job_id), show, group="missed")
