"""The plugins that are found, with the jobs that use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connecthub.control.form_fields import Field, model_fields
from connecthub.db.engine import Database
from connecthub.db.handlers import count_by_handler
from connecthub.errors import PluginError, PluginImportError, PluginNotFound
from connecthub.runner.questions import PluginQuestions

NO_CLASS = "Plugin"
"""A class that is asked for only to have its module imported."""


@dataclass(frozen=True)
class Plugin:
    """A plugin, a module that cannot be imported, or a handler of jobs that is neither."""

    handler: str
    """`module:Class`; of a broken module its name alone."""
    jobs: int
    """How many name it."""
    version: str = ""
    doc: str = ""
    params: Sequence[Field] | None = None
    """None where it takes any JSON object; of secrets too."""
    secrets: Sequence[Field] | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    """Why it cannot be imported."""
    module: bool = False
    """Whether it is a module that cannot be imported."""
    missing: bool = False
    """Whether jobs name it and no such plugin is found."""

    @property
    def broken(self) -> bool:
        """Whether it cannot be used."""
        return self.module or self.missing


def list_plugins(questions: PluginQuestions, database: Database) -> list[Plugin]:
    """All plugins by their handler; what cannot be used comes first. Each module is imported in a child of its own."""
    with database.read() as connection:
        used = _counted(count_by_handler(connection))
    found = [_plugin(told, used) for told in questions.list_all()]
    handlers = {plugin.handler for plugin in found}
    missing = [
        Plugin(handler, count, missing=True)
        for handler, count in used.items()
        if handler not in handlers and _module_of(handler) not in handlers
    ]
    return sorted([*found, *missing], key=lambda plugin: (not plugin.broken, plugin.handler))


def load_error(questions: PluginQuestions, plugin: Plugin) -> tuple[str, str]:
    """Why a plugin cannot be used now, and its own part of the traceback; both empty where it can."""
    try:
        questions.describe(f"{plugin.handler}:{NO_CLASS}" if plugin.module else plugin.handler)
    except PluginImportError as error:
        return _reason(error), error.plugin_traceback
    except PluginNotFound as error:
        return ("", "") if plugin.module else (_reason(error), "")
    except PluginError as error:
        return _reason(error), ""
    return "", ""


def _plugin(told: Mapping[str, Any], used: Mapping[str, int]) -> Plugin:
    if "module" in told:
        module = told["module"]
        jobs = sum(count for handler, count in used.items() if _module_of(handler) == module)
        reason = told["error"].removeprefix(f"PluginImportError: import of {module} raised ")
        return Plugin(module, jobs, error=reason, module=True)
    params, secrets = told["params_schema"], told["secrets_schema"]
    return Plugin(
        told["handler"],
        used.get(told["handler"], 0),
        told["version"],
        told["doc"],
        None if params is None else model_fields("params", params),
        None if secrets is None else model_fields("secrets", secrets),
        told["examples"],
    )


def _reason(error: PluginError) -> str:
    return str(error).partition(" cannot be used: ")[2] or str(error)


def _counted(named: Mapping[str, int]) -> dict[str, int]:
    """The counts by `module:Class`, however jobs spell it."""
    counts: dict[str, int] = {}
    for handler, count in named.items():
        plain = handler if ":" in handler else ":".join(handler.rsplit(".", 1))
        counts[plain] = counts.get(plain, 0) + count
    return counts


def _module_of(handler: str) -> str:
    return handler.partition(":")[0]
