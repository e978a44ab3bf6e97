"""How late minute jobs start on PostgreSQL + Redis with two schedulers and two workers.

    python -m tests.bench.lateness --minutes 5

Prints each slot's lateness and exits 1 unless every slot has exactly one JobLog that succeeded.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connecthub.control.actor import local_actor
from connecthub.control.installation import prepare
from connecthub.control.job_logs import list_logs
from connecthub.control.jobs import NewJob, add_job
from connecthub.core.config import load_settings
from connecthub.db.types import AnyRow
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.questions import PluginQuestions
from connecthub.service.demo import HANDLER
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

ROOT = Path(__file__).resolve().parents[2]
STARTED_SECONDS = 20.0


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=5)
    minutes = parser.parse_args().minutes
    with ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer())
        redis = stack.enter_context(RedisServer())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="connecthub-lateness-"))
        sandbox = stack.enter_context(SeeyonSandbox())
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "DB_URL": postgres.create_database("lateness"),
            "REDIS_URL": redis.fresh_database(),
            "EXTENSIONS_DIR": str(ROOT),
            "TIMEZONE": "UTC",
        }
        rows, slots = observe(environment, sandbox.base_url, minutes)
    sys.exit(0 if report(rows, slots) else 1)


def observe(environment: dict[str, str], base_url: str, minutes: int) -> tuple[list[AnyRow], list[datetime]]:
    """The JobLogs that so many minutes left, and the slots that there were."""
    settings = load_settings(env_file=None, environ=environment)
    database, keys = prepare(settings, migrate=True)
    processes = [
        subprocess.Popen([sys.executable, "-m", "connecthub", kind], env=environment, stdout=subprocess.DEVNULL)
        for kind in ("scheduler", "scheduler", "worker", "worker")
    ]
    try:
        time.sleep(STARTED_SECONDS)
        new = NewJob(
            "every-minute",
            HANDLER,
            "* * * * *",
            "UTC",
            params={"base_url": base_url},
            secrets={"user_name": "sandbox-user", "password": "sandbox-password"},
        )
        with LauncherProcess() as launcher:
            questions = PluginQuestions(settings, launcher)
            first = add_job(database, keys, questions, local_actor(), new, datetime.now(UTC)).next_run_at
        slots = [first + timedelta(minutes=minute) for minute in range(minutes)]
        time.sleep((slots[-1] - datetime.now(UTC)).total_seconds() + 10)
        return list(list_logs(database, limit=10_000)), slots
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
        database.dispose()


def report(rows: list[AnyRow], slots: list[datetime]) -> bool:
    """Print each slot's lateness; whether each has exactly one run that succeeded."""
    found = [(row.scheduled_for, row.status) for row in sorted(rows, key=lambda row: row.scheduled_for)]
    late = []
    for row in sorted(rows, key=lambda row: row.scheduled_for):
        late.append((row.started_at - row.scheduled_for).total_seconds() * 1000)
        sys.stdout.write(f"{row.scheduled_for:%H:%M} UTC  {row.status}  started {late[-1]:6.1f} ms after its slot\n")
    if late:
        sys.stdout.write(
            f"{len(late)} runs, late {statistics.median(late):.1f} ms (median), {max(late):.1f} ms (most)\n"
        )
    exact = found == [(slot, "succeeded") for slot in slots]
    sys.stdout.write(f"exactly one succeeded JobLog for each of {len(slots)} slots: {'yes' if exact else 'NO'}\n")
    return exact


if __name__ == "__main__":
    main()
