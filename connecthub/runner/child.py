"""A run's own process: forked by the launcher, one question, one answer, gone."""

from __future__ import annotations

import contextlib
import gc
import inspect
import logging
import os
import resource
import select
import signal
import socket
import threading
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol

from connecthub.core.clock import SystemClock, WaitingClock
from connecthub.core.log_capture import Said, write_raw
from connecthub.errors import InvalidSettings, PluginError, PluginImportError
from connecthub.jobs.base import BaseJob, JobContext, Reporter, Retry
from connecthub.plugins.describe import describe, field_errors, validated
from connecthub.plugins.discover import plugins_of
from connecthub.plugins.manager import load_module, load_plugin, plugin_version
from connecthub.runner.limits import apply_limits
from connecthub.runner.processes import adopt_orphans, die_with_parent, forbid_dumps
from connecthub.runner.protocol import TEXT_MAX, Frame, Request, as_text, encode, read_request
from connecthub.runner.result import encode_result
from connecthub.runner.turns import AskedTurns

CHANNEL, OUT, ERR = 3, 4, 5
"""Descriptors of a child: its socket, and the read ends of the pipes behind 1 and 2."""


class Answers(Reporter, Protocol):
    """What answering a request needs of a channel."""

    def send(self, kind: Frame, payload: dict[str, Any]) -> None:
        """Send one frame."""
        ...


class Channel:
    """The way to the supervisor; also what a plugin's context reports to.

    The launcher makes it and a run's child connects it. Where it is not connected, in the launcher and in what a plugin
    forks, text goes to the raw descriptors. Before each piece of log it moves what raw writes left in the pipes into
    frames, so that the log keeps its order.
    """

    def __init__(self) -> None:
        self._connected = False
        self._lock = threading.RLock()
        self._sending = False
        self._draining = False
        self._later: list[bytes] = []
        self._turns: AskedTurns | None = None
        os.register_at_fork(after_in_child=self._detach)

    def connect(self, connection: socket.socket, out: int, err: int) -> None:
        """Send over `connection` from now on; the pipes behind raw writes are read at `out` and `err`."""
        self._connection = connection
        self._pipes = select.poll()
        self._pipes.register(out, select.POLLIN)
        self._pipes.register(err, select.POLLIN)
        self._out = out
        self._connected = True

    def disconnect(self) -> None:
        """Send no more."""
        self._connected = False

    def _detach(self) -> None:
        self.disconnect()
        self._lock = threading.RLock()
        self._turns = None

    def send(self, kind: Frame, payload: dict[str, Any]) -> None:
        """Send one frame; a socket that the plugin closed is the supervisor's to notice."""
        if not self._connected:
            return
        frame = encode(kind, payload)
        with self._lock:
            self._later.append(frame)
            if self._sending:  # a signal handler of the plugin, in the middle of another frame
                return
            self._sending = True
            try:
                while self._later:
                    self._connection.sendall(self._later.pop(0))
            except OSError:
                self._later.clear()
            finally:
                self._sending = False

    def say(self, said: Said) -> None:
        """Send a piece of log, after whatever the run wrote to the raw descriptors before it."""
        if not self._connected:
            with contextlib.suppress(OSError):
                write_raw(said)
            return
        with self._lock:
            if not self._draining:  # else a signal handler of the plugin, in the middle of it
                self._draining = True
                try:
                    self._drain_pipes()
                finally:
                    self._draining = False
            self._send_said(said)

    def _drain_pipes(self) -> None:
        for descriptor, event in self._pipes.poll(0):
            if event & select.POLLIN:
                source = ("stdout", "INFO") if descriptor == self._out else ("stderr", "WARNING")
                self._drain(descriptor, *source)

    def _drain(self, descriptor: int, source: str, level: str) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(descriptor, 1 << 16):
                text = data.decode("latin-1")
                self._send_said(Said(time.time(), level, source, text, stream=True), raw=True)

    def _send_said(self, said: Said, *, raw: bool = False) -> None:
        payload = {
            "at": said.at,
            "level": said.level,
            "source": said.source,
            "text": said.text,
            "stream": said.stream,
            "more": said.more,
            "raw": raw,
            "t": time.monotonic(),
        }
        self.send(Frame.LOG, payload)

    def progress(self, done: float, total: float | None, note: str) -> None:
        """Report how far the run is."""
        self._report(Frame.PROGRESS, {"done": done, "total": total, "note": note})

    def call(self, record: dict[str, Any]) -> None:
        """Report one call to an outside system."""
        self._report(Frame.CALL, {**record, "at": time.time()})

    def turn(self, key: str, interval: float) -> float:
        """Take the next turn of `key`, whose turns are `interval` seconds apart; returns the seconds until it comes,
        below zero where it has come since."""
        with self._lock:
            if self._turns is None:
                self._turns = AskedTurns(self._connection if self._connected else None, self.send)
        return self._turns.take(key, interval)

    def secret(self, value: str) -> None:
        """Ask that `value` be masked from here on."""
        self._report(Frame.SECRET, {"value": value})

    def _report(self, kind: Frame, payload: dict[str, Any]) -> None:
        """Send a report whatever it holds: it is best effort, and never the plugin's failure."""
        with contextlib.suppress(ValueError, RecursionError):
            self.send(kind, payload)


def serve(launcher: int, channel: Channel) -> NoReturn:
    """Answer the one question of this process, whose descriptors stand as `CHANNEL`, `OUT`, `ERR`, and end."""
    _isolate(launcher)
    answer_over(socket.socket(fileno=CHANNEL), channel, OUT, ERR)
    os._exit(0)


def answer_over(connection: socket.socket, channel: Channel, out: int, err: int) -> None:
    """Take one request from `connection` and answer it there; all that is said meanwhile goes over `channel`."""
    request = read_request(connection)
    channel.connect(connection, out, err)
    logging.getLogger().setLevel(request.log_level)
    apply_limits(request.limits)
    channel.send(Frame.BEGIN, {})
    channel.send(Frame.ANSWER, answer_request(request, channel))


def _isolate(launcher: int) -> None:
    os.setsid()
    die_with_parent(launcher)
    adopt_orphans()
    forbid_dumps()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.set_threshold(20_000, 20, 20)  # a collection at once would copy the pages shared with the launcher
    gc.enable()


def answer_request(request: Request, channel: Answers) -> dict[str, Any]:
    """Run, describe or validate; every way in which plugin code can fail becomes an answer."""
    plugin: type[BaseJob] | None = None
    try:
        if request.ask == "list":
            return {"status": "succeeded", "plugins": plugins_of(load_module(request.handler, request.extensions_dir))}
        plugin = load_plugin(request.handler, request.packages, request.extensions_dir)
        if request.ask == "describe":
            return {"status": "succeeded", "description": describe(plugin)}
        if request.ask == "validate":
            return {"status": "succeeded", "fields": field_errors(plugin, request.params, request.secrets)}
        return _run(plugin, request, channel)
    except BaseException as error:  # SystemExit, KeyboardInterrupt and GeneratorExit are the plugin's failures too
        return failed_answer(error, plugin)


def _run(plugin: type[BaseJob], request: Request, channel: Answers) -> dict[str, Any]:
    channel.send(Frame.VERSION, {"version": plugin_version(plugin)})
    return run_plugin(plugin, request, channel, SystemClock())


def run_plugin(plugin: type[BaseJob], request: Request, reporter: Reporter, clock: WaitingClock) -> dict[str, Any]:
    """Validate, run and answer; whatever the plugin raises comes out. `request.deadline` is on `clock`."""
    params = validated(plugin.Params, request.params, "params")
    secrets = validated(plugin.Secrets, request.secrets, "secrets")
    job = plugin(
        JobContext(
            job=request.job,
            log_id=request.log_id,
            scheduled_for=datetime.fromisoformat(request.scheduled_for) if request.scheduled_for else None,
            attempt=request.attempt,
            dry_run=request.dry_run,
            deadline=request.deadline,
            idempotency_key=request.idempotency_key,
            reporter=reporter,
            clock=clock,
        )
    )
    return {"status": "succeeded", **encode_result(job.run(params, secrets))}


def failed_answer(error: BaseException, plugin: type[BaseJob] | None) -> dict[str, Any]:
    """The answer of a run that ended in `error`; no plugin: it could not be loaded."""
    name = type(error).__name__
    answer = {
        "status": "failed",
        "error": f"{name}: {as_text(error)[:TEXT_MAX]}",
        "fingerprint": name,
        "traceback": None,
    }
    if isinstance(error, InvalidSettings):
        return {**answer, "fields": error.fields}
    if isinstance(error, PluginImportError):
        return {**answer, "traceback": error.plugin_traceback[:TEXT_MAX]}
    if isinstance(error, PluginError) or plugin is None:
        return answer
    if isinstance(error, MemoryError):
        traceback.clear_frames(error.__traceback__)  # what they hold is what there is no memory left for
    if isinstance(error, Retry):
        answer["retry_after"] = error.after
    return {**answer, "traceback": _own_traceback(error), "fingerprint": _fingerprint(error, plugin)}


def _own_traceback(error: BaseException) -> str:
    told = traceback.TracebackException.from_exception(error)
    own = [frame for frame in told.stack if frame.filename != __file__]
    told.stack = traceback.StackSummary.from_list(own)
    return "".join(told.format())[:TEXT_MAX]


def _fingerprint(error: BaseException, plugin: type[BaseJob]) -> str:
    """Exception class and innermost plugin frame by function, so that an edit above it does not change it."""
    folder = Path(inspect.getfile(plugin)).resolve().parent
    where = plugin.__module__
    for frame, _ in traceback.walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if folder in path.parents:
            where = f"{path.relative_to(folder.parent)}:{frame.f_code.co_qualname}"
    return f"{type(error).__name__} at {where}"
