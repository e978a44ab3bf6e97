"""Frames between a run's child and its supervisor: u32 length, u8 kind, JSON."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

from connecthub.errors import RunnerError

HEADER = struct.Struct("!IB")
FRAME_MAX = 16 * 1024 * 1024
"""Bytes of one frame's JSON; the child cuts long texts far below it."""

TEXT_MAX = 256 * 1024
"""Characters that a child sends of an error's text or traceback; the supervisor masks them and keeps less."""


class Frame(IntEnum):
    """Kinds of frames: the first and the last go to the child, all others come from it."""

    REQUEST = 1
    LOG = 2
    PROGRESS = 3
    CALL = 4
    SECRET = 5
    VERSION = 6
    ANSWER = 7
    BEGIN = 8
    """The next thing that the child does is to load the plugin."""
    PACE = 9
    """Asks for the next turn of `key`; `connecthub/runner/turns.py` has both ends."""
    TURN = 10
    """When it comes."""


@dataclass(frozen=True)
class Request:
    """One question to a child, and the whole of what a plugin is handed.

    `ask` is run, describe, validate, or list, which takes a module instead of a handler.
    """

    ask: str
    handler: str
    packages: tuple[str, ...]
    extensions_dir: str
    params: dict[str, Any]
    secrets: dict[str, Any]
    timeout: float
    """Seconds."""
    deadline: float = 0.0
    """On `time.monotonic()`; set when the run is started."""
    job: str = ""
    log_id: int | None = None
    scheduled_for: str | None = None
    attempt: int = 1
    dry_run: bool = False
    idempotency_key: str = ""
    log_level: str = "INFO"
    limits: dict[str, int] = field(default_factory=dict)
    """What the run may use, see `connecthub.runner.limits`."""

    def to_json(self) -> dict[str, Any]:
        """The request as a frame's payload."""
        return asdict(self)

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Request:
        """A request from a frame's payload."""
        return cls(**{**payload, "packages": tuple(payload["packages"])})

    def __repr__(self) -> str:
        return f"Request({self.ask} {self.handler}, log {self.log_id})"


def as_text(value: object) -> str:
    """A value as text, whatever its `__str__` does."""
    try:
        return str(value)
    except Exception:
        return f"<unprintable {type(value).__name__}>"


_encode_json = json.JSONEncoder(default=as_text, skipkeys=True, separators=(",", ":")).encode


def encode(kind: Frame, payload: dict[str, Any]) -> bytes:
    """One frame as bytes; lone surrogates travel as JSON escapes, what is no JSON as its text."""
    body = _encode_json(payload).encode("ascii")
    if len(body) > FRAME_MAX:
        raise RunnerError(f"a {kind.name} frame of {len(body)} bytes is over the limit of {FRAME_MAX}")
    return HEADER.pack(len(body), kind) + body


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Frame, dict[str, Any]]]:
        """Yield each frame that is complete now; raises RunnerError for what is no frame."""
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= HEADER.size:
            length, kind = HEADER.unpack_from(self._buffer, start)
            if length > FRAME_MAX:
                raise RunnerError(f"a frame claims {length} bytes, over the limit of {FRAME_MAX}")
            end = start + HEADER.size + length
            if len(self._buffer) < end:
                break
            yield _decode(kind, bytes(self._buffer[start + HEADER.size : end]))
            start = end
        del self._buffer[:start]


def _decode(kind: int, body: bytes) -> tuple[Frame, dict[str, Any]]:
    try:
        payload = json.loads(body)
        frame = Frame(kind)
    except (ValueError, RecursionError) as error:
        raise RunnerError(f"a frame of kind {kind} cannot be read: {type(error).__name__}") from None
    if not isinstance(payload, dict):
        raise RunnerError(f"a {frame.name} frame is no object")
    return frame, payload


def read_request(channel: socket.socket) -> Request:
    """Wait for the request on a run's own socket; raises RunnerError at its end."""
    reader = FrameReader()
    while data := channel.recv(1 << 16):
        for kind, payload in reader.feed(data):
            if kind is Frame.REQUEST:
                return Request.from_json(payload)
    raise RunnerError("the supervisor left before it sent a request")
