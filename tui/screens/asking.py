"""Questions asked off the event loop, whose answers come back as messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from textual.screen import Screen

from connecthub.core.safe_text import safe_text
from tui.messages import Answered, Failed
from tui.widgets.bars import StatusLine

if TYPE_CHECKING:
    from tui.app import ControlCenter
    from tui.data import Data
    from tui.screens.dialogs import Busy

R = TypeVar("R")


class AskingScreen(Screen[None]):
    """A screen that asks; of several questions of a group the newest answer counts."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[str, int] = {}
        self._elsewhere: set[str] = set()
        self._under_way: set[str] = set()
        self._busy: Busy | None = None

    @property
    def center(self) -> ControlCenter:
        """The app."""
        return cast("ControlCenter", self.app)

    def say(self, text: str) -> None:
        """Show a line below; on a screen that is not composed yet, as soon as it is."""
        if lines := self.query(StatusLine):
            lines.first().text = safe_text(text)
        else:
            self.call_after_refresh(self.say, text)

    def ask(
        self,
        question: Callable[[Data], R],
        then: Callable[[R], None],
        group: str = "list",
        *,
        only_if_idle: bool = False,
        elsewhere: bool = False,
    ) -> None:
        """Ask the data in a thread and hand the answer to `then`, unless a later question of the group overtook it.

        What is asked `elsewhere`, and not of the database, says nothing about how that is.
        """
        data = self.center.data
        if data is None or (only_if_idle and group in self._under_way):
            return
        number = self._asked[group] = self._asked.get(group, 0) + 1
        self._under_way.add(group)
        if elsewhere:
            self._elsewhere.add(group)
        work = partial(self._answer, data, question, then, group, number)
        self.run_worker(work, thread=True, exit_on_error=False, group=group, description=group)

    def wait_for(self, question: Callable[[Data], R], then: Callable[[R], None]) -> None:
        """Ask as `ask` does, and take no key until the answer is there: it must not be missed or overtaken."""
        from tui.screens.dialogs import Busy

        if self.center.data is not None:
            self._busy = Busy()
            self.app.push_screen(self._busy)
            self.ask(question, then, group="act")

    def _no_longer_busy(self, group: str) -> None:
        if group == "act" and self._busy is not None:
            busy, self._busy = self._busy, None
            if self.app.screen is busy:
                self.app.pop_screen()

    def _answer(
        self, data: Data, question: Callable[[Data], R], then: Callable[[R], None], group: str, number: int
    ) -> None:
        """In a thread: only messages leave it."""
        try:
            answer = question(data)
        except Exception as error:
            self.post_message(Failed(error, group, number))
        else:
            self.post_message(Answered(partial(then, answer), group, number))

    def on_answered(self, message: Answered) -> None:
        """Use an answer that is not out of date."""
        message.stop()
        if message.number == self._asked.get(message.group):
            self._under_way.discard(message.group)
            self._no_longer_busy(message.group)
            if message.group not in self._elsewhere:
                self.center.is_well()
            message.use()

    def on_failed(self, message: Failed) -> None:
        """Say what went wrong: the installation, the question, or a bug."""
        message.stop()
        if message.number == self._asked.get(message.group):
            self._under_way.discard(message.group)
            self._no_longer_busy(message.group)
            self.center.went_wrong(self, message.error)
