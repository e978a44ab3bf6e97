"""One JobLog as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connecthub.cli.output import as_dict, local, print_block, print_facts, seconds_between
from connecthub.cli.run_parts import print_calls, print_plan
from connecthub.control.plans import without_plan

if TYPE_CHECKING:
    from connecthub.control.job_logs import LogDetail


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
    print_plan(row.result, dry_run=row.dry_run)
    print_calls(map(as_dict, detail.calls))
    print_block("log (times in UTC)", detail.text)
    print_block("traceback", row.traceback)
