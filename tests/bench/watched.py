"""`connecthub worker` with a stopwatch at its joints: none of its code knows of it.

    python -m tests.bench.watched OUTPUT THREADS [profile]

Takes its settings from the environment. When it is stopped, OUTPUT holds for each run the times of what happened, on
the clock that all processes share and in CPU time of the supervising thread; with `profile`, what cProfile found.
"""

from __future__ import annotations

import cProfile
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connecthub.control.installation import prepare
from connecthub.core.config import load_settings
from connecthub.core.logging import configure_logging
from connecthub.runner import supervise as supervision
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.tasks import execute, worker

Stamps = dict[str, float]
"""Seconds by the name of what happened."""
JOINTS = (
    (worker, "execute_job", "heard", "let_go"),
    (execute, "claim", "claim_began", "claimed"),
    (execute, "supervise", "supervise_began", "supervised"),
    (LauncherProcess, "order", None, "ordered"),
    (supervision, "classify", "exit_known", None),
    (execute, "finish", "finish_began", "finished"),
)
"""Where a function stands, its name, and what its begin and end are called."""


class Recorder:
    """Notes when something happened to the run that the current thread supervises."""

    def __init__(self) -> None:
        self.clock: dict[int, Stamps] = {}
        self.cpu: dict[int, Stamps] = {}
        self._here = threading.local()

    def note(self, what: str) -> None:
        """Something happened now."""
        if (log_id := getattr(self._here, "log_id", None)) is not None:
            self.clock[log_id][what] = time.monotonic()
            self.cpu[log_id][what] = time.thread_time()

    def around(self, function: Callable[..., Any], begin: str | None, end: str | None) -> Callable[..., Any]:
        """The function, with notes at its begin and its end."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            if begin == "heard":
                log_id = self._here.log_id = args[1]
                self.clock[log_id], self.cpu[log_id] = {}, {}
            if begin:
                self.note(begin)
            result = function(*args, **kwargs)
            if end:
                self.note(end)
            return result

        return timed

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Put the notes in place, and take them away."""
        kept = [(owner, name, getattr(owner, name)) for owner, name, _, _ in JOINTS]
        for owner, name, begin, end in JOINTS:
            setattr(owner, name, self.around(getattr(owner, name), begin, end))
        try:
            yield
        finally:
            for owner, name, function in kept:
                setattr(owner, name, function)


def main(output: Path, threads: int, profiled: bool) -> None:
    """Serve until SIGTERM, then write what was seen."""
    settings = load_settings(env_file=None)
    configure_logging(settings, "worker", sys.stdout)
    database, keys = prepare(settings, migrate=False)
    recorder, profile = Recorder(), cProfile.Profile()
    if profiled:
        execute_job = worker.execute_job
        worker.execute_job = lambda *args: profile.runcall(execute_job, *args)
        worker.run_worker(settings, database, keys, threads=1, queue="default")
        profile.dump_stats(output)
    else:
        with recorder.watching():
            worker.run_worker(settings, database, keys, threads=threads, queue="default")
        output.write_text(json.dumps({"clock": recorder.clock, "cpu": recorder.cpu}))
    database.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["profile"])
