"""An installation as it might look on a working day, for pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from connecthub.control.actor import Role, local_actor
from connecthub.control.installation import prepare
from connecthub.control.job_settings import JobSettings
from connecthub.control.jobs import Office, add_job, set_enabled
from connecthub.control.operators import Register
from connecthub.core.clock import SystemClock
from connecthub.core.config import load_settings
from connecthub.db import tables
from connecthub.db.types import AnyRow
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.questions import PluginQuestions
from tests.tui.public_keys import let_in

HANDLER = "extensions.sync_oa_to_didi.job:SyncOAToDidiTokenJob"
PARAMS = {"base_url": "https://oa.example.com/seeyon"}
JOBS: dict[str, dict[str, Any]] = {
    "nightly-people": {"cron_expr": "0 2 * * *", "tags": ["people", "night"]},
    "nightly-departments": {"cron_expr": "30 1 * * *", "tags": ["departments", "night"]},
    "token-check": {"cron_expr": "*/30 * * * *", "tags": ["health"]},
    "同步人员到滴滴": {"cron_expr": "0 9 * * 1-5", "tags": ["人员"], "max_retries": 2},
    "cost-centres": {"cron_expr": "15 6 * * 1", "tags": ["finance"]},
    "old-import": {"cron_expr": "0 4 * * *", "tags": ["finance"]},
}
PEOPLE = {"alice": Role.ADMIN, "bob": Role.OPERATOR, "王小明": Role.VIEWER}
LOG = """2026-11-28T02:00:00.012Z INFO extensions.sync_oa_to_didi: 412 departments read
2026-11-28T02:00:01.337Z INFO extensions.sync_oa_to_didi: page 1 of 9: 500 people
2026-11-28T02:00:02.101Z WARNING extensions.sync_oa_to_didi: 3 people have no department: 王小明, Li Lei, Ana
2026-11-28T02:00:04.950Z ERROR extensions.sync_oa_to_didi: DiDi answers 502 Bad Gateway
"""
TRACEBACK = """Traceback (most recent call last):
  File "extensions/sync_oa_to_didi/job.py", line 40, in run
    token = oa.authenticate()
connecthub.integrations.errors.ServerError: seeyon: 502 Bad Gateway
"""
PLAN = (
    {"act": "add", "who": "D1001", "name": "王小明", "department": "研发一部"},
    {"act": "edit", "who": "D1002", "name": "Li Lei", "department": "研发一部", "why": "phone, department"},
    {"act": "remove", "who": "D0977", "name": "Ana", "department": "销售部", "why": "left"},
)
"""What a dry run would do."""
BAD = {"error": "ServerError: seeyon: 502 Bad Gateway", "traceback": TRACEBACK, "fingerprint": "ServerError job.run"}


@contextmanager
def hall(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of an installation with jobs, JobLogs and a worker, in an empty folder."""
    environment = {
        "DATA_DIR": str(folder / "data"),
        "EXTENSIONS_DIR": str(Path(__file__).resolve().parents[2]),
        "INSTANCE_NAME": "hall",
        "TIMEZONE": "Asia/Shanghai",
    }
    settings = load_settings(env_file=None, environ=environment)
    database, keys = prepare(settings, migrate=True)
    with LauncherProcess() as launcher:
        questions = PluginQuestions(settings, launcher)
        office = Office(database, keys, questions, lambda bells: None, SystemClock().now)
        _fill(office)
        for name, role in PEOPLE.items():
            let_in(Register(database, settings), local_actor(), name, role)
    database.dispose()
    yield environment


def _fill(office: Office) -> None:
    actor = local_actor()
    secrets = {"user_name": "connecthub", "password": "not-to-be-seen"}
    rows = {}
    for name, more in JOBS.items():
        settings = JobSettings(name, HANDLER, timezone="Asia/Shanghai", public_cfg=PARAMS, **more)
        rows[name] = add_job(office, actor, settings, secrets)
    set_enabled(office, actor, rows["old-import"], False)
    _run_all(office, rows)


def _run_all(office: Office, rows: dict[str, AnyRow]) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    logs: list[dict[str, Any]] = []
    for hours in range(24, 0, -1):
        at = now - timedelta(hours=hours)
        logs += [_log(rows["token-check"], at, "failed" if hours == 9 else "succeeded", 1.2)]
        if hours % 8 == 1:
            logs += [_log(rows["nightly-people"], at, "failed" if hours == 1 else "succeeded", 62.0)]
            logs += [_log(rows["nightly-departments"], at, "succeeded", 8.4)]
            logs += [_log(rows["同步人员到滴滴"], at, "timed_out" if hours == 1 else "succeeded", 340.0)]
            logs += [_log(rows["cost-centres"], at, "skipped" if hours == 9 else "succeeded", 3.0)]
    logs.append(_log(rows["cost-centres"], now, "queued", 0))
    logs.append(_running(rows["nightly-departments"], datetime.now(UTC) - timedelta(seconds=4)))
    with office.database.write() as connection:
        connection.execute(insert(tables.workers).values(_worker(office.keys.fingerprint)))
        for each in logs:
            connection.execute(insert(tables.job_logs).values(each))
        connection.execute(insert(tables.job_logs).values(_dry(rows["同步人员到滴滴"], now)))
        connection.execute(insert(tables.http_calls), list(_calls(len(logs) + 1, now)))


def _dry(job: AnyRow, at: datetime) -> dict[str, Any]:
    row = _log(job, at, "succeeded", 2.4) | {"scheduled_for": None, "trigger": "manual", "dry_run": True}
    return row | {"requested_by": "bob", "result": json.dumps({"people": 412, "plan": PLAN})}


def _calls(log_id: int, at: datetime) -> Iterator[dict[str, Any]]:
    base = {"job_log_id": log_id, "at": at, "system": "DiDi Enterprise", "attempt": 1, "milliseconds": 41.7}
    base |= {"status": 200, "bytes": 8123, "sent": True, "note": "", "error": None}
    yield base | {"method": "POST", "path": "/river/Auth/authorize", "bytes": 214}
    yield base | {"method": "GET", "path": "/river/Member/get", "status": None, "bytes": None, "error": "timed out"}
    yield base | {"method": "GET", "path": "/river/Member/get", "attempt": 2, "milliseconds": 803.0}
    held = {"status": None, "bytes": 0, "milliseconds": 0.0, "sent": False}
    for name, note in (("single", "add member D1001"), ("edit", "edit member D1002"), ("del", "remove member D0977")):
        yield base | held | {"method": "POST", "path": f"/river/Member/{name}", "note": note}


def _running(job: AnyRow, at: datetime) -> dict[str, Any]:
    progress = {"done": 4200, "total": 9120, "note": "people"}
    row = _log(job, at, "running", 0) | {"finished_at": None, "result": None, "progress": progress, "token": "1"}
    return row | {"lease_until": datetime.now(UTC) + timedelta(hours=1)}


def _worker(fingerprint: str) -> dict[str, Any]:
    at = datetime.now(UTC)
    row = {"host": "hall", "pid": 4711, "nonce": "0f3c", "queue": "default", "threads": 4, "version": "0.1.0"}
    return row | {
        "key_fingerprints": fingerprint,
        "started_at": at - timedelta(days=3),
        "seen_at": at + timedelta(hours=1),
    }


def _log(job: AnyRow, at: datetime, status: str, seconds: float) -> dict[str, Any]:
    row: dict[str, Any] = {"job_id": job.id, "job_name": job.name, "handler_path": job.handler_path}
    row |= {"public_cfg": job.public_cfg, "timeout": job.timeout, "status": status, "trigger": "schedule"}
    row |= {"attempt": 1, "exclusive": True, "priority": 0, "queue": "default", "job_version": 1, "dry_run": False}
    row |= {"scheduled_for": at, "queued_at": at, "available_at": at}
    if status == "skipped":
        return row | {"reason": "overlap: run 40 still goes on", "finished_at": at}
    if status == "queued":
        return row
    row |= {"started_at": at, "finished_at": at + timedelta(seconds=seconds), "run_log": LOG, "worker": "hall:1:a"}
    if status == "timed_out":
        return row | {"error": "stopped after 340 s"}
    return row | (BAD if status == "failed" else {"result": '{"authenticated": true}'})
