"""Fixtures that pytest finds by itself wherever ConnectHub is installed: a run, stand-ins, and the clock they share.

Nothing is imported until a test asks for one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from connecthub.core.clock import FixedClock
    from connecthub.integrations.sandbox.didi import DidiSandbox
    from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
    from connecthub.testing.running import JobRun


@pytest.fixture
def fixed_clock() -> FixedClock:
    """A clock that stands at Monday, 2026-01-05, 09:00 in Shanghai until somebody turns it or waits on it.

    def test_a_token_is_fetched_anew_after_a_quiet_hour(fixed_clock, seeyon, run_job):
        fixed_clock.advance(3600)
    """
    from datetime import UTC, datetime

    from connecthub.core.clock import FixedClock

    return FixedClock(datetime(2026, 1, 5, 1, 0, tzinfo=UTC))


@pytest.fixture
def run_job(fixed_clock: FixedClock) -> Callable[..., JobRun]:
    """`connecthub.testing.run_job` on the test's clock, so that what a client waits for passes at once.

    def test_it_greets(run_job):
        run = run_job(Hello, {"name": "you"}, dry_run=True).check()
        assert run.result == {"greeted": "you"}
        assert run.calls == []
    """
    from functools import partial

    from connecthub.testing import run_job

    return partial(run_job, clock=fixed_clock)


@pytest.fixture
def seeyon(fixed_clock: FixedClock) -> Iterator[SeeyonSandbox]:
    """A Seeyon stand-in with one unit and 60 members, which takes `sandbox-user` and `sandbox-password`.

    def test_it_reads_the_units(run_job, seeyon):
        secrets = {"user_name": "sandbox-user", "password": "sandbox-password"}
        run = run_job(ReadUnits, {"base_url": seeyon.base_url}, secrets).check()
        assert [call.path for call in run.calls] == [entry["path"] for entry in seeyon.journal]
    """
    from connecthub.integrations.sandbox.organisation import generate
    from connecthub.integrations.sandbox.seeyon import SeeyonSandbox

    with SeeyonSandbox(organisation=generate("small", seed=1), clock=fixed_clock) as sandbox:
        yield sandbox


@pytest.fixture
def didi(fixed_clock: FixedClock) -> Iterator[DidiSandbox]:
    """A DiDi stand-in without members; its client_id, client_secret, sign_key and company_id are
    `sandbox-client`, `sandbox-client-secret`, `sandbox-sign-key` and `1125900000000001`.

        def test_a_dry_run_adds_nobody(run_job, didi):
            run = run_job(AddMembers, {"base_url": didi.base_url}, DIDI_SECRETS, dry_run=True).check()
            assert [call.note for call in run.held_back] == ["add member D1001"]
    """
    from connecthub.integrations.sandbox.didi import DidiSandbox

    with DidiSandbox(clock=fixed_clock) as sandbox:
        yield sandbox
