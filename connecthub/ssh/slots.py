"""So many sessions at the same time, counted by locks: the death of a process gives its place back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connecthub.core.lock_file import exclusive_lock
from connecthub.errors import Refused


@contextmanager
def place(folder: Path, name: str, person: str, most: int) -> Iterator[None]:
    """Hold one of `most` places of a name while the block runs; raises Refused where all are held."""
    with ExitStack() as held:
        for number in range(1, most + 1):
            try:
                held.enter_context(exclusive_lock(folder / f"{name}.{number}", name, "give this account the folder"))
                break
            except Refused:
                continue
        else:
            raise Refused(
                f"{person} has {most} sessions open on {os.uname().nodename}, which is the most; leave one of them "
                "(SSH_SESSIONS)"
            )
        yield
