"""`connecthub doctor`: is the installation well, and how is what is wrong mended."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connecthub.core.config import Settings
    from connecthub.errors import ConfigError
    from connecthub.service.doctor.finding import Check, Finding

STATE_WIDTH, NAME_WIDTH = 7, 9


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def doctor(context: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Check the installation, all of it or the named checks, and say how to mend what is wrong.

    Nothing is created or changed. It ends with 1 where something is wrong, with 0 where there are at most warnings.

    \b
    Checks: settings, account, disk, database, key, queue, clock, zones,
      plugins, scheduler, workers, ssh, alerts

    \b
    Examples:
      connecthub doctor
      connecthub doctor database queue
      connecthub doctor --json
    """
    from connecthub.cli.output import print_json
    from connecthub.service.doctor.context import Context
    from connecthub.service.doctor.examine import checks_named, examine, worst
    from connecthub.service.doctor.finding import State

    checks = checks_named(names)
    looking = Context(_settings(), progress=_show_progress)
    told: list[tuple[Check, Sequence[Finding]]] = []
    for check, findings in examine(looking, checks):
        told.append((check, findings))
        if not as_json:
            _show_progress("")
            _print(check.name, findings)
    _show_progress("")
    looking.close()
    counts = Counter(worst(findings) for _, findings in told)
    if as_json:
        listed = [_as_dict(check.name, each) for check, findings in told for each in findings]
        print_json({"checks": listed, **{state: counts[state] for state in State}})
    else:
        click.echo(f"\n{len(told)} checks: {', '.join(f'{counts[state]} {state}' for state in State if counts[state])}")
    context.exit(1 if counts[State.WRONG] else 0)


def _settings() -> Settings | ConfigError:
    """The settings, or why they cannot be read: that is a finding too."""
    from connecthub.core.config import load_settings
    from connecthub.core.logging import configure_logging
    from connecthub.errors import ConfigError

    try:
        settings = load_settings()
    except ConfigError as error:
        return error
    configure_logging(settings.model_copy(update={"log_to_file": False}), "cli", sys.stderr)
    return settings


def _show_progress(note: str) -> None:
    """Say on the terminal's last line what is looked at now, in place of what stood there."""
    from connecthub.core.safe_text import fit

    if sys.stderr.isatty():
        columns = shutil.get_terminal_size().columns - 1
        click.echo(f"\r{fit(note and f'looking at {note}', columns)}\r", nl=False, err=True)


def _print(name: str, findings: Sequence[Finding]) -> None:
    """A line for each finding, and how to mend it below."""
    from connecthub.cli.output import say

    for each in findings:
        say(f"{each.state:<{STATE_WIDTH}}  {name:<{NAME_WIDTH}}  {each.found}")
        if each.remedy:
            say(f"{'':<{STATE_WIDTH + NAME_WIDTH + 4}}{each.remedy}")


def _as_dict(name: str, finding: Finding) -> dict[str, str | None]:
    return {"check": name, "state": finding.state, "found": finding.found, "remedy": finding.remedy or None}
