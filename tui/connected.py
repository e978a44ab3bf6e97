"""What the control center is connected to: opened after the first frame, looked at again, told when it is away."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from connecthub.core.safe_text import safe_text
from tui.facts import Facts
from tui.keys_in_turn import KeysInTurn
from tui.messages import Answered, Failed, Warned
from tui.screens.asking import AskingScreen
from tui.screens.base import CenterScreen
from tui.session_log import StatusHandler
from tui.times import Times
from tui.words import LANGUAGES, Words, language_of

if TYPE_CHECKING:
    from tui.data import Data
    from tui.kept import Kept
    from tui.screens.away import AwayScreen

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0
"""Between two looks: at the data, and at an installation that is away."""
DIAGNOSED_EACH = 6
"""With each sixth look at an installation that is away doctor looks too: it is more work."""


class Connected(KeysInTurn):
    """An app over one installation. `open_data` is called in a thread; `first` is told once that is open; where it
    cannot be opened, `diagnose` says in a thread what is wrong."""

    REFRESH_SECONDS: ClassVar[float] = AGAIN_SECONDS

    def __init__(
        self,
        open_data: Callable[[], Data],
        language: str | None = None,
        first: Callable[[Any], None] | None = None,
        diagnose: Callable[[], list[str]] | None = None,
    ) -> None:
        super().__init__()
        self._first = first
        self._diagnose = diagnose
        self._found: list[str] | None = None
        """What doctor found, once it has looked."""
        self._diagnosing = False
        self._failures = 0
        self._away: AwayScreen | None = None
        self._away_since: datetime | None = None
        self.words = Words(language or language_of())
        self.times = Times(self.words)
        self.facts = Facts()
        self.data: Data | None = None
        self.problem = self.words("opening")
        self._problem_since: datetime | None = None
        self.taken_up = False
        """Whether an edit of an earlier session was gone on with, or dropped."""
        self.last_command = ""
        """What leads to where the last session ended."""
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
        self.problem, self._problem_since = "", None
        if self._away is not None:
            self._away.dismiss()
            self._away = None
        gc.freeze()  # a collection of all that is imported by now would hold up a key by 50 ms and more
        if facts.language in LANGUAGES and facts.language != self.words.language:  # it may stand in .env alone
            self.switch_language(facts.language)
        else:
            self.everywhere(lambda screen: (screen.tell_lines(), screen.load()))
        if self._first is not None:
            self._first(self)
            self._first = None
        else:
            self._offer(data.kept())

    def _offer(self, kept: Kept | None) -> None:
        """Offer what the last session left; what was not saved is asked about, a screen is only told."""
        screen = next((each for each in reversed(self.screen_stack) if isinstance(each, CenterScreen)), None)
        if kept is None or screen is None:
            return
        self.last_command = kept.command
        if kept.texts and self.facts.may_act:
            from tui.screens.job_acts import offer_edit

            offer_edit(screen, kept)
        elif kept.command:
            screen.say(self.words("kept.screen", command=safe_text(kept.command)))

    def exit(self, *arguments: Any, **options: Any) -> None:
        """Leave, and keep for the next session where one was; what cannot be kept is told in the log."""
        if self.data is not None and self.is_running:
            try:
                self.data.keep(self._where(), taken_up=self.taken_up)
            except OSError as error:
                logger.warning("the session's screen could not be kept: %s", error)
        super().exit(*arguments, **options)

    def _where(self) -> Kept:
        from tui.kept import Kept

        screens = [each for stack in self._screen_stacks.values() for each in stack if isinstance(each, CenterScreen)]
        here = [each for each in reversed(self.screen_stack) if isinstance(each, CenterScreen)]
        command = next((way for each in here if (way := each.way_back())), "")
        job_id, texts = next((edit for each in screens if (edit := each.unsaved_edit())), (None, {}))
        return Kept(command, job_id, texts)

    def on_answered(self, message: Answered) -> None:
        """The installation is open, or doctor has looked."""
        message.use()

    def on_failed(self, message: Failed) -> None:
        """It is not; say so on the whole screen, for there is nothing else to see, and try again."""
        from tui.screens.away import AwayScreen

        self._is_away(message.error)
        if self._away is None:
            self._away = AwayScreen(self.words, self._refresh_seconds)
            self._away_since = datetime.now(UTC).astimezone()
            self.push_screen(self._away)
        self._tell_away(message.error)
        self._ask_doctor(message.error)
        self.set_timer(self._refresh_seconds, self._open)

    def _tell_away(self, error: Exception) -> None:
        if self._away is not None and self._away_since is not None:
            self._away.tell(first_line(error), self._away_since, self._found)

    def _ask_doctor(self, error: Exception) -> None:
        self._failures += 1
        if self._diagnose is not None and not self._diagnosing and self._failures % DIAGNOSED_EACH == 1:
            self._diagnosing = True
            work = partial(self._diagnose_in_thread, self._diagnose, error)
            self.run_worker(work, thread=True, exit_on_error=False, group="doctor")

    def _diagnose_in_thread(self, diagnose: Callable[[], list[str]], error: Exception) -> None:
        try:
            found = diagnose()
        except Exception as failed:  # what is down may be what doctor needs, and its own bug must not hide what is down
            found = [self.words("away.no_doctor", cause=first_line(failed))]
        self.post_message(Answered(partial(self._diagnosed, found, error), "doctor", 0))

    def _diagnosed(self, found: list[str], error: Exception) -> None:
        self._found, self._diagnosing = found, False
        self._tell_away(error)

    def is_well(self) -> None:
        """The installation answers."""
        if self.problem:
            self.problem, self._problem_since = "", None
            self.everywhere(lambda screen: screen.tell_lines())

    def went_wrong(self, screen: AskingScreen | None, error: Exception) -> None:
        """A question failed: the installation is away, something was refused, or it is a bug."""
        from connecthub.errors import ConnectHubError, DatabaseError

        if isinstance(error, DatabaseError):
            self._is_away(error)
        elif isinstance(error, ConnectHubError):
            if screen is not None:
                screen.say(str(error))
        else:
            self._handle_exception(error)

    def _is_away(self, error: Exception) -> None:
        self._problem_since = self._problem_since or datetime.now(UTC)
        since = self.times.clock(self._problem_since)
        self.problem = self.words("away", time=since, cause=first_line(error))
        self.everywhere(lambda screen: screen.tell_lines())

    def _look_again(self) -> None:
        """Refresh what is on the screen; the next look comes after this one."""
        if not self.screen_stack:  # the app is leaving
            return
        screen = self.screen
        if isinstance(screen, CenterScreen) and screen.is_mounted and self.data is not None:
            screen.load()
        self.set_timer(self._refresh_seconds, self._look_again)

    def everywhere(self, tell: Callable[[CenterScreen], object]) -> None:
        """Tell every screen that is there something."""
        for screen in [each for stack in self._screen_stacks.values() for each in stack]:
            if isinstance(screen, CenterScreen) and screen.is_mounted:
                tell(screen)

    def switch_language(self, language: str) -> None:
        """Show every word in another language."""
        self.words = Words(language)
        self.times = Times(self.words, self.times.zone, self.times.mode)
        self.everywhere(lambda screen: (screen.retitle(), screen.tell_lines(), screen.load()))

    def look_each(self, seconds: float) -> None:
        """Refresh less often, on a slow line."""
        self._refresh_seconds = seconds


def first_line(error: Exception) -> str:
    """What an error says, in one line that is safe to show."""
    return next(iter(safe_text(error, newlines=True).splitlines()), type(error).__name__)
