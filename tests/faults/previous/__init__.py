"""Versions before this schema: the statements of the oldest, frozen, and their programs as git has them."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

COMMIT = "a914b14"
"""The newest commit whose schema is 0001: it knows no policies, no `ring_at`, and no sweep."""
RELEASE = "33443da"
"""The newest commit whose schema is 0004: the last before there were operators and channels of alerts."""
ROOT = Path(__file__).parents[3]


def statements(dialect: str) -> dict[str, str]:
    """The frozen statements by name; parameters are `:name` on SQLite and `%(name)s` on PostgreSQL."""
    text = (Path(__file__).parent / f"{dialect}.sql").read_text()
    found = re.findall(r"^-- ([a-z ]+)\n(.+?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return {name: statement.strip() for name, statement in found}


def is_known(commit: str) -> bool:
    """Whether this is a checkout that has the commit."""
    asked = ["git", "-C", str(ROOT), "cat-file", "-e", f"{commit}^{{commit}}"]
    try:
        return subprocess.run(asked, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def install(folder: Path, commit: str) -> str:
    """Install a version's program with this interpreter's packages; returns the path of a Python that runs it.

    An environment of its own: what starts the launcher passes neither PYTHONPATH nor the working folder on.
    """
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit, "connecthub"], check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder / "source", filter="data")
    venv.create(folder / "venv", symlinks=True)
    (site_packages,) = (folder / "venv").glob("lib/python*/site-packages")
    packages = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages / "previous.pth").write_text("\n".join([str(folder / "source"), *packages]))
    return str(folder / "venv/bin/python")
