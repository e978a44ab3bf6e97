"""One bell, one run: claim → run → finish."""

from __future__ import annotations

import logging
import secrets as random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connecthub.core.config import Settings
from connecthub.core.log_context import run_context
from connecthub.core.redact import Redactor
from connecthub.core.safe_text import storable
from connecthub.db import job_logs
from connecthub.db.engine import Database
from connecthub.db.job_logs import Ending
from connecthub.db.models import Status
from connecthub.db.types import AnyRow
from connecthub.errors import DatabaseError, KeyFileError, SecretUnreadable
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.outcome import Outcome, Stop
from connecthub.runner.protocol import Request
from connecthub.runner.run_log import RunLog
from connecthub.runner.supervise import Watch, supervise
from connecthub.security.fernet import open_secrets
from connecthub.security.key_ring import KeyRing
from connecthub.tasks.held_runs import HeldRuns
from connecthub.tasks.log_writer import LogWriter

logger = logging.getLogger(__name__)

FINISH_PAUSE = 1.0
"""Seconds between two attempts to write an end while the database is away."""


@dataclass(frozen=True)
class Workbench:
    """What a worker's threads share."""

    settings: Settings
    database: Database
    keys: KeyRing
    launcher: LauncherProcess
    held: HeldRuns
    worker: str
    """Host, pid and nonce, as they stand in the rows that it claims."""


def execute_job(bench: Workbench, log_id: int) -> None:
    """Run a queued JobLog, if it may start now."""
    token = random.token_hex(16)
    claimed_at = time.monotonic()
    row = job_logs.claim(bench.database, log_id, token, bench.worker, bench.settings.lease_seconds)
    if row is None:
        return
    bench.held.add(token, claimed_at)
    try:
        with run_context(job_id=row.job_id, log_id=row.id):
            logger.info("run of %s started", row.job_name)
            ending = run(bench, row)
            finish(bench, row, ending)
    finally:
        bench.held.remove(token)


def run(bench: Workbench, row: AnyRow) -> Ending:
    """Run a claimed row's plugin to its end; whatever happens becomes an Ending."""
    try:
        secrets = open_secrets(bench.keys, row.job_id, row.secret_cfg)
    except (SecretUnreadable, KeyFileError) as error:
        return Ending(Status.FAILED, run_log="", error=str(error), fingerprint=type(error).__name__)
    redactor = Redactor.from_secrets(secrets)
    log = RunLog(redactor, bench.settings.log_max_bytes)
    writer = LogWriter(bench.database, row.id, row.token, log)
    watch = Watch(log, redactor, on_tick=lambda watch: _look_after(bench, row.token, writer, watch))
    outcome = supervise(bench.launcher, request_of(bench.settings, row, secrets), watch)
    return _ending(outcome, watch, writer)


def _look_after(bench: Workbench, token: str, writer: LogWriter, watch: Watch) -> Stop | None:
    writer.write_when_due(watch.progress)
    return bench.held.stop_of(token)


def request_of(settings: Settings, row: AnyRow, secrets: dict[str, Any]) -> Request:
    """The whole of what the plugin is handed."""
    return Request(
        ask="run",
        handler=row.handler_path,
        packages=settings.plugin_packages,
        extensions_dir=str(settings.extensions_dir),
        params=row.public_cfg,
        secrets=secrets,
        timeout=row.timeout,
        job=row.job_name,
        log_id=row.id,
        scheduled_for=row.scheduled_for.isoformat() if row.scheduled_for else None,
        attempt=row.attempt,
        dry_run=row.dry_run,
        idempotency_key=f"connecthub-{row.root_id or row.id}",
        log_level=settings.log_level,
    )


def _ending(outcome: Outcome, watch: Watch, writer: LogWriter) -> Ending:
    def clean(text: str | None) -> str | None:
        return None if text is None else storable(text)

    return Ending(
        status=Status(outcome.status),
        run_log=writer.rest(),
        error=clean(outcome.error),
        traceback=clean(outcome.traceback),
        fingerprint=clean(outcome.fingerprint),
        result=clean(outcome.result),
        progress=watch.progress,
        plugin_version=watch.plugin_version,
        calls=[_call_row(call, watch.redactor) for call in watch.calls],
    )


def _call_row(call: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    def text(name: str) -> str | None:
        value = call.get(name)
        return None if value is None else storable(redactor.redact(str(value)))

    return {
        "at": datetime.fromtimestamp(call.get("at", 0.0), UTC),
        "system": (text("system") or "")[:64],
        "method": (text("method") or "")[:16],
        "path": text("path") or "",
        "status": call.get("status"),
        "milliseconds": float(call.get("ms") or 0.0),
        "attempt": int(call.get("attempt") or 1),
        "bytes": call.get("bytes"),
        "error": text("error"),
    }


def finish(bench: Workbench, row: AnyRow, ending: Ending) -> None:
    """Write the end; while the database is away, again and again for as long as the lease lets this worker."""
    while True:
        try:
            with bench.database.write() as connection:
                written = job_logs.finish(connection, row.id, row.token, ending)
        except DatabaseError as error:
            if bench.held.lease_left(row.token) <= 0:
                logger.error("the end (%s) cannot be written and the lease is over: %s", ending.status, error)
                return
            logger.warning("the end (%s) cannot be written yet: %s", ending.status, error)
            time.sleep(FINISH_PAUSE)
            continue
        if written:
            logger.info("run of %s ended: %s", row.job_name, ending.status)
        else:
            logger.warning("the run is no longer this worker's: its end (%s) was not written", ending.status)
        return
