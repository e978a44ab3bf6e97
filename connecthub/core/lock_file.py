"""Lock files: one process at a time on a folder, one log file for each of several."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connecthub.errors import ConfigError, Refused


@contextmanager
def exclusive_lock(path: Path, what: str, remedy: str = "set another DATA_DIR") -> Iterator[None]:
    """Hold a lock file while the block runs; raises Refused where another process holds it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; {remedy}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"{what} runs on {path.parent} already; stop that one or {remedy}") from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def own_name(folder: Path, name: str) -> Iterator[str]:
    """A name that no other process of this folder has while the block runs: `worker`, `worker-2`, …."""
    with ExitStack() as held:
        number, candidate = 1, name
        while True:
            try:
                held.enter_context(exclusive_lock(folder / f"{candidate}.lock", candidate))
                break
            except Refused:
                number += 1
                candidate = f"{name}-{number}"
        yield candidate
