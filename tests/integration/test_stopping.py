"""How a run is stopped from outside: by its launcher when nobody vouches for it, by a worker that drains."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select as select_rows

from connecthub.control.job_logs import wait_for_end
from connecthub.core.redact import Redactor
from connecthub.db import job_logs, tables
from connecthub.db.ending import Ending
from connecthub.db.tables import Status
from connecthub.db.types import database_now
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.outcome import Outcome, Stop
from connecthub.runner.protocol import Request
from connecthub.runner.run_log import RunLog
from connecthub.runner.supervise import supervise
from connecthub.runner.watch import Watch
from tests.cli import descendants
from tests.integration.conftest import Installation
from tests.runs import PLUGINS, is_gone

pytestmark = pytest.mark.slow

SECONDS = 20.0
"""A deadline for events that come within a few seconds."""
NOT_VOUCHED_FOR = "killed by the launcher: its worker did not vouch for it in time"


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pid")
    return tmp_path / "pid"


@contextmanager
def watching(pid: int) -> Iterator[Callable[[], bool]]:
    """Wait with the function until the process has ended."""
    process = os.pidfd_open(pid)
    try:
        yield lambda: bool(select.select([process], [], [], SECONDS)[0])
    finally:
        os.close(process)


def run_sleeper(
    launcher: LauncherProcess, on_tick: Callable[[Watch], Stop | None], pid_file: Path, seconds: float = 600
) -> tuple[Outcome, Watch]:
    params = {"pid_file": str(pid_file), "seconds": seconds}
    request = Request("run", "samples.good:Sleeper", ("samples",), str(PLUGINS), params, {}, timeout=60.0)
    watch = Watch(RunLog(Redactor.from_secrets({}), 1 << 20), Redactor.from_secrets({}), on_tick)
    return supervise(launcher, request, watch), watch


def test_a_run_that_nobody_vouches_for_any_longer_is_killed_by_the_launcher(launcher: LauncherProcess, tmp_path: Path):
    until = time.monotonic() + 0.5

    def vouch_once(watch: Watch) -> None:
        watch.until = until

    outcome, watch = run_sleeper(launcher, vouch_once, tmp_path / "pid")
    assert (outcome.status, outcome.error) == ("crashed", NOT_VOUCHED_FOR)
    assert (watch.began, outcome.never_started) == (True, False)
    assert is_gone(watch.pid)


def test_a_run_that_is_vouched_for_again_and_again_goes_on(launcher: LauncherProcess, tmp_path: Path):
    def vouch(watch: Watch) -> None:
        watch.until = time.monotonic() + 1.0

    outcome, _ = run_sleeper(launcher, vouch, tmp_path / "pid", seconds=2.5)
    assert outcome.status == "succeeded"


def test_one_that_is_not_vouched_for_takes_no_other_with_it(launcher: LauncherProcess, tmp_path: Path):
    until = time.monotonic() + 0.3
    ended: list[Outcome] = []

    def vouch_once(watch: Watch) -> None:
        watch.until = until

    def lapse() -> None:
        ended.append(run_sleeper(launcher, vouch_once, tmp_path / "first")[0])

    thread = threading.Thread(target=lapse)
    thread.start()
    other, _ = run_sleeper(launcher, lambda watch: None, tmp_path / "second", seconds=1)
    thread.join()
    assert (ended[0].status, other.status) == ("crashed", "succeeded")


def test_a_frozen_owner_leaves_no_run_behind(pid_file: Path):
    code = (
        "import time\n"
        "from pathlib import Path\n"
        "from connecthub.runner.launcher_process import LauncherProcess\n"
        "from tests.integration.test_stopping import run_sleeper\n"
        "def vouch(watch):\n"
        "    watch.until = time.monotonic() + 1\n"
        f"run_sleeper(LauncherProcess(), vouch, Path({str(pid_file)!r}))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2]) as owner:
        try:
            with watching(int(pid_file.read_text())) as ends:
                owner.send_signal(signal.SIGSTOP)
                assert ends(), "the run outlived its owner's word"
                living = [pid for pid in descendants(owner.pid) if not is_gone(pid)]  # it may not be reaped yet
                assert len(living) == 1, "the launcher itself has to stay"
        finally:
            owner.kill()


def test_a_run_whose_lease_is_about_to_end_gets_no_grace(launcher: LauncherProcess, pid_file: Path):
    began = threading.Event()
    reader = threading.Thread(target=lambda: (pid_file.read_text(), began.set()))
    reader.start()

    def stop(watch: Watch) -> Stop | None:
        return Stop("crashed", "gone", at_once=True) if began.is_set() else None

    outcome, watch = run_sleeper(launcher, stop, pid_file)
    reader.join()
    assert (outcome.status, outcome.error) == ("crashed", "gone")
    assert "connecthub: gone: killed\n" in watch.log.finish()


def test_a_launcher_that_cannot_be_had_means_that_the_plugin_never_began(tmp_path: Path):
    with LauncherProcess() as launcher, pytest.MonkeyPatch.context() as broken:
        broken.setattr(sys, "executable", str(tmp_path / "no-python"))
        outcome, watch = run_sleeper(launcher, lambda watch: None, tmp_path / "pid")
    assert (outcome.status, outcome.never_started, watch.began) == ("crashed", True, False)


def test_a_launcher_that_dies_before_it_forks_means_that_the_plugin_never_began(tmp_path: Path):
    with LauncherProcess() as launcher:
        launcher.start()
        assert launcher.pid is not None
        frozen = launcher.pid
        os.kill(frozen, signal.SIGSTOP)
        killed = False

        def kill_once(watch: Watch) -> None:
            nonlocal killed
            if not killed and watch.until is not None:
                os.kill(frozen, signal.SIGKILL)
                killed = True
            watch.until = time.monotonic() + 60

        outcome, watch = run_sleeper(launcher, kill_once, tmp_path / "pid")
    assert (outcome.status, outcome.error) == ("crashed", "the launcher of child processes died")
    assert (outcome.never_started, watch.began) == (True, False)


def test_a_launcher_that_dies_in_mid_run_says_nothing_of_the_kind(pid_file: Path):
    with LauncherProcess() as launcher:
        launcher.start()
        assert launcher.pid is not None
        pid = launcher.pid
        killer = threading.Thread(target=lambda: (pid_file.read_text(), os.kill(pid, signal.SIGKILL)))
        killer.start()
        outcome, watch = run_sleeper(launcher, lambda watch: None, pid_file)
        killer.join()
    assert (outcome.status, outcome.never_started, watch.began) == ("crashed", False, True)


def lease_holds(installation: Installation, log_id: int) -> bool:
    """Whether the row's lease is not over yet, by the database's own clock."""
    row = tables.job_logs.c
    with installation.database.read() as connection:
        return bool(connection.execute(select_rows(row.lease_until > database_now()).where(row.id == log_id)).scalar())


def test_a_frozen_workers_plugin_is_dead_before_its_lease_and_the_late_end_changes_nothing(
    installation: Installation, pid_file: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HEARTBEAT_SECONDS", "0.8")
    monkeypatch.setenv("LEASE_SECONDS", "4")
    installation.add(handler="samples.good:Sleeper", params={"pid_file": str(pid_file)})
    log_id = installation.run()
    with installation.process("worker", "-w", "1") as worker, watching(int(pid_file.read_text())) as ends:
        worker.send_signal(signal.SIGSTOP)
        try:
            assert ends(), "the plugin outlived the freeze of its worker"
            assert lease_holds(installation, log_id), "the plugin outlived its lease"
            swept = Ending(Status.CRASHED, "", error="ended by somebody else")
            token = installation.log(log_id).row.token
            with installation.database.write() as connection:
                assert job_logs.finish(connection, log_id, token, swept) is not None
        finally:
            worker.send_signal(signal.SIGCONT)
    row = installation.log(log_id).row
    assert (row.status, row.error) == ("crashed", "ended by somebody else")


def test_a_run_that_takes_longer_than_its_lease_goes_on_while_its_worker_beats(
    installation: Installation, pid_file: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HEARTBEAT_SECONDS", "0.4")
    monkeypatch.setenv("LEASE_SECONDS", "2")
    installation.add(handler="samples.good:Sleeper", params={"pid_file": str(pid_file), "seconds": 3})
    log_id = installation.run()
    with installation.process("worker", "-w", "1"), watching(int(pid_file.read_text())) as ends:
        assert ends()
        assert wait_for_end(installation.database, log_id).row.status == "succeeded"


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        ("samples.good:Sleeper", ["stopped: killed by SIGTERM, and no process of the run is left"]),
        pytest.param(
            "samples.abusive:Abusive",
            ["still there after its grace: killed", "stopped: killed by SIGKILL, and no process of the run is left"],
        ),
    ],
    ids=["soft", "killed"],
)
def test_a_draining_worker_stops_what_does_not_end_by_itself(
    installation: Installation, pid_file: Path, handler: str, told: list[str]
):
    installation.add(handler=handler, params={"pid_file": str(pid_file), "do": "deaf"})
    log_id = installation.run()
    with installation.process("worker", "-w", "1"):
        plugin = int(pid_file.read_text())
    detail = installation.log(log_id)
    assert (detail.row.status, detail.row.error) == ("crashed", "worker stopped")
    for line in ["worker stopped: asked to stop, to be killed after 10 s", *told]:
        assert f" connecthub: {line}\n" in detail.text
    assert is_gone(plugin)


def test_a_draining_worker_gives_its_runs_their_time(installation: Installation, pid_file: Path):
    installation.add(handler="samples.good:Sleeper", params={"pid_file": str(pid_file), "seconds": 1})
    log_id = installation.run()
    variables = {**installation.environment(), "DRAIN_SECONDS": "20"}
    command = [sys.executable, "-m", "connecthub", "worker", "-w", "1"]
    with subprocess.Popen(command, env=variables, cwd=installation.settings.data_dir) as worker:
        pid_file.read_text()
        worker.terminate()
        assert worker.wait(SECONDS) == 0
    assert installation.log(log_id).row.status == "succeeded"
