"""Which plugins there may be: modules by their files, classes by a question to a child."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from connecthub.jobs.base import BaseJob
from connecthub.plugins.describe import describe


def plugin_modules(extensions_dir: Path, packages: Sequence[str]) -> Iterator[str]:
    """Names of the modules below the allowed packages, by their files: nothing is imported.

    Left out are names with an underscore in front, and tests.
    """
    for package in packages:
        folder = extensions_dir.joinpath(*package.split("."))
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if all(part.isidentifier() and not is_hidden(part) for part in parts):
                yield ".".join([package, *parts])


def is_hidden(name: str) -> bool:
    """Whether no plugin is looked for in a module or folder of this name: it has an underscore in front, or tests."""
    return name.startswith(("_", "test_")) or name in ("test", "tests")


def plugin_classes(module: ModuleType) -> list[type[BaseJob]]:
    """The plugin classes that a module defines itself."""
    return [each for each in _own_classes(module) if not inspect.isabstract(each)]


def abstract_classes(module: ModuleType) -> list[type[BaseJob]]:
    """The classes that a module defines itself and that would be plugins if they had a `run`."""
    return [each for each in _own_classes(module) if inspect.isabstract(each)]


def _own_classes(module: ModuleType) -> list[type[BaseJob]]:
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, BaseJob) and value.__module__ == module.__name__
    ]


def plugins_of(module: ModuleType) -> list[dict[str, Any]]:
    """Each plugin class that a module defines itself: its handler, and what it says of itself."""
    return [
        {"handler": f"{module.__name__}:{plugin.__name__}", **describe(plugin)} for plugin in plugin_classes(module)
    ]
