"""FixedClock, which threads share."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from connecthub.core.clock import FixedClock

LATER = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_a_step_that_comes_during_an_advance_is_not_lost() -> None:
    class Noon(datetime):
        """A time to which something is added while somebody steps the clock."""

        def __add__(self, more: timedelta) -> Noon:
            step.start()
            step.join(0.05)
            return super().__add__(more)

    clock = FixedClock(Noon(2026, 11, 24, 12, tzinfo=UTC))
    step = threading.Thread(target=clock.set, args=(LATER,))
    clock.advance(1)
    step.join()
    assert clock.now() == LATER
