"""One JobLog as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connecthub.cli.output import as_dict, local, print_block, print_facts, seconds_between
from connecthub.cli.run_parts import print_parts, say_end
from connecthub.control.plans import without_plan

if TYPE_CHECKING:
    from connecthub.control.job_logs import LogDetail

LOG = "log (times in UTC)"


def print_log(detail: LogDetail, zone: str) -> None:
    """Print a JobLog: its facts, its plan, its calls, its log (whose times are UTC), its traceback."""
    row = detail.row
    print_facts(
        {
            "JobLog": row.id,
            "job": row.job_name,
            "status": row.status,
            "cause": row.error or row.reason,
            "trigger": row.trigger,
            "dry run": "its writes are not sent" if row.dry_run else None,
            "slot": row.scheduled_for and f"{local(row.scheduled_for, zone)} {zone}",
            "started": row.started_at and f"{local(row.started_at, zone)} {zone}",
            "took": seconds_between(row.started_at, row.finished_at),
            "handler": row.handler_path,
            "plugin": row.plugin_version and f"version {row.plugin_version}",
            "requested by": row.requested_by,
            "worker": row.worker,
            "result": without_plan(row.result),
        }
    )
    _print_parts(detail)
    print_block(LOG, detail.text)
    print_block("traceback", row.traceback)


def print_end(detail: LogDetail) -> None:
    """Print how a run ended that was waited for; of a dry run all that it said, for that is what it was for."""
    row = detail.row
    if row.dry_run:
        print_block(LOG, detail.text)
        print_block("traceback", row.traceback)
        _print_parts(detail)
    calls = list(map(as_dict, detail.calls))
    say_end(f"run {row.id} {row.status}", calls, dry_run=row.dry_run, result=row.result if row.dry_run else None)


def _print_parts(detail: LogDetail) -> None:
    row = detail.row
    whole = f"`connecthub log show {row.id} --json`"
    print_parts(row.result, map(as_dict, detail.calls), dry_run=row.dry_run, whole=whole)
