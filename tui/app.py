"""The control center: its screens, what it is connected to, and what happens when something goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import Screen

from tui.bugs import report
from tui.guarded import Guarded
from tui.keymap import KEYS, Key, bindings
from tui.screens.base import CenterScreen
from tui.styles import style
from tui.terminal import StripControl
from tui.watchdog import Watchdog

if TYPE_CHECKING:
    from tui.data import Data

EXIT_BUG = 70


def _first_of(module: str, name: str) -> Callable[[], Screen[Any]]:
    """Make a screen whose module is imported when it is first wanted."""
    return lambda: getattr(import_module(f"tui.screens.{module}"), name)()


SCREENS: dict[str, str | Callable[[], Screen[Any]]] = {
    "overview": _first_of("overview", "OverviewScreen"),
    "jobs": _first_of("jobs", "JobsScreen"),
    "logs": _first_of("logs", "LogsScreen"),
    "workers": _first_of("workers", "WorkersScreen"),
    "plugins": _first_of("plugins", "PluginsScreen"),
    "audit": _first_of("audit", "AuditScreen"),
    "operators": _first_of("operators", "OperatorsScreen"),
}
"""Those that a digit opens."""


class ControlCenter(Guarded):
    """Browse, understand and act, from a terminal. `open_data` is called in a thread, after the first frame."""

    CSS_PATH: ClassVar[Any] = [style("base"), style("table")]
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = SCREENS
    DEFAULT_MODE = "overview"
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        open_data: Callable[[], Data],
        language: str | None = None,
        first: Callable[[ControlCenter], None] | None = None,
        diagnose: Callable[[], list[str]] | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        super().__init__(open_data, language, first, diagnose, watchdog)
        self.theme = "ansi-dark"
        self.bugs: list[str] = []
        """The numbers of the errors of this session."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and the second net."""
        return [*super().get_line_filters(), StripControl()]

    # where to go

    def open_log(self, log_id: int) -> None:
        """Stand in a JobLog."""
        from tui.screens.log import LogScreen

        self.push_screen(LogScreen(log_id))

    def open_job(self, job_id: int) -> None:
        """Stand in a job."""
        from tui.screens.job import JobScreen

        self.push_screen(JobScreen(job_id))

    def new_job(self, handler: str = "") -> None:
        """The form of a job that is not there yet; of a plugin, where that is known."""
        from tui.screens.new import new_job

        screen = self.screen
        if not isinstance(screen, CenterScreen):
            return
        if self.facts.may_act:
            new_job(screen, handler)
        else:
            screen.say(self.words("role.cannot", role=self.facts.role))

    def last(self) -> None:
        """Where the last session ended."""
        if self.last_command:
            self.obey(self.last_command)

    def show_logs(self, text: str) -> None:
        """The JobLogs that match."""
        self.show("logs", text)

    def show(self, mode: str, text: str = "") -> None:
        """One of SCREENS, with what matches a text."""
        from tui.screens.listing import ListScreen

        if not self._may_see(mode):
            return
        self.switch_mode(mode)
        self._to_the_first()
        screen = self.screen_stack[0]
        if text and isinstance(screen, ListScreen):
            screen.choose(text)

    def _go(self, mode: str) -> None:
        """To where one was there; from there to its first screen."""
        if not self._may_see(mode):
            return
        if self.current_mode == mode:
            self._to_the_first()
        else:
            self.switch_mode(mode)

    def _may_see(self, mode: str) -> bool:
        """Whether the person's role lets them see it; who may not is told why."""
        if mode != "operators" or self.facts.role == "admin":
            return True
        self.say_below(self.words("operators.only_admin", role=self.facts.role))
        return False

    def _to_the_first(self) -> None:
        """Leave what lies above the first screen; a form in which something is typed stays."""
        while len(self.screen_stack) > 1 and isinstance(self.screen, CenterScreen) and not self.screen.unsaved_edit():
            self.pop_screen()

    def obey(self, line: str) -> None:
        """Do what a command line says."""
        from connecthub.errors import ConnectHubError
        from tui.commands import parse

        try:
            parse(line)(self)
        except ConnectHubError as error:
            if isinstance(self.screen, CenterScreen):
                self.screen.say(str(error))

    def action_show_overview(self) -> None:
        """What needs a person now."""
        self._go("overview")

    def action_show_jobs(self) -> None:
        """The jobs."""
        self._go("jobs")

    def action_show_logs(self) -> None:
        """The JobLogs."""
        self._go("logs")

    def action_show_workers(self) -> None:
        """Workers and queues."""
        self._go("workers")

    def action_show_plugins(self) -> None:
        """The plugins."""
        self._go("plugins")

    def action_show_audit(self) -> None:
        """Who did what."""
        self._go("audit")

    def action_show_operators(self) -> None:
        """Who may come in."""
        self._go("operators")

    def action_command(self) -> None:
        """Ask for a command."""
        if isinstance(self.screen, CenterScreen):
            self.screen.open_command()

    def action_time(self) -> None:
        """The next way to show times."""
        self.times.mode = self.times.mode.following()
        self.everywhere(lambda screen: (screen.redraw(), screen.tell_lines()))
        if isinstance(self.screen, CenterScreen):
            at = self.times.clock(self.screen.at) if self.screen.at else ""
            self.screen.say(self.words(f"time.mode.{self.times.mode}", zone=self.times.zone, time=at))

    def action_help(self) -> None:
        """All keys of this screen."""
        from tui.screens.help import HelpScreen

        if isinstance(self.screen, CenterScreen):
            self.push_screen(HelpScreen(self.screen, self.all_keys(self.screen)))

    def all_keys(self, screen: CenterScreen) -> list[Key]:
        """The lines of the keymap that hold on a screen."""
        return [*screen.keys(), *(key for key in KEYS if key.id.startswith("app."))]

    def action_command_palette(self) -> None:
        """The palette; not over a question, nor while the installation is away."""
        if isinstance(self.screen, CenterScreen):
            super().action_command_palette()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """For the palette: the acts of the screen, and the ways to others; nothing that writes a file on this host."""
        if not isinstance(screen, CenterScreen):
            return
        for key in self.all_keys(screen):
            scope, _, action = key.id.partition(".")
            target = self if scope == "app" else screen
            yield SystemCommand(self.words(f"key.{key.id}"), key.shown, partial(target.run_action, action))

    # what goes wrong

    async def run_action(self, *arguments: Any, **options: Any) -> bool:
        """Run what a key does; a bug in it must not end the app, which runs it."""
        try:
            return await super().run_action(*arguments, **options)
        except Exception as error:
            self._handle_exception(error)
            return True

    def _handle_exception(self, error: Exception) -> None:
        """A bug closes its screen and not the session; one in the first screens ends it with 70."""
        number, where = report(error)
        self.bugs.append(number)
        if len(self.screen_stack) > 1 and self._thread_id == threading.get_ident():
            self.call_later(self._close_broken, self.screen, number, where)
            return
        if self.return_code != EXIT_BUG:
            self.exit(return_code=EXIT_BUG, message=self.words("bug", id=number, where=where))

    async def _close_broken(self, broken: Screen[Any], number: str, where: str) -> None:
        if self.screen is broken:  # and not closed by now, for another of its questions
            self.pop_screen()
        if isinstance(self.screen, CenterScreen):
            self.screen.say(self.words("bug", id=number, where=where))
