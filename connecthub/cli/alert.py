"""`connecthub alert`: who is told when something goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from connecthub.cli.alert_channel import channel, trial

if TYPE_CHECKING:
    from connecthub.control.alerts import AlertSeen, Shown

RULES = (
    "failed",
    "first_failure",
    "recovered",
    "missed",
    "no_success",
    "long_running",
    "schedule_error",
    "worker_lost",
)


@click.group()
def alert() -> None:
    """Alerts: what is told, to which channels."""


@alert.command()
@click.argument("job", required=False)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def rules(job: str | None, as_json: bool) -> None:
    """Show what is told of a job, or of all jobs without a policy of their own.

    \b
    failed          a run and its retries did not succeed: each time
    first_failure   the same, but only the first until the job succeeds again
    recovered       it succeeds again
    missed          slots passed while no scheduler ran, and do not run
    no_success      no success for --no-success-hours
    long_running    a run takes twice its usual time, or nears its timeout; or --long-running-seconds
    schedule_error  the next run cannot be computed
    worker_lost     a worker ended without a word (the default policy decides)
    \b
    Examples:
      connecthub alert rules
      connecthub alert rules nightly
    """
    from connecthub.cli.output import print_json
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.alerts import show_policy

        shown = show_policy(opened.database, job)
        if as_json:
            print_json({"of": shown.source, **shown.policy.as_json(), "missing_channels": shown.gone})
        else:
            _print_policy(shown)


@alert.command("set")
@click.option("--job", help="The job whose own policy this is, from now on.")
@click.option("--default", "of_installation", is_flag=True, help="The policy of all jobs that have none of their own.")
@click.option(
    "--rule", "add", multiple=True, metavar="RULE", type=click.Choice(RULES), help="Tell this too; repeatable."
)
@click.option("--no-rule", "drop", multiple=True, metavar="RULE", type=click.Choice(RULES), help="Tell this no more.")
@click.option("--channel", "channels", multiple=True, help="Tell these channels only; may be repeated.")
@click.option("--all-channels", is_flag=True, help="Tell all channels, also those that are added later.")
@click.option("--no-success-hours", type=float, metavar="N", help="Tell when there was no success for N hours.")
@click.option("--long-running-seconds", type=float, metavar="N", help="Tell when a run takes longer than N seconds.")
@click.option("--reset", is_flag=True, help="Forget the policy: of a job, so that the default holds; or the default.")
def set_(
    job: str | None,
    of_installation: bool,
    add: tuple[str, ...],
    drop: tuple[str, ...],
    channels: tuple[str, ...],
    all_channels: bool,
    no_success_hours: float | None,
    long_running_seconds: float | None,
    reset: bool,
) -> None:
    """Change what is told; what is not named stays as it holds now. `connecthub alert rules --help` explains each.

    \b
    Examples:
      connecthub alert set --default --rule failed --no-rule first_failure
      connecthub alert set --job nightly --no-success-hours 26 --channel ops
      connecthub alert set --job nightly --reset
    """
    from connecthub.cli.session import session
    from connecthub.errors import ConfigError

    if of_installation == (job is not None):
        raise ConfigError("give either --job JOB or --default; see `connecthub alert set --help`")
    named = (add, drop, channels, all_channels, no_success_hours is not None, long_running_seconds is not None)
    if reset == any(named) or (channels and all_channels):
        raise ConfigError("give what to change, or --reset alone; see `connecthub alert set --help`")
    with session() as opened:
        from connecthub.alerts.policy import Rule
        from connecthub.control.alerts import PolicyChange, set_policy

        change = PolicyChange(
            frozenset(map(Rule, add)),
            frozenset(map(Rule, drop)),
            channels or None,
            all_channels,
            no_success_hours,
            long_running_seconds,
        )
        _print_policy(set_policy(opened.database, opened.actor, job, None if reset else change))


@alert.command("list")
@click.option("--unsent", is_flag=True, help="Only those that a channel has not got.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def list_(unsent: bool, limit: int, as_json: bool) -> None:
    """List alerts, the newest first, with what became of each.

    \b
    Examples:
      connecthub alert list
      connecthub alert list --unsent
    """
    from connecthub.cli.output import local, print_json, print_table
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.alerts import list_alerts

        found = list_alerts(opened.database, limit, unsent=unsent)
        if as_json:
            print_json([_as_json(each) for each in found])
            return
        if not found:
            click.echo("no alert waits to be sent" if unsent else "no alert yet")
            return
        zone = opened.settings.timezone
        print_table(
            ["NUMBER", f"AT ({zone})", "WHAT", "RUN", "TOLD"],
            [
                (each.row.id, local(each.row.created_at, zone), each.about, each.row.job_log_id, _fate(each, zone))
                for each in found
            ],
            widest={"TOLD": 200},
        )


def _print_policy(shown: Shown) -> None:
    from connecthub.cli.output import print_facts

    policy = shown.policy
    of = {"job": "the job's own", "installation": "the default", "program": "the program's; nobody has set another"}
    channels = ", ".join(shown.channels) or "none: nobody is told"
    if policy.channels is None and shown.channels:
        channels = f"all: {channels}"
    print_facts(
        {
            "policy": of[shown.source],
            "rules": ", ".join(policy.as_json()["rules"]) or "none: nobody is told",
            "channels": channels,
            "missing channels": ", ".join(shown.gone),
            "no success hours": policy.no_success_hours,
            "long running seconds": policy.long_running_seconds,
        }
    )


def _fate(seen: AlertSeen, zone: str) -> str:
    from connecthub.cli.output import local

    if seen.row.sent_at is None:
        return "not handed out yet"
    told = []
    for each in sorted(seen.deliveries, key=lambda each: each.sent_at is None):
        if each.sent_at is not None:
            told.append(f"{each.channel} {local(each.sent_at, zone)}")
        elif each.next_try_at is None:
            told.append(f"{each.channel} GIVEN UP after {each.tries} tries: {each.last_error}")
        else:
            told.append(f"{each.channel} not yet, {each.tries} tries, next {local(each.next_try_at, zone)}")
    return "; ".join(told) or "nobody"


def _as_json(seen: AlertSeen) -> dict[str, Any]:
    from connecthub.cli.output import as_dict

    row = as_dict(seen.row)
    row["about"] = seen.about
    row["deliveries"] = [as_dict(each) for each in seen.deliveries]
    return row


for command in (channel, trial):
    alert.add_command(command)
