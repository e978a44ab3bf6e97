"""What plugin authors use in their own tests; as pytest fixtures: connecthub.testing.fixtures.

from connecthub.testing import run_job

def test_it_greets():
    run = run_job(Hello, {"name": "you"}).check()
    assert run.result == {"greeted": "you"}
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connecthub.core.clock import FixedClock
    from connecthub.testing.running import JobRun, Progress, run_job

__all__ = ["FixedClock", "JobRun", "Progress", "run_job"]


def __getattr__(name: str) -> Any:
    """Import at first use: pytest loads this room in every suite of a machine that has ConnectHub."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "connecthub.core.clock" if name == "FixedClock" else "connecthub.testing.running"
    return getattr(importlib.import_module(home), name)
