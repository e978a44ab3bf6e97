"""`connecthub plugin`: for people who write plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connecthub.core.config import Settings
    from connecthub.core.redact import Redactor
    from connecthub.runner.outcome import Outcome
    from connecthub.runner.protocol import Request
    from connecthub.runner.run_log import RunLog


@click.group()
def plugin() -> None:
    """Plugins: run one without database, queue or key."""


@plugin.command()
@click.argument("handler")
@click.option("--params", help="Settings as a JSON object: JSON, @FILE, or - for standard input.")
@click.option("--secrets", help="Secrets as a JSON object: @FILE, or - to type or pipe it.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=3600.0, show_default=True, help="Seconds.")
@click.option("--in-process", is_flag=True, help="Run in this process, for a debugger: no child, no timeout.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, after the run.")
def run(handler: str, params: str | None, secrets: str | None, timeout: float, in_process: bool, as_json: bool) -> None:
    """Run a plugin once: the same child process, log, masking and outcome as a scheduled run.

    \b
    Examples:
      connecthub plugin run extensions.hello.job:Hello --params '{"name": "you"}'
      connecthub plugin run extensions.sync_oa_to_didi.job:SyncOAToDidiTokenJob \\
        --params '{"base_url": "http://127.0.0.1:8765"}' --secrets @secrets.json
    """
    from connecthub.cli.values import read_params, read_secrets
    from connecthub.core.config import load_settings
    from connecthub.core.redact import Redactor
    from connecthub.errors import RunFailed
    from connecthub.plugins.manager import split_handler
    from connecthub.runner.protocol import Request
    from connecthub.runner.run_log import RunLog

    settings = load_settings()
    split_handler(handler, settings.plugin_packages)
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
        idempotency_key="connecthub-plugin-run",
        log_level=settings.log_level,
    )
    redactor = Redactor.from_secrets(given_secrets)
    log = RunLog(redactor, settings.log_max_bytes)
    outcome = _run_here(request, log, redactor) if in_process else _run_in_child(request, log, redactor, not as_json)
    _answer(outcome, log, settings, as_json)
    if not outcome.succeeded:
        raise RunFailed(f"{handler} {outcome.status}: {outcome.error or 'no cause given'}")


def _run_here(request: Request, log: RunLog, redactor: Redactor) -> Outcome:
    from connecthub.runner.in_process import run_here

    return run_here(request, log, redactor)


def _run_in_child(request: Request, log: RunLog, redactor: Redactor, live: bool) -> Outcome:
    from connecthub.runner.launcher_process import LauncherProcess
    from connecthub.runner.supervise import Watch, supervise

    def show(watch: Watch) -> None:
        if live:
            _echo(watch.log.take())

    with LauncherProcess(owns_children=True) as launcher:
        return supervise(launcher, request, Watch(log, redactor, on_tick=show))


def _answer(outcome: Outcome, log: RunLog, settings: Settings, as_json: bool) -> None:
    from connecthub.cli.output import print_block, print_json

    if as_json:
        print_json(
            {
                "status": outcome.status,
                "error": outcome.error,
                "traceback": outcome.traceback,
                "fingerprint": outcome.fingerprint,
                "result": outcome.result,
                "log": log.finish(),
            }
        )
        return
    _echo(log.finish())
    print_block("traceback", outcome.traceback)
    click.echo(f"{outcome.status}{f', result {outcome.result}' if outcome.result else ''}")


def _echo(text: str) -> None:
    from connecthub.core.safe_text import safe_text

    click.echo(safe_text(text, newlines=True), nl=False)
