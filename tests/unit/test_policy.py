"""What becomes of due slots: the decision alone, by table and by property."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connecthub.schedule.policy import COUNT_MAX, Plan, plan_slots

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def every(minutes: int):
    step = timedelta(minutes=minutes)

    def next_fire(after: datetime) -> datetime:
        count = (after - datetime(1970, 1, 1, tzinfo=UTC)) // step + 1
        return datetime(1970, 1, 1, tzinfo=UTC) + count * step

    return next_fire


def test_a_slot_on_time_runs():
    plan = plan_slots(NOON, NOON + timedelta(milliseconds=5), every(1))
    assert plan == Plan([NOON], [], None, NOON + MINUTE)


def test_a_slot_up_to_a_minute_late_still_runs():
    plan = plan_slots(NOON, NOON + timedelta(seconds=60), every(60))
    assert plan == Plan([NOON], [], None, NOON + timedelta(hours=1))


def test_one_missed_slot_is_caught_up_without_a_misfire_row():
    plan = plan_slots(NOON, NOON + timedelta(seconds=61), every(60))
    assert plan == Plan([], [NOON], None, NOON + timedelta(hours=1))


def test_of_several_missed_slots_the_newest_runs_and_the_rest_is_one_misfire():
    plan = plan_slots(NOON, NOON + timedelta(minutes=5, seconds=10), every(1))
    assert plan.slots == [NOON + 5 * MINUTE]
    assert plan.catch_up == [NOON + 4 * MINUTE]
    assert plan.misfire is not None
    assert (plan.misfire.first, plan.misfire.last, plan.misfire.count) == (NOON, NOON + 3 * MINUTE, 4)
    assert plan.misfire.reason == "misfire: 4 missed, 2026-11-24 12:00 UTC to 2026-11-24 12:03 UTC"


def test_a_slot_missed_for_more_than_a_day_does_not_run():
    plan = plan_slots(NOON, NOON + timedelta(hours=30), every(7 * 24 * 60))
    assert plan.catch_up == []
    assert plan.misfire is not None
    assert (plan.misfire.last, plan.misfire.count) == (NOON, 1)
    assert plan.misfire.reason == "misfire: 1 missed, 2026-11-24 12:00 UTC"


def test_a_long_outage_is_counted_up_to_the_limit_and_then_called_more():
    now = NOON + timedelta(days=30)
    plan = plan_slots(NOON, now, every(1))
    assert plan.slots == [now - MINUTE, now]
    assert plan.catch_up == [now - 2 * MINUTE]
    assert plan.misfire is not None
    assert (plan.misfire.first, plan.misfire.last) == (NOON, now - 3 * MINUTE)
    assert plan.misfire.reason.startswith(f"misfire: more than {COUNT_MAX} missed")


@pytest.mark.parametrize("minutes", [1, 7, 60])
@settings(derandomize=True, deadline=None, max_examples=200)
@given(late=st.integers(0, 3 * 24 * 3600))
def test_every_slot_has_exactly_one_verdict(minutes: int, late: int):
    now = NOON + timedelta(seconds=late)
    first = every(minutes)(NOON - MINUTE)
    if first > now:
        return
    plan = plan_slots(first, now, every(minutes))
    expected = []
    at = first
    while at <= now:
        expected.append(at)
        at = every(minutes)(at)
    counted = len(plan.slots) + len(plan.catch_up) + (plan.misfire.count if plan.misfire else 0)
    assert counted == len(expected)
    assert plan.next_run_at == at > now
    assert all(now - slot <= MINUTE for slot in plan.slots)
