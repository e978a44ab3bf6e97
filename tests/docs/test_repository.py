"""The repository fixes no place to download from: whoever installs it uses the index of their own machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from tests.docs import ROOT

# Written so that no pattern matches itself.
REGISTRY = re.compile(rb"\bpypi\.|/pypi[/]|pythonhosted\.|npmjs\.|yarnpkg\.|anaconda\.org|index[-_]url")
LOCK_FILE = re.compile(r".*\.lock|pylock.*\.toml|package-lock\.json|pnpm-lock\.yaml")


def repository_files() -> Iterator[Path]:
    """All files but those that .gitignore names; without git, which a bare machine lacks."""
    ignored = [".git", *(line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines())]

    def kept(names: list[str]) -> list[str]:
        return [name for name in names if not any(fnmatch(name, pattern) for pattern in ignored)]

    for folder, folders, names in os.walk(ROOT):
        folders[:] = kept(folders)
        yield from (Path(folder, name) for name in kept(names))


def test_no_file_holds_the_address_of_a_package_registry() -> None:
    files = list(repository_files())
    assert ROOT / "pyproject.toml" in files
    assert [str(file) for file in files if REGISTRY.search(file.read_bytes())] == []


def test_no_lock_file_is_in_the_repository() -> None:
    assert [str(file) for file in repository_files() if LOCK_FILE.fullmatch(file.name)] == []
