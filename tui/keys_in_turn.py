"""Keys one after another: what a key opens gets what was typed after it, also in one packet of a slow line."""

from __future__ import annotations

from collections import deque
from typing import Any

from textual import events
from textual.message import Message

from tui.shut import Shut

STUCK_SECONDS = 0.5
"""A key that is not done by then has lost its widget; the next one goes on."""


class KeyDone(Message):
    """Goes the way that a key goes, behind it."""


class KeysInTurn(Shut):
    """An app in which a key is forwarded when the one before it has had its effect.

    Textual puts all keys into the queue of the widget that has the focus when they arrive.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._typed: deque[events.Key] = deque()
        self._turn = 0

    async def on_event(self, event: events.Event) -> None:
        """Let a key wait for its turn."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if len(self._typed) == 1:
            await self._forward()

    async def on_key_done(self, message: KeyDone) -> None:
        """The next key's turn."""
        message.stop()
        await self._next()

    async def _forward(self) -> None:
        self._turn += 1
        await super().on_event(self._typed[0])
        self.set_timer(STUCK_SECONDS, lambda turn=self._turn: self._unless_done(turn))
        (self.focused or self.screen).post_message(KeyDone())

    async def _unless_done(self, turn: int) -> None:
        if turn == self._turn:
            await self._next()

    async def _next(self) -> None:
        if self._typed:
            self._typed.popleft()
        self._turn += 1
        if self._typed:
            await self._forward()
