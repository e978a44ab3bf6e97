"""The installation on both stacks, with leases of a few seconds."""

from __future__ import annotations

import pytest

from tests.faults.fleet import QUICK
from tests.integration.conftest import installation, launcher

__all__ = ["installation", "launcher"]


@pytest.fixture(autouse=True)
def quick_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every process that a test starts short leases."""
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
