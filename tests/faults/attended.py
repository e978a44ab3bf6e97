"""A scheduler and a worker, one of them with a failpoint, attended as an init system does."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.bench.harness import ROOT
from tests.faults.failpoints import LEASE_SECONDS, PLACES, Fault
from tests.integration.conftest import Installation
from tests.servers.process import Witness

SHORT = {
    "HEARTBEAT_SECONDS": "0.3",
    "LEASE_SECONDS": f"{LEASE_SECONDS:g}",
    "SWEEP_SECONDS": "0.5",
    "DRAIN_SECONDS": "0",
    "PYTHONPATH": str(ROOT),
}
COMMANDS = {"scheduler": ["scheduler"], "worker": ["worker", "-w", "3"]}
STOP_SECONDS = 30.0
GONE_SECONDS = 2.0
"""How long a launcher may outlive its worker."""


class Attended:
    """Both processes of an installation; one that was killed is started anew by `attend`, with the same failpoint."""

    def __init__(self, installation: Installation, place: str, fault: Fault) -> None:
        self._folder = installation.settings.data_dir
        self._environment = {**installation.environment(), **SHORT}
        self._failing = PLACES[place].process
        self._failpoint = ["-m", "tests.faults.failpoints", place, fault, str(self._marker)]
        self._launchers: dict[int, Witness] = {}
        self._processes = {name: self._start(name) for name in COMMANDS}
        self.killed = 0

    @property
    def _marker(self) -> Path:
        return self._folder / "reached"

    @property
    def reached(self) -> bool:
        """Whether the place was reached."""
        return self._marker.exists()

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        program = self._failpoint if name == self._failing else ["-m", "connecthub"]
        command = [sys.executable, *program, *COMMANDS[name]]
        return subprocess.Popen(command, env=self._environment, cwd=self._folder)

    def attend(self) -> None:
        """Start anew what was killed; no process ends by itself."""
        for name, process in self._processes.items():
            code = process.poll()
            if code is not None:
                assert code == -signal.SIGKILL, f"the {name} ended by itself with {code}"
                self.killed += 1
                self._processes[name] = self._start(name)
        self._note_launchers(self._processes["worker"].pid)

    def _note_launchers(self, worker: int) -> None:
        for task in Path(f"/proc/{worker}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                for pid in map(int, task.read_text().split()):
                    if pid not in self._launchers:
                        self._launchers[pid] = Witness([pid])

    def stop(self) -> None:
        """Tell both to stop; what hangs is over when they have ended. Neither may need to be killed."""
        for process in self._processes.values():
            process.terminate()
        for name, process in self._processes.items():
            code = process.wait(STOP_SECONDS)
            assert code in (0, -signal.SIGTERM), f"the {name} ended with {code}"  # by the signal while it starts
        for pid, launcher in self._launchers.items():
            assert launcher.wait(GONE_SECONDS), f"the launcher {pid} outlives its worker"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()
        for launcher in self._launchers.values():
            launcher.__exit__()


def is_a_plugin(pid: int) -> bool:
    """Whether a pid is that of a launcher or of its child, and no zombie."""
    try:
        return b"connecthub.runner.launcher" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
