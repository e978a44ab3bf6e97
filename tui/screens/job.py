"""One job: its settings and policies, what became of its slots, what changed since it last succeeded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tui.keymap import bindings
from tui.rows import JobView
from tui.screens.base import CenterScreen
from tui.screens.job_acts import delete, edit, enable, run, run_with
from tui.styles import style
from tui.widgets.log_view import LogView

if TYPE_CHECKING:
    from tui.data import Data


class JobScreen(CenterScreen):
    """All about one job, as a text."""

    CSS_PATH: ClassVar[Any] = style("log_view")
    BINDINGS: ClassVar[list[BindingType]] = bindings("job")
    scopes: ClassVar[tuple[str, ...]] = ("job", "screen")

    def __init__(self, job_id: int) -> None:
        super().__init__()
        self.job_id = job_id
        self._view: JobView | None = None

    def content(self) -> ComposeResult:
        """The text."""
        yield LogView(id="log")

    def on_mount(self) -> None:
        """Load, and focus the text."""
        super().on_mount()
        self.focus_main()

    def focus_main(self) -> None:
        """Focus the text."""
        self.query_one(LogView).focus()

    def title_line(self) -> str:
        """Its name."""
        return self.center.words("title.job", name=self._view.name if self._view else self.job_id)

    def command_line(self) -> str:
        """The command that explains its slots."""
        return f"connecthub job why {self.job_id}"

    def load(self) -> None:
        """Ask for it."""
        self.ask(lambda data: data.job(self.job_id), self._show, only_if_idle=True)

    def _show(self, view: JobView) -> None:
        if view != self._view:
            self._view = view
            self.redraw()
            self.tell_lines()

    def retitle(self) -> None:
        """Another language."""
        self.redraw()

    def redraw(self) -> None:
        """The text anew, from where it stood."""
        if self._view is not None:
            self.query_one(LogView).replace_text(self._text(self._view))

    def _text(self, view: JobView) -> str:
        words, times = self.center.words, self.center.times
        width = max(len(name) for name, _ in view.settings)
        blocks = ["\n".join(f"{name:<{width}}  {value}" for name, value in view.settings)]
        if view.secrets is None:
            blocks.append(f"== {words('facts.secrets')}\n{words('facts.secrets_unreadable')}")
        elif view.secrets:
            secrets = [f"{name}  {words('facts.secret_set')}" for name in view.secrets]
            blocks.append("\n".join([f"== {words('facts.secrets')}", *secrets]))
        slots = [
            f"{times.show(at, None):<14}  {'' if log is None else log:<8}  {told}" for at, log, told in view.verdicts
        ]
        blocks.append("\n".join([f"== {words('facts.why')}", *slots]))
        if view.changed:
            changed = [f"{what}: {words('facts.was', then=then, now=now)}" for what, then, now in view.changed]
            blocks.append("\n".join([f"== {words('facts.changed')}", *changed]))
        return "\n\n".join(blocks)

    # keys

    def action_logs(self) -> None:
        """Its JobLogs."""
        self.center.show_logs(f"job:{self.job_id}")

    def action_run(self) -> None:
        """Run now, or dry."""
        run(self, {self.job_id: self._job_name})

    def action_retry(self) -> None:
        """Retry what failed."""
        self._act("ask.retry_failed", lambda data: data.retry_failed([self.job_id]))

    def action_enable(self) -> None:
        """Enable; where it missed slots, ask which to run."""
        enable(self, self.job_id, self._job_name)

    def action_edit(self) -> None:
        """Edit it."""
        edit(self, self.job_id)

    def action_revisions(self) -> None:
        """Its saves."""
        from tui.screens.revisions import RevisionsScreen

        self.app.push_screen(RevisionsScreen(self.job_id, self._job_name))

    def action_run_with(self) -> None:
        """Run it once, with other params or as of a past slot."""
        run_with(self, self.job_id)

    def action_delete(self) -> None:
        """Delete it."""
        delete(self, self.job_id, self._job_name, leave=True)

    def action_disable(self) -> None:
        """Disable."""
        asked = self.center.words("ask.disable", count=1, instance=self.center.facts.instance)
        self.confirm_why(asked, [self._job_name], lambda data, why: data.disable([self.job_id], why))

    def _act(self, question: str, act: Callable[[Data], Any]) -> None:
        self.confirm(self.center.words(question, count=1, instance=self.center.facts.instance), [self._job_name], act)

    @property
    def _job_name(self) -> str:
        return self._view.name if self._view else str(self.job_id)
