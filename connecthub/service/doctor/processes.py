"""The processes that do the work: is anything overdue, and does somebody serve each queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connecthub import __version__
from connecthub.control.health import TICK_SECONDS
from connecthub.control.needs import Kind, Need, needs
from connecthub.control.overview import look
from connecthub.control.queues import Worker, look_at_floor
from connecthub.core.config import Settings
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Finding, command, ok, problems_or, some, warning, wrong
from connecthub.tasks.sign_of_life import Sign, signs

EMBEDDED = "`connecthub up --detach`"
DEFAULT_QUEUE = "default"


def look_at_scheduler(context: Context) -> list[Finding]:
    """Take what the overview says of slots without a verdict and of schedules that cannot be computed."""
    settings = context.settings
    seen = look(context.database, settings)
    start = _start(settings, "scheduler")
    here = signs(settings)
    found = judge_schedule(needs(seen), start) + (judge_tick(here[0]) if here else [])
    if not found and not here and settings.stack == "embedded" and context.enabled:
        return [
            wrong(
                f"no scheduler runs on {settings.data_dir}, and {len(context.enabled)} jobs are enabled", f"run {start}"
            )
        ]
    ticked = f"; one of this host ticked {here[0].seconds_ago:.0f} s ago" if here else ""
    return problems_or(found, f"no job is overdue of {len(context.enabled)} that are enabled{ticked}")


def judge_schedule(seen: Sequence[Need], start: str) -> list[Finding]:
    """`start` is the command that starts a scheduler."""
    found: list[Finding] = []
    for need in seen:
        if need.kind == Kind.OVERDUE:
            late = f"{need.number:.0f} jobs are overdue, first {need.name} of {need.at:%Y-%m-%d %H:%M} UTC"
            keep = "where one runs, its log says what holds it up"
            found.append(wrong(f"{late}: no scheduler runs, or it does not keep up", f"run {start}; {keep}"))
        elif need.kind == Kind.SCHEDULE:
            edit = command("connecthub", "job", "edit", need.name, "--cron", "CRON", "--timezone", "ZONE")
            found.append(wrong(f"job {need.name} has no next run: {need.text}", f"run {edit}"))
    return found


def judge_tick(newest: Sign) -> list[Finding]:
    """A scheduler ticks each minute; one of this host that lives and does not hangs, or its ticks fail."""
    if newest.seconds_ago <= TICK_SECONDS:
        return []
    found = f"scheduler {newest.pid} lives, and its last good tick was {newest.seconds_ago:.0f} s ago"
    return [wrong(found, f"its log says why; then run {command('kill', newest.pid)} and start another")]


def look_at_workers(context: Context) -> list[Finding]:
    """Look at who lives, what each serves, and who was lost within a day."""
    settings = context.settings
    workers = look_at_floor(context.database, settings.lease_seconds).workers
    wanted = {job.queue for job in context.enabled}
    live = [worker for worker in workers if not worker.row.lost]
    if not live and not wanted:
        return [ok("no worker runs, and no job is enabled")]
    found = judge_workers(workers, wanted, settings)
    return problems_or(found, f"{len(live)} live, of version {__version__}; {len(wanted)} queues are served")


def judge_workers(workers: Sequence[Worker], wanted: set[str], settings: Settings) -> list[Finding]:
    """Each queue of an enabled job needs a worker; each worker needs this program and the key in use."""
    live = [worker.row for worker in workers if not worker.row.lost]
    if not live:
        more = "".join(f", and {_worker(queue)}" for queue in sorted(wanted - {DEFAULT_QUEUE}))
        return [wrong("no worker gives a sign of life", f"run {_start(settings, 'worker')}{more}")]
    found = [
        wrong(f"nobody serves queue {queue}, and enabled jobs are in it", f"run {_worker(queue)}")
        for queue in sorted(wanted - {row.queue for row in live})
    ]
    found += [_lacks_key(worker.row, settings) for worker in workers if worker.lacks_key]
    if others := [f"{_name(row)} ({row.version})" for row in live if row.version != __version__]:
        restart = "`connecthub restart`" if settings.stack == "embedded" else "restart them"
        found.append(warning(f"workers of another version than {__version__}: {some(others)}", restart))
    return found + [_lost(row) for row in (worker.row for worker in workers) if row.lost and not _replaced(row, live)]


def _lacks_key(row: Any, settings: Settings) -> Finding:
    copy = f"copy {settings.fernet_key_path} to host {row.host}; it is read at once"
    return wrong(f"worker {_name(row)} lacks the key in use: its runs read no secret", copy)


def _lost(row: Any) -> Finding:
    found = f"worker {_name(row)} of queue {row.queue} was lost at {row.seen_at:%Y-%m-%d %H:%M} UTC"
    again = f"run {_worker(row.queue)} on its host again; its log, or the kernel's, says why it ended"
    return warning(f"{found} and none came after it", again)


def _replaced(lost: Any, live: Sequence[Any]) -> bool:
    """Whether a worker of its queue was started since its last sign of life."""
    return any(row.queue == lost.queue and row.started_at > lost.seen_at for row in live)


def _name(row: Any) -> str:
    return f"{row.host}:{row.pid}"


def _worker(queue: str) -> str:
    return command("connecthub", "worker", "--queue", queue)


def _start(settings: Settings, process: str) -> str:
    return EMBEDDED if settings.stack == "embedded" else command("connecthub", process)
