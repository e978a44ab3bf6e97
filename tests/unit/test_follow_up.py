"""What follows a run that did not succeed: the decision alone, by table and by property."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connecthub.schedule.follow_up import RETRY_DELAY_MAX, Failure, FollowUp, RetryPolicy, follow_up

TWICE = RetryPolicy(max_retries=2, delay=60, backoff=2)
FIRST = Failure(
    attempt=1,
    cancel_requested=False,
    by_person=False,
    never_started=False,
    started_over=False,
    later_slot_queued=False,
    every_slot_counts=False,
    retry_after=None,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, FollowUp(attempt=2, delay=60)),
        ({"attempt": 2}, FollowUp(attempt=3, delay=120)),
        ({"attempt": 3}, FollowUp(alert=True)),
        ({"retry_after": 5.0}, FollowUp(attempt=2, delay=5)),
        ({"retry_after": 0.0}, FollowUp(attempt=2)),
        ({"attempt": 3, "retry_after": 5.0}, FollowUp(alert=True)),
        ({"later_slot_queued": True}, FollowUp(alert=True)),
        ({"later_slot_queued": True, "every_slot_counts": True}, FollowUp(attempt=2, delay=60)),
        ({"cancel_requested": True, "by_person": True}, FollowUp()),
        ({"cancel_requested": True, "by_person": True, "never_started": True}, FollowUp()),
        ({"cancel_requested": True}, FollowUp(alert=True)),
        ({"never_started": True}, FollowUp(attempt=1)),
        ({"never_started": True, "attempt": 3}, FollowUp(attempt=3)),
        ({"never_started": True, "started_over": True}, FollowUp(attempt=2, delay=60)),
        ({"never_started": True, "started_over": True, "attempt": 3}, FollowUp(alert=True)),
    ],
)
def test_what_follows(changes: dict, expected: FollowUp):
    assert follow_up(TWICE, replace(FIRST, **changes)) == expected


def test_without_retries_the_first_failure_ends_the_chain():
    assert follow_up(RetryPolicy(0, 60, 2), FIRST) == FollowUp(alert=True)


@settings(derandomize=True, deadline=None)
@given(
    failure=st.builds(
        Failure,
        attempt=st.integers(1, 2000),
        cancel_requested=st.booleans(),
        by_person=st.booleans(),
        never_started=st.booleans(),
        started_over=st.booleans(),
        later_slot_queued=st.booleans(),
        every_slot_counts=st.booleans(),
        retry_after=st.none() | st.floats(0, 1e12),
    ),
    policy=st.builds(RetryPolicy, st.integers(0, 2000), st.floats(0, RETRY_DELAY_MAX), st.floats(1, 100)),
)
def test_a_chain_goes_on_or_closes_once_and_no_delay_is_endless(failure: Failure, policy: RetryPolicy):
    decided = follow_up(policy, failure)
    silent = failure.cancel_requested and failure.by_person
    assert (decided.attempt is not None) + decided.alert + silent == 1
    assert 0 <= decided.delay <= RETRY_DELAY_MAX
