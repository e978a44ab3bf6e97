"""What a child reports, made harmless at the door: a plugin can write any frame that it likes."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from connecthub.core.log_capture import Said
from connecthub.core.redact import Redactor
from connecthub.core.safe_text import storable

NAME_MAX = 200
TEXT_MAX = 2000
INTEGER_MAX = 2**31 - 1
CALLS_KEPT = 500
"""So many of the first calls of a run are kept, and as many of the newest."""
YEAR_3000 = 32_503_680_000.0


def said_of(payload: Mapping[str, Any]) -> Said:
    """A piece of log; an instant or a name that cannot be one is replaced."""
    return Said(
        at=_instant(payload.get("at")),
        level=_name(payload.get("level")) or "INFO",
        source=_name(payload.get("source")) or "?",
        text=str(payload.get("text", "")),
        stream=payload.get("stream") is True,
        more=payload.get("more") is True,
    )


def progress_of(payload: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    """How far a run is: `done` and `total` are finite numbers or None."""
    return {
        "done": number_of(payload.get("done")),
        "total": number_of(payload.get("total")),
        "note": _text(payload.get("note"), redactor),
    }


def version_of(payload: Mapping[str, Any]) -> str:
    """A plugin's version, short enough for its column."""
    return _name(payload.get("version"))[:64]


class Calls:
    """The calls of a run to outside systems: the first and the newest are kept, the others counted."""

    def __init__(self) -> None:
        self._first: list[dict[str, Any]] = []
        self._newest: deque[dict[str, Any]] = deque(maxlen=CALLS_KEPT)
        self._count = 0

    def add(self, payload: Mapping[str, Any], redactor: Redactor) -> None:
        """Take one call, as the columns of `http_calls` need it."""
        self._count += 1
        (self._first if len(self._first) < CALLS_KEPT else self._newest).append(_call(payload, redactor))

    @property
    def kept(self) -> list[dict[str, Any]]:
        """In order."""
        return [*self._first, *self._newest]

    @property
    def dropped(self) -> int:
        """How many are not among the kept."""
        return self._count - len(self._first) - len(self._newest)


def _call(payload: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    error = payload.get("error")
    return {
        "at": _instant(payload.get("at")),
        "system": _text(payload.get("system"), redactor)[:64],
        "method": _text(payload.get("method"), redactor)[:16],
        "path": _text(payload.get("path"), redactor),
        "status": _integer(payload.get("status")),
        "milliseconds": number_of(payload.get("ms")) or 0.0,
        "attempt": _integer(payload.get("attempt")) or 1,
        "bytes": _integer(payload.get("bytes")),
        "sent": payload.get("sent") is not False,
        "error": None if error is None else _text(error, redactor),
        "note": _text(payload.get("note"), redactor),
    }


def _instant(value: Any) -> float:
    """Seconds since 1970, of now where the value is no such thing."""
    number = number_of(value)
    return number if number is not None and 0 <= number < YEAR_3000 else time.time()


def number_of(value: Any) -> float | None:
    """A finite number, None where the value is no such thing."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _integer(value: Any) -> int | None:
    number = number_of(value)
    return None if number is None or not 0 <= number <= INTEGER_MAX else int(number)


def _name(value: Any) -> str:
    return " ".join(storable(str(value if value is not None else "")).split())[:NAME_MAX]


def _text(value: Any, redactor: Redactor) -> str:
    return storable(redactor.redact(str("" if value is None else value)))[:TEXT_MAX]
