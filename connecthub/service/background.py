"""`connecthub up` in the background: who runs it, starting it, stopping it.

The lock file is the truth. Its holder writes its number into it; that number is believed only while the file is locked
and the process of that number has it open, so that neither a stale file nor a number used again leads to a stranger.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connecthub.core.config import Settings
from connecthub.core.lock_file import exclusive_lock
from connecthub.errors import ConfigError, Refused, ServiceFailed
from connecthub.service.background_logs import STDERR_LOG

LOCK_FILE = "up.lock"
WRITTEN_SECONDS = 1.0
"""So long the holder of the lock has to write its number."""
ASKED_SECONDS = 0.3
"""So long a lock may be held by who only asks whether it is."""
START_SECONDS = 60.0
LOOK_SECONDS = 0.2
WAIT_SECONDS = 5.0
KILLED_SECONDS = 5.0


@contextmanager
def holding(data_dir: Path, pause: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Be the one `connecthub up` of a folder while the block runs; raises Refused where another is."""
    path = data_dir / LOCK_FILE
    give_up = time.monotonic() + ASKED_SECONDS
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(exclusive_lock(path, "connecthub up"))
                break
            except Refused:
                if time.monotonic() > give_up:
                    raise
                pause(0.02)
        try:
            path.write_text(f"{os.getpid()}\n")
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be written: {error.strerror}; free space there, or set another DATA_DIR"
            ) from None
        yield


@dataclass(frozen=True)
class Holder:
    """The process that holds the lock: its number, and a handle that never means another."""

    pid: int
    handle: int

    def children(self) -> list[int]:
        """The numbers of scheduler and worker, as they are now."""
        with contextlib.suppress(OSError):
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        return []

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended gets none."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, number)

    def ended_within(self, seconds: float) -> bool:
        """Wait for its end, at most so long, and say whether it has come."""
        poller = select.poll()
        poller.register(self.handle, select.POLLIN)
        return bool(poller.poll(max(0.0, seconds) * 1000))


@contextmanager
def holder(data_dir: Path) -> Iterator[Holder | None]:
    """The `connecthub up` of a folder, None where none runs.

    Raises Refused where somebody holds the lock whom this process cannot see: another account, container or host.
    """
    path = data_dir / LOCK_FILE
    give_up = time.monotonic() + WRITTEN_SECONDS
    with contextlib.ExitStack() as opened:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            yield None
            return
        except OSError as error:
            raise Refused(f"{path} cannot be read ({error.strerror}); ask as the account that runs it") from None
        opened.callback(os.close, descriptor)
        while True:
            found = _process_in(descriptor)
            if not _is_locked(descriptor):
                if found:
                    os.close(found.handle)
                yield None
                return
            if found:
                opened.callback(os.close, found.handle)
                yield found
                return
            if time.monotonic() > give_up:
                raise Refused(f"{path} is held by a process that is not seen from here; stop it where it runs")
            time.sleep(0.02)


def _process_in(descriptor: int) -> Holder | None:
    """The process whose number the file holds, if that one has the file open."""
    number = os.pread(descriptor, 32, 0).strip()
    if not number.isdigit() or int(number) in (0, os.getpid()):
        return None
    try:
        handle = os.pidfd_open(int(number))
    except OSError:
        return None
    if _has_open(int(number), os.fstat(descriptor)):
        return Holder(int(number), handle)
    os.close(handle)
    return None


def _has_open(pid: int, file: os.stat_result) -> bool:
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.stat(entry.path), file):
                    return True
    except OSError:  # ended, or another account's
        return False
    return False


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def start(settings: Settings, environment: Mapping[str, str], missing: Callable[[Holder], str]) -> int:
    """Start `connecthub up` in a session of its own, stay until `missing` says of it that nothing is, return its pid.

    It logs to files under DATA_DIR/logs. Raises Refused where one runs already, ServiceFailed where it does not come to
    life; then nothing is left running.
    """
    with holder(settings.data_dir) as running:
        if running:
            raise Refused(
                f"connecthub up runs on {settings.data_dir} already, as {running.pid}; `connecthub down` stops it"
            )
    process = _spawn(settings.data_dir / "logs", environment)
    give_up = time.monotonic() + START_SECONDS
    why = "it has not begun"
    while time.monotonic() < give_up:
        if (code := process.poll()) is not None:
            raise ServiceFailed(f"connecthub up ended with {code} before its processes lived")
        with holder(settings.data_dir) as running:
            if running and running.pid == process.pid and not (why := missing(running)):
                return process.pid
        time.sleep(LOOK_SECONDS)
    with holder(settings.data_dir) as running:
        if running and running.pid == process.pid:
            stop(running, KILLED_SECONDS, lambda left: None)
        else:
            process.kill()
    raise ServiceFailed(f"connecthub up did not come to life within {START_SECONDS:g} s, and was stopped: {why}")


def _spawn(logs: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    for folder in (logs.parent, logs):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (logs / STDERR_LOG).unlink(missing_ok=True)
    descriptor = os.open(logs / STDERR_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "connecthub", "up"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # their log files have it
            stderr=descriptor,
            env={**environment, "LOG_TO_FILE": "on"},
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


def stop(running: Holder, seconds: float, on_wait: Callable[[float], None]) -> bool:
    """Stop it in order, and say whether that was enough: what has not ended after so many seconds is killed.

    `on_wait` is given the seconds that are left, every five seconds. A killed worker takes its plugins with it.
    """
    running.send(signal.SIGTERM)
    give_up = time.monotonic() + seconds
    while not running.ended_within(min(WAIT_SECONDS, give_up - time.monotonic())):
        left = give_up - time.monotonic()
        if left <= 0:
            _kill(running)
            return False
        on_wait(left)
    return True


def _kill(running: Holder) -> None:
    """Kill scheduler and worker; then their supervisor has nothing to wait for, and is killed only if it hangs too."""
    for pid in running.children():
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            try:
                if pid in running.children():
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)
    if not running.ended_within(KILLED_SECONDS):
        running.send(signal.SIGKILL)
        running.ended_within(KILLED_SECONDS)
