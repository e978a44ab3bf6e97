"""The production stack with a server away: no database is a refusal, no Redis only means that bells are not heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import Cli, refusal
from tests.integration.conftest import Installation

NO_POSTGRESQL = "postgresql://canary-user:canary-password@127.0.0.1:1/x"
NO_REDIS = "redis://:canary-password@127.0.0.1:1/0"

pytestmark = pytest.mark.parametrize("installation", ["production"], indirect=True)


def test_without_its_database_every_command_is_refused_in_one_line(installation: Installation, tmp_path: Path):
    cli = Cli(installation.environment(), tmp_path)
    commands = [("job", "run", "job"), ("key", "init"), ("up",), ("worker",)]
    answers = cli.each(commands, DB_URL=NO_POSTGRESQL)
    words = ("postgresql://canary-user@127.0.0.1:1/x cannot be reached", "start it or correct DB_URL")
    assert [fault for ran in answers if (fault := refusal(ran, *words))] == []
    assert not any("canary-password" in ran.err for ran in answers)


def test_without_redis_a_run_is_queued_with_a_warning_and_a_worker_finds_it(installation: Installation, tmp_path: Path):
    installation.add()
    cli = Cli(installation.environment(), tmp_path)
    queued = cli("job", "run", "job", "--json", REDIS_URL=NO_REDIS)
    assert (queued.code, queued.json["status"]) == (0, "queued")
    assert len(queued.err.splitlines()) == 1
    assert "WARNING" in queued.err
    assert "workers find the rows in the database" in queued.err
    with cli.live("worker", REDIS_URL=NO_REDIS) as worker:
        worker.wait_for("the queue is away")
        waited = cli("job", "run", "job", "--wait", REDIS_URL=NO_REDIS)
        assert (waited.code, waited.out) == (0, "run 2 succeeded\n")
    assert {row["status"] for row in cli("log", "list", "--json").json} == {"succeeded"}
    assert "canary-password" not in queued.err + waited.err + worker.said
