"""A key is rotated while workers run jobs with secrets; one rotation is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from connecthub.control.job_logs import list_logs
from connecthub.security.key_ring import add_key
from tests.cli import COMMAND
from tests.integration.conftest import Installation

JOBS = 120
SECONDS = 30.0


@pytest.mark.slow
@pytest.mark.parametrize("installation", ["production"], indirect=True)
def test_no_run_fails_for_its_key(installation: Installation):
    for number in range(JOBS):
        installation.add(f"job-{number}", handler="samples.good:Context", secrets={"n": str(number)}, enabled=False)
    stop = threading.Event()
    asked: list[int] = []

    def run_each_second() -> None:
        number = 0
        while not stop.wait(0.2):
            asked.append(installation.run(f"job-{number % JOBS}", bell=True))
            number += 7

    with installation.process("worker", "-w", "2"), installation.process("worker", "-w", "2"):
        runner = threading.Thread(target=run_each_second)
        runner.start()
        try:
            new = add_key(installation.settings.fernet_key_path)
            wait_until_rotation_may_begin(installation)
            kill_a_rotation(installation)
            rotated = rotate(installation)
            while rotated.returncode != 0 and b"workers without key" in rotated.stderr:
                rotated = rotate(installation)
        finally:
            stop.set()
            runner.join()
        assert rotated.returncode == 0, rotated.stderr
        assert b" 0 left" in rotated.stdout
        wait_for_ends(installation, asked)
    rows = list_logs(installation.database, limit=10_000)
    assert len(rows) == len(asked) >= 10
    assert {row.status for row in rows} == {"succeeded"}
    for number in range(JOBS):
        assert installation.keys.is_under(installation.job(f"job-{number}").secret_cfg, new)


def rotate(installation: Installation) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, "key", "rotate"], env=installation.environment(), capture_output=True, timeout=60)


def wait_until_rotation_may_begin(installation: Installation) -> None:
    """Workers tell of the new key with their next heartbeat."""
    from connecthub.db import workers

    give_up = time.monotonic() + SECONDS
    newest = installation.keys.fingerprints[-1]
    while True:
        with installation.database.read() as connection:
            live = workers.list_live(connection, 60)
        if len(live) == 2 and all(newest in row.key_fingerprints for row in live):
            return
        assert time.monotonic() < give_up, "the workers never told of the new key"
        time.sleep(0.1)


def kill_a_rotation(installation: Installation) -> None:
    """Kill a rotation once it has sealed some rows and not all."""
    newest = installation.keys.fingerprints[-1]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_ROTATION], env={**installation.environment(), "PAUSE": "0.02"}
    )
    give_up = time.monotonic() + SECONDS
    while not installation.keys.is_under(installation.job("job-20").secret_cfg, newest):
        assert time.monotonic() < give_up, "the rotation seals nothing"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not installation.keys.is_under(installation.job(f"job-{JOBS - 1}").secret_cfg, newest)


SLOW_ROTATION = """
import os, time
from connecthub.cli.main import main
from connecthub.control import key_rotation
seal_row = key_rotation._seal_row
def slowly(*arguments):
    time.sleep(float(os.environ["PAUSE"]))
    seal_row(*arguments)
key_rotation._seal_row = slowly
main(["key", "rotate"])
"""


def wait_for_ends(installation: Installation, asked: list[int]) -> None:
    give_up = time.monotonic() + SECONDS
    while any(installation.log(log_id).row.finished_at is None for log_id in asked):
        assert time.monotonic() < give_up, "some runs never ended"
        time.sleep(0.2)
