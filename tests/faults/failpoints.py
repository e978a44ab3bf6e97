"""Named places on a run's path, and what may happen to a process that comes there for the first time.

    python -m tests.faults.failpoints PLACE FAULT MARKER worker -w 2

is `connecthub worker -w 2` with one function wrapped. The file MARKER is made when the place is reached; where it is
there already nothing happens, so that the process can be started anew.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from connecthub.cli.main import main
from connecthub.errors import DatabaseUnreachable

LEASE_SECONDS = 2.0
HANG_SECONDS = 2 * LEASE_SECONDS
Fault = Literal["kill", "error", "hang"]
FAULTS: tuple[Fault, ...] = ("kill", "error", "hang")


def _something(told: Any) -> bool:
    return bool(told)


@dataclass(frozen=True)
class Place:
    """Before or after the call of a function, in one kind of process."""

    process: Literal["scheduler", "worker"]
    when: Literal["before", "after"]
    function: str
    """As `module:name`; it has to be looked up there at each call."""
    counts: Callable[[Any], bool] = _something
    """Whether this call is the one, by its arguments (before) or by what it returned (after)."""
    error: Callable[[str], Exception] = DatabaseUnreachable
    """What is raised: something that can happen there."""


PLACES = {
    # Scheduler. The jobs are locked, their rows written and not committed.
    "dispatching": Place("scheduler", "after", "connecthub.tasks.dispatcher:dispatch", lambda done: bool(done.jobs)),
    "dispatched": Place(
        "scheduler", "after", "connecthub.tasks.dispatcher:dispatch_due_jobs", lambda done: bool(done.queued)
    ),
    "ringing": Place("scheduler", "before", "connecthub.tasks.huey_app:_enqueue_all", error=ConnectionError),
    "bells taken": Place("scheduler", "after", "connecthub.db.bells:take_due"),
    # All that goes with the end of a lost run is written and not committed.
    "sweeping": Place("scheduler", "after", "connecthub.tasks.maintenance:end_run", lambda ended: ended.written),
    # Worker.
    "bell popped": Place("worker", "after", "huey.api:Huey.dequeue", error=ConnectionError),
    "claimed": Place("worker", "after", "connecthub.db.job_logs:claim"),
    "ordering": Place(
        "worker", "before", "connecthub.runner.launcher_process:LauncherProcess.order", error=ConnectionError
    ),
    "ordered": Place(
        "worker", "after", "connecthub.runner.launcher_process:LauncherProcess.order", error=ConnectionError
    ),
    # The worker's own row is locked, its runs are next.
    "beating": Place("worker", "before", "connecthub.db.leases:extend", lambda given: bool(given[1])),
    "log chunk": Place("worker", "after", "connecthub.db.log_chunks:append_chunk"),
    # The end is written, its retry is not.
    "ending": Place("worker", "before", "connecthub.tasks.endings:_follow_up"),
    # An error here is a commit whose reply was lost.
    "ended": Place("worker", "after", "connecthub.tasks.execute:_write_end", lambda ended: bool(ended.bells)),
}


def arm(place: Place, happen: Callable[[], None], marker: Path) -> None:
    """Wrap the place's function in this process; `happen` is called once, the first time that it is reached."""
    module, _, path = place.function.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    function = getattr(owner, name)

    @functools.wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if place.when == "before" and place.counts(arguments) and _first(marker):
            happen()
        told = function(*arguments, **named)
        if place.when == "after" and place.counts(told) and _first(marker):
            happen()
        return told

    setattr(owner, name, wrapped)


def _first(marker: Path) -> bool:
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def happening(place: Place, fault: str) -> Callable[[], None]:
    """What happens at a place."""

    def fail() -> None:
        raise place.error("a failpoint")

    return {
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "error": fail,
        "hang": lambda: time.sleep(HANG_SECONDS),
    }[fault]


if __name__ == "__main__":
    _, name_of_place, name_of_fault, marker_file, *command = sys.argv
    armed = PLACES[name_of_place]
    arm(armed, happening(armed, name_of_fault), Path(marker_file))
    main(command)
