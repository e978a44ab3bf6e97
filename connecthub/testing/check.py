"""`plugin check`: what a plugin must keep to, tried in children of its own; nothing is sent but reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence, Sized
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
from connecthub.testing.boundaries import NO_PYTHON, breaches
from connecthub.testing.canaries import CanarySecrets
from connecthub.testing.drill import Drilled, Leak, drill
from connecthub.testing.probes import FRAME, PATH
from connecthub.testing.target import Target, find_target

IMPORT_SECONDS = 10.0
_PLACE = re.compile(r" at \S[^:]*:\d+$")
"""The end of a message that has its place beside it."""

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
        bounds = list(self._boundaries())
        yield from bounds
        probed = [self._probe(module) for module in self._target.modules]
        failed = [finding for each in probed for finding in each.findings]
        told = {finding.where for finding in bounds if finding.text.startswith(NO_PYTHON)}
        yield from (finding for finding in _once(failed) if finding.where not in told)
        if failed:
            return
        yield self._imports_ok()
        plugins = [plugin for each in probed for plugin in each.plugins if self._is_meant(plugin)]
        unfinished = list(self._unfinished(probed))
        yield from unfinished
        if not plugins and not unfinished:
            yield self._finding("import", "failed", self._no_plugin())
        for plugin in plugins:
            yield from self._models(plugin)
            if plugin["drillable"]:
                yield from self._drill(plugin, drilling)

    def _is_meant(self, plugin: Mapping[str, Any]) -> bool:
        return self._target.handler in (None, plugin["handler"])

    def _unfinished(self, probed: Sequence[_Probed]) -> Iterator[Finding]:
        """The classes without a `run`, but those that another plugin inherits."""
        bases = {base for each in probed for plugin in each.plugins for base in plugin["bases"]}
        for plugin in (plugin for each in probed for plugin in each.abstract):
            if self._is_meant(plugin) and plugin["handler"] not in bases:
                missing = ", ".join(plugin["missing"])
                text = f"{_class(plugin)} is abstract: it does not define {missing}; write it, with this name"
                yield self._finding("import", "failed", text, plugin["where"])

    def _finding(self, check: str, state: State, text: str, where: str = "") -> Finding:
        return Finding(check, state, text, self._target.shown(where))

    def _boundaries(self) -> Iterator[Finding]:
        found = breaches(self._target.files, self._settings.extensions_dir)
        for breach in found:
            yield self._finding("boundaries", "failed", breach.text, f"{breach.file}:{breach.line}")
        files = f"{_count(self._target.files, 'file')} import{'s' if len(self._target.files) == 1 else ''}"
        if not found:
            yield self._finding("boundaries", "ok", f"{files} what a plugin may")

    def _probe(self, module: str) -> _Probed:
        """Import a module in a child."""
        given = {"module": module, "extensions_dir": str(self._settings.extensions_dir)}
        outcome = self._put("ImportProbe", given, {}, IMPORT_SECONDS)
        if not outcome.succeeded:
            text = f"import of {module} {_not_ended(outcome)}; do the work in run"
            return _Probed([], [], [self._finding("import", "failed", text, str(self._target.folder))])
        told = json.loads(outcome.result or "{}")
        found = [
            self._finding("import", "failed", f"{seen['what']} when it is imported; do it in run", seen["where"])
            for seen in told["seen"]
        ]
        if told["error"]:
            text = _PLACE.sub("", told["error"]) if told["where"] else told["error"]
            found.append(self._finding("import", "failed", f"{text}; mend it", told["where"]))
        return _Probed(told["plugins"], told["abstract"], found)

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
        raised_at = self._raised_at(drilled.outcome)
        if drilled.outcome.fingerprint and "InvalidSettings" in drilled.outcome.fingerprint:
            needless = plugin["secretless"] and drilling.params is None
            reason = (drilled.outcome.error or "").partition(": ")[2]
            text = f"{_class(plugin)} was not run: {reason}; write an example, or give --params and --secrets that fit"
            yield self._finding("leak drill", "warning" if needless else "failed", text, plugin["where"])
            return
        for leak in drilled.leaks:
            raised = raised_at if leak.surface in ("error", "traceback") else ""
            yield self._leak(leak, leak.where or raised or plugin["where"])
        if drilled.unfit:
            text = f"{_class(plugin)}: it did not work: {_why(drilled)}"
            yield self._finding("leak drill", "warning", text, raised_at or plugin["where"])
        elif not drilled.leaks:
            yield self._finding("leak drill", "ok", f"{_class(plugin)}: {_nowhere(drilled)}")

    def _leak(self, leak: Leak, where: str) -> Finding:
        shows = f"secret {leak.name} shows in the {leak.surface} ({leak.form})"
        if leak.surface == PATH:
            remedy = "the other side's own log keeps it; send it in a header or a body, or hide it with shown_path"
            return self._finding("leak drill", "failed", f"{shows}, and {remedy}", where)
        if leak.masked:
            return self._finding("leak drill", "warning", f"{shows}; a JobLog has it masked, yet leave it out", where)
        return self._finding("leak drill", "failed", f"{shows}, and nothing masks it there; leave it out", where)

    def _raised_at(self, outcome: Outcome) -> str:
        """Where the plugin's own code stood when it raised."""
        frames = FRAME.findall(outcome.traceback or "")
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


@dataclass(frozen=True)
class _Probed:
    """What a module's plugins are like, its classes that are not finished, and what is wrong with its import."""

    plugins: list[dict[str, Any]]
    abstract: list[dict[str, Any]]
    findings: list[Finding]


def _once(findings: list[Finding]) -> list[Finding]:
    """One finding for each place: modules import each other."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.where or finding.text, finding)
    return list(first.values())


def _class(plugin: Mapping[str, Any]) -> str:
    return str(plugin["handler"]).rpartition(":")[2]


def _count(things: Sized, what: str) -> str:
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"


def _why(drilled: Drilled) -> str:
    """In what it ended, or what it returned."""
    outcome = drilled.outcome
    if outcome.succeeded:
        return drilled.unfit
    return f"{outcome.status} with {outcome.error}; mend it, or give --params and --secrets that it works with"


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
