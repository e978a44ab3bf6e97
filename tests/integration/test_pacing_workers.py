"""The writes of one company, sent by runs of two worker processes, on the real clock: 150 ms apart by its journal."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from connecthub.db.tables import FINAL, workers
from connecthub.integrations.didi.client import WRITE_INTERVAL
from connecthub.integrations.sandbox.didi import COMPANY, DidiSandbox
from tests.integration.conftest import Installation

SECONDS = 60.0
PEOPLE = 10
APP = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-client-secret",
    "sign_key": "sandbox-sign-key",
    "company_id": COMPANY,
}
ROUNDS = ("AB", "CD", "EF")
"""The jobs of each: on a machine that others keep busy, a call may be held up on its way to the company."""


@pytest.mark.slow
def test_writes_of_a_company_by_two_workers_reach_it_150_ms_apart(installation: Installation):
    with DidiSandbox() as didi, installation.process("worker", "-w", "1"), installation.process("worker", "-w", "1"):
        await_workers(installation, 2)
        for letters in ROUNDS:
            rows = hire(installation, didi.base_url, letters)
            assert [(row.status, row.error) for row in rows] == [("succeeded", None)] * 2
            assert len({row.worker for row in rows}) == 2
            writes = [entry for entry in didi.journal if entry.get("write") and entry["key"][0] in letters]
            assert len(writes) == 2 * PEOPLE
            changes = sum(before["key"][0] != after["key"][0] for before, after in pairwise(writes))
            assert changes > 2, "the runs did not write at the same time"
            took = writes[-1]["at"] - writes[0]["at"]
            assert took > (len(writes) - 1.5) * WRITE_INTERVAL, "they do not share their turns"
            if min(after["at"] - before["at"] for before, after in pairwise(writes)) >= 0.15:
                return
    pytest.fail("there is no round in which all writes were 150 ms apart")


def await_workers(installation: Installation, count: int) -> None:
    give_up = time.monotonic() + SECONDS
    there = 0
    while there < count:
        assert time.monotonic() < give_up, "the workers have not started"
        time.sleep(0.05)
        with installation.database.read() as connection:
            there = connection.execute(select(func.count()).select_from(workers)).scalar_one()


def hire(installation: Installation, base_url: str, letters: str) -> list[Any]:
    """The JobLogs of a job for each letter, which run at the same time."""
    give_up = time.monotonic() + SECONDS
    for letter in letters:
        params = {"base_url": base_url, "letter": letter, "people": PEOPLE}
        installation.add(letter, "samples.paced:Hires", params=params, secrets=APP, cron_expr="0 0 1 1 *")
    log_ids = [installation.run(letter, bell=True) for letter in letters]
    while True:
        rows = [installation.log(log_id).row for log_id in log_ids]
        if all(row.status in FINAL for row in rows):
            return rows
        assert time.monotonic() < give_up, "the runs have not ended"
        time.sleep(0.05)
