"""`connecthub demo`: one job through the whole path, against a stand-in Seeyon, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connecthub.control.actor import local_actor
from connecthub.control.installation import prepare
from connecthub.control.job_logs import LogDetail, list_logs, show_log, wait_for_end
from connecthub.control.jobs import NewJob, add_job, run_job
from connecthub.core.config import Settings, load_settings
from connecthub.db.engine import Database
from connecthub.db.models import FINAL, Trigger
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
SLOT_SECONDS = 90.0
"""A run by cron that has not ended by then fails the demo."""

MARKER = "connecthub-demo"
"""Names the file by which a demo knows its own folder."""

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
    """Set a demo up and let scheduler and worker run while the block does; nothing is left running after it."""
    _empty(folder)
    environment = environment_of(folder)
    settings = load_settings(env_file=None, environ=environment)
    with SeeyonSandbox() as sandbox:
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
                log_file=folder / "demo.log",
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


def _empty(folder: Path) -> None:
    """Make the folder anew; one that holds something and is no demo's is refused, not emptied."""
    marker = folder / MARKER
    if folder.exists():
        if any(folder.iterdir()) and not marker.exists():
            raise Refused(f"{folder} holds files that are no demo's; name another folder")
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    marker.touch()


def _add_job(settings: Settings, database: Database, keys: KeyRing, base_url: str) -> AnyRow:
    new = NewJob(
        name=JOB,
        handler_path=HANDLER,
        cron_expr="* * * * *",
        timezone=settings.timezone,
        params={"base_url": base_url},
        secrets={"user_name": "sandbox-user", "password": "sandbox-password"},
        timeout=60.0,
    )
    with LauncherProcess() as launcher:
        questions = PluginQuestions(settings, launcher)
        return add_job(database, keys, questions, local_actor(), new, datetime.now(UTC))


def run_now(running: Demo) -> LogDetail:
    """Run the job at once and wait for its end."""
    ringer = Ringer(running.settings, signers(running.settings, running.keys))
    try:
        queued = run_job(running.database, ringer.ring, local_actor(), JOB)
    finally:
        ringer.close()
    return wait_for_end(running.database, queued.id)


def wait_for_slot(running: Demo, on_wait: Callable[[int], None], pause: Callable[[float], None]) -> LogDetail:
    """Wait for the first run by cron; `on_wait` is given the seconds to its slot, `pause` waits a little."""
    slot = running.job.next_run_at
    while True:
        logs = list_logs(running.database, job=JOB)
        by_cron = [row for row in logs if row.trigger == Trigger.SCHEDULE and row.status in FINAL]
        if by_cron:
            return show_log(running.database, by_cron[-1].id)
        left = (slot - datetime.now(UTC)).total_seconds()
        if left < -SLOT_SECONDS:
            raise RunFailed(
                f"no run by cron ended within {SLOT_SECONDS:g} s of {slot:%H:%M} UTC; see the demo's demo.log"
            )
        on_wait(max(0, round(left)))
        pause(LOOK_SECONDS)
