"""`connecthub audit`: who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connecthub.db.types import AnyRow


@click.group()
def audit() -> None:
    """The audit trail: who did what, when, and from where."""


@audit.command("list")
@click.option("--by", help="Only by people whose name has this text.")
@click.option("--action", help="Only acts that begin so: job.edit, or job. for all on jobs.")
@click.option("--target", help="Only on things whose name has this text, or that have this number.")
@click.option("--via", type=click.Choice(["tui", "ssh", "cli"]), help="Only this way: control center, SSH, shell.")
@click.option("--result", type=click.Choice(["done", "refused"]), help="Only what was done, or was refused.")
@click.option("--since", metavar="TIME", help="Done at this time or later: 12h, 18:00, 2026-11-24 …")
@click.option("--before", "before_id", metavar="NUMBER", type=int, help="Older than this act: the next page.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def list_(limit: int, as_json: bool, **chosen: Any) -> None:
    """List acts, the newest first; what was refused has its reason under WHAT.

    A filter other than --since looks through the newest 100,000.

    \b
    Examples:
      connecthub audit list
      connecthub audit list --by alice --action job.edit --since 12h
      connecthub audit list --via ssh --result refused
    """
    from connecthub.cli.output import as_dict, print_json
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.audit_reading import AuditChoice, choose_acts

        zone = opened.settings.timezone
        rows = choose_acts(opened.database, AuditChoice(**chosen), zone, limit)
        if as_json:
            print_json([as_dict(row) for row in rows])
            return
        if not rows:
            click.echo("no act matches; each change by a command or in the control center leaves one")
            return
        _print(rows, zone)


def _print(rows: Sequence[AnyRow], zone: str) -> None:
    from connecthub.cli.output import local, print_table
    from connecthub.control.audit_reading import told_lines

    print_table(
        ["NUMBER", f"AT ({zone})", "WHO", "VIA", "ACTION", "TARGET", "WHAT"],
        [
            (row.id, local(row.at, zone), row.actor, _way(row), row.action, row.target_name, "; ".join(told_lines(row)))
            for row in rows
        ],
        {"WHO": 24, "TARGET": 24},
    )


def _way(row: AnyRow) -> str:
    """The way in, and from where."""
    return f"{row.via} {row.address}" if row.address else row.via


@audit.command()
@click.argument("audit_id", metavar="NUMBER", type=click.IntRange(1, 2**63 - 1))
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def show(audit_id: int, as_json: bool) -> None:
    """Show one act whole: who did it from where, and what it changed, before and after.

    \b
    Example:
      connecthub audit show 812
    """
    from connecthub.cli.output import as_dict, local, print_block, print_facts, print_json
    from connecthub.cli.session import session
    from connecthub.core.safe_text import safe_text

    with session() as opened:
        from connecthub.control.audit_reading import detail_lines, show_act

        row, zone = show_act(opened.database, audit_id), opened.settings.timezone
        if as_json:
            print_json(as_dict(row))
            return
        facts = {"number": row.id, "at": f"{local(row.at, zone)} {zone}", "who": row.actor, "role": row.role}
        facts |= {"via": row.via, "address": row.address, "key": row.fingerprint, "action": row.action}
        facts |= {"result": row.result, "reason": row.reason, "kind": row.target_kind}
        print_facts({**facts, "target": row.target_name, "target number": row.target_id})
        title = "why it was refused" if row.result == "refused" else "what it did"
        print_block(title, "\n".join(map(safe_text, detail_lines(row.detail))))
