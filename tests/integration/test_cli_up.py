"""`up`: scheduler and worker as children that come back, and that never outlive it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from connecthub.core.lock_file import exclusive_lock
from connecthub.service.background import LOCK_FILE
from tests.cli import SECONDS, Cli, Live, Ran, bare_environment, descendants, foster_parent, refusal
from tests.integration.conftest import Installation
from tests.servers.process import Witness, children_of

pytestmark = pytest.mark.slow  # whole stacks that start and stop

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


@contextmanager
def background(cli: Cli) -> Iterator[Ran]:
    """`up --detach`, and whatever happens nothing of it afterwards."""
    try:
        yield cli("up", "--detach")
    finally:
        assert cli("down", "--timeout", "0").code == 0


def process_of(started: Ran) -> int:
    """The number of the process in the background, as `up --detach` says it."""
    found = re.search(r"\(process (\d+)\)", started.out)
    assert found, started
    return int(found[1])


def test_in_the_background_it_works_until_it_is_stopped(installation: Installation, cli: Cli):
    installation.add("quick", enabled=False)
    with foster_parent() as all_gone, background(cli) as started:
        assert started.code == 0, started.err
        pid = process_of(started)
        both = descendants(pid)
        assert cli("job", "run", "quick", "--wait").code == 0
        assert [cli("health", part).code for part in ("scheduler", "worker", "database", "queue")] == [0, 0, 0, 0]
        for again in (cli("up", "--detach"), cli("up")):
            assert refusal(again, "runs on", "already") is None
        said = cli("logs").out
        assert all(text in said for text in STARTED)
        assert "serves queue" not in cli("logs", "scheduler").out
        with Witness([pid, *both]) as processes:
            ended = cli("down")
            assert (ended.code, ended.out.splitlines()[0][:13]) == (0, "stopped after")
            assert processes.wait(0)
        assert all_gone(0)
        assert "worker stopped" in cli("logs", "worker").out
        again = cli("down")
        assert (again.code, again.out[:15]) == (0, "nothing to stop")
        assert cli("health", "scheduler").code == 1


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_it_is_started_anew_and_a_kill_of_it_leaves_nothing(cli: Cli):
    with foster_parent() as all_gone, background(cli) as started:
        first = process_of(started)
        again = cli("restart")
        assert again.code == 0, again.err
        second = process_of(again)
        assert second != first
        os.kill(second, signal.SIGKILL)
        assert all_gone(SECONDS)
        assert cli("down").out.startswith("nothing to stop")


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_a_run_that_goes_on_has_its_drain_and_no_more_than_is_allowed(
    installation: Installation, cli: Cli, tmp_path: Path
):
    cli.environment["DRAIN_SECONDS"] = "60"
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    installation.add("slow", handler="samples.good:Sleeper", params={"pid_file": str(pid_file)}, enabled=False)
    with foster_parent() as all_gone, background(cli) as started:
        assert started.code == 0, started.err
        slow = installation.run("slow", bell=True)
        with Witness([int(pid_file.read_text())]) as plugin:
            ended = cli("down", "--timeout", "6")
            assert plugin.wait(SECONDS)
        assert ended.code == 0
        assert "1 run goes on" in ended.err
        assert "still stopping" in ended.err
        assert ended.out.startswith("killed after")
        assert f"run {slow} was killed" in ended.out
        assert all_gone(SECONDS)


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_it_says_why_it_cannot_start_in_the_background(installation: Installation, cli: Cli):
    installation.settings.fernet_key_path.chmod(0o644)
    with foster_parent() as all_gone:
        failed = cli("up", "--detach")
        assert (failed.code, failed.out) == (1, "")
        *lines, last = failed.err.splitlines()
        assert any("run `chmod 600" in line for line in lines)
        assert last.startswith("connecthub: connecthub up ended with 2")
        assert all_gone(SECONDS)


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_a_stranger_with_an_old_number_is_left_alone(installation: Installation, cli: Cli):
    lock = installation.settings.data_dir / LOCK_FILE
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            lock.write_text(f"{stranger.pid}\n")
            assert cli("down").out.startswith("nothing to stop")
            with exclusive_lock(lock, "somebody"):
                assert refusal(cli("down"), "not seen from here") is None
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_health_is_a_line_and_a_code_and_makes_nothing(cli: Cli, tmp_path: Path):
    nowhere = tmp_path / "nowhere"
    for part in ("scheduler", "worker", "database", "ssh"):
        ran = cli("health", part, "--port", "1", DATA_DIR=str(nowhere))
        assert (ran.code, ran.out.count("\n"), ran.err) == (1, 1, ""), part
        assert ran.out.startswith(f"{part}: NOT WELL, ")
    assert not nowhere.exists()
    seen = cli("health", "--json")
    assert seen.code == 1
    assert {each["part"]: each["good"] for each in seen.json} == {
        "database": True,
        "queue": True,
        "scheduler": False,
        "worker": False,
    }
    wrong = cli("health", "worker", WORKERS="none")
    assert (wrong.code, wrong.out.count("\n"), wrong.err) == (1, 1, "")
