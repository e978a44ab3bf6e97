"""What `plugin check` has done in a run's child: two plugins of its own, which load the plugin that is checked."""

from __future__ import annotations

import inspect
import json
import logging
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from connecthub.core.clock import FixedClock
from connecthub.errors import IntegrationError, PluginError, PluginImportError
from connecthub.jobs.base import BaseJob, Reporter, Retry
from connecthub.plugins.describe import validated
from connecthub.plugins.discover import abstract_classes, plugin_classes
from connecthub.plugins.manager import load_module, load_plugin, model_fault
from connecthub.runner.result import encode_result
from connecthub.testing.canaries import found_in, leaves
from connecthub.testing.models import line_of, problems_of
from connecthub.testing.watching import PROCESSES, VARIABLES, ImportWitness, no_waiting, place, watch, words_of

SEEN = "connecthub.testing.seen"
"""The logger over which a drill says, in JSON, where it met a secret: never the secret."""
UNFIT = "connecthub.testing.unfit"
"""The logger over which a drill says that the plugin's own code is to be mended, and why."""
SHORTEST = 4
"""Characters below which a text is found in anything."""
PATH = "URL path of a call"
NOTE = "note of a call"
FRAME = re.compile(r'File "(.+)", line (\d+)')


class ImportProbe(BaseJob):
    """Import a module and try the models of its plugins."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
        """Return what the import did that none may do, its error, and the plugins with what is wrong with them."""
        sys.dont_write_bytecode = True
        witness = ImportWitness(params["folder"])
        watch(witness.hook)
        no_waiting(witness)
        module, error, where = None, None, ""
        try:
            module = load_module(params["module"], params["extensions_dir"])
        except PluginError as met:
            error, where = str(met), _raised_at(met, params["folder"])
        witness.watching = False
        return {
            "seen": [asdict(each) for each in witness.seen],
            "error": None if witness.seen else error,
            "where": where,
            "plugins": [_told(plugin) for plugin in plugin_classes(module)] if module else [],
            "abstract": [_told_abstract(plugin) for plugin in abstract_classes(module)] if module else [],
        }


def _raised_at(error: PluginError, folder: str) -> str:
    """`file:line` of the innermost frame in the plugin's folder, or of its syntax error."""
    frames = FRAME.findall(error.plugin_traceback) if isinstance(error, PluginImportError) else []
    own = [f"{file}:{line}" for file, line in frames if Path(file).is_relative_to(folder)]
    return own[-1] if own else ""


def _told_abstract(plugin: type[BaseJob]) -> dict[str, Any]:
    return {"handler": _handler(plugin), "missing": sorted(plugin.__abstractmethods__), "where": line_of(plugin)}


def _handler(plugin: type) -> str:
    return f"{plugin.__module__}:{plugin.__name__}"


def _told(plugin: type[BaseJob]) -> dict[str, Any]:
    problems, schema = problems_of(plugin), None
    with suppress(Exception):  # a schema that cannot be made is among the problems
        schema = plugin.Secrets.model_json_schema() if plugin.Secrets else None
    return {
        "handler": _handler(plugin),
        "bases": [_handler(each) for each in plugin.__mro__[1:]],
        "problems": problems,
        "secrets_schema": schema,
        "secretless": plugin.Secrets is None,
        "drillable": not model_fault(plugin),
        "example": next(iter(plugin.examples.values()), {}),
        "examples": len(plugin.examples),
        "where": line_of(plugin, "run"),
    }


class DrillProbe(BaseJob):
    """Run a plugin in a dry run and say where its secrets showed that no log would tell of."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any] | None:
        """Return what the plugin returns, or raise what it raises."""
        plugin = load_plugin(params["handler"], params["packages"], params["extensions_dir"])
        spy = _Spy(params["folder"], drilled(secrets))
        watch(spy.hook)
        logging.getLogger().addHandler(spy)
        context = replace(self.context, reporter=_SeenCalls(self.context.reporter, spy))
        if params["virtual"]:
            clock = FixedClock(context.clock.now())
            context = replace(context, clock=clock, deadline=context.seconds_left())
        given = validated(plugin.Params, params["params"], "params"), validated(plugin.Secrets, secrets, "secrets")
        try:
            result = plugin(context).run(*given)
        except BaseException as error:
            if not _is_expected(error, plugin):
                logging.getLogger(UNFIT).info("%s", type(error).__name__)
            raise
        finally:
            spy.look_around()
        if wrong := _wrong_result(result):
            logging.getLogger(UNFIT).info("%s", wrong)
        return None if inspect.iscoroutine(result) else result


def _is_expected(error: BaseException, plugin: type[BaseJob]) -> bool:
    """Whether it is the outside system's failure, or one that the plugin has a class for."""
    package = plugin.__module__.rpartition(".")[0]
    return isinstance(error, IntegrationError | Retry) or f"{type(error).__module__}.".startswith(f"{package}.")


def _wrong_result(result: object) -> str:
    """What is wrong with what `run` returned; empty where it is a dict that JSON has, or None."""
    if inspect.iscoroutine(result):
        result.close()
        return "run is a coroutine that nobody awaits; write def run, not async def run"
    if result is not None and not isinstance(result, dict):
        return f"run returned {type(result).__name__}; return a dict or None"
    if encode_result(result)["no_json"]:
        return "run returned a dict that is no JSON; put texts, numbers and lists into it"
    return ""


class _SeenCalls:
    """The run's reporter, with a look at each call while it is known which line made it."""

    def __init__(self, reporter: Reporter, spy: _Spy) -> None:
        self.progress, self.secret, self.turn = reporter.progress, reporter.secret, reporter.turn
        self._reporter = reporter
        self._spy = spy

    def call(self, record: dict[str, Any]) -> None:
        """Report one call to an outside system."""
        self._spy.look_at_call(record)
        self._reporter.call(record)


def drilled(secrets: dict[str, Any]) -> dict[str, str]:
    """The secrets that a drill looks for, by their paths."""
    return {name: text for name, text in leaves(secrets).items() if len(text) >= SHORTEST}


class _Spy(logging.Handler):
    """Looks for secrets in log records, in what new processes are given, and in the environment."""

    def __init__(self, folder: str, secrets: dict[str, str]) -> None:
        super().__init__()
        self._folder = folder
        self._secrets = secrets
        self._log = logging.getLogger(SEEN)
        self._told: set[tuple[str, str, str]] = set()
        self._seen: set[tuple[str, str]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a record."""
        if record.name not in (SEEN, UNFIT):
            at = f"{record.pathname}:{record.lineno}"
            with suppress(Exception):  # the log itself says what it could not write
                self._look("log", self.format(record), lambda: place(sys._getframe(), self._folder) or at)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at an audit event."""
        if event in VARIABLES or event in PROCESSES:
            surface = "environment" if event in VARIABLES else "argv or environment of a process that it starts"
            for word in words_of(arguments):
                self._look(surface, word, lambda: place(sys._getframe(), self._folder))

    def look_at_call(self, record: dict[str, Any]) -> None:
        """Look at a call's record: its path stands in the other side's own log, whatever a JobLog masks."""
        for surface, text in ((PATH, record["path"]), (NOTE, record["note"])):
            self._look(surface, text, lambda: place(sys._getframe(), self._folder))

    def look_around(self) -> None:
        """Look at this process as others may see it."""
        self._look("environment", "\n".join(f"{name}={value}" for name, value in os.environ.items()), str)
        with suppress(OSError):
            self._look("argv", Path("/proc/self/cmdline").read_text(errors="replace"), str)

    def _look(self, surface: str, text: str, where: Callable[[], str]) -> None:
        for name, form in found_in(text, self._secrets):
            at = where()
            if (surface, name, at) not in self._told and (at or (surface, name) not in self._seen):
                self._told.add((surface, name, at))
                self._seen.add((surface, name))
                self._log.info("%s", json.dumps((surface, name, form, at)))
