"""What threads tell screens."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message


class Answered(Message):
    """A question was answered; `use` hands the answer on."""

    def __init__(self, use: Callable[[], None], group: str, number: int) -> None:
        super().__init__()
        self.use = use
        self.group = group
        self.number = number


class Failed(Message):
    """A question was not answered."""

    def __init__(self, error: Exception, group: str, number: int) -> None:
        super().__init__()
        self.error = error
        self.group = group
        self.number = number


class Warned(Message):
    """A log record from warning up."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Unused(Message):
    """Nobody has pressed a key for long; in `left` seconds the session ends, or now."""

    def __init__(self, left: float) -> None:
        super().__init__()
        self.left = left
