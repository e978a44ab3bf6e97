"""The launcher: one preloaded, single-threaded process that forks a child per run and is the only one to wait for it.

It never imports a plugin and never sees params or secrets: those go over each run's own socket. When the worker that
started it is gone, it kills all runs and ends. It is the dead man's switch too: a run may have a time until which its
worker vouches for it, and is killed when that is over.

Per run the supervisor sends one packet, `{"until"}`, over the launcher's socket with six descriptors: the child's
socket, the read and write end of its output pipe, the same of its error pipe, and the launcher's end of the run's
control socket. Over that go `{"pid"}` once (or `{"refused"}`), orders `{"signal"}` and new times `{"until"}` the other
way, and `{"exit", "strays", "verified", "lapsed"}` at the end. Times are on the monotonic clock: processes share it.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from typing import Any

from connecthub.core.log_capture import install_capture
from connecthub.runner import child
from connecthub.runner.processes import adopt_orphans, kill_strays
from connecthub.runner.warm_up import warm_up

DESCRIPTORS = 6
"""Descriptors that come with an order."""


@dataclass
class Run:
    """A child that goes on."""

    pid: int
    control: socket.socket
    until: float | None
    """When it is killed unless somebody vouches for it before; None: never."""
    lapsed: bool = False


class Launcher:
    """Forks on demand, passes signals on, reports exits."""

    def __init__(self, orders: socket.socket, channel: child.Channel) -> None:
        self._pid = os.getpid()
        self._orders = orders
        self._channel = channel
        self._runs: dict[int, Run] = {}
        self._poll = select.epoll()
        self._wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self._poll.register(orders.fileno(), select.EPOLLIN)
        self._poll.register(self._wake_read, select.EPOLLIN)

    def serve(self) -> None:
        """Serve until the worker is gone, then leave nothing behind."""
        while True:
            for descriptor, _ in self._poll.poll(self._seconds_to_next_lapse()):
                if descriptor == self._orders.fileno():
                    if not self._take_order():
                        self._end_all()
                        return
                elif descriptor == self._wake_read:
                    os.read(self._wake_read, 4096)
                    self._reap()
                else:
                    self._obey(descriptor)
            self._end_lapsed()

    def _seconds_to_next_lapse(self) -> float | None:
        first = min((run.until for run in self._runs.values() if run.until is not None), default=None)
        return None if first is None else max(0.0, first - time.monotonic())

    def _end_lapsed(self) -> None:
        now = time.monotonic()
        for run in self._runs.values():
            if run.until is not None and now >= run.until:
                run.until, run.lapsed = None, True
                self._signal_group(run, signal.SIGKILL)

    def _take_order(self) -> bool:
        packet, descriptors, _, _ = socket.recv_fds(self._orders, 64, DESCRIPTORS)
        if not packet:
            return False
        *child_ends, control = descriptors
        run = Run(0, socket.socket(fileno=control), json.loads(packet)["until"])
        try:
            run.pid = os.fork()
        except OSError as error:
            self._tell(run, {"refused": f"no process can be started: {error}"})
            run.control.close()
        else:
            if run.pid == 0:
                self._become_child(child_ends)
            self._runs[run.pid] = run
            self._poll.register(control, select.EPOLLIN)
            self._tell(run, {"pid": run.pid})
        for descriptor in child_ends:
            os.close(descriptor)
        return True

    def _become_child(self, ends: list[int]) -> None:
        """Never returns: whatever happens here ends this process and no other."""
        status = 70
        try:
            channel, out_read, out_write, err_read, err_write = ends
            wanted = (out_write, err_write, channel, out_read, err_read)
            clear_of_targets = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in wanted]
            for target, end in enumerate(clear_of_targets, start=1):
                os.dup2(end, target, inheritable=target <= 2)
            os.closerange(len(wanted) + 1, os.sysconf("SC_OPEN_MAX"))
            child.serve(self._pid, self._channel)
        except BaseException as error:
            os.write(2, f"the run's process broke: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)

    def _obey(self, descriptor: int) -> None:
        run = next((run for run in self._runs.values() if run.control.fileno() == descriptor), None)
        if run is None:
            return
        order = b""
        with contextlib.suppress(ConnectionError):
            order = run.control.recv(1024)
        if not order:
            self._poll.unregister(descriptor)
            self._signal_group(run, signal.SIGKILL)
            return
        told = json.loads(order)
        if "signal" in told:
            self._signal_group(run, signal.Signals(told["signal"]))
        elif not run.lapsed:
            run.until = told["until"]

    def _signal_group(self, run: Run, number: signal.Signals) -> None:
        # Not reaped yet, so the pid is still this run's; before its setsid the child has no group of its own.
        for send in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                send(run.pid, number)
                send(run.pid, signal.SIGCONT)
                return

    def _reap(self) -> None:
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            run = self._runs.pop(ended.si_pid, None)
            if run is None:
                os.waitpid(ended.si_pid, 0)
            else:
                self._finish(run)

    def _finish(self, run: Run) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(run.pid, signal.SIGKILL)
        _, status = os.waitpid(run.pid, 0)
        strays, verified = kill_strays(keep=self._runs)
        code = os.waitstatus_to_exitcode(status)
        self._tell(run, {"exit": code, "strays": strays, "verified": verified, "lapsed": run.lapsed})
        with contextlib.suppress(OSError):
            self._poll.unregister(run.control.fileno())
        run.control.close()

    def _tell(self, run: Run, message: dict[str, Any]) -> None:
        with contextlib.suppress(ConnectionError):
            run.control.send(json.dumps(message).encode())

    def _end_all(self) -> None:
        for run in self._runs.values():
            self._signal_group(run, signal.SIGKILL)
        kill_strays(keep=())


def preload() -> child.Channel:
    """Import what every run needs and go a run's way some times, so that a fork finds it warm.

    A first pydantic model alone costs 60 ms; what the way touches first in a child costs it a copy of the page.
    """
    sys.modules["httpx._main"] = None  # pyright: ignore[reportArgumentType] # httpx's command line imports rich
    from pydantic import BaseModel, HttpUrl, SecretStr

    from connecthub.integrations.base import preload_ssl_context

    class Warm(BaseModel):
        url: HttpUrl
        secret: SecretStr

    Warm.model_validate({"url": "http://localhost", "secret": "warm"})
    preload_ssl_context()
    channel = child.Channel()
    install_capture(channel.say)
    warm_up(channel)
    gc.collect()
    gc.disable()
    gc.freeze()
    return channel


def main(descriptor: int) -> None:
    """Serve orders on the socket `descriptor`."""
    orders = socket.socket(fileno=descriptor)
    adopt_orphans()
    channel = preload()
    with orders, contextlib.suppress(BrokenPipeError):  # the worker is gone already
        orders.send(b"ready")
        Launcher(orders, channel).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
