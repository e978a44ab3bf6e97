"""The launcher as its owner sees it: started when first needed, started anew when it died."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

from connecthub.errors import RunnerError
from connecthub.runner.processes import adopt_orphans, kill_strays

logger = logging.getLogger(__name__)

READY_SECONDS = 60.0
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""The environment of launcher and plugins: what a program needs to find files and words, and nothing of ours."""


class LauncherProcess:
    """Owns one launcher. `owns_children` says that this process has no children but the launcher, so that whatever
    a dead launcher leaves behind may be killed here."""

    def __init__(self, *, owns_children: bool = False) -> None:
        self._owns_children = owns_children
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None
        if owns_children:
            adopt_orphans()

    def __enter__(self) -> LauncherProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The launcher's pid, None where none runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the launcher if none runs, and wait until it is warm; raises RunnerError if it does not get there."""
        with self._lock:
            self._ensure()

    def order(self, descriptors: Sequence[int], until: float | None) -> int:
        """Have a child forked on `descriptors` (see `connecthub.runner.launcher`); returns the launcher's pid.

        It is killed at `until` (monotonic seconds) where no later time is told before. Raises RunnerError.
        """
        with self._lock:
            orders = self._ensure()
            try:
                socket.send_fds(orders, [json.dumps({"until": until}).encode()], list(descriptors))
            except OSError as error:
                raise RunnerError(f"the launcher takes no order: {error}") from None
            assert self._process is not None
            return self._process.pid

    def kill(self, pid: int) -> None:
        """Kill the launcher of that pid, which does not answer or is dead, and what it left; a newer one stays."""
        with self._lock:
            if self.pid == pid:
                self._discard(kill=True)

    def stop(self) -> None:
        """End the launcher and every run it still has."""
        with self._lock:
            self._discard(kill=False)

    def _ensure(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            logger.error("the launcher ended with %s; a new one is started", self._process.returncode)
            self._discard(kill=True)
        if self._orders is None:
            self._spawn()
        assert self._orders is not None
        return self._orders

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        command = [sys.executable, "-P", "-m", "connecthub.runner.launcher", str(theirs.fileno())]
        with theirs:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    env=environment,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise RunnerError(f"the launcher of child processes cannot be started: {error}") from None
        self._orders = ours
        ours.settimeout(READY_SECONDS)
        try:
            ready = ours.recv(16)
        except TimeoutError:
            ready = b""
        if ready != b"ready":
            self._discard(kill=True)
            raise RunnerError("the launcher of child processes did not start; its error stands above")
        ours.settimeout(5.0)

    def _discard(self, *, kill: bool) -> None:
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        if self._process is None:
            return
        if kill:
            self._process.kill()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        if self._owns_children:
            with contextlib.suppress(OSError):
                kill_strays(keep=())
