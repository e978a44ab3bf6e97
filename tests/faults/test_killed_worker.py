"""A worker that is killed in mid-run: its plugin dies with it, the row ends, and the policy's retry is there."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import pytest
from sqlalchemy import select as select_rows

from connecthub.db import tables
from tests.integration.conftest import Installation
from tests.integration.test_processes import ended

PLUGIN_SECONDS = 2.0
"""By when the plugin of a killed worker has to be gone."""


@pytest.mark.slow
def test_a_killed_workers_plugin_dies_its_row_ends_and_its_retry_is_there(installation: Installation, tmp_path: Path):
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    policy = {"overlap": "skip", "max_retries": 1, "retry_delay": 3600}
    params = {"pid_file": str(pid_file)}
    installation.add(handler="samples.good:Sleeper", params=params, cron_expr="0 0 1 1 *", **policy)
    with installation.process("scheduler"), installation.process("worker") as worker:
        log_id = installation.run(bell=True)
        plugin = os.pidfd_open(int(pid_file.read_text()))
        os.kill(worker.pid, signal.SIGKILL)
        gone = select.select([plugin], [], [], PLUGIN_SECONDS)[0]
        os.close(plugin)
        assert gone, "the plugin outlives its worker"
        detail = ended(installation, log_id)
    assert detail.row.status == "crashed"
    assert "was lost: no sign of life" in detail.row.error
    with installation.database.read() as connection:
        later = select_rows(tables.job_logs).where(tables.job_logs.c.root_id == log_id)
        retry = connection.execute(later).one()
    assert (retry.status, retry.trigger, retry.attempt) == ("queued", "retry", 2)
