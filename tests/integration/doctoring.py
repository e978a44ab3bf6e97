"""A patient: what a check of `connecthub doctor` says, and a person who does what it says."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable

from connecthub.core.config import Settings
from connecthub.errors import ConfigError
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.examine import checks_named, examine, worst
from connecthub.service.doctor.finding import Finding, State
from tests.integration.conftest import Installation

COMMAND_SECONDS = 60.0
SECONDS = 60.0
OK, UNKNOWN, WARNING, WRONG = State

embedded = pytest.mark.parametrize("installation", ["embedded"], indirect=True)
production = pytest.mark.parametrize("installation", ["production"], indirect=True)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that")


def asked(given: Settings | ConfigError, name: str, **context: Any) -> Sequence[Finding]:
    """What one check says."""
    context.setdefault("env_file", None)
    looking = Context(given, **context)
    try:
        ((_, found),) = examine(looking, checks_named([name]))
        return found
    finally:
        looking.close()


def one(given: Settings | ConfigError, name: str, state: State, *words: str, **context: Any) -> Finding:
    """The one finding of a check, which must be of that state and say these words in what was found or the remedy."""
    found = asked(given, name, **context)
    assert [each.state for each in found] == [state], found
    missing = [word for word in words if word not in f"{found[0].found}\n{found[0].remedy}"]
    assert not missing, (missing, found)
    assert bool(found[0].remedy) == (state in (State.WARNING, State.WRONG)), found
    return found[0]


def commands(finding: Finding) -> list[str]:
    """The commands that a remedy prints."""
    return re.findall(r"`([^`]+)`", finding.remedy)


class Person:
    """Types what a remedy prints into a shell, in a folder and with the settings of an installation."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = {**environment, "PATH": path}
        self.folder = folder

    def follow(self, finding: Finding, number: int = 0, stdin: str = "", **words: str) -> None:
        """Run a command of the remedy, with `words` in place of the ones that it leaves open."""
        command = commands(finding)[number]
        for word, value in words.items():
            assert word in command, (word, command)
            command = command.replace(word, value)
        ran = subprocess.run(
            ["sh", "-c", command],
            input=stdin,
            text=True,
            capture_output=True,
            env=self.environment,
            cwd=self.folder,
            timeout=COMMAND_SECONDS,
        )
        assert ran.returncode == 0, (command, ran.stdout, ran.stderr)


def person_of(installation: Installation) -> Person:
    """Somebody at a shell of the installation's host."""
    return Person(installation.environment(), installation.settings.data_dir)


def execute(installation: Installation, statement: Executable) -> None:
    """Change the database behind everybody's back."""
    with installation.database.write() as connection:
        connection.execute(statement)


def with_settings(installation: Installation, **changes: Any) -> Settings:
    """The installation's settings, some of them changed."""
    return installation.settings.model_copy(update=changes)


def until(settings: Settings, name: str, state: State, words: str = "") -> Sequence[Finding]:
    """Ask a check until the worst that it says is `state`, and one of its findings has the words."""
    give_up = time.monotonic() + SECONDS
    while True:
        found = asked(settings, name)
        if worst(found) == state and any(words in each.found for each in found):
            return found
        assert time.monotonic() < give_up, found
        select.select([], [], [], 0.2)
