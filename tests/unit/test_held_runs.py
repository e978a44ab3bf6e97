"""What a worker vouches for, and when it gives a run up."""

from __future__ import annotations

from datetime import UTC, datetime

from connecthub.core.clock import FixedClock
from connecthub.runner.outcome import Stop
from connecthub.tasks.held_runs import HeldRuns


def held_run() -> tuple[HeldRuns, FixedClock]:
    clock = FixedClock(datetime(2026, 11, 24, tzinfo=UTC))
    held = HeldRuns(60, clock.monotonic)
    held.add("a", clock.monotonic())
    return held, clock


def test_a_run_whose_thread_hangs_is_not_vouched_for():
    held, clock = held_run()
    clock.advance(14)
    assert held.tokens() == ["a"]
    clock.advance(2)
    assert held.tokens() == []
    held.stamp("a")
    assert held.tokens() == ["a"]


def test_without_a_good_heartbeat_a_run_is_given_up_before_its_lease_is_over():
    held, clock = held_run()
    clock.advance(30)
    held.beaten(["a"], {"a": None}, clock.monotonic())
    clock.advance(44)
    assert held.stop_of("a") is None
    clock.advance(2)
    assert held.stop_of("a") == Stop("crashed", "database unreachable for 45 s", at_once=True)


def test_a_run_that_is_no_longer_owned_or_is_cancelled_stops():
    held, clock = held_run()
    held.add("b", clock.monotonic())
    held.add("c", clock.monotonic())
    held.beaten(["a", "b", "c"], {"b": "cancelled", "c": "cancelled by alice"}, clock.monotonic())
    assert held.stop_of("a") == Stop("crashed", "the run is no longer this worker's", at_once=True)
    assert held.stop_of("b") == Stop("cancelled", "cancelled")
    assert held.stop_of("c") == Stop("cancelled", "cancelled by alice")


def test_a_draining_worker_gives_its_runs_their_time():
    held, clock = held_run()
    held.drain(10)
    assert held.stop_of("a") is None
    clock.advance(10)
    assert held.stop_of("a") == Stop("crashed", "worker stopped")


def test_an_answer_for_a_run_that_ended_meanwhile_changes_nothing():
    held, clock = held_run()
    held.remove("a")
    held.beaten(["a"], {}, clock.monotonic())
    held.add("a", clock.monotonic())
    assert held.stop_of("a") is None
