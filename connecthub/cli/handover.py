"""`connecthub handover`: what the next shift has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from connecthub.control.handover import Handover, Listed


@click.command()
@click.option(
    "--since", metavar="TIME", default="12h", show_default=True, help="From then on: 12h, 18:00, 2026-11-24 …"
)
@click.option("--zone", help="IANA zone of all times; TIMEZONE otherwise.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def handover(since: str, zone: str | None, as_json: bool) -> None:
    """Say what failed, what recovered, what is open and what was changed, ready to paste: plain text and Markdown.

    \b
    Examples:
      connecthub handover
      connecthub handover --since 18:00
      connecthub handover --since 24h --zone Asia/Shanghai
    """
    from connecthub.cli.handover_text import lines_of
    from connecthub.cli.output import print_json, say
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.handover import hand_over

        settings = opened.settings
        found = hand_over(opened.database, settings, since, zone)
        if as_json:
            print_json(_as_json(found, settings.instance_name))
            return
        for line in lines_of(found, settings.instance_name):
            say(line)


def _as_json(found: Handover, instance: str) -> dict[str, Any]:
    from dataclasses import asdict

    from connecthub.cli.output import as_dict

    return {
        "instance": instance,
        "since": found.since,
        "at": found.at,
        "failed": _listed(found.failures, "jobs", "runs"),
        "failed_runs": found.failed_runs,
        "recovered": _listed(found.recovered, "jobs"),
        "open": [asdict(need) for need in found.open],
        "open_beyond": found.open_beyond,
        "queue_problem": found.queue_problem or None,
        "running": len(found.seen.running),
        "waiting": found.seen.waiting,
        "waiting_since": found.seen.waiting_since,
        "did_not_run": _listed(found.did_not_run, "groups"),
        "changed": _listed(found.changes, "acts"),
        "by_hand": _listed(found.by_hand, "groups"),
        "refused": _listed(found.refusals, "acts"),
        "unsent_alerts": [as_dict(row) for row in found.unsent_alerts],
        "undelivered_alerts": [as_dict(row) for row in found.undelivered_alerts],
    }


def _listed(listed: Listed, *totals: str) -> dict[str, Any]:
    from connecthub.cli.output import as_dict

    rows = [{name: value for name, value in as_dict(row).items() if name not in totals} for row in listed.rows]
    return {"count": listed.count, "newest": rows}
