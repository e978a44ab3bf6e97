"""A short soak; `python -m tests.faults.soak --minutes 10` is the long one."""

from __future__ import annotations

import random

import pytest

from tests.bench.harness import Servers
from tests.bench.installation import STACKS
from tests.faults.soak import soak

MINUTES = 0.5


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("stack", STACKS)
def test_nothing_is_lost_doubled_stuck_or_leaked(stack: str):
    with Servers() as servers:
        found = soak(servers, stack, MINUTES, random.Random(20261124))
    assert not found.bad, str(found)
    assert found.kills
    assert found.runs
