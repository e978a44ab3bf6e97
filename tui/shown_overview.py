"""A look at an installation as the Overview is given it: plain, and with every text made safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connecthub.core.safe_text import safe_text
from tui.rows_overview import NeedRow, OverviewView, RunningRow
from tui.shown import first_line, progress_text

if TYPE_CHECKING:
    from connecthub.control.needs import Need
    from connecthub.control.overview import Overview


def overview_view(seen: Overview) -> OverviewView:
    """A look whole."""
    from connecthub.control.needs import needs

    rows = [need_row(need) for need in needs(seen)]
    open_rows = [row for row in rows if row.kind != "acknowledged"]
    return OverviewView(
        at=seen.at,
        needs=rows,
        count=len(open_rows) + seen.failing_count - len(seen.failing),
        more=seen.failing_count + seen.acknowledged_count - len(seen.failing) - len(seen.acknowledged),
        running=[
            RunningRow(row.id, safe_text(row.job_name), row.started_at, progress_text(row.progress), row.dry_run)
            for row in seen.running
        ],
        next_runs=[(safe_text(row.name), row.next_run_at) for row in seen.next_runs],
        hours=list(seen.hours),
        hours_from=seen.hours_from,
        workers=len(seen.workers),
        busy=sum(row.busy for row in seen.workers),
        threads=sum(row.threads for row in seen.workers),
        lost_workers=len(seen.lost_workers),
        waiting=seen.waiting,
        waiting_since=seen.waiting_since,
    )


def need_row(need: Need) -> NeedRow:
    """One thing that needs a person."""
    return NeedRow(
        kind=str(need.kind),
        name=safe_text(need.name),
        job_id=need.job_id,
        log_id=need.log_id,
        status=need.status,
        at=need.at,
        text=first_line(need.text),
        by=safe_text(need.by),
        number=need.number,
    )
