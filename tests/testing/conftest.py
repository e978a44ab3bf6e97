"""What the tests of `plugin check` share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connecthub.runner.launcher_process import LauncherProcess
from tests.testing.workshop import Workshop


@pytest.fixture(scope="module")
def launcher() -> Iterator[LauncherProcess]:
    with LauncherProcess() as launcher:
        yield launcher


@pytest.fixture
def workshop(tmp_path: Path, launcher: LauncherProcess) -> Workshop:
    return Workshop(tmp_path, launcher)
