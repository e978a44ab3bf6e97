"""`connecthub job apply`: jobs as a YAML file wants them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from connecthub.control.applying import Plan, Step
    from connecthub.control.job_files import JobFile
    from connecthub.control.secret_references import SecretSources
    from connecthub.control.session import Session

_SIGNS = {"add": "+", "change": "~", "delete": "-"}


@click.command()
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--check", is_flag=True, help="The same, and exit 1 where something would change.")
@click.option("--prune", is_flag=True, help="Delete the jobs that the file does not have.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def apply(file: str, dry_run: bool, check: bool, prune: bool, yes: bool, as_json: bool) -> None:
    """Add and change jobs until they are as a YAML file (or - for standard input) has them.

    First it checks all of them and shows what would change; then it asks. A job is known by its name. What the file
    leaves out of a job is the default; only secrets that it does not mention stay as they are.

    \b
    Examples:
      connecthub job export -o jobs.yaml
      connecthub job apply jobs.yaml --dry-run
      connecthub job apply jobs.yaml --prune
    """
    from connecthub.cli.session import session
    from connecthub.errors import ConfigError, RunFailed

    if as_json and not (yes or dry_run or check):
        raise ConfigError("--json shows nothing before it would ask; add --dry-run or --check, or --yes")
    wanted, sources = _read(file)
    with session() as opened:
        from connecthub.control.applying import apply_plan, make_plan

        _refuse_problems(file, wanted.problems)
        plan = make_plan(opened.office, wanted.jobs, sources, opened.settings.timezone, prune=prune)
        _warn_of_open_files(sources)
        _refuse_problems(file, plan.problems)
        if not as_json:
            _show(plan)
        if dry_run or check or not plan.to_do:
            if as_json:
                _answer(plan, applied=False)
            if check and plan.to_do:
                raise RunFailed(f"{file} would change {len(plan.to_do)} jobs; `connecthub job apply` does it")
            return
        if not yes:
            _ask(opened, plan)
        apply_plan(opened.office, opened.actor, plan, file, lambda step, row: _tell(step, row, as_json))
        if as_json:
            _answer(plan, applied=True)


def _read(file: str) -> tuple[JobFile, SecretSources]:
    import os
    from pathlib import Path

    from connecthub.control.job_files import FILE_MAX, read_jobs
    from connecthub.control.secret_references import SecretSources
    from connecthub.errors import ConfigError

    try:
        if file == "-":
            text = sys.stdin.read(FILE_MAX + 1)
        else:
            with Path(file).open(encoding="utf-8-sig") as opened:
                text = opened.read(FILE_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{file!r} cannot be read: {error.strerror}; name another file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file!r} is no UTF-8 text; save it as UTF-8") from None
    try:
        wanted = read_jobs(text)
    except ConfigError as error:
        raise ConfigError(f"{file}, {error}") from None
    folder = Path() if file == "-" else Path(file).parent
    return wanted, SecretSources(folder, os.environ)


def _refuse_problems(file: str, problems: list[str]) -> None:
    from connecthub.errors import ConfigError

    if not problems:
        return
    if len(problems) == 1:
        raise ConfigError(f"{file}, {problems[0]}")
    for problem in problems:
        _say_aside(f"{file}, {problem}")
    raise ConfigError(f"{file} has {len(problems)} mistakes, listed above; mend them, nothing was changed")


def _warn_of_open_files(sources: SecretSources) -> None:
    for path in sorted(sources.open_files):
        _say_aside(f"other users may read the secret in {path}; `chmod 600` keeps it to you")


def _say_aside(text: str) -> None:
    from connecthub.core.safe_text import safe_text

    click.echo(safe_text(text), err=True)


def _show(plan: Plan) -> None:
    from connecthub.cli.output import say

    for step in plan.to_do:
        say(f"{_SIGNS[step.kind]} {step.name}")
        for change in step.changes:
            say(f"    {_told(*change)}")
    counts = {kind: sum(step.kind == kind for step in plan.steps) for kind in ("add", "change", "delete", "same")}
    if not plan.to_do:
        say(f"nothing would change: {counts['same']} jobs are so already")
        return
    say(f"{counts['add']} to add, {counts['change']} to change, {counts['delete']} to delete, {counts['same']} stay")


def _told(name: str, before: Any, after: Any) -> str:
    from connecthub.control.drafts import MISSING

    if name.partition(".")[0] == "secrets":
        return f"{name}: {after}"
    absent = (MISSING, None) if name.startswith("alert_policy.") else (MISSING,)
    old, new = (None if each in absent else json.dumps(each, ensure_ascii=False) for each in (before, after))
    if old is None:
        return f"{name}: {new}"
    return f"{name}: {old} → {new or 'left out'}"


def _ask(opened: Session, plan: Plan) -> None:
    from connecthub.cli.questions import ask, ask_for_text

    instance = opened.settings.instance_name
    deleted = [step.name for step in plan.to_do if step.kind == "delete"]
    if deleted:
        question = f"this deletes {len(deleted)} jobs of {instance} for good. Type {instance} to go on"
        ask_for_text(question, instance)
    else:
        ask(f"apply this to {instance}?")


def _tell(step: Step, row: Any, as_json: bool) -> None:
    from connecthub.cli.output import local, say

    if as_json:
        return
    if row is None:
        say(f"job {step.name} is deleted; its JobLogs stay")
        return
    when = f"next run {local(row.next_run_at, row.timezone)} {row.timezone}" if row.enabled else "disabled"
    word = "added" if step.kind == "add" else f"saved as version {row.version}"
    say(f"job {row.name} {word}, {when}")


def _answer(plan: Plan, *, applied: bool) -> None:
    from connecthub.cli.output import print_json
    from connecthub.control.drafts import MISSING

    def plain(value: Any) -> Any:
        return None if value is MISSING else value

    steps = [
        {
            "job": step.name,
            "action": step.kind,
            "changes": [{"field": name, "before": plain(old), "after": plain(new)} for name, old, new in step.changes],
        }
        for step in plan.steps
    ]
    print_json({"applied": applied, "jobs": steps})
