"""`connecthub plugin`: for people who write plugins."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from connecthub.cli.plugin_check import check
from connecthub.cli.plugin_new import new

if TYPE_CHECKING:
    from connecthub.core.redact import Redactor
    from connecthub.runner.outcome import Outcome
    from connecthub.runner.protocol import Request
    from connecthub.runner.questions import PluginQuestions
    from connecthub.runner.reports import Calls
    from connecthub.runner.run_log import RunLog


NEVER_RAN = ("PluginNotFound", "PluginInvalid", "InvalidSettings")
"""Fingerprints of what is wrong use, not a failure of the plugin."""


@click.group()
def plugin() -> None:
    """Plugins: run one without database, queue or key."""


plugin.add_command(new)
plugin.add_command(check)


@plugin.command()
@click.argument("handler")
@click.option("--params", help="Settings as a JSON object: JSON, @FILE, or - for standard input.")
@click.option("--secrets", help="Secrets as a JSON object: @FILE, or - to type or pipe it.")
@click.option("--timeout", type=float, default=3600.0, show_default=True, help="Seconds until the run is stopped.")
@click.option(
    "--in-process",
    is_flag=True,
    help="Run in this process, for a debugger: no child, no timeout, and what it prints comes unmasked.",
)
@click.option("--dry-run", is_flag=True, help="Send no write: only show what the run would do.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, after the run.")
def run(
    handler: str,
    params: str | None,
    secrets: str | None,
    timeout: float,
    in_process: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run a plugin once: the same child process, log, masking and outcome as a scheduled run.

    In a dry run the clients of connecthub.integrations let reads out, and record writes instead of sending them; what
    a plugin writes by other means is not held back.

    \b
    Examples:
      connecthub plugin run extensions.hello.job:Hello --params '{"name": "you"}'
      connecthub plugin run extensions.sync_oa_to_didi.job:SyncOAToDidiTokenJob \\
        --params '{"base_url": "http://127.0.0.1:8765"}' --secrets @secrets.json
      connecthub plugin run extensions.hello.job:Hello --params '{"name": "you"}' --dry-run
    """
    from connecthub.cli.values import read_params, read_secrets
    from connecthub.core.config import load_settings
    from connecthub.core.redact import Redactor
    from connecthub.errors import ConfigError, PluginError, RunFailed
    from connecthub.plugins.manager import split_handler
    from connecthub.runner.limits import limits_of
    from connecthub.runner.protocol import Request
    from connecthub.runner.reports import Calls
    from connecthub.runner.run_log import RunLog

    settings = load_settings()
    split_handler(handler, settings.plugin_packages)
    if not (timeout > 0 and math.isfinite(timeout)):
        raise ConfigError(f"timeout {timeout:g} is out of range: write seconds, more than 0")
    given_params, given_secrets = read_params(params), read_secrets(secrets)
    request = Request(
        ask="run",
        handler=handler,
        packages=settings.plugin_packages,
        extensions_dir=str(settings.extensions_dir),
        params=given_params,
        secrets=given_secrets,
        timeout=timeout,
        job=handler,
        dry_run=dry_run,
        idempotency_key="connecthub-plugin-run",
        log_level=settings.run_log_level,
        limits=limits_of(settings),
    )
    redactor = Redactor.from_secrets(given_secrets)
    log, calls = RunLog(redactor, settings.log_max_bytes), Calls()
    if in_process:
        outcome = _run_here(request, log, redactor, calls, as_json)
    else:
        outcome = _run_in_child(request, log, redactor, calls, live=not as_json)
    if outcome.fingerprint in NEVER_RAN:
        raise PluginError(f"{handler} cannot run: {(outcome.error or '').partition(': ')[2]}")
    _answer(outcome, log, calls, as_json, dry_run)
    if not outcome.succeeded:
        raise RunFailed(f"{handler} {outcome.status}: {outcome.error or 'no cause given'}")


def _run_here(request: Request, log: RunLog, redactor: Redactor, calls: Calls, as_json: bool) -> Outcome:
    from connecthub.runner.in_process import run_here

    with _stdout_aside() if as_json else nullcontext():
        return run_here(request, log, redactor, calls)


@contextmanager
def _stdout_aside() -> Iterator[None]:
    """Send whatever is printed to stderr, raw writes too: stdout is for the answer."""
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)


def _run_in_child(request: Request, log: RunLog, redactor: Redactor, calls: Calls, live: bool) -> Outcome:
    from connecthub.runner.launcher_process import LauncherProcess
    from connecthub.runner.supervise import Watch, supervise

    def show(watch: Watch) -> None:
        if live:
            _echo(watch.log.take())

    with LauncherProcess(owns_children=True) as launcher:
        return supervise(launcher, request, Watch(log, redactor, on_tick=show, calls=calls))


def _answer(outcome: Outcome, log: RunLog, calls: Calls, as_json: bool, dry_run: bool) -> None:
    from datetime import UTC, datetime

    from connecthub.cli.output import print_block, print_json
    from connecthub.cli.run_parts import print_parts, say_end

    if as_json:
        print_json(
            {
                "status": outcome.status,
                "error": outcome.error,
                "traceback": outcome.traceback,
                "fingerprint": outcome.fingerprint,
                "result": outcome.result,
                "dry_run": dry_run,
                "calls": [{**call, "at": datetime.fromtimestamp(call["at"], UTC)} for call in calls.kept],
                "log": log.finish(),
            }
        )
        return
    _echo(log.finish())
    print_block("traceback", outcome.traceback)
    print_parts(outcome.result, calls.kept if dry_run else (), dry_run=dry_run, whole="--json")
    say_end(outcome.status, calls.kept, dry_run=dry_run, result=outcome.result)


def _echo(text: str) -> None:
    from connecthub.core.safe_text import safe_text

    click.echo(safe_text(text, newlines=True), nl=False)


@plugin.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def list_(as_json: bool) -> None:
    """List the plugins below the allowed packages; each module is imported in a child of its own.

    \b
    Example:
      connecthub plugin list
    """
    from connecthub.cli.output import NEVER_CUT, print_json, print_table

    with _questions() as questions:
        found = questions.list_all()
    if as_json:
        print_json(found)
        return
    rows = [(row["handler"], row["version"], row["doc"].partition("\n")[0]) for row in found if "handler" in row]
    rows += [(row["module"], "", f"cannot be imported: {row['error']}") for row in found if "module" in row]
    print_table(["HANDLER", "VERSION", "WHAT IT DOES"], rows, widest={"HANDLER": NEVER_CUT, "WHAT IT DOES": 200})


@plugin.command()
@click.argument("handler")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, with the JSON schemas.")
def show(handler: str, as_json: bool) -> None:
    """Show what a plugin says of itself: its description, its settings, its examples.

    \b
    Example:
      connecthub plugin show extensions.sync_oa_to_didi.job:SyncOAToDidiTokenJob
    """
    import json

    from connecthub.cli.output import print_block, print_facts, print_json
    from connecthub.cli.plugin_fields import fields_text

    with _questions() as questions:
        told = {"handler": handler, **questions.describe(handler)}
    if as_json:
        print_json(told)
        return
    print_facts({"handler": handler, "version": told["version"]})
    print_block("description", told["doc"])
    for title, schema in (("params", told["params_schema"]), ("secrets", told["secrets_schema"])):
        print_block(title, fields_text(schema))
    print_block("examples", "\n".join(f"{name}: {json.dumps(each)}" for name, each in told["examples"].items()))


@contextmanager
def _questions() -> Iterator[PluginQuestions]:
    from connecthub.core.config import load_settings
    from connecthub.runner.launcher_process import LauncherProcess
    from connecthub.runner.questions import PluginQuestions

    with LauncherProcess(owns_children=True) as launcher:
        yield PluginQuestions(load_settings(), launcher)
