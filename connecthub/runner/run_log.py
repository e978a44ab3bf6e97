"""The log of a run as text: lines put together, secrets masked, bounded in size."""

from __future__ import annotations

import codecs
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from connecthub.core.log_capture import Said
from connecthub.core.redact import Redactor
from connecthub.core.safe_text import storable

LINE_MAX = 64 * 1024
"""Characters after which a line is cut into two."""


class RunLog:
    """Takes what a run says and gives it back as text, one record a line, `2026-11-24T09:00:00.123Z INFO source: text`.

    Further lines of a record are indented, so that no text can pass for a record of its own. Of more than `max_bytes`
    the first half and the newest half are kept; the first half can be taken while the run goes on.
    """

    def __init__(self, redactor: Redactor, max_bytes: int, clock: Callable[[], float] = time.time) -> None:
        self._redactor = redactor
        self._clock = clock
        self._half = max(max_bytes // 2, 1)
        self._open: dict[tuple[str, bool], _OpenLine] = {}
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._head: list[str] = []
        self._head_bytes = 0
        self._head_pending = 0
        self._tail: deque[str] = deque()
        self._tail_bytes = 0
        self._dropped_bytes = 0
        self._lock = threading.Lock()

    def say(self, said: Said) -> None:
        """Take a piece of a record or of a stream."""
        line = self._open.setdefault((said.source, said.stream), _OpenLine())
        line.begin(said.at, said.level)
        line.text += said.text
        if said.stream:
            self._cut_lines(said.source, line)
        elif not said.more:
            self._emit(said.source, self._open.pop((said.source, False)))
            return
        if len(line.text) > LINE_MAX + self._redactor.longest:
            self._cut_long(said.source, line)

    def raw(self, source: str, level: str, data: bytes) -> None:
        """Take bytes that were written to a raw descriptor; what is no UTF-8 is made visible."""
        decoder = self._decoders.get(source)
        if decoder is None:
            decoder = self._decoders[source] = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self.say(Said(self._clock(), level, source, decoder.decode(data), stream=True))

    def note(self, text: str, level: str = "WARNING") -> None:
        """Add a line of the framework's own."""
        self.say(Said(self._clock(), level, "connecthub", text))

    @property
    def pending_bytes(self) -> int:
        """How much `take` would give."""
        with self._lock:
            return self._head_pending

    def take(self) -> str:
        """The text since the last `take`, whole records only; another thread than the run's may call it."""
        with self._lock:
            taken, self._head = self._head, []
            self._head_pending = 0
        return "".join(taken)

    def end_lines(self) -> None:
        """End the lines that are still open: nothing more comes from the run."""
        for source, decoder in self._decoders.items():
            if left := decoder.decode(b"", final=True):
                self.say(Said(self._clock(), "INFO", source, left, stream=True))
        for (source, _), line in self._open.items():
            if line.text:
                self._emit(source, line)
        self._open.clear()

    def finish(self) -> str:
        """The rest: partial last lines, and the newest half where the log grew over its limit."""
        self.end_lines()
        rest = self.take()
        if self._dropped_bytes:
            rest += f"    … {self._dropped_bytes} bytes of log left out: over LOG_MAX_BYTES …\n"
        rest += "".join(self._tail)
        self._tail.clear()
        return rest

    def _cut_lines(self, source: str, line: _OpenLine) -> None:
        *whole, rest = line.text.split("\n")
        for text in whole:
            self._emit(source, _OpenLine(line.at, line.level, text.removesuffix("\r")))
        line.text = rest

    def _cut_long(self, source: str, line: _OpenLine) -> None:
        # What may be the beginning of a secret stays open until its end is here.
        masked = self._redactor.redact(line.text)
        keep = self._redactor.longest
        cut = max(len(masked) - keep, 1)
        self._emit(source, _OpenLine(line.at, line.level, masked[:cut]))
        line.text = masked[cut:]

    def _emit(self, source: str, line: _OpenLine) -> None:
        text = storable(self._redactor.redact(line.text)).rstrip("\n").replace("\n", "\n    ")
        at = datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        level, name = (" ".join(storable(self._redactor.redact(part)).split()) for part in (line.level, source))
        self._keep(f"{at} {level} {name}: {text}\n")

    def _keep(self, text: str) -> None:
        size = len(text.encode())
        if not self._tail and self._head_bytes + size <= self._half:
            with self._lock:
                self._head.append(text)
                self._head_pending += size
            self._head_bytes += size
            return
        self._tail.append(text)
        self._tail_bytes += size
        while self._tail_bytes > self._half and len(self._tail) > 1:
            dropped = len(self._tail.popleft().encode())
            self._tail_bytes -= dropped
            self._dropped_bytes += dropped


class _OpenLine:
    """A line whose end has not come."""

    def __init__(self, at: float = 0.0, level: str = "INFO", text: str = "") -> None:
        self.at = at
        self.level = level
        self.text = text

    def begin(self, at: float, level: str) -> None:
        if not self.text:
            self.at, self.level = at, level
