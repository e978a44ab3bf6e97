"""`connecthub demo`: one job through the whole path, against a stand-in Seeyon, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connecthub.control.actor import local_actor
from connecthub.control.installation import prepare
from connecthub.control.job_logs import LogChoice, LogDetail, list_logs, show_log, wait_for_end
from connecthub.control.job_settings import JobSettings
from connecthub.control.jobs import Office, add_job
from connecthub.control.runs import run_job
from connecthub.core.clock import SystemClock
from connecthub.core.config import Settings, load_settings
from connecthub.core.lock_file import exclusive_lock
from connecthub.db.engine import Database
from connecthub.db.tables import FINAL, Trigger
from connecthub.db.types import AnyRow
from connecthub.errors import Refused, RunFailed
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.questions import PluginQuestions
from connecthub.security.key_ring import KeyRing
from connecthub.service.supervisor import Supervisor
from connecthub.tasks.huey_app import Ringer, signers

HANDLER = "extensions.sync_oa_to_didi.job:SyncOAToDidiTokenJob"
JOB = "demo-token"
STOP_SECONDS = 2.5
LOOK_SECONDS = 0.2
RUN_SECONDS = 90.0
"""After so many seconds a run that has not ended, of now or of the slot, fails the demo."""

MARKER = "connecthub-demo"
"""Names the file by which a demo knows its own folder, and which it locks while it runs."""

LOG_FILE = "demo.log"
"""What scheduler and worker write."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """A demo that is set up: its installation, its job."""

    settings: Settings
    database: Database
    keys: KeyRing
    job: AnyRow


def environment_of(folder: Path) -> dict[str, str]:
    """The environment of a demo: nothing of an installation that the shell points to, everything in `folder`."""
    known = {name.upper() for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in known or name == "TIMEZONE"}
    plugins = str(Path(__file__).resolve().parents[2])
    return {**kept, "DATA_DIR": str(folder), "EXTENSIONS_DIR": plugins, "DRAIN_SECONDS": "0", "WORKERS": "2"}


@contextmanager
def demo(folder: Path, say: Say) -> Iterator[Demo]:
    """Set a demo up and let scheduler and worker run while the block does; nothing is left running after it.

    Raises Refused where the folder is no demo's, or another demo runs in it.
    """
    environment = environment_of(folder)
    settings = load_settings(env_file=None, environ=environment)
    with _emptied(folder), SeeyonSandbox() as sandbox:
        say(f"a stand-in Seeyon listens at {sandbox.base_url}")
        database, keys = prepare(settings, migrate=True)
        try:
            job = _add_job(settings, database, keys, sandbox.base_url)
            say(f"job {job.name} is made: cron {job.cron_expr!r}, its password encrypted in {database.name}")
            # Both run in `folder`: no .env of the shell's own folder reaches them.
            supervisor = Supervisor(
                {"scheduler": ["scheduler"], "worker": ["worker"]},
                environment,
                STOP_SECONDS,
                folder=folder,
                log_file=folder / LOG_FILE,
            )
            thread = threading.Thread(target=supervisor.run, name="supervisor")
            thread.start()
            try:
                yield Demo(settings, database, keys, job)
            finally:
                supervisor.stop.set()
                thread.join()
        finally:
            database.dispose()


@contextmanager
def _emptied(folder: Path) -> Iterator[None]:
    """Hold the folder, emptied, for one demo; one that holds something and is no demo's is refused as it is."""
    marker = folder / MARKER
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise Refused(f"{folder} holds files that are no demo's; name another folder")
    with exclusive_lock(marker, "connecthub demo", "name another folder"):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != marker:
                path.unlink()
        yield


@contextmanager
def _office(settings: Settings, database: Database, keys: KeyRing) -> Iterator[Office]:
    ringer = Ringer(settings, signers(settings, keys))
    try:
        with LauncherProcess() as launcher:
            questions = PluginQuestions(settings, launcher)
            yield Office(database, keys, questions, ringer.ring, SystemClock().now)
    finally:
        ringer.close()


def _add_job(settings: Settings, database: Database, keys: KeyRing, base_url: str) -> AnyRow:
    # Queue: where the minute ends just now, its slot waits for the first run instead of being skipped.
    policy = {"timeout": 60.0, "overlap": "queue"}
    new = JobSettings(JOB, HANDLER, "* * * * *", settings.timezone, public_cfg={"base_url": base_url}, **policy)
    secrets = {"user_name": "sandbox-user", "password": "sandbox-password"}
    with _office(settings, database, keys) as office:
        return add_job(office, local_actor(), new, secrets)


def _log_file(running: Demo) -> Path:
    return running.settings.data_dir / LOG_FILE


def start_now(running: Demo) -> int:
    """Queue a run of the job; returns the number of its JobLog."""
    with _office(running.settings, running.database, running.keys) as office:
        return run_job(office, local_actor(), JOB).id


def run_now(running: Demo, on_look: Callable[[], None]) -> LogDetail:
    """Run the job at once and wait for its end; `on_look` is called at each look at it, and may raise."""
    log_id = start_now(running)
    give_up = time.monotonic() + RUN_SECONDS

    def look(row: AnyRow) -> None:
        on_look()
        if time.monotonic() > give_up:
            raise RunFailed(f"the run is still {row.status} after {RUN_SECONDS:g} s; {_log_file(running)} says why")

    return wait_for_end(running.database, log_id, look)


def wait_for_slot(running: Demo, on_wait: Callable[[int], None], pause: Callable[[float], object]) -> LogDetail:
    """Wait for the first run by cron.

    `on_wait` is given the seconds to its slot and may raise, `pause` waits a little.
    """
    slot = running.job.next_run_at
    while True:
        left = (slot - datetime.now(UTC)).total_seconds()
        on_wait(max(0, round(left)))
        logs = list_logs(running.database, LogChoice(job=JOB))
        by_cron = [row for row in logs if row.trigger == Trigger.SCHEDULE and row.status in FINAL]
        if by_cron:
            return show_log(running.database, by_cron[-1].id)
        if left < -RUN_SECONDS:
            late = f"no run by cron has ended {RUN_SECONDS:g} s after {slot:%H:%M} UTC"
            raise RunFailed(f"{late}; {_log_file(running)} says why")
        pause(LOOK_SECONDS)
