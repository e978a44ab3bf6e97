"""One bell, one run: claim → run → finish."""

from __future__ import annotations

import logging
import secrets as random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from connecthub.core.config import Settings
from connecthub.core.log_context import run_context
from connecthub.core.redact import Redactor
from connecthub.db import job_logs
from connecthub.db.ending import Ending
from connecthub.db.engine import Database
from connecthub.db.tables import Status
from connecthub.db.types import AnyRow
from connecthub.errors import DatabaseError, DatabaseUnreachable, KeyFileError, SecretUnreadable
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.limits import limits_of
from connecthub.runner.outcome import Outcome, Stop
from connecthub.runner.protocol import Request
from connecthub.runner.run_log import RunLog
from connecthub.runner.supervise import supervise
from connecthub.runner.turns import TakeTurn, turns_of_this_process
from connecthub.runner.watch import Watch
from connecthub.security.fernet import open_secrets
from connecthub.security.key_ring import KeyRing
from connecthub.tasks.endings import Ended, end_run, next_in_line
from connecthub.tasks.held_runs import GIVE_UP_SHARE, HeldRuns
from connecthub.tasks.log_writer import LogShipper, LogWriter

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
"""Between two attempts at a claim or an end while the database is away."""


@dataclass(frozen=True)
class Workbench:
    """What a worker's threads share."""

    settings: Settings
    database: Database
    keys: KeyRing
    launcher: LauncherProcess
    held: HeldRuns
    logs: LogShipper
    worker: str
    """Host, pid and nonce, as they stand in the rows that it claims."""
    ring: Callable[[Iterable[Any]], None]
    """Tells workers of rows that may start now."""
    queue: str = "default"
    """The one that it serves: a bell may be of a row that was moved to another since."""
    turns: TakeTurn = field(default_factory=turns_of_this_process)
    """Gives its runs their turns."""


def execute_job(bench: Workbench, log_id: int) -> None:
    """Run a queued JobLog, if it may start now."""
    token = random.token_hex(16)
    claimed_at = time.monotonic()
    row = claim(bench, log_id, token, claimed_at)
    if row is None:
        return
    bench.held.add(token, claimed_at)
    try:
        with run_context(job_id=row.job_id, log_id=row.id):
            logger.info("run of %s started", row.job_name)
            finish(bench, row, run(bench, row))
    finally:
        bench.held.remove(token)


def claim(bench: Workbench, log_id: int, token: str, claimed_at: float) -> AnyRow | None:
    """Take the row; a claim whose reply was lost is looked up by its token, for as long as its lease would be good."""
    lease = bench.settings.lease_seconds
    try:
        return job_logs.claim(bench.database, log_id, token, bench.worker, lease, bench.queue)
    except DatabaseUnreachable as error:
        logger.warning("the claim of run %d got no reply: %s", log_id, error)
    except DatabaseError as error:
        logger.error("run %d cannot be claimed: %s", log_id, error)
        time.sleep(AGAIN_SECONDS)  # it waits still, and would be found and refused again at once
        return None
    while time.monotonic() < claimed_at + bench.settings.lease_seconds * GIVE_UP_SHARE:
        try:
            with bench.database.read() as connection:
                return job_logs.claimed_by(connection, token)
        except DatabaseError:
            time.sleep(AGAIN_SECONDS)
    return None


def run(bench: Workbench, row: AnyRow) -> Ending:
    """Run a claimed row's plugin to its end; whatever happens becomes an Ending."""
    try:
        secrets = open_secrets(bench.keys, row.job_id, row.secret_cfg)
    except (SecretUnreadable, KeyFileError) as error:
        return Ending(Status.FAILED, run_log="", error=str(error), fingerprint=type(error).__name__)
    redactor = Redactor.from_secrets(secrets)
    log = RunLog(redactor, bench.settings.log_max_bytes)
    writer = LogWriter(bench.database, row.id, row.token, log)
    bench.logs.add(writer)
    try:
        look_after = partial(_look_after, bench, row.token, writer)
        watch = Watch(log, redactor, on_tick=look_after, turns=bench.turns)
        outcome = supervise(bench.launcher, request_of(bench.settings, row, secrets), watch)
        return _ending(outcome, watch, writer)
    except Exception as error:
        logger.exception("a run broke off in the worker itself")
        told = f"the worker failed: {type(error).__name__}"
        return Ending(Status.CRASHED, run_log=writer.rest(), error=told, fingerprint=f"crashed: {type(error).__name__}")
    finally:
        bench.logs.remove(writer)


def _look_after(bench: Workbench, token: str, writer: LogWriter, watch: Watch) -> Stop | None:
    writer.progress = watch.progress
    watch.until = bench.held.until(token)
    bench.held.stamp(token)
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
        log_level=settings.run_log_level,
        limits=limits_of(settings),
    )


def _ending(outcome: Outcome, watch: Watch, writer: LogWriter) -> Ending:
    return Ending(
        status=Status(outcome.status),
        run_log=writer.rest(),
        error=outcome.error,
        traceback=outcome.traceback,
        fingerprint=outcome.fingerprint,
        result=outcome.result,
        progress=watch.progress,
        plugin_version=watch.plugin_version,
        calls=[{**call, "at": datetime.fromtimestamp(call["at"], UTC)} for call in watch.calls.kept],
        retry_after=outcome.retry_after,
        never_started=outcome.never_started,
    )


def finish(bench: Workbench, row: AnyRow, ending: Ending) -> None:
    """Write the end; while the database is away, again and again, as the token alone decides whether it still counts:
    only a worker that is to stop gives up, when the lease is over."""
    told = bare = False
    while True:
        bench.held.stamp(row.token)
        try:
            ended = _write_end(bench, row, ending)
        except DatabaseError as error:
            if bench.held.draining and bench.held.lease_left(row.token) <= 0:
                logger.error("the end (%s) cannot be written and the worker stops: %s", ending.status, error)
                return
            if not told:
                logger.warning("the end (%s) cannot be written yet: %s", ending.status, error)
            told = True
            time.sleep(AGAIN_SECONDS)
            continue
        except SQLAlchemyError as error:  # something in it that the database does not take must not leave it running
            logger.error("the database refused the end (%s): %s", ending.status, type(error).__name__)
            if bare:
                return  # nobody vouches for it any more: the sweep ends it
            ending, bare = _without_texts(ending), True
            continue
        if ended.written:
            logger.info("run of %s ended: %s", row.job_name, ending.status)
            bench.ring(ended.bells)
        else:
            logger.warning("the run is no longer this worker's: its end (%s) was not written", ending.status)
        return


def _without_texts(ending: Ending) -> Ending:
    """What decides a run's status and its follow-up, and nothing that a database could refuse."""
    return Ending(
        ending.status,
        run_log="",
        error="its log and texts could not be stored",
        retry_after=ending.retry_after,
        never_started=ending.never_started,
    )


def _write_end(bench: Workbench, row: AnyRow, ending: Ending) -> Ended:
    """Write it, unless it stands in the row since an attempt whose reply was lost."""
    if ending.stands_alone:
        alone = job_logs.finish_alone(bench.database, row.id, row.token, ending)
        if alone is not None:
            return Ended(True, next_in_line(alone))
    with bench.database.write() as connection:
        ended = end_run(connection, row.id, row.token, ending)
        if ended.written:
            return ended
        return Ended(job_logs.status_held_by(connection, row.id, row.token) == ending.status)
