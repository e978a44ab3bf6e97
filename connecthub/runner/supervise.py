"""One run from its order to its outcome, watched by the caller's thread."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from connecthub.core.log_capture import Said
from connecthub.core.redact import Redactor
from connecthub.errors import RunnerError
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.outcome import Exit, Outcome, Stop, classify
from connecthub.runner.protocol import Frame, FrameReader, Request, encode
from connecthub.runner.run_log import RunLog

GRACE_SECONDS = 10.0
"""Between the soft stop and the kill."""
KILL_SECONDS = 5.0
"""Between the kill and giving the launcher up."""
TICK_SECONDS = 0.25
"""How often a quiet run is looked at."""
READ_MAX = 1 << 20


@dataclass
class Watch:
    """What a run has said so far, and what its owner wants to know of it."""

    log: RunLog
    redactor: Redactor
    on_tick: Callable[[Watch], Stop | None] = lambda watch: None
    """Called between reads, at least each `TICK_SECONDS`; a Stop ends the run."""
    calls: list[dict[str, Any]] = field(default_factory=list)
    progress: dict[str, Any] | None = None
    plugin_version: str | None = None
    pid: int | None = None


def supervise(launcher: LauncherProcess, request: Request, watch: Watch, grace: float = GRACE_SECONDS) -> Outcome:
    """Run `request` in a child and return its outcome; the log is complete then, and no process of it is left."""
    try:
        with _Supervision(launcher, request, watch, grace) as supervision:
            outcome = supervision.run()
    except RunnerError as error:
        outcome = Outcome("crashed", error=str(error), fingerprint="crashed: runner")
    return masked(outcome, watch.redactor)


def masked(outcome: Outcome, redactor: Redactor) -> Outcome:
    """The outcome without the secrets that a plugin may have put into it."""

    def mask(text: str | None) -> str | None:
        return None if text is None else redactor.redact(text)

    return Outcome(
        outcome.status,
        mask(outcome.error),
        mask(outcome.traceback),
        mask(outcome.result),
        mask(outcome.fingerprint),
        {key: redactor.redact(value) for key, value in outcome.fields.items()},
        outcome.description,
    )


class _Supervision:
    def __init__(self, launcher: LauncherProcess, request: Request, watch: Watch, grace: float) -> None:
        self._launcher = launcher
        self._request = request
        self._watch = watch
        self._grace = grace
        self._frames = FrameReader()
        self._answer: dict[str, Any] | None = None
        self._exit: Exit | None = None
        self._stop: Stop | None = None
        self._next_step: tuple[float, signal.Signals | None] | None = None
        self._launcher_gone = False
        self._launcher_pid = 0
        self._ended: set[int] = set()

    def __enter__(self) -> _Supervision:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._control, launchers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._out, out_write = os.pipe()
        self._err, err_write = os.pipe()
        for descriptor in (self._out, self._err):
            os.set_blocking(descriptor, False)
        self._resources = contextlib.ExitStack()
        for connection in (self._channel, self._control):
            self._resources.callback(connection.close)
        for descriptor in (self._out, self._err):
            self._resources.callback(os.close, descriptor)
        with theirs, launchers:
            try:
                self._launcher.order([theirs.fileno(), self._out, out_write, self._err, err_write, launchers.fileno()])
            except RunnerError:
                self._resources.close()
                raise
            finally:
                os.close(out_write)
                os.close(err_write)
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def run(self) -> Outcome:
        with contextlib.suppress(OSError):  # a child that is gone already shows at the control socket
            self._channel.sendall(encode(Frame.REQUEST, self._request.to_json()))
        self._channel.setblocking(False)
        self._control.setblocking(False)
        deadline = time.monotonic() + self._request.timeout
        poll = select.poll()
        open_ends = {self._channel.fileno(), self._out, self._err, self._control.fileno()}
        for descriptor in open_ends:
            poll.register(descriptor, select.POLLIN)
        while not (self._exit or self._launcher_gone):
            poll.poll(TICK_SECONDS * 1000)
            self._read_all()
            self._read_control()
            for descriptor in self._ended & open_ends:
                poll.unregister(descriptor)
                open_ends.discard(descriptor)
            self._decide(deadline)
        if self._launcher_gone:
            self._launcher.kill(self._launcher_pid)
            self._await_death(poll)
        while self._read_all():
            pass
        self._close_log()
        return classify(self._answer, self._exit, self._stop)

    def _await_death(self, poll: select.poll) -> None:
        """The child dies with its launcher; its end of the channel says when."""
        give_up = time.monotonic() + KILL_SECONDS
        while self._channel.fileno() not in self._ended and time.monotonic() < give_up:
            poll.poll(TICK_SECONDS * 1000)
            self._read_all()

    def _decide(self, deadline: float) -> None:
        wanted = self._watch.on_tick(self._watch)
        now = time.monotonic()
        if self._stop is None and self._answer is None:
            if wanted is None and now >= deadline:
                wanted = Stop("timed_out", f"still running after its timeout of {self._request.timeout:g} s")
            if wanted is not None:
                self._stop = wanted
                self._watch.log.note(f"{wanted.cause}: asked to stop, killed after {self._grace:g} s")
                self._order_signal(signal.SIGTERM)
                self._next_step = (now + self._grace, signal.SIGKILL)
        if self._answer is not None and self._next_step is None:
            self._next_step = (now + KILL_SECONDS, signal.SIGKILL)
        if self._next_step is None or now < self._next_step[0]:
            return
        number = self._next_step[1]
        if number is None:
            self._watch.log.note("the launcher did not answer and was killed with its runs", "ERROR")
            self._launcher.kill(self._launcher_pid)
            self._next_step = None
            return
        self._order_signal(number)
        self._next_step = (now + KILL_SECONDS, None)

    def _order_signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(OSError):
            self._control.send(json.dumps({"signal": number}).encode())

    def _read_all(self) -> int:
        """Read what is there, in the order in which the run said it; returns how many bytes that were.

        A child empties its pipes before each frame, so pipes that hold something hold what came after every frame
        that was sent before they were read.
        """
        before_pipes = time.monotonic()
        out = self._read(self._out, os.read)
        err = self._read(self._err, os.read)
        data = self._read(self._channel.fileno(), lambda _, size: self._channel.recv(size))
        frames = self._cut_frames(data)
        self._take_all(frame for frame in frames if frame[1].get("sent", 0.0) <= before_pipes)
        for source, level, raw in (("stdout", "INFO", out), ("stderr", "WARNING", err)):
            if raw:
                self._watch.log.raw(source, level, raw)
        self._take_all(frame for frame in frames if frame[1].get("sent", 0.0) > before_pipes)
        return len(out) + len(err) + len(data)

    def _read(self, descriptor: int, read: Callable[[int, int], bytes]) -> bytes:
        """What is there now, up to `READ_MAX` bytes, so that a talkative run cannot hold up its own time-out."""
        data = bytearray()
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while len(data) < READ_MAX:
                piece = read(descriptor, 1 << 16)
                if not piece:
                    self._ended.add(descriptor)
                    break
                data += piece
        return bytes(data)

    def _cut_frames(self, data: bytes) -> list[tuple[Frame, dict[str, Any]]]:
        try:
            return list(self._frames.feed(data))
        except RunnerError as error:
            self._break_channel(str(error))
            return []

    def _take_all(self, frames: Iterable[tuple[Frame, dict[str, Any]]]) -> None:
        try:
            for kind, payload in frames:
                self._take(kind, payload)
        except (KeyError, TypeError, ValueError) as error:
            self._break_channel(f"a frame has not the shape of its kind: {type(error).__name__}")

    def _break_channel(self, reason: str) -> None:
        self._watch.log.note(f"the plugin wrote to the run's own channel, which is closed: {reason}", "ERROR")
        self._frames = FrameReader()
        self._channel.shutdown(socket.SHUT_RDWR)

    def _take(self, kind: Frame, payload: dict[str, Any]) -> None:
        if kind is Frame.LOG:
            raw, _ = payload.pop("raw", False), payload.pop("sent", None)
            said = Said(**payload)
            if raw:
                self._watch.log.raw(said.source, said.level, said.text.encode("latin-1"))
            else:
                self._watch.log.say(said)
        elif kind is Frame.SECRET:
            self._watch.redactor.add(str(payload["value"]))
        elif kind is Frame.CALL:
            self._watch.calls.append(payload)
        elif kind is Frame.PROGRESS:
            self._watch.progress = {**payload, "note": self._watch.redactor.redact(payload["note"])}
        elif kind is Frame.VERSION:
            self._watch.plugin_version = str(payload["version"])
        elif kind is Frame.ANSWER:
            self._answer = payload

    def _read_control(self) -> None:
        try:
            while message := self._control.recv(4096):
                told = json.loads(message)
                if "pid" in told:
                    self._watch.pid = told["pid"]
                elif "refused" in told:
                    raise RunnerError(told["refused"])
                else:
                    self._exit = Exit(told["exit"], told["strays"], told["verified"])
        except BlockingIOError:
            return
        except ConnectionError:
            pass
        self._launcher_gone = self._exit is None

    def _close_log(self) -> None:
        self._watch.log.end_lines()
        if self._exit and self._exit.strays:
            self._watch.log.note(f"the run left {self._exit.strays} processes behind; they were killed")
        if self._exit and not self._exit.verified:
            self._watch.log.note("it is not certain that all processes of the run are gone", "ERROR")
