"""The worker process: threads that supervise runs, a heartbeat, one launcher."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from contextlib import closing

from connecthub import __version__
from connecthub.core.config import Settings
from connecthub.db import job_logs, leases, workers
from connecthub.db.engine import Database
from connecthub.errors import DatabaseError
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.security.key_ring import KeyRing
from connecthub.tasks.consumer import DatabaseLook, WorkerConsumer
from connecthub.tasks.execute import Workbench, execute_job
from connecthub.tasks.held_runs import HeldRuns
from connecthub.tasks.huey_app import Ringer, bell_huey, close_huey, signers
from connecthub.tasks.log_writer import LogShipper
from connecthub.tasks.pacing import PaceKeeper

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.01
"""Pause between two looks into the embedded queue, which cannot block."""


def run_worker(settings: Settings, database: Database, keys: KeyRing, *, threads: int, queue: str) -> None:
    """Serve one queue in the main thread until SIGTERM or SIGINT."""
    nonce = secrets.token_hex(8)
    host = socket.gethostname()
    held = HeldRuns(settings.lease_seconds, time.monotonic)
    name = f"{host}:{os.getpid()}:{nonce}"
    with (
        LauncherProcess(owns_children=True) as launcher,
        LogShipper() as logs,
        PaceKeeper(database) as pace,
        closing(Ringer(settings, signers(settings, keys))) as ringer,
    ):
        launcher.start()
        bench = Workbench(settings, database, keys, launcher, held, logs, name, ringer.ring, queue, pace.take)
        row = {
            "host": host,
            "pid": os.getpid(),
            "nonce": nonce,
            "queue": queue,
            "threads": threads,
            "version": __version__,
            "key_fingerprints": ",".join(keys.fingerprints),
        }
        with Heartbeat(settings, database, keys, held, row):
            logger.info("worker %s serves queue %s, %d runs at a time", bench.worker, queue, threads)
            _serve(bench, threads, queue)
        logger.info("worker stopped")


def _serve(bench: Workbench, threads: int, queue: str) -> None:
    def execute(log_id: int) -> None:
        execute_job(bench, log_id)

    def find(limit: int) -> list[int]:
        with bench.database.read() as connection:
            return job_logs.next_waiting(connection, queue, limit)

    huey = bell_huey(bench.settings, queue, signers(bench.settings, bench.keys))
    consumer = WorkerConsumer(
        huey,
        workers=threads,
        execute=execute,
        look=DatabaseLook(find, limit=threads),
        on_stop=lambda: bench.held.drain(bench.settings.drain_seconds),
        poll_seconds=POLL_SECONDS,
    )
    try:
        consumer.run()
    finally:
        close_huey(huey)


class Heartbeat:
    """Keeps the worker's row and the leases of its runs alive, from a thread of its own."""

    def __init__(
        self, settings: Settings, database: Database, keys: KeyRing, held: HeldRuns, row: dict[str, object]
    ) -> None:
        self._every = settings.heartbeat_seconds
        self._lease = settings.lease_seconds
        self._database = database
        self._keys = keys
        self._held = held
        self._row = row
        self._stopped = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        with self._database.write() as connection:
            self._worker_id = workers.insert_worker(connection, self._row)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        try:
            with self._database.write() as connection:
                workers.stop_worker(connection, self._worker_id)
        except DatabaseError as error:
            logger.warning("the worker's end cannot be written: %s", error)

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            try:
                self.beat()
            except Exception as error:
                if not self._failing:
                    logger.error("the heartbeat failed, its runs go on until their lease is nearly over: %s", error)
                self._failing = True
            else:
                if self._failing:
                    logger.info("the heartbeat works again")
                self._failing = False

    def beat(self) -> None:
        """Vouch once for this worker and its runs."""
        tokens = self._held.tokens()
        sent_at = time.monotonic()
        with self._database.write() as connection:
            workers.touch_worker(connection, self._worker_id, ",".join(self._keys.fingerprints))
            owned = leases.extend(connection, tokens, self._lease)
        self._held.beaten(tokens, owned, sent_at)
