"""What the control center is connected to: opened after the first frame, looked at again, told when it is away."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable
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

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0
"""Between two looks: at the data, and at an installation that is away."""


class Connected(KeysInTurn):
    """An app over one installation. `open_data` is called in a thread; `first` is told once that is open."""

    REFRESH_SECONDS: ClassVar[float] = AGAIN_SECONDS

    def __init__(
        self,
        open_data: Callable[[], Data],
        language: str | None = None,
        first: Callable[[Any], None] | None = None,
    ) -> None:
        super().__init__()
        self._first = first
        self.words = Words(language or language_of())
        self.times = Times(self.words)
        self.facts = Facts()
        self.data: Data | None = None
        self.problem = self.words("opening")
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
        self.problem = ""
        gc.freeze()  # a collection of all that is imported by now would hold up a key by 50 ms and more
        if facts.language in LANGUAGES and facts.language != self.words.language:  # it may stand in .env alone
            self.switch_language(facts.language)
        else:
            self._everywhere(lambda screen: (screen.tell_lines(), screen.load()))
        if self._first is not None:
            self._first(self)
            self._first = None
        else:
            self._offer(data.kept())

    def _offer(self, kept: Kept | None) -> None:
        """Offer what the last session left; what was not saved is asked about, a screen is only told."""
        screen = self.screen
        if kept is None or not isinstance(screen, CenterScreen):
            return
        self.last_command = kept.command
        if kept.texts:
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

    def went_wrong(self, screen: AskingScreen, error: Exception) -> None:
        """A question failed: the installation is away, something was refused, or it is a bug."""
        from connecthub.errors import ConnectHubError, DatabaseError

        if isinstance(error, DatabaseError):
            self._is_away(error)
        elif isinstance(error, ConnectHubError):
            screen.say(str(error))
        else:
            self._handle_exception(error)

    def _is_away(self, error: Exception) -> None:
        cause = next(iter(safe_text(error, newlines=True).splitlines()), type(error).__name__)
        self.problem = self.words("away", cause=cause)
        self._everywhere(lambda screen: screen.tell_lines())

    def _look_again(self) -> None:
        """Refresh what is on the screen; the next look comes after this one."""
        if not self.screen_stack:  # the app is leaving
            return
        screen = self.screen
        if isinstance(screen, CenterScreen) and self.data is not None:
            screen.load()
        self.set_timer(self._refresh_seconds, self._look_again)

    def _everywhere(self, tell: Callable[[CenterScreen], object]) -> None:
        for screen in [each for stack in self._screen_stacks.values() for each in stack]:
            if isinstance(screen, CenterScreen) and screen.is_mounted:
                tell(screen)

    def switch_language(self, language: str) -> None:
        """Show every word in another language."""
        self.words = Words(language)
        self.times = Times(self.words, self.times.zone, self.times.mode)
        self._everywhere(lambda screen: (screen.retitle(), screen.tell_lines(), screen.load()))

    def look_each(self, seconds: float) -> None:
        """Refresh less often, on a slow line."""
        self._refresh_seconds = seconds
