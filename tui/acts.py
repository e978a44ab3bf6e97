"""What became of an act on many things: a refusal of one does not stop the others, an outage does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tui.rows import Done

T = TypeVar("T")

CANCELLED = {
    "cancelled": "is cancelled; it had not started",
    "asked": "is asked to stop",
    "asked already": "was asked to stop already",
}
_OPEN_RUN = re.compile(r": run (\d+)")


@dataclass
class Tally:
    """Collects what was done and what was not."""

    lines: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    """The JobLogs that were made."""
    changed: list[str] = field(default_factory=list)
    """The names of what can be undone."""

    def each(self, things: Iterable[T], act: Callable[[T], None]) -> Tally:
        """Act on each thing; raises the error of an outage where nothing was done before it."""
        from connecthub.errors import ConnectHubError, DatabaseError, Forbidden, KeyFileError

        left = list(dict.fromkeys(things))
        for number, thing in enumerate(left):
            try:
                act(thing)
            except (DatabaseError, Forbidden, KeyFileError) as error:
                if not (self.lines or self.refused):
                    raise
                self.refused.append(f"{error}; it and {len(left) - number - 1} more were left")
                break
            except ConnectHubError as error:
                self.refused.append(str(error))
        return self

    def at_most(self, most: int, things: Sequence[T]) -> Sequence[T]:
        """The first of them; where there are more, it says that the others were left."""
        if len(things) > most:
            self.refused.append(f"more than {most} match: the newer ones are left; ask again")
        return things[:most]

    def done(self, undo: str | None = None) -> Done:
        """The answer; `undo` is the command that takes it back, with `{name}` for what it names."""
        return Done(
            lines=_shown(self.lines),
            refused=_shown(self.refused),
            opened=self._to_open(),
            undo=_shown([undo.format(name=self._names())])[0] if undo and self.changed else "",
        )

    def _to_open(self) -> int | None:
        if len(self.opened) == 1:
            return self.opened[0]
        if self.lines or len(self.refused) != 1:
            return None
        named = _OPEN_RUN.search(self.refused[0])
        return int(named[1]) if named else None

    def _names(self) -> str:
        import shlex

        return " ".join(map(shlex.quote, self.changed))


def told(line: str, undo: str = "", opened: int | None = None) -> Done:
    """The answer of an act on one thing."""
    return Done(_shown([line]), opened=opened, undo=_shown([undo])[0])


def _shown(lines: Sequence[str]) -> tuple[str, ...]:
    from connecthub.core.safe_text import safe_text

    return tuple(map(safe_text, lines))
