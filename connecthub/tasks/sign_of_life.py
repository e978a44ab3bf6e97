"""What a scheduler leaves for `connecthub health`: a file that each good tick touches."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from connecthub.core.config import Settings

logger = logging.getLogger(__name__)

FORGOTTEN_SECONDS = 86_400.0
"""A file that is older was left by a scheduler that was killed."""


class SignOfLife:
    """One scheduler's file, `DATA_DIR/run/scheduler-HOST-PID-BEGIN`; it is gone when the block ends."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.data_dir / "run" / f"{_prefix()}{os.getpid()}-{_begin(os.getpid())}"
        self._failing = False

    def give(self) -> None:
        """Say that a tick has done its work; a file that cannot be written is logged once, and the work goes on."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
        except OSError as error:
            if not self._failing:
                logger.warning("%s cannot be written, `connecthub health` misses it: %s", self._path, error.strerror)
            self._failing = True
        else:
            self._failing = False

    def __enter__(self) -> Self:
        for path in self._path.parent.glob("scheduler-*"):
            if _age(path) > FORGOTTEN_SECONDS:
                path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Sign:
    """A scheduler process of this host that lives, and how many seconds ago its last good tick was."""

    pid: int
    seconds_ago: float


def signs(settings: Settings) -> list[Sign]:
    """The schedulers of this host whose process is there, the last to tick first."""
    return sorted(_signs(settings.data_dir / "run"), key=lambda sign: sign.seconds_ago)


def _signs(folder: Path) -> Iterator[Sign]:
    for path in folder.glob(f"{_prefix()}*"):
        number, _, begin = path.name.removeprefix(_prefix()).partition("-")
        if number.isdigit() and begin and begin == _begin(int(number)):
            yield Sign(int(number), _age(path))


def _begin(pid: int) -> str:
    """When a process began, in ticks since this machine did, as its number alone is given again; "" for none."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return told.rpartition(")")[2].split()[19]  # proc(5): starttime, the 22nd field


def _prefix() -> str:
    return f"scheduler-{socket.gethostname()}-"


def _age(path: Path) -> float:
    """Seconds since it was touched, either way where the clock was set; a file that is gone is very old."""
    try:
        return abs(time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return float("inf")
