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
from dataclasses import replace
from typing import Any

from connecthub.errors import RunnerError
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.outcome import Exit, Outcome, Stop, classify, describe_exit
from connecthub.runner.processes import wait_for_end
from connecthub.runner.protocol import Frame, FrameReader, Request, encode
from connecthub.runner.turns import TurnDesk
from connecthub.runner.watch import Watch

GRACE_SECONDS = 10.0
"""Between the soft stop and the kill."""
KILL_SECONDS = 5.0
"""Between the kill and giving the launcher up."""
START_SECONDS = 15.0
"""A launcher that has not forked by then is given up."""
TICK_SECONDS = 0.25
"""How often a quiet run is looked at."""
READ_MAX = 1 << 20
BURST_SECONDS = 0.004
BURST_BYTES = 1 << 16
"""After less than so much, more is let come together for `BURST_SECONDS`: a wake-up costs more than a line."""


def supervise(launcher: LauncherProcess, request: Request, watch: Watch, grace: float = GRACE_SECONDS) -> Outcome:
    """Run `request` in a child and return its outcome; the log is complete then, and no process of it is left."""
    started = replace(request, deadline=time.monotonic() + request.timeout)
    try:
        with _Supervision(launcher, started, watch, grace) as supervision:
            return supervision.run()
    except (RunnerError, OSError) as error:
        never = isinstance(error, _NeverForked)
        return Outcome("crashed", error=str(error), fingerprint="crashed: runner", never_started=never)


class _NeverForked(RunnerError):
    """There is no process in which the plugin could have begun."""


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
        self._kill_at: float | None = None
        self._give_up_at: float | None = None
        self._launcher_gone = False
        self._ended: set[int] = set()
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> _Supervision:
        stop = self._watch.on_tick(self._watch)
        if stop is not None and stop.at_once:  # its worker slept, and the run is no longer its own
            raise _NeverForked(f"not started: {stop.cause}")
        self._told_until = self._watch.until
        try:
            self._order()
        except (RunnerError, OSError) as error:
            raise _NeverForked(str(error)) from None
        self._unsent = encode(Frame.REQUEST, self._request.to_json())
        self._turns = TurnDesk(self._watch.turns, self._channel, self._watch.redactor, self._watch.log.note)
        self._resources.callback(self._turns.close)  # before the socket is
        self._give_up_at = time.monotonic() + START_SECONDS
        return self

    def _order(self) -> None:
        with contextlib.ExitStack() as undo:
            undo.callback(self._resources.close)
            self._channel, theirs = self._pair(socket.SOCK_STREAM)
            self._control, launchers = self._pair(socket.SOCK_SEQPACKET)
            with theirs, launchers:
                self._out, out_write = self._pipe()
                self._err, err_write = self._pipe()
                with contextlib.ExitStack() as given_away:
                    given_away.callback(os.close, out_write)
                    given_away.callback(os.close, err_write)
                    self._launcher_pid = self._launcher.order(
                        [theirs.fileno(), self._out, out_write, self._err, err_write, launchers.fileno()],
                        self._told_until,
                    )
            undo.pop_all()

    def _pair(self, kind: socket.SocketKind) -> tuple[socket.socket, socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        self._resources.callback(ours.close)
        ours.setblocking(False)
        return ours, theirs

    def _pipe(self) -> tuple[int, int]:
        read, write = os.pipe()
        self._resources.callback(os.close, read)
        os.set_blocking(read, False)
        return read, write

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def run(self) -> Outcome:
        poll, end = select.poll(), select.poll()
        end.register(self._control.fileno(), select.POLLIN)
        open_ends = {self._channel.fileno(), self._out, self._err, self._control.fileno()}
        for descriptor in open_ends:
            poll.register(descriptor, select.POLLIN)
        poll.modify(self._channel.fileno(), select.POLLIN | select.POLLOUT)
        while not (self._exit or self._launcher_gone):
            poll.poll(TICK_SECONDS * 1000)
            if self._unsent and self._send_request():
                poll.modify(self._channel.fileno(), select.POLLIN)
            little = self._read_all() < BURST_BYTES
            self._read_control()
            for descriptor in self._ended & open_ends:
                poll.unregister(descriptor)
                open_ends.discard(descriptor)
            self._decide()
            if little and not (self._exit or self._launcher_gone):
                end.poll(BURST_SECONDS * 1000)
        if self._launcher_gone:
            self._launcher.kill(self._launcher_pid)
            self._await_death(poll)
        while self._read_all():
            pass
        self._close_log()
        outcome, warning = classify(self._answer, self._exit, self._stop, self._watch.redactor)
        if warning:
            self._watch.log.note(warning)
        return replace(outcome, never_started=self._never_started())

    def _never_started(self) -> bool:
        """The child says that it begins before it does, and all that it ever said has been read."""
        all_is_read = self._exit is not None or self._channel.fileno() in self._ended
        return all_is_read and not self._watch.began

    def _send_request(self) -> bool:
        """Send what the socket takes of the request; whether that was the rest."""
        try:
            self._unsent = self._unsent[self._channel.send(self._unsent) :]
        except BlockingIOError:
            return False
        except OSError:  # the child is gone, which the control socket tells
            self._unsent = b""
        return not self._unsent

    def _await_death(self, poll: select.poll) -> None:
        """The child dies with its launcher: first its end of the channel closes, then it is gone."""
        give_up = time.monotonic() + KILL_SECONDS
        while self._channel.fileno() not in self._ended and time.monotonic() < give_up:
            poll.poll(TICK_SECONDS * 1000)
            self._read_all()
        if self._watch.pid is not None:
            wait_for_end(self._watch.pid, give_up)

    def _decide(self) -> None:
        """The clock's part: soft stop, then kill, then giving the launcher up."""
        wanted = self._watch.on_tick(self._watch)
        if self._watch.until != self._told_until:
            self._told_until = self._watch.until
            self._tell_launcher({"until": self._told_until})
        now = time.monotonic()
        if self._stop is None and self._answer is None:
            if wanted is None and now >= self._request.deadline:
                wanted = Stop("timed_out", f"still running after its timeout of {self._request.timeout:g} s")
            if wanted is not None:
                self._stop = wanted
                what = "killed" if wanted.at_once else f"asked to stop, to be killed after {self._grace:g} s"
                self._watch.log.note(f"{wanted.cause}: {what}")
                self._tell_launcher({"signal": signal.SIGTERM})
                self._kill_at = now if wanted.at_once else now + self._grace
        if self._answer is not None and self._kill_at is None:
            self._kill_at = now + KILL_SECONDS
        if self._kill_at is not None and now >= self._kill_at and self._give_up_at is None:
            if self._stop is not None and not self._stop.at_once:
                self._watch.log.note("still there after its grace: killed")
            self._tell_launcher({"signal": signal.SIGKILL})
            self._give_up_at = now + KILL_SECONDS
        if self._give_up_at is not None and now >= self._give_up_at:
            self._watch.log.note("the launcher does not answer and is killed, with its runs", "ERROR")
            self._give_up_at = None
            self._launcher.kill(self._launcher_pid)

    def _tell_launcher(self, order: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._control.send(json.dumps(order).encode())

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
        self._take_all(frame for frame in frames if frame[1].get("t", 0.0) <= before_pipes)
        for source, level, raw in (("stdout", "INFO", out), ("stderr", "WARNING", err)):
            if raw:
                self._watch.log.raw(source, level, raw)
        self._take_all(frame for frame in frames if frame[1].get("t", 0.0) > before_pipes)
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
        frames: list[tuple[Frame, dict[str, Any]]] = []
        try:
            for frame in self._frames.feed(data):
                if not isinstance(frame[1].get("t", 0.0), float):
                    raise RunnerError("a frame has no time")
                frames.append(frame)
        except RunnerError as error:
            self._watch.log.note(f"the plugin wrote to the run's own channel, which is closed: {error}", "ERROR")
            self._frames = FrameReader()
            self._channel.shutdown(socket.SHUT_RDWR)
        return frames

    def _take_all(self, frames: Iterable[tuple[Frame, dict[str, Any]]]) -> None:
        for kind, payload in frames:
            if kind is Frame.ANSWER:
                self._answer = payload
            elif kind is Frame.PACE:
                self._turns.asked(payload)
            else:
                self._watch.take(kind, payload)

    def _read_control(self) -> None:
        while True:
            try:
                message = self._control.recv(4096)
            except BlockingIOError:
                return
            except ConnectionError:  # told once where the launcher left an order unread; what it said comes after
                continue
            if not message:
                break
            told = json.loads(message)
            if "pid" in told:
                self._watch.pid = told["pid"]
                self._give_up_at = None
            elif "refused" in told:
                raise _NeverForked(told["refused"])
            else:
                self._exit = Exit(told["exit"], told["strays"], told["verified"], told["lapsed"])
        self._launcher_gone = self._exit is None

    def _close_log(self) -> None:
        log = self._watch.log
        log.end_lines()
        if self._stop and self._exit and self._exit.verified:
            log.note(f"stopped: {describe_exit(self._exit.code)}, and no process of the run is left", "INFO")
        if self._exit and self._exit.strays:
            log.note(f"the run left {self._exit.strays} processes behind; they were killed")
        if self._exit and not self._exit.verified:
            log.note("it is not certain that all processes of the run are gone", "ERROR")
        if self._watch.calls.dropped:
            log.note(f"{self._watch.calls.dropped} calls to outside systems are not kept: there were too many")
