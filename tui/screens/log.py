"""One JobLog: its log, live while it runs, and what is known about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer

from connecthub.core.safe_text import safe_text
from tui.keymap import bindings
from tui.rows import LogText, LogView
from tui.screens.base import CenterScreen
from tui.screens.facts import FactsScreen, stand
from tui.screens.marks import SIGNS, run_name
from tui.styles import style
from tui.widgets.bars import Line
from tui.widgets.log_view import LogView as LogWidget
from tui.widgets.prompt import Prompt

FOLLOW_SECONDS = 0.5
"""Between two looks at a run that goes on: at most two paints a second."""


class LogScreen(CenterScreen):
    """The log of one run; `i` shows its facts."""

    CSS_PATH: ClassVar[Any] = style("log_view")
    BINDINGS: ClassVar[list[BindingType]] = bindings("log")
    scopes: ClassVar[tuple[str, ...]] = ("log", "screen")

    def __init__(self, log_id: int) -> None:
        super().__init__()
        self.log_id = log_id
        self._view: LogView | None = None
        self._last_chunk: int | None = None
        self._status = ""
        self._progress = ""
        self._following: Timer | None = None

    def content(self) -> ComposeResult:
        """A line about the run, and its log."""
        yield Line(id="run")
        yield LogWidget(id="log")

    @property
    def log_widget(self) -> LogWidget:
        """The log."""
        return self.query_one("#log", LogWidget)

    def focus_main(self) -> None:
        """Focus the log."""
        self.log_widget.focus()

    def title_line(self) -> str:
        """Its number."""
        return self.center.words("title.log", id=self.log_id)

    def command_line(self) -> str:
        """The command that shows it."""
        return f"connecthub log show {self.log_id}"

    def way_back(self) -> str:
        """The JobLog."""
        return f"log {self.log_id}"

    def retitle(self) -> None:
        """Another language."""
        self._tell()

    def redraw(self) -> None:
        """Other times."""
        self._tell()

    def on_mount(self) -> None:
        """Load, and focus the log."""
        super().on_mount()
        self.focus_main()

    # what is shown

    def load(self) -> None:
        """The facts, and the log: whole at first, then what is new."""
        if self._view is None or not self._has_ended():
            self.ask(lambda data: data.log(self.log_id), self._show_view, group="facts", only_if_idle=True)
        if self._last_chunk is None:
            self.ask(lambda data: data.log_text(self.log_id), self._show_text, group="text", only_if_idle=True)
        elif not self._has_ended():
            self._look()

    def _has_ended(self) -> bool:
        return self._status not in ("", "queued", "running")

    def _show_view(self, view: LogView) -> None:
        changed, self._view = view != self._view, view
        self._tell()
        if changed:
            self.tell_lines()

    def _show_text(self, text: LogText) -> None:
        self.log_widget.empty_text = self.center.words("empty.log")
        self.log_widget.running = not text.ended
        self.log_widget.set_text(text.text)
        self._take(text)

    def _take(self, text: LogText) -> None:
        self._last_chunk, ended_before = text.last_chunk, self._has_ended()
        self._status, self._progress = text.status, text.progress
        if text.ended:
            self.log_widget.running = False
            if not ended_before and self._view is not None:
                self.ask(lambda data: data.log(self.log_id), self._show_view, group="facts")
        elif self._following is None:
            self._following = self.set_interval(FOLLOW_SECONDS, self._look)
        if text.ended and self._following is not None:
            self._following.stop()
            self._following = None
        self._tell()
        if text.ended != ended_before:
            self.tell_lines()

    def _look(self) -> None:
        after = self._last_chunk
        if after is not None and self.is_current:
            self.ask(lambda data: data.log_after(self.log_id, after), self._add, group="text", only_if_idle=True)

    def _add(self, text: LogText) -> None:
        if text.text:
            self.log_widget.add_text(text.text)
        self._take(text)

    def _tell(self) -> None:
        """The line about the run, and where one stands in the log."""
        view = self._view
        sign = SIGNS.get(self._status, ("", ""))[0]
        parts = [f"{sign} {self._status}".strip(), self._progress]
        if view is not None:
            parts = [self._job_name, parts[0], view.row.cause, *parts[1:], *self._times(view)]
        self.query_one("#run", Line).text = " · ".join(part for part in parts if part)
        if view is None:
            self.tell_lines()

    def _times(self, view: LogView) -> Sequence[str]:
        row, times = view.row, self.center.times
        took = times.span(row.finished_at - row.started_at) if row.started_at and row.finished_at else ""
        return [times.show(row.started_at or row.queued_at, self.at), took]

    @on(LogWidget.StateChanged)
    def _state_changed(self) -> None:
        words, widget = self.center.words, self.log_widget
        parts = stand(words, widget.state)
        if not self._has_ended():
            waiting = words("log.paused", count=widget.state.new_lines)
            parts.append(words("log.following") if widget.following else waiting)
        self.say(" · ".join(parts))

    # keys

    def action_search(self) -> None:
        """Type what to look for."""
        self.query_one(Prompt).open("search", "/", "", self.center.words("prompt.search"))

    @on(Prompt.Entered)
    def _search_entered(self, message: Prompt.Entered) -> None:
        if message.purpose == "search":
            self.close_prompt()
            self.log_widget.search(message.text)

    def action_copy_line(self) -> None:
        """Send the line of the hit, or the one at the top, to the terminal's clipboard."""
        self.copy(safe_text(self.log_widget.line_text()))

    def action_facts(self) -> None:
        """What is known about the run."""
        self.ask(lambda data: data.log(self.log_id), self._open_facts, group="open")

    def _open_facts(self, view: LogView) -> None:
        self.app.push_screen(FactsScreen(self.title_line(), self.command_line(), self._facts(view)))

    def _facts(self, view: LogView) -> str:
        words = self.center.words
        width = max(len(name) for name, _ in view.facts)
        blocks = ["\n".join(f"{name:<{width}}  {value}" for name, value in view.facts)]
        blocks += [f"== {words('facts.traceback')}\n{view.traceback}"] if view.traceback else []
        blocks += [f"== {words('facts.result')}\n{view.result}"] if view.result else []
        if len(view.chain) > 1:
            chain = [f"{row.id}  {row.status}  {row.trigger} {row.attempt}  {row.cause}" for row in view.chain]
            blocks.append("\n".join([f"== {words('facts.chain')}", *chain]))
        if view.plan:
            told = words("empty.plan.cut") if view.plan.cut else words("facts.plan", count=len(view.plan.rows))
            blocks.append(f"== {told}")
        blocks += [f"== {words('facts.calls', count=view.calls)}"] if view.calls else []
        return "\n\n".join(blocks)

    def action_calls(self) -> None:
        """Its calls to outside systems."""
        from tui.screens.calls import CallsScreen

        self.app.push_screen(CallsScreen(self.log_id, self._view.calls if self._view else 0))

    def action_plan(self) -> None:
        """What it did, or would do, as a table."""
        from tui.screens.plan import PlanScreen

        view = self._view
        if view is not None and view.plan is not None:
            self.app.push_screen(PlanScreen(self.log_id, view.plan, dry_run=view.row.dry_run))

    def action_retry(self) -> None:
        """Retry it."""
        self.confirm(self._question("ask.retry"), [self._named()], lambda data: data.retry([self.log_id]))

    def action_cancel(self) -> None:
        """Cancel it."""
        asked = self._question("ask.cancel")
        self.confirm_why(asked, [self._named()], lambda data, why: data.cancel([self.log_id], why))

    def _question(self, question: str) -> str:
        return self.center.words(question, count=1, instance=self.center.facts.instance)

    def _named(self) -> str:
        return f"{self.log_id} {self._job_name} {self._status}"

    @property
    def _job_name(self) -> str:
        row = self._view.row if self._view else None
        return "" if row is None else run_name(self.center.words, row.job_name, dry_run=row.dry_run)

    def fits(self, key_id: str) -> bool:
        """What runs can be cancelled, what has ended badly retried; calls and a plan are shown where there are any."""
        if key_id == "log.cancel":
            return not self._has_ended()
        if key_id in ("log.calls", "log.plan"):
            view = self._view
            return view is not None and bool(view.calls if key_id == "log.calls" else view.plan)
        return key_id != "log.retry" or (self._has_ended() and self._status not in ("succeeded", "skipped"))
