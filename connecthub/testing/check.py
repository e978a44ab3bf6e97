"""`plugin check`: what a plugin must keep to, tried in children of its own; nothing is sent but reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from connecthub.core.config import Settings
from connecthub.core.redact import Redactor
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.limits import limits_of
from connecthub.runner.outcome import Outcome
from connecthub.runner.protocol import Request
from connecthub.runner.run_log import RunLog
from connecthub.runner.supervise import Watch, supervise
from connecthub.testing.boundaries import breaches
from connecthub.testing.canaries import CanarySecrets
from connecthub.testing.drill import Drilled, Leak, drill
from connecthub.testing.target import Target, find_target

IMPORT_SECONDS = 10.0
_FRAME = re.compile(r'File "(.+)", line (\d+)')

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """What a check found; `where` is file:line or empty."""

    check: str
    state: State
    text: str
    where: str = ""


@dataclass(frozen=True)
class Drilling:
    """What a leak drill runs a plugin with."""

    params: Mapping[str, Any] | None = None
    """None: the plugin's first example, or else its defaults."""
    secrets: Mapping[str, Any] = field(default_factory=dict)
    """Empty: canaries."""
    seconds: float = 60.0


class PluginCheck:
    """Checks one plugin; each check gives its findings, at least one, in words for its author."""

    def __init__(self, settings: Settings, launcher: LauncherProcess, name: str) -> None:
        """Raises PluginNotFound where there are no such files."""
        self._settings = settings
        self._launcher = launcher
        self._target: Target = find_target(name, settings.plugin_packages, settings.extensions_dir)

    def findings(self, drilling: Drilling) -> Iterator[Finding]:
        """Every check in order; models and drill are left out where an import failed."""
        yield from self._boundaries()
        probed = [self._probe(module) for module in self._target.modules]
        yield from _once([finding for _, findings in probed for finding in findings], self._imports_ok)
        plugins = [plugin for told, _ in probed for plugin in told if self._target.handler in (None, plugin["handler"])]
        if any(findings for _, findings in probed):
            return
        if not plugins:
            yield self._finding("import", "failed", self._no_plugin())
        for plugin in plugins:
            yield from self._models(plugin)
            yield from self._drill(plugin, drilling)

    def _finding(self, check: str, state: State, text: str, where: str = "") -> Finding:
        return Finding(check, state, text, self._target.shown(where))

    def _boundaries(self) -> Iterator[Finding]:
        found = breaches(self._target.files, self._settings.extensions_dir)
        for breach in found:
            yield self._finding("boundaries", "failed", breach.text, f"{breach.file}:{breach.line}")
        if not found:
            yield self._finding("boundaries", "ok", f"{_count(self._target.files, 'file')} import what a plugin may")

    def _probe(self, module: str) -> tuple[list[dict[str, Any]], list[Finding]]:
        """Import a module in a child; what its plugins are like, and what is wrong with the import."""
        given = {"module": module, "extensions_dir": str(self._settings.extensions_dir)}
        outcome = self._put("ImportProbe", given, {}, IMPORT_SECONDS)
        if not outcome.succeeded:
            text = f"import of {module} {_not_ended(outcome)}; do the work in run"
            return [], [self._finding("import", "failed", text, str(self._target.folder))]
        told = json.loads(outcome.result or "{}")
        found = [
            self._finding("import", "failed", f"{seen['what']} when it is imported; do it in run", seen["where"])
            for seen in told["seen"]
        ]
        if told["error"]:
            found.append(self._finding("import", "failed", f"{told['error']}; mend it"))
        return told["plugins"], found

    def _imports_ok(self) -> Finding:
        modules = _count(self._target.modules, "module")
        return self._finding("import", "ok", f"{modules}, no network, sleep, thread, process or write when imported")

    def _no_plugin(self) -> str:
        wanted = self._target.handler or "a class that inherits BaseJob"
        return f"{', '.join(self._target.modules) or self._target.folder} has no {wanted}; write it, or check the name"

    def _models(self, plugin: Mapping[str, Any]) -> Iterator[Finding]:
        for where, text in plugin["problems"]:
            yield self._finding("models", "failed", text, where)
        if not plugin["problems"]:
            examples = _count(range(plugin["examples"]), "example")
            yield self._finding("models", "ok", f"{_class(plugin)}: params, secrets and {examples} fit their models")

    def _drill(self, plugin: Mapping[str, Any], drilling: Drilling) -> Iterator[Finding]:
        secrets = dict(drilling.secrets) or CanarySecrets(plugin["secrets_schema"] or {}).values
        given = {
            "handler": plugin["handler"],
            "packages": self._settings.plugin_packages,
            "extensions_dir": str(self._settings.extensions_dir),
            "params": plugin["example"] if drilling.params is None else drilling.params,
            "virtual": not drilling.secrets,
        }
        drilled = drill(self._launcher, self._request("DrillProbe", given, secrets, drilling.seconds))
        if drilled.outcome.fingerprint and "InvalidSettings" in drilled.outcome.fingerprint:
            reason = (drilled.outcome.error or "").partition(": ")[2]
            text = f"{_class(plugin)} was not run: {reason}; write an example, or give --params and --secrets that fit"
            yield self._finding("leak drill", "failed", text, plugin["where"])
            return
        for leak in drilled.leaks:
            yield self._leak(leak, leak.where or self._raised_at(drilled.outcome, leak) or plugin["where"])
        if not drilled.leaks:
            yield self._finding("leak drill", "ok", f"{_class(plugin)}: {_nowhere(drilled)}")

    def _leak(self, leak: Leak, where: str) -> Finding:
        shows = f"secret {leak.name} shows in the {leak.surface} ({leak.form})"
        if leak.masked:
            return self._finding("leak drill", "warning", f"{shows}; a JobLog has it masked, yet leave it out", where)
        return self._finding("leak drill", "failed", f"{shows}, and nothing masks it there; leave it out", where)

    def _raised_at(self, outcome: Outcome, leak: Leak) -> str:
        """Where the plugin's own code stood when it raised."""
        if leak.surface not in ("error", "traceback"):
            return ""
        frames = _FRAME.findall(outcome.traceback or "")
        own = [f"{file}:{line}" for file, line in frames if Path(file).is_relative_to(self._target.folder)]
        return own[-1] if own else ""

    def _put(self, probe: str, params: dict[str, Any], secrets: dict[str, Any], seconds: float) -> Outcome:
        redactor = Redactor()
        watch = Watch(RunLog(redactor, 64 * 1024), redactor)
        return supervise(self._launcher, self._request(probe, params, secrets, seconds), watch, grace=1.0)

    def _request(self, probe: str, params: dict[str, Any], secrets: dict[str, Any], seconds: float) -> Request:
        return Request(
            ask="run",
            handler=f"connecthub.testing.probes:{probe}",
            packages=("connecthub.testing",),
            extensions_dir=str(self._settings.extensions_dir),
            params={**params, "folder": str(self._target.folder)},
            secrets=secrets,
            timeout=seconds,
            job=f"check of {params.get('handler', params.get('module'))}",
            dry_run=True,
            idempotency_key="connecthub-plugin-check",
            log_level="DEBUG",
            limits=limits_of(self._settings),
        )


def _once(findings: list[Finding], ok: Callable[[], Finding]) -> list[Finding]:
    """Each finding once: modules import each other."""
    return list(dict.fromkeys(findings)) or [ok()]


def _class(plugin: Mapping[str, Any]) -> str:
    return str(plugin["handler"]).rpartition(":")[2]


def _count(things: Sized, what: str) -> str:
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"


def _not_ended(outcome: Outcome) -> str:
    if outcome.status == "timed_out":
        return f"takes longer than {IMPORT_SECONDS:g} s"
    return f"ended its process ({outcome.error})"


def _nowhere(drilled: Drilled) -> str:
    outcome = drilled.outcome
    run = "succeeded" if outcome.succeeded else f"{outcome.status} with {outcome.error}"
    if not drilled.secrets:
        return f"no secrets to look for (give some with --secrets); its dry run {run}"
    return f"{_count(drilled.secrets, 'secret')} nowhere to be seen; its dry run {run}"
