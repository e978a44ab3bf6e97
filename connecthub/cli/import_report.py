"""What `connecthub db import` says of an old system before it copies anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connecthub.cli.output import local, print_json, print_table, say
from connecthub.security.fernet import READABLE, SecretState

if TYPE_CHECKING:
    from connecthub.control.old_jobs import OldJob, Survey


def show(found: Survey, zone: str, retention_days: int) -> None:
    """Print jobs, next times, what is wrong, and what is to copy; `zone` is for rows without one."""
    say(f"{found.source}: {len(found.jobs)} jobs; a row without a zone gets {zone}, a time without one is read as UTC")
    widest = {"HANDLER": 120, "NAME": 40}
    print_table(
        ["OLD ID", "NAME", "CRON", "ZONE", "SECRETS", "LOGS", "HANDLER"],
        [
            (
                job.old_id,
                job.settings.name,
                job.settings.cron_expr,
                job.settings.timezone,
                job.secret_state if job.secret_state != "legacy token" else "readable",
                job.logs,
                job.settings.handler_path,
            )
            for job in found.jobs
        ],
        widest=widest,
    )
    _show_times(found.new_jobs)
    _show_problems(found)
    _show_logs(found, retention_days)


def _show_times(jobs: Sequence[OldJob]) -> None:
    if jobs:
        say("next five times:")
    for job in jobs:
        times = ", ".join(local(at, job.settings.timezone)[:-3] for at in job.next_times)
        say(f"  {job.settings.name}: {times or 'none'} {job.settings.timezone if times else ''}".rstrip())


def _show_problems(found: Survey) -> None:
    unreadable = sum(job.secret_state not in READABLE for job in found.jobs)
    unset = sum(job.secret_state is SecretState.UNSET for job in found.jobs)
    readable = len(found.jobs) - unreadable - unset
    say(f"secrets: of {readable} jobs they can be read, of {unreadable} they cannot; {unset} jobs have none")
    broken = sum("handler" in job.problems for job in found.jobs)
    say(f"handlers: of {len(found.jobs) - broken} jobs they load, of {broken} they do not")
    refused = [job for job in found.new_jobs if job.problems]
    if refused:
        say(f"{len(refused)} jobs cannot run as they are; they are copied all the same, with the reason:")
    for job in refused:
        for problem in job.problems.values():
            say(f"  {job.settings.name}: {problem}")


def _show_logs(found: Survey, retention_days: int) -> None:
    there = f"{len(found.jobs) - len(found.new_jobs)} jobs, {found.logs_there} logs"
    say(f"to copy: {len(found.new_jobs)} jobs, {len(found.logs)} logs; already there: {there}")
    if found.logs_over_limit:
        say(f"{found.logs_over_limit} older logs are left out by --limit-logs")
    if found.logs_without_job:
        say(f"{found.logs_without_job} logs are left out: their jobs are gone there")
    if found.logs_expired:
        say(
            f"{found.logs_expired} of the logs are older than {retention_days} days, and pruning deletes them; "
            "raise LOG_RETENTION_DAYS first to keep them"
        )


def answer(found: Survey, *, jobs: int, logs: int, not_ended: int) -> None:
    """Print it as JSON, with how many jobs were added, logs copied, and logs left out."""
    print_json(
        {
            "from": found.source,
            "jobs": [
                {
                    "old_id": job.old_id,
                    "name": job.settings.name,
                    "already_there": job.there is not None,
                    "cron": job.settings.cron_expr,
                    "timezone": job.settings.timezone,
                    "handler": job.settings.handler_path,
                    "secrets": job.secret_state,
                    "secret_names": sorted(job.secrets),
                    "enabled_there": job.was_enabled,
                    "logs": job.logs,
                    "next_times": list(job.next_times),
                    "problems": dict(job.problems),
                }
                for job in found.jobs
            ],
            "logs": {
                "to_copy": len(found.logs),
                "already_there": found.logs_there,
                "over_limit": found.logs_over_limit,
                "without_job": found.logs_without_job,
                "expired": found.logs_expired,
            },
            "added": jobs,
            "copied": logs,
            "not_ended": not_ended,
        }
    )
