"""A session of somebody who came over SSH: asked for again with each look, ended where nobody uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import events

from connecthub.control.actor import EXIT_OUT
from connecthub.core.safe_text import safe_text
from tui.connected import Connected
from tui.facts import Facts
from tui.messages import Answered, Failed, Unused
from tui.screens.asking import AskingScreen
from tui.screens.base import CenterScreen
from tui.watchdog import EXIT_IDLE, Watchdog
from tui.words import LANGUAGES

if TYPE_CHECKING:
    from tui.data import Data


class Guarded(Connected):
    """Whether key and role still hold is asked with each look, and after a refusal at once."""

    def __init__(
        self,
        open_data: Callable[[], Data],
        language: str | None = None,
        first: Callable[[Any], None] | None = None,
        diagnose: Callable[[], list[str]] | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        super().__init__(open_data, language, first, diagnose)
        self._watchdog = watchdog
        self._asks_standing = False

    def on_mount(self) -> None:
        """Begin to watch, as often on a slow line."""
        self.set_interval(self.REFRESH_SECONDS, self.ask_standing)
        if self._watchdog is not None:
            self._watchdog.start(self.post_message, asyncio.get_running_loop().call_soon_threadsafe)

    # how they stand

    def ask_standing(self) -> None:
        """Ask whether key and person still hold, and what the person may do."""
        if self.data is not None and self.facts.remote and not self._asks_standing:
            self._asks_standing = True
            work = partial(self._stand_in_thread, self.data)
            self.run_worker(work, thread=True, exit_on_error=False, group="standing")

    def _stand_in_thread(self, data: Data) -> None:
        try:
            facts = data.facts()
        except Exception as error:
            self.post_message(Failed(error, "standing", 0))
        else:
            self.post_message(Answered(partial(self._stands, facts), "standing", 0))

    def _stands(self, facts: Facts) -> None:
        from tui.screens.dialogs import Busy

        self._asks_standing = False
        self.is_well()
        if not self.screen_stack:  # the app is leaving
            return
        if isinstance(self.screen, Busy):  # what an act answers goes to the screen below, which must be there by then
            return
        before, self.facts = self.facts, facts
        if facts.language != before.language and facts.language in LANGUAGES:
            self.switch_language(facts.language)
        if facts.role == before.role:
            return
        if self.current_mode == "operators" and facts.role != "admin":
            self.switch_mode(self.DEFAULT_MODE)
        self.everywhere(lambda screen: (screen.tell_lines(), screen.refresh_bindings()))
        self.say_below(self.words("role.changed", role=facts.role))

    def on_failed(self, message: Failed) -> None:
        """Out is who is refused: their key or account does not hold, or they have as many sessions as they may.

        All else about their standing is told as of any question.
        """
        from connecthub.errors import Refused

        if isinstance(message.error, Refused):
            message.prevent_default()
            reason = self.words("ended.refused", reason=safe_text(message.error))
            self.leave(EXIT_OUT, reason)
        elif message.group == "standing":
            message.prevent_default()
            self._asks_standing = False
            self.went_wrong(None, message.error)

    def went_wrong(self, screen: AskingScreen | None, error: Exception) -> None:
        """Ask after a refusal whether it is the person who is out."""
        from connecthub.errors import Forbidden

        super().went_wrong(screen, error)
        if isinstance(error, Forbidden):
            self.ask_standing()

    # whether they are there

    async def on_event(self, event: events.Event) -> None:
        """A key or a pasted text shows that somebody is there."""
        if self._watchdog is not None and isinstance(event, events.Key | events.Paste) and self._watchdog.key():
            self.say_below("")
        await super().on_event(event)

    def on_unused(self, message: Unused) -> None:
        """Tell that the end is near, or end."""
        if message.left > 0:
            self.say_below(self.words("unused.soon", seconds=round(message.left)))
        else:
            minutes = self._watchdog.limit / 60 if self._watchdog else 0
            self.leave(EXIT_IDLE, self.words("unused.over", minutes=f"{minutes:g}"))

    # leaving

    def leave(self, code: int, told: str) -> None:
        """End the session, and say why once the screen is gone."""
        if not self._exit:
            self.exit(return_code=code, message=Text(told))

    def exit(self, *arguments: Any, **options: Any) -> None:
        """Leave; what draws that out is ended by the watchdog."""
        if self._watchdog is not None:
            self._watchdog.leaving(options.get("return_code", 0))
        super().exit(*arguments, **options)

    def say_below(self, text: str) -> None:
        """Say something in the status line, also where a question is in front."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, CenterScreen):
                screen.say(text)
                return
