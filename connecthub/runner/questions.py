"""Questions about a plugin, asked of a child: a plugin that hangs or exits at import harms nobody."""

from __future__ import annotations

from typing import Any

from connecthub.core.config import Settings
from connecthub.core.redact import Redactor
from connecthub.errors import InvalidSettings, PluginError, PluginImportError, PluginInvalid, PluginNotFound
from connecthub.plugins.discover import plugin_modules
from connecthub.plugins.manager import split_handler
from connecthub.runner.answers import Answers, Stamp, stamp_of
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.limits import limits_of
from connecthub.runner.outcome import Outcome
from connecthub.runner.protocol import Request
from connecthub.runner.run_log import RunLog
from connecthub.runner.supervise import Watch, supervise

QUESTION_SECONDS = 10.0
LOG_MAX = 64 * 1024


class PluginQuestions:
    """Asks `describe`, `validate` and `list`; the launcher is started with the first question.

    What a plugin says of itself is kept until a file of its package changes; errors and `validate` are not.
    """

    def __init__(self, settings: Settings, launcher: LauncherProcess) -> None:
        self._settings = settings
        self._launcher = launcher
        self._answers = Answers()

    def describe(self, handler: str) -> dict[str, Any]:
        """Doc, version, schemas and examples of a plugin; raises PluginError."""
        module, _ = split_handler(handler, self._settings.plugin_packages)
        question, stamp = f"describe {handler}", stamp_of(self._settings.extensions_dir, module)
        told = self._answers.known(question, stamp)
        if told is None:
            told = self._ask("describe", handler, {}, {}).description
            self._answers.keep(question, stamp, told)
        return told

    def list_all(self) -> list[dict[str, Any]]:
        """Every plugin below the allowed packages, as `describe` gives it and with its `handler`.

        A module that cannot be imported, or that hangs, is one row with `module` and `error`.
        """
        found: list[dict[str, Any]] = []
        folder, packages = self._settings.extensions_dir, self._settings.plugin_packages
        stamps = {package: stamp_of(folder, package) for package in {name.partition(".")[0] for name in packages}}
        for module in plugin_modules(folder, packages):
            found += self._plugins_of(module, stamps[module.partition(".")[0]])
        return found

    def _plugins_of(self, module: str, stamp: Stamp | None) -> list[dict[str, Any]]:
        question = f"list {module}"
        told = self._answers.known(question, stamp)
        if told is not None:
            return told
        outcome = self._put("list", module, {}, {})
        if not outcome.succeeded:
            return [{"module": module, "error": outcome.error or outcome.status}]
        self._answers.keep(question, stamp, outcome.plugins)
        return outcome.plugins

    def validate(self, handler: str, params: dict[str, Any], secrets: dict[str, Any]) -> None:
        """Raise PluginError where the plugin cannot be used, InvalidSettings where the values break its models."""
        fields = self._ask("validate", handler, params, secrets).fields
        if fields:
            listed = "; ".join(f"{field}: {message}" for field, message in fields.items())
            raise InvalidSettings(f"{handler} does not accept {listed}", fields)

    def _ask(self, ask: str, handler: str, params: dict[str, Any], secrets: dict[str, Any]) -> Outcome:
        split_handler(handler, self._settings.plugin_packages)
        outcome = self._put(ask, handler, params, secrets)
        if outcome.succeeded:
            return outcome
        raise _error_of(handler, outcome)

    def _put(self, ask: str, handler: str, params: dict[str, Any], secrets: dict[str, Any]) -> Outcome:
        settings = self._settings
        request = Request(
            ask,
            handler,
            settings.plugin_packages,
            str(settings.extensions_dir),
            params,
            secrets,
            QUESTION_SECONDS,
            limits=limits_of(settings),
        )
        redactor = Redactor.from_secrets(secrets)
        return supervise(self._launcher, request, Watch(RunLog(redactor, LOG_MAX), redactor), grace=1.0)


def _error_of(handler: str, outcome: Outcome) -> PluginError:
    """The error that the child met, as one of ours again; where the import raised, with the plugin's own traceback."""
    kind, _, reason = (outcome.error or outcome.status).partition(": ")
    told = f"handler {handler!r} cannot be used: {reason or kind}"
    if kind == "PluginImportError":
        return PluginImportError(told, outcome.traceback or "")
    return {"PluginNotFound": PluginNotFound, "PluginInvalid": PluginInvalid}.get(kind, PluginError)(told)
