"""`connecthub`: the command and its way with errors."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from connecthub import __version__
from connecthub.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from connecthub.control.actor import Actor

COMMANDS = {
    "demo": ("connecthub.cli.demo:demo", "See it work, in a folder of its own."),
    "up": ("connecthub.cli.up:up", "Run scheduler and worker here until Ctrl-C, or with --detach in the background."),
    "tui": ("connecthub.cli.tui:tui", "The control center: browse, understand and act, from this terminal."),
    "status": ("connecthub.cli.status:status", "What needs a person now, in ten lines."),
    "job": (
        "connecthub.cli.job:job",
        "Jobs: add, edit, enable, disable, delete, list, show, run, why, missed, acknowledge, retry-failed, "
        "history, revert, export, apply.",
    ),
    "log": ("connecthub.cli.log:log", "JobLogs: list, show, tail, retry, cancel, prune."),
    "plugin": (
        "connecthub.cli.plugin:plugin",
        "Plugins: new, check, list, show; run one without database, queue or key.",
    ),
    "queue": ("connecthub.cli.queue:queue", "Queues: list what waits in each and who serves it."),
    "audit": ("connecthub.cli.audit:audit", "Who did what: list, show."),
    "handover": ("connecthub.cli.handover:handover", "What failed, what is open, what was changed: ready to paste."),
    "alert": ("connecthub.cli.alert:alert", "Alerts: rules, set, channel, test, list."),
    "operator": (
        "connecthub.cli.operator:operator",
        "Who may come over SSH: add, list, show, edit, enable, disable, remove, key.",
    ),
    "ssh": ("connecthub.cli.ssh:ssh", "The way in over SSH: install, sync."),
    "scheduler": ("connecthub.cli.process:scheduler", "Run a scheduler process."),
    "worker": ("connecthub.cli.process:worker", "Run a worker process."),
    "down": ("connecthub.cli.up:down", "Stop what `up --detach` started."),
    "restart": ("connecthub.cli.up:restart", "Stop it and start it again."),
    "logs": ("connecthub.cli.up:logs", "What it logged."),
    "health": ("connecthub.cli.health:health", "For probes: exit 0 where a process does its work."),
    "doctor": ("connecthub.cli.doctor:doctor", "Check the installation, and say how to mend what is wrong."),
    "backup": ("connecthub.cli.backup:backup", "Copy the database, while it is in use, to a file."),
    "restore": ("connecthub.cli.backup:restore", "Fill an empty installation from such a file."),
    "db": ("connecthub.cli.db:db", "The database: upgrade, check, import."),
    "key": ("connecthub.cli.key:key", "The key that encrypts secrets: init, check, add, rotate."),
    "cron": ("connecthub.cli.cron:cron", "When a cron expression fires next."),
    "config": ("connecthub.cli.config:config", "The settings: check."),
    "completion": ("connecthub.cli.completion:completion", "Names and options at the Tab key."),
    "sandbox": ("connecthub.cli.sandbox:sandbox", "Stand-in servers for outside systems."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="connecthub")
@click.option("--debug", is_flag=True, help="Show a traceback with an error; may stand anywhere in the line.")
def connecthub(debug: bool) -> None:
    """Scheduled integration jobs as small Python plugins.

    \b
    Examples:
      connecthub demo
      connecthub up
      connecthub job run nightly --wait
      connecthub log list --status failed
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code: 0 done, 1 it failed, 2 wrong use or refused, 130 Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _take_any_text()
    sys.exit(run([word for word in words if word != "--debug"], debug="--debug" in words))


def run(words: Sequence[str], actor: Actor | None = None, *, debug: bool = False) -> int:
    """Run a command and return its exit code; `actor` is who came over SSH, None for the account of this shell."""
    try:
        code = connecthub.main(list(words), "connecthub", standalone_mode=False, obj=actor)
    except (KeyboardInterrupt, click.Abort):
        code = 130
    except Exception as error:
        if debug:
            _show_traceback(error)
        code = report(error)
    return code if isinstance(code, int) else 0


def _take_any_text() -> None:
    """Let no name or log line break a command where the terminal's encoding lacks its characters."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _show_traceback(error: Exception) -> None:
    import traceback

    from connecthub.core.safe_text import safe_text

    text = "".join(traceback.format_exception(error)) + getattr(error, "plugin_traceback", "")
    click.echo(safe_text(text, newlines=True), err=True, nl=False)


def report(error: Exception) -> int:
    """Say on stderr, in one line, what is wrong and how to mend it; returns the exit code."""
    from connecthub.core.safe_text import safe_text
    from connecthub.errors import ConnectHubError

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return 2
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        hint = f" (see `{context.command_path} --help`)" if context else ""
        message, code = f"{error.format_message().removesuffix('.')}{hint}", 2
    elif isinstance(error, ConnectHubError):
        message, code = str(error), error.exit_code
    else:
        what = next(iter(safe_text(error, newlines=True).splitlines()), "")
        message = f"unexpected {type(error).__name__}: {what}; run it again with --debug, and report what it shows"
        code = 1
    click.echo(safe_text(f"connecthub: {message}"), err=True)
    return code
