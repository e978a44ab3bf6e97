"""What the kernel offers to keep processes together: Linux in full, elsewhere the group kill is the whole promise."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Collection

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
STRAY_SECONDS = 2.0
"""How long the kill of strays may take before it is reported as not verified."""

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _prctl(option: int, value: int) -> None:
    if _libc is not None and _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")


def die_with_parent(parent: int) -> None:
    """Be killed when the thread that forked this process ends; ends at once where `parent` is gone already."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent dies."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def forbid_dumps() -> None:
    """Keep this process's memory from core dumps and from other processes of the user."""
    _prctl(PR_SET_DUMPABLE, 0)


def children() -> list[int]:
    """The pids of this process's children, zombies included (Linux; elsewhere none)."""
    found: list[int] = []
    for task in _tasks():
        with contextlib.suppress(FileNotFoundError), open(f"/proc/self/task/{task}/children") as listing:
            found.extend(map(int, listing.read().split()))
    return found


def wait_for_end(pid: int, give_up: float) -> None:
    """Wait until a process, no child of ours, has ended, at most until `give_up` (monotonic seconds).

    A kernel that has no descriptors of processes, or keeps them from us, leaves it at what was seen before.
    """
    if sys.platform != "linux":
        return
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return
    try:
        ended = select.poll()
        ended.register(process, select.POLLIN)
        ended.poll(max(0.0, give_up - time.monotonic()) * 1000)
    finally:
        os.close(process)


def _tasks() -> list[str]:
    try:
        return os.listdir("/proc/self/task")
    except FileNotFoundError:
        return []


def kill_strays(keep: Collection[int]) -> tuple[int, bool]:
    """Kill and reap all children but `keep`, and whatever they leave behind, until none is left.

    Returns how many there were, and whether it is certain that none is left.
    """
    seen: set[int] = set()
    give_up = time.monotonic() + STRAY_SECONDS
    while strays := [pid for pid in children() if pid not in keep]:
        for pid in strays:
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                seen.add(pid)
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > give_up:
            return len(seen), False
        time.sleep(0.001)
    return len(seen), True
