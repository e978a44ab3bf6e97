"""What `plugin check` has done in a run's child: two plugins of its own, which load the plugin that is checked."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from connecthub.core.clock import FixedClock
from connecthub.errors import PluginError
from connecthub.jobs.base import BaseJob
from connecthub.plugins.describe import validated
from connecthub.plugins.discover import plugin_classes
from connecthub.plugins.manager import load_module, load_plugin
from connecthub.testing.canaries import found_in, leaves
from connecthub.testing.models import line_of, problems_of
from connecthub.testing.watching import PROCESSES, VARIABLES, ImportWitness, no_waiting, place, watch, words_of

SEEN = "connecthub.testing.seen"
"""The logger over which a drill says, in JSON, where it met a secret: never the secret."""
SHORTEST = 4
"""Characters below which a text is found in anything."""


class ImportProbe(BaseJob):
    """Import a module and try the models of its plugins."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
        """Return what the import did that none may do, its error, and the plugins with what is wrong with them."""
        sys.dont_write_bytecode = True
        witness = ImportWitness(params["folder"])
        watch(witness.hook)
        no_waiting(witness)
        module, error = None, None
        try:
            module = load_module(params["module"], params["extensions_dir"])
        except PluginError as met:
            error = str(met)
        witness.watching = False
        return {
            "seen": [asdict(each) for each in witness.seen],
            "error": None if witness.seen else error,
            "plugins": [_told(plugin) for plugin in plugin_classes(module)] if module else [],
        }


def _told(plugin: type[BaseJob]) -> dict[str, Any]:
    problems, schema = problems_of(plugin), None
    with suppress(Exception):  # a schema that cannot be made is among the problems
        schema = plugin.Secrets.model_json_schema() if plugin.Secrets else None
    return {
        "handler": f"{plugin.__module__}:{plugin.__name__}",
        "problems": problems,
        "secrets_schema": schema,
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
        context = self.context
        if params["virtual"]:
            clock = FixedClock(context.clock.now())
            context = replace(context, clock=clock, deadline=context.seconds_left())
        given = validated(plugin.Params, params["params"], "params"), validated(plugin.Secrets, secrets, "secrets")
        try:
            return plugin(context).run(*given)
        finally:
            spy.look_around()


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
        self._told: set[tuple[str, str, str, str]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a record."""
        if record.name != SEEN:
            with suppress(Exception):  # the log itself says what it could not write
                self._look("log", self.format(record), lambda: f"{record.pathname}:{record.lineno}")

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at an audit event."""
        if event in VARIABLES or event in PROCESSES:
            surface = "environment" if event in VARIABLES else "argv or environment of a process that it starts"
            for word in words_of(arguments):
                self._look(surface, word, lambda: place(sys._getframe(), self._folder))

    def look_around(self) -> None:
        """Look at this process as others may see it."""
        self._look("environment", "\n".join(f"{name}={value}" for name, value in os.environ.items()), str)
        with suppress(OSError):
            self._look("argv", Path("/proc/self/cmdline").read_text(errors="replace"), str)

    def _look(self, surface: str, text: str, where: Callable[[], str]) -> None:
        for name, form in found_in(text, self._secrets):
            told = (surface, name, form, where())
            if told not in self._told:
                self._told.add(told)
                self._log.info("%s", json.dumps(told))
