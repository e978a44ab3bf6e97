"""A full disk and a folder that cannot be written: one line, and once there is room the same command works."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import Cli, Ran, bare_environment, refusal
from tests.integration.conftest import Installation
from tests.runs import PLUGINS

ADD = ("job", "add", "new", "--handler", "samples.good:Hello", "--cron", "@daily")
KEY_ADD, UPGRADE = ("key", "add"), ("db", "upgrade")
FULL = ("database or disk is full", "disk I/O error", "No space left on device")


class Disk:
    """A file system of a few megabytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path / "data"
        self._ballast = path / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Fill it but for so many KiB."""
        free = os.statvfs(self.path).f_bavail * os.statvfs(self.path).f_frsize - leave * 1024
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free)

    def free(self) -> None:
        """Make room again."""
        self._ballast.unlink()

    def mount(self, mode: str) -> None:
        """Mount it anew, `ro` or `rw`."""
        subprocess.run(["mount", "-o", f"remount,{mode}", self.path], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", path], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.decode().strip()}")
    yield Disk(path)
    subprocess.run(["umount", path], check=True)


@pytest.fixture
def cli(disk: Disk, tmp_path: Path) -> Cli:
    variables = {"DATA_DIR": disk.data, "EXTENSIONS_DIR": PLUGINS, "PLUGIN_PACKAGES": "samples", "TIMEZONE": "UTC"}
    return Cli(bare_environment(**variables), tmp_path)


def fault_of(ran: Ran, disk: Disk, *reasons: str) -> str | None:
    """What is wrong with a refusal that must name a place on the disk and one of the reasons."""
    return refusal(ran, str(disk.path)) or (None if any(reason in ran.err for reason in reasons) else ran.err)


@pytest.mark.parametrize("leave", [0, *(pytest.param(leave, marks=pytest.mark.slow) for leave in (8, 100, 200))])
def test_an_installation_that_found_no_room_is_made_whole_by_the_next_try(disk: Disk, cli: Cli, leave: int):
    disk.fill(leave)
    assert fault_of(cli(*UPGRADE), disk, *FULL) is None
    disk.free()
    assert cli(*UPGRADE).out == f"{disk.data}/connecthub.sqlite3 is up to date\n"
    assert len(cli("key", "check", "--json").json["fingerprints"]) == 1


@pytest.mark.slow
def test_on_a_full_disk_every_act_is_refused_and_leaves_nothing_half_done(disk: Disk, cli: Cli):
    assert cli(*UPGRADE).code == 0
    disk.fill()
    acts = [ADD, KEY_ADD, UPGRADE, ("up",), ("worker",)]
    answers = [*cli.each(acts), cli("up", LOG_TO_FILE="on")]
    assert [fault for ran in answers if (fault := fault_of(ran, disk, *FULL))] == []
    disk.free()
    assert cli("job", "list").out.startswith("no jobs yet")
    assert len(cli("key", "check", "--json").json["fingerprints"]) == 1
    assert [ran.code for ran in cli.each([ADD, KEY_ADD, UPGRADE])] == [0, 0, 0]


@pytest.mark.slow
def test_a_worker_whose_disk_fills_up_writes_the_end_of_its_run_when_there_is_room(
    disk: Disk, cli: Cli, tmp_path: Path
):
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    assert cli(*UPGRADE).code == 0
    params = f'--params={{"pid_file": "{pid_file}", "seconds": 0}}'
    assert cli("job", "add", "sleepy", "--handler=samples.good:Sleeper", "--cron=@daily", params).code == 0
    with cli.live("worker", LOG_TO_FILE="on") as worker:
        assert cli("job", "run", "sleepy").code == 0
        worker.wait_for("run of sleepy started")
        disk.fill()
        refused = cli.each([ADD, KEY_ADD])
        assert [fault_of(ran, disk, "is full; free space", "No space left on device") for ran in refused] == [None] * 2
        pid_file.read_text()
        worker.wait_for("cannot be written yet")
        disk.free()
        worker.wait_for("run of sleepy ended: succeeded")
    assert cli("log", "show", "1", "--json").json["status"] == "succeeded"
    assert [ran.code for ran in cli.each([ADD, KEY_ADD])] == [0, 0]
    assert (disk.data / "logs" / "worker.log").read_text().startswith("20")


def test_where_nothing_can_be_written_nothing_is_created(disk: Disk, cli: Cli):
    disk.mount("ro")
    acts = [UPGRADE, ("key", "init"), ("up",), ("worker",)]
    answers = [*cli.each(acts), *cli.each([UPGRADE, ("worker",)], LOG_TO_FILE="on")]
    assert [fault for ran in answers if (fault := fault_of(ran, disk, "Read-only file system"))] == []
    disk.mount("rw")
    assert list(disk.path.iterdir()) == []


@pytest.mark.slow
def test_a_data_folder_that_became_read_only_is_told_and_works_again_afterwards(disk: Disk, cli: Cli):
    assert cli(*UPGRADE).code == 0
    disk.mount("ro")
    answers = [*cli.each([ADD, KEY_ADD, UPGRADE, ("up",), ("worker",)]), *cli.each([("up",)], LOG_TO_FILE="on")]
    reasons = ("let this user read and write", "Read-only file system")
    assert [fault for ran in answers if (fault := fault_of(ran, disk, *reasons))] == []
    disk.mount("rw")
    assert [ran.code for ran in cli.each([ADD, KEY_ADD, UPGRADE])] == [0, 0, 0]


@pytest.mark.parametrize("installation", ["production"], indirect=True)
@pytest.mark.slow
@pytest.mark.parametrize("state", ["full", "read-only"])
def test_with_its_database_elsewhere_a_worker_needs_no_room_for_its_data(
    installation: Installation, disk: Disk, tmp_path: Path, state: str
):
    disk.data.mkdir(mode=0o700)
    shutil.copy2(installation.settings.fernet_key_path, disk.data)
    installation.add()
    log_id = installation.run()
    cli = Cli({**installation.environment(), "DATA_DIR": str(disk.data)}, tmp_path)
    before = os.listdir(disk.data)
    if state == "full":
        disk.fill()
        assert fault_of(cli(*KEY_ADD), disk, "nothing was added") is None
    else:
        disk.mount("ro")
        assert fault_of(cli("worker", LOG_TO_FILE="on"), disk, "Read-only file system") is None
    with cli.live("worker", LOG_TO_FILE="on" if state == "full" else "off") as worker:
        worker.wait_for("run of job ended: succeeded")
    assert installation.log(log_id).row.status == "succeeded"
    disk.free() if state == "full" else disk.mount("rw")
    assert set(os.listdir(disk.data)) - {"logs"} == set(before)
    assert cli(*KEY_ADD).code == 0


@pytest.mark.parametrize("installation", ["production"], indirect=True)
def test_a_key_is_not_added_to_a_folder_that_is_read_only(installation: Installation, disk: Disk, tmp_path: Path):
    disk.data.mkdir(mode=0o700)
    shutil.copy2(installation.settings.fernet_key_path, disk.data)
    disk.mount("ro")
    cli = Cli({**installation.environment(), "DATA_DIR": str(disk.data)}, tmp_path)
    assert fault_of(cli(*KEY_ADD), disk, "nothing was added") is None
