"""`up`: scheduler and worker as children that come back, and that never outlive it."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import httpx
import pytest

from tests.cli import SECONDS, Cli, Live, bare_environment, descendants, foster_parent
from tests.integration.conftest import Installation
from tests.servers.process import Witness, children_of

STARTED = ("scheduler started", "serves queue")


@pytest.fixture
def cli(installation: Installation, tmp_path: Path) -> Cli:
    return Cli(installation.environment(), tmp_path)


def wait_for_start(up: Live) -> None:
    for text in STARTED:
        up.wait_for(text)


def worker_pid(up: Live) -> int:
    """The worker's own number, as its log says."""
    found = re.findall(r"worker [^ :]+:(\d+):\w+ serves queue", up.said)
    return int(found[-1])


@pytest.mark.parametrize(
    ("installation", "number"), [("embedded", signal.SIGINT), ("production", signal.SIGTERM)], indirect=["installation"]
)
def test_it_runs_jobs_and_a_signal_stops_all_of_it(
    installation: Installation, cli: Cli, number: signal.Signals, tmp_path: Path
):
    installation.add("quick", enabled=False)
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    installation.add("slow", handler="samples.good:Sleeper", params={"pid_file": str(pid_file)}, enabled=False)
    with foster_parent() as all_gone, cli.live("up") as up:
        up.wait_for("up: scheduler and worker on")
        wait_for_start(up)
        assert cli("job", "run", "quick", "--wait").code == 0
        slow = installation.run("slow", bell=True)
        with Witness([int(pid_file.read_text()), *descendants(up.pid)]) as processes, Witness([up.pid]) as itself:
            up.send(number)
            assert itself.wait(SECONDS)
            assert processes.wait(0), "a process outlived its supervisor"
            assert up.end() == 0
        assert all_gone(0)
    assert "scheduler stopped" in up.said
    assert "worker stopped" in up.said
    row = installation.log(slow).row
    assert (row.status, row.error) == ("crashed", "worker stopped")


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_killed_at_once_it_leaves_no_process_behind(installation: Installation, cli: Cli, tmp_path: Path):
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    installation.add("slow", handler="samples.good:Sleeper", params={"pid_file": str(pid_file)}, enabled=False)
    installation.run("slow", bell=True)
    with foster_parent() as all_gone:
        with cli.live("up") as up, Witness([int(pid_file.read_text()), *descendants(up.pid)]) as processes:
            up.send(signal.SIGKILL)
            assert up.end() == -signal.SIGKILL
            assert processes.wait(SECONDS)
        assert all_gone(SECONDS)


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_killed_while_its_children_start_it_leaves_none_behind_either(cli: Cli):
    with foster_parent() as all_gone:
        for _ in range(3):
            with cli.live("up") as up:
                up.wait_for("up: scheduler and worker on")
                up.send(signal.SIGKILL)
                up.end()
            assert all_gone(SECONDS)


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_a_killed_worker_is_started_again_and_works_on(installation: Installation, cli: Cli):
    installation.add("quick", enabled=False)
    with foster_parent() as all_gone, cli.live("up") as up:
        wait_for_start(up)
        first = worker_pid(up)
        assert first in children_of(up.pid)
        up.forget()
        os.kill(first, signal.SIGKILL)
        up.wait_for("worker ended with -9; it starts again in 1 s")
        up.wait_for("serves queue")
        assert worker_pid(up) != first
        assert cli("job", "run", "quick", "--wait").code == 0
        up.send(signal.SIGTERM)
        assert up.end() == 0
        assert all_gone(1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_sandbox_serves_until_a_signal(tmp_path: Path, number: signal.Signals):
    with Cli(bare_environment(), tmp_path).live("sandbox", "seeyon", "--port", "0") as sandbox:
        sandbox.wait_for("Ctrl-C ends it")
        url = sandbox.said.split()[3].rstrip(",")
        account = {"userName": "sandbox-user", "password": "sandbox-password"}
        answer = httpx.post(f"{url}/seeyon/rest/token", json=account, trust_env=False).json()
        assert answer["id"] not in ("", "-1")
        sandbox.send(number)
        assert sandbox.end() == 0


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_it_creates_what_is_not_there_and_finds_it_again(cli: Cli, tmp_path: Path):
    folder = tmp_path / "new"
    for _ in range(2):
        with cli.live("up", DATA_DIR=str(folder)) as up:
            wait_for_start(up)
    assert {path.name for path in folder.iterdir()} >= {"connecthub.sqlite3", "fernet.key", "up.lock"}
    assert folder.stat().st_mode & 0o777 == 0o700
    checked = cli("key", "check", DATA_DIR=str(folder))
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.startswith(f"{folder}/fernet.key is the key in use: ")
