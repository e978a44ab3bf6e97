"""The control center: its screens, what it is connected to, and what happens when something goes wrong."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import Screen

from tui.bugs import report
from tui.commands import parse
from tui.keymap import KEYS, Key, bindings
from tui.keys_in_turn import KeysInTurn
from tui.messages import Answered, Failed, Warned
from tui.rows import Facts
from tui.screens.base import CenterScreen
from tui.screens.dialogs import Menu
from tui.screens.jobs import JobsScreen
from tui.screens.listing import ListScreen
from tui.screens.logs import LogsScreen
from tui.session_log import StatusHandler
from tui.terminal import StripControl
from tui.times import Times
from tui.words import LANGUAGES, Words, language_of

if TYPE_CHECKING:
    from tui.data import Data

AGAIN_SECONDS = 5.0
"""Between two looks: at the data, and at an installation that is away."""
EXIT_BUG = 70


class ControlCenter(KeysInTurn):
    """Browse, understand and act, from a terminal. `open_data` is called in a thread, after the first frame."""

    CSS_PATH: ClassVar[Any] = ["styles/base.tcss", "styles/table.tcss", "styles/log_view.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {"jobs": JobsScreen, "logs": LogsScreen}
    DEFAULT_MODE = "jobs"
    ENABLE_COMMAND_PALETTE = True
    REFRESH_SECONDS: ClassVar[float] = AGAIN_SECONDS

    def __init__(self, open_data: Callable[[], Data], language: str | None = None) -> None:
        super().__init__()
        self.theme = "ansi-dark"
        self.words = Words(language or language_of())
        self.times = Times(self.words)
        self.facts = Facts()
        self.data: Data | None = None
        self.problem = self.words("opening")
        self.bugs: list[str] = []
        """The numbers of the errors of this session."""
        self._open_data = open_data
        self._refresh_seconds = self.REFRESH_SECONDS

    def on_mount(self) -> None:
        """Open the installation once something is on the screen."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, partial(self.exit, return_code=129))
        self._warnings = StatusHandler(lambda text: self.post_message(Warned(text)))
        logging.getLogger().addHandler(self._warnings)
        self.call_after_refresh(self._open)
        self.set_timer(self._refresh_seconds, self._look_again)

    def on_unmount(self) -> None:
        """Leave nothing open."""
        logging.getLogger().removeHandler(self._warnings)
        if self.data is not None:
            self.data.close()

    def on_warned(self, message: Warned) -> None:
        """A log record that a person should see."""
        if isinstance(self.screen, CenterScreen):
            self.screen.say(message.text)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and the second net."""
        return [*super().get_line_filters(), StripControl()]

    # the installation

    def _open(self) -> None:
        self.run_worker(self._open_in_thread, thread=True, exit_on_error=False, group="open")

    def _open_in_thread(self) -> None:
        try:
            data = self._open_data()
            facts = data.facts()
        except Exception as error:
            self.post_message(Failed(error, "open", 0))
        else:
            self.post_message(Answered(partial(self._opened, data, facts), "open", 0))

    def _opened(self, data: Data, facts: Facts) -> None:
        self.data, self.facts = data, facts
        self.times = Times(self.words, facts.zone, self.times.mode)
        self.problem = ""
        if facts.language in LANGUAGES and facts.language != self.words.language:  # it may stand in .env alone
            self.switch_language(facts.language)
        else:
            self._everywhere(lambda screen: (screen.tell_lines(), screen.load()))

    def on_answered(self, message: Answered) -> None:
        """The installation is open."""
        message.use()

    def on_failed(self, message: Failed) -> None:
        """It is not; another try follows."""
        self._is_away(message.error)
        self.set_timer(self._refresh_seconds, self._open)

    def is_well(self) -> None:
        """The installation answers."""
        if self.problem:
            self.problem = ""
            self._everywhere(lambda screen: screen.tell_lines())

    def went_wrong(self, screen: CenterScreen, error: Exception) -> None:
        """A question failed: the installation is away, something was refused, or it is a bug."""
        from connecthub.errors import ConnectHubError, DatabaseError

        if isinstance(error, DatabaseError):
            self._is_away(error)
        elif isinstance(error, ConnectHubError):
            screen.say(str(error))
        else:
            self._handle_exception(error)

    def _is_away(self, error: Exception) -> None:
        from connecthub.core.safe_text import safe_text

        cause = next(iter(safe_text(error, newlines=True).splitlines()), type(error).__name__)
        self.problem = self.words("away", cause=cause)
        self._everywhere(lambda screen: screen.tell_lines())

    def _look_again(self) -> None:
        """Refresh what is on the screen; the next look comes after this one."""
        screen = self.screen
        if isinstance(screen, CenterScreen) and self.data is not None:
            screen.load()
        self.set_timer(self._refresh_seconds, self._look_again)

    def _everywhere(self, tell: Callable[[CenterScreen], object]) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, CenterScreen) and screen.is_mounted:
                tell(screen)

    # where to go

    def open_log(self, log_id: int) -> None:
        """Stand in a JobLog."""
        from tui.screens.log import LogScreen

        self.push_screen(LogScreen(log_id))

    def open_job(self, job_id: int) -> None:
        """Stand in a job."""
        from tui.screens.job import JobScreen

        self.push_screen(JobScreen(job_id))

    def show_jobs(self, text: str = "") -> None:
        """The jobs that match."""
        self._show("jobs", text)

    def show_logs(self, text: str = "") -> None:
        """The JobLogs that match."""
        self._show("logs", text)

    def _show(self, mode: str, text: str) -> None:
        self.switch_mode(mode)
        screen = self.screen_stack[0]
        if text and isinstance(screen, ListScreen):
            screen.choose(text)

    def obey(self, line: str) -> None:
        """Do what a command line says."""
        from connecthub.errors import ConnectHubError

        try:
            parse(line)(self)
        except ConnectHubError as error:
            if isinstance(self.screen, CenterScreen):
                self.screen.say(str(error))

    def switch_language(self, language: str) -> None:
        """Show every word in another language."""
        self.words = Words(language)
        self.times = Times(self.words, self.times.zone, self.times.mode)
        self._everywhere(lambda screen: (screen.retitle(), screen.tell_lines(), screen.load()))

    def look_each(self, seconds: float) -> None:
        """Refresh less often, on a slow line."""
        self._refresh_seconds = seconds

    def action_show_jobs(self) -> None:
        """The jobs."""
        self.switch_mode("jobs")

    def action_show_logs(self) -> None:
        """The JobLogs."""
        self.switch_mode("logs")

    def action_command(self) -> None:
        """Ask for a command."""
        if isinstance(self.screen, CenterScreen):
            self.screen.open_command()

    def action_time(self) -> None:
        """The next way to show times."""
        self.times.mode = self.times.mode.following()
        self._everywhere(lambda screen: (screen.redraw(), screen.tell_lines()))
        if isinstance(self.screen, CenterScreen):
            at = self.times.clock(self.screen.at) if self.screen.at else ""
            self.screen.say(self.words(f"time.mode.{self.times.mode}", zone=self.times.zone, time=at))

    def action_help(self) -> None:
        """All keys of this screen."""
        if not isinstance(self.screen, CenterScreen):
            return
        entries = [(key.id, key.shown, self.words(f"key.{key.id}")) for key in self._keys(self.screen)]
        for name, shown in (("move", "↑↓ jk"), ("open", "Enter"), ("mark", "␣")):
            entries.append((name, shown, self.words(f"key.{name}")))
        self.push_screen(Menu(self.words("title.help"), entries))

    def _keys(self, screen: CenterScreen) -> list[Key]:
        return [*screen.keys(), *(key for key in KEYS if key.id.startswith("app."))]

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """For the palette: the acts of the screen, and the ways to others; nothing that writes a file on this host."""
        if not isinstance(screen, CenterScreen):
            return
        for key in self._keys(screen):
            scope, _, action = key.id.partition(".")
            target = self if scope == "app" else screen
            yield SystemCommand(self.words(f"key.{key.id}"), key.shown, partial(target.run_action, action))

    def action_suspend_process(self) -> None:
        """There is no shell behind a control center."""

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
            self.call_later(self._close_broken, number, where)
            return
        if self.return_code != EXIT_BUG:
            self.exit(return_code=EXIT_BUG, message=self.words("bug", id=number, where=where))

    async def _close_broken(self, number: str, where: str) -> None:
        self.pop_screen()
        if isinstance(self.screen, CenterScreen):
            self.screen.say(self.words("bug", id=number, where=where))
