"""Answers about plugins, kept while no file that a child would import has changed."""

from __future__ import annotations

import copy
import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

FILES_MAX = 5000
"""A package of more files and folders is not looked through; its answers are not kept."""
ANSWERS_MAX = 500

Stamp = frozenset[tuple[str, int, int]]
"""Path, time and size of each file."""


def stamp_of(extensions_dir: Path, module: str) -> Stamp | None:
    """How the files of a module's top-level package are now; None where there are none, or too many to look at."""
    package = module.partition(".")[0]
    files: set[tuple[str, int, int]] = set()
    try:
        for path in _python_files(extensions_dir, package):
            seen = os.stat(path)
            files.add((path, seen.st_mtime_ns, seen.st_size))
    except (OSError, _TooMany):
        return None
    return frozenset(files) or None


class _TooMany(Exception):
    """There are more files than are worth a look."""


def _python_files(extensions_dir: Path, package: str) -> list[str]:
    found: list[str] = []
    seen = 0
    for folder, folders, names in os.walk(extensions_dir / package, followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__"]
        seen += len(folders) + len(names)
        if seen > FILES_MAX:  # a link to a folder above ends here too
            raise _TooMany
        found += [os.path.join(folder, name) for name in names if name.endswith(".py")]
    alone = extensions_dir / f"{package}.py"
    return [*found, str(alone)] if alone.is_file() else found


class Answers:
    """The newest answers, for any number of threads; each holds as long as its stamp does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Stamp, Any]] = OrderedDict()

    def known(self, question: str, stamp: Stamp | None) -> Any | None:
        """The answer to a question; None where there is none of these files."""
        with self._lock:
            kept = self._kept.get(question)
        return copy.deepcopy(kept[1]) if kept is not None and kept[0] == stamp else None

    def keep(self, question: str, stamp: Stamp | None, answer: Any) -> None:
        """Keep an answer; `stamp` was taken before the question was asked, so that no change meanwhile is lost."""
        if stamp is None:
            return
        with self._lock:
            self._kept[question] = (stamp, copy.deepcopy(answer))
            self._kept.move_to_end(question)
            while len(self._kept) > ANSWERS_MAX:
                self._kept.popitem(last=False)
