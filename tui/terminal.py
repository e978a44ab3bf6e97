"""The terminal: what it has to be, and the second net under everything that is sent to it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

LEAST_WIDTH, LEAST_HEIGHT = 80, 24
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")


class StripControl(LineFilter):
    """Takes out what a terminal would act on and some widget let through; texts are made safe before that."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments without such characters; none of them takes a column."""
        if not any(_CONTROL.search(segment.text) for segment in segments):
            return segments
        return [Segment(_CONTROL.sub("", segment.text), segment.style, segment.control) for segment in segments]


def refusal(environment: Mapping[str, str], *, terminal: bool) -> str | None:
    """Why no screen can be shown here, with the remedy; None where it can."""
    if not terminal:
        return "no terminal here for a screen; `connecthub job list`, `log list` and `status` answer without one"
    term = environment.get("TERM", "")
    if term in ("", "dumb"):
        return f"TERM is {term or 'not set'}, which has no screen; set it, for example TERM=xterm-256color"
    return None
