"""When a scheduler's step is due."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

import pytest

from connecthub.core.clock import FixedClock
from connecthub.tasks.scheduler import MinuteStep, SchedulerConsumer, Step

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def nothing_left() -> bool:
    return False


def test_a_step_is_due_at_the_start_and_then_once_in_each_period():
    clock = FixedClock(NOON)
    step = Step("sweep", nothing_left, clock, 15)
    due = []
    for second in range(46):
        if step.take_if_due():
            due.append(second)
            step.run()
        clock.advance(1)
    assert due == [0, 15, 30, 45]


def test_a_stepped_wall_clock_does_not_touch_what_is_counted_in_seconds():
    clock = FixedClock(NOON)
    step = Step("sweep", nothing_left, clock, 15)
    assert step.take_if_due()
    step.run()
    clock.set(NOON.replace(hour=13))
    assert not step.take_if_due()


def test_a_minute_step_goes_by_the_wall_clock():
    clock = FixedClock(NOON.replace(second=59))
    step = MinuteStep("tick", nothing_left, clock)
    assert step.take_if_due()
    step.run()
    assert step.seconds_to_next() == 1
    clock.advance(0.9)
    assert not step.take_if_due()
    clock.advance(0.1)
    assert step.take_if_due()


def test_a_step_is_not_due_while_its_last_run_goes_on():
    clock = FixedClock(NOON)
    step = Step("ring", nothing_left, clock, 1)
    assert step.take_if_due()
    clock.advance(5)
    assert not step.take_if_due()
    step.run()
    assert step.take_if_due()


def test_what_is_left_is_taken_up_a_second_later():
    clock = FixedClock(NOON)
    left = [True, False]
    step = Step("prune", lambda: left.pop(0), clock, 3600)
    assert step.take_if_due()
    step.run()
    assert not step.take_if_due()
    clock.advance(1)
    assert step.take_if_due()
    step.run()
    clock.advance(1)
    assert not step.take_if_due()


def test_an_error_that_stays_is_logged_once_and_tried_again_each_second(caplog: pytest.LogCaptureFixture):
    clock = FixedClock(NOON)
    answers = [OSError("away"), OSError("away"), OSError("elsewhere"), False, False]

    def work() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    step = Step("sweep", work, clock, 15)
    caplog.set_level(logging.INFO)
    while answers:
        if step.take_if_due():
            step.run()
        clock.advance(1)
    assert [record.getMessage() for record in caplog.records] == [
        "sweep failed and is tried again: OSError: away",
        "sweep failed and is tried again: OSError: elsewhere",
        "sweep works again",
    ]


def test_a_step_that_takes_long_holds_up_no_other_and_a_stop_waits_for_it(monkeypatch: pytest.MonkeyPatch):
    clock = FixedClock(NOON)
    stopping, released = threading.Event(), threading.Event()
    ran: list[str] = []
    others = threading.Barrier(3)

    def slow() -> bool:
        assert released.wait(30)
        ran.append("slow")
        return False

    def quick() -> bool:
        others.wait(30)
        return False

    monkeypatch.setattr(SchedulerConsumer, "_set_signal_handlers", lambda consumer: None)
    steps = [Step("prune", slow, clock, 3600), MinuteStep("tick", quick, clock), Step("ring", quick, clock, 1)]
    consumer = SchedulerConsumer(steps, stopping)
    consumer.start()
    others.wait(30)
    assert ran == []
    stopper = threading.Thread(target=consumer.stop)
    stopper.start()
    assert stopping.wait(30)
    released.set()
    stopper.join(30)
    assert not stopper.is_alive()
    assert ran == ["slow"]
