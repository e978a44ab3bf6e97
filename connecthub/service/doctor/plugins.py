"""The plugins: the folder is there, and the handler of each enabled job loads."""

from __future__ import annotations

import stat
import time
from collections.abc import Mapping, Sequence

from connecthub.core.config import Settings
from connecthub.errors import PluginError
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.questions import PluginQuestions
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Finding, command, problems_or, some, warning, wrong

ASKING_SECONDS = 90.0
"""After so many no further handler is asked for: each may hang for ten."""


def look(context: Context) -> list[Finding]:
    """Ask each handler in a child process what it is, as `plugin show` does."""
    settings = context.settings
    found = _look_at_folder(settings)
    users: dict[str, list[str]] = {}
    for job in context.enabled:
        users.setdefault(job.handler_path, []).append(job.name)
    errors, left = _ask(context, sorted(users))
    found += judge_handlers(errors, users)
    if left:
        found.append(
            warning(f"not asked for lack of time: {some(left)}", f"run {command('connecthub', 'doctor')} again")
        )
    return problems_or(found, f"{len(users)} handlers of enabled jobs load, from {settings.extensions_dir}")


def _look_at_folder(settings: Settings) -> list[Finding]:
    folder = settings.extensions_dir
    if not folder.is_dir():
        make = command("mkdir", "-p", folder)
        return [wrong(f"EXTENSIONS_DIR {folder} is no folder", f"correct EXTENSIONS_DIR, or run {make}")]
    packages = [folder.joinpath(*name.split(".")) for name in settings.plugin_packages]
    exposed = [path for path in (folder, *packages) if path.is_dir() and path.stat().st_mode & stat.S_IWOTH]
    return [
        wrong(f"everybody may write plugins into {path}", f"run {command('chmod', '-R', 'o-w', path)}")
        for path in exposed
    ]


def _ask(context: Context, handlers: Sequence[str]) -> tuple[dict[str, PluginError], list[str]]:
    """The errors by handler, and the handlers that were not asked for."""
    errors: dict[str, PluginError] = {}
    give_up = time.monotonic() + ASKING_SECONDS
    with LauncherProcess() as launcher:
        questions = PluginQuestions(context.settings, launcher)
        for number, handler in enumerate(handlers):
            if time.monotonic() > give_up:
                return errors, list(handlers[number:])
            context.progress(f"plugins: {handler} ({number + 1} of {len(handlers)})")
            try:
                questions.describe(handler)
            except PluginError as error:
                errors[handler] = error
    return errors, []


def judge_handlers(errors: Mapping[str, PluginError], users: Mapping[str, Sequence[str]]) -> list[Finding]:
    """A handler that does not load fails each run of its jobs."""
    return [
        wrong(
            f"{error} (job {some(users[handler])})",
            f"mend it until {command('connecthub', 'plugin', 'show', handler)} shows it; "
            f"or run {command('connecthub', 'job', 'edit', users[handler][0], '--handler', 'package.module:Class')}",
        )
        for handler, error in errors.items()
    ]
