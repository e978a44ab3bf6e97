"""What the servers of the tests share: a scratch folder, a child that dies with its owner, an orderly stop.

Run as a script, this file is the step before a server: it drops root, ties itself to its owner and becomes the server.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Literal, NoReturn, Self

SCRATCH_PREFIX = "connecthub-tests-"
SWEEP_AGE_SECONDS = 60
MEMORY = Path("/dev/shm")
MEMORY_ROOM_BYTES = 1 << 30
START_SECONDS = 30.0
STOP_SECONDS = 10.0
UNPRIVILEGED = "nobody"
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
PR_SET_PDEATHSIG = 1

StopMode = Literal["fast", "kill"]


class ServerMissing(Exception):
    """This machine has no such server, neither its own nor one from a wheel; the message says how to get one."""


class ServerFailed(Exception):
    """A server is here but did not start; the message ends with the last lines of its log."""


def open_to_everyone(path: Path) -> bool:
    """Say whether any account may pass through `path` and all folders above it."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.resolve().parents))


class ScratchFolder:
    """A folder in memory if it has room, else under the system's temp; the next one sweeps up after a killed owner.

    The owner holds a lock on it. Made by root, other accounts may pass through it, but not list it.
    """

    def __init__(self) -> None:
        base = _temp_base()
        _sweep(base)
        self.path = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir=base))
        self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Delete the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _temp_base() -> Path:
    candidates = [MEMORY, Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    for base in candidates:
        if base.is_dir() and _fits_a_server(base):
            return base
    raise ServerMissing(f"no temp folder fits a server among {', '.join(map(str, candidates))}; set TMPDIR to another")


def _fits_a_server(base: Path) -> bool:
    system = os.statvfs(base)
    roomy = base != MEMORY or system.f_bavail * system.f_frsize >= MEMORY_ROOM_BYTES
    short = len(os.fsencode(base)) <= 60  # the path of a Unix socket ends at 107 bytes
    usable = os.geteuid() != 0 or (open_to_everyone(base) and not system.f_flag & os.ST_NOEXEC)
    return roomy and short and usable


def _sweep(base: Path) -> None:
    for folder in base.glob(f"{SCRATCH_PREFIX}*"):
        with contextlib.suppress(OSError):
            about = folder.lstat()
            # A folder younger than this may not have its lock yet.
            if about.st_uid == os.geteuid() and time.time() - about.st_mtime > SWEEP_AGE_SECONDS:
                _remove_unless_locked(folder)


def _remove_unless_locked(folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


class Witness:
    """Handles on processes, taken while they live: it says whether they are gone, whoever gets their numbers next."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._handles: set[int] = set()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                self._handles.add(os.pidfd_open(pid))

    def wait(self, seconds: float) -> bool:
        """Wait until all are gone, at most `seconds`; say whether they are."""
        deadline = time.monotonic() + seconds
        poller = select.poll()
        for handle in self._handles:
            poller.register(handle, select.POLLIN)
        waiting = set(self._handles)
        while waiting:
            gone = poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if not gone:
                return False
            for handle, _ in gone:
                poller.unregister(handle)
                waiting.discard(handle)
        return True

    def kill(self) -> None:
        """Send SIGKILL to those that still live."""
        for handle in self._handles:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._handles:
            os.close(self._handles.pop())


def children_of(parent: int) -> list[int]:
    """Return the numbers of the processes whose parent is `parent`."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name before the last ")" may hold spaces and brackets; state and parent follow it.
            if int(stat.read_bytes().rpartition(b")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


class OwnedServer(ABC):
    """A server of this process, in its own scratch folder; it dies with the thread that started it, even by `kill -9`.

    Use it in a `with` statement: entering starts it, leaving stops it and removes the folder. In between, `stop` and
    `start` keep data folder and URL. Start it from a thread that outlives it, best the main one.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, account: str = "") -> None:
        self._scratch = ScratchFolder()
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """The scratch folder: data, configuration and log of the server."""
        return self._scratch.path

    @property
    def pid(self) -> int:
        """The number of the server process; RuntimeError while it is stopped."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running: call start() first")
        return self._process.pid

    def processes(self) -> list[int]:
        """Return the numbers of the server process and of its children, as they are now."""
        return [self.pid, *children_of(self.pid)]

    def start(self) -> None:
        """Start the server and wait until it answers; raises ServerFailed if it does not."""
        if self._process is not None:
            raise RuntimeError(f"{self.name} runs already as {self.pid}: call stop() first")
        self._prepare()
        self._process = self._spawn(self._command())
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if _ended(self._process, 0.01) or time.monotonic() > deadline:
                self.stop("kill")
                raise self._failure("did not start")

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server and wait until it and its children are gone; what takes too long is killed.

        `fast` is its orderly shutdown without waiting for clients, `kill` is SIGKILL for all, also for what is frozen.
        Data folder and URL stay.
        """
        process, self._process = self._process, None
        if process is None:
            return
        with Witness(children_of(process.pid)) as children:
            if mode == "fast":
                process.send_signal(self.stop_signal)
                if _ended(process, STOP_SECONDS) and children.wait(STOP_SECONDS):
                    return
            process.kill()
            process.wait()
            children.kill()
            children.wait(STOP_SECONDS)

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop the server in this mode and start it again with the same data folder and URL."""
        self.stop(mode)
        self.start()

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self.stop()
        self._scratch.remove()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def _prepare(self) -> None: ...

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        bridge = [sys.executable, "-I", "-S", __file__, str(os.getpid()), self._account, *command]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                bridge,
                cwd=self.folder,
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in a terminal is for pytest alone, which then stops it in order
            )

    def _run(self, command: list[str]) -> None:
        process = self._spawn(command)
        if not _ended(process, START_SECONDS):
            process.kill()
        if process.wait() != 0:
            raise self._failure(f"could not be set up by {command[0]}")

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _failure(self, what: str) -> ServerFailed:
        lines = self._log.read_text(errors="replace").splitlines()[-15:]
        return ServerFailed("\n".join([f"{self.name} {what}; the end of its log:", *lines]))


def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def become(owner: int, account: str, command: list[str]) -> NoReturn:
    """Replace this process by `command`, run by `account` (empty: no change), killed when its parent `owner` dies."""
    if account:
        entry = pwd.getpwnam(account)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    # After setuid, which clears it; before the look at the parent, which may have died meanwhile.
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL)) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != owner:
        raise SystemExit(f"the owner {owner} is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
