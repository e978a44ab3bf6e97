"""Paced calls: their distance on the clock, and what becomes of a turn that comes too late."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from connecthub.core.clock import FixedClock
from connecthub.integrations.call import Pace
from connecthub.integrations.errors import OutOfTime, RateLimited, ResultUnknown
from tests.unit.scripted import NOW, Run, Script, status

PACE = Pace("didi:company", 0.16)


def near(*seconds: float) -> object:
    return pytest.approx(list(seconds))


def test_paced_calls_are_sent_at_their_distance_and_others_at_once() -> None:
    script = Script(status(200))
    with script.client() as client:
        for _ in range(3):
            client.request("POST", "x", pace=PACE)
        client.request("POST", "x", pace=Pace("didi:another", 0.16))
        client.request("GET", "x")
    assert script.waits == near(0.16, 0.16, 0, 0)


def test_a_call_waits_no_longer_than_it_has_to() -> None:
    script = Script(status(200))
    with script.client() as client:
        for pause in (0, 0.1, 5):
            script.run.clock.sleep(pause)
            client.request("POST", "x", pace=PACE)
    assert script.waits == near(0.16, 5)


def test_clients_of_a_run_share_their_turns() -> None:
    run = Run()
    one, another = Script(status(200), run=run), Script(status(200), run=run)
    with one.client() as client, another.client() as second:
        client.request("POST", "x", pace=PACE)
        second.request("POST", "x", pace=PACE)
    assert another.times == near(0.16)


def test_retries_take_turns_as_well() -> None:
    script = Script(status(503, retry_after="0"), status(200))
    with script.client() as client:
        client.request("POST", "x", pace=PACE, retryable=True)
    assert script.waits == near(0.16)


class Late(Run):
    """A run whose turns were granted long ago and whose clock oversleeps."""

    def turn(self, key: str, interval: float) -> float:
        return 0.0


def test_a_turn_that_was_used_late_moves_the_next_one() -> None:
    script = Script(status(200), run=Late())
    with script.client() as client:
        client.request("POST", "x", pace=PACE)
        client.request("POST", "x", pace=PACE)
    assert script.waits == near(0.155)


class Slow(Run):
    """A run whose first turn is past when the answer comes, as of a busy database."""

    answer_took = 0.1

    def turn(self, key: str, interval: float) -> float:
        wait = self.turns.take(key, interval) - self.answer_took
        self.clock.sleep(self.answer_took)
        self.answer_took = 0.0
        return wait


def test_a_turn_that_came_before_its_answer_is_left_and_a_new_one_taken() -> None:
    script = Script(status(200), run=Slow())
    with script.client() as client:
        client.request("POST", "x", pace=PACE)
        client.request("POST", "x", pace=PACE)
    assert script.times == near(0.16, 0.32)


def test_turns_that_are_used_a_little_late_do_not_add_up() -> None:
    class Sluggish(FixedClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + 0.004)

    script = Script(status(200), run=Run(clock=Sluggish(NOW)))
    with script.client() as client:
        for _ in range(20):
            client.request("POST", "x", pace=PACE)
    assert script.times[-1] == pytest.approx(19 * 0.16 + 0.004)
    assert min(script.waits) >= 0.155


class Oversleeping(FixedClock):
    """A clock whose first wait takes too long, as on a busy machine."""

    too_long = 0.05

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds + self.too_long)
        self.too_long = 0.0


def test_a_turn_that_was_slept_through_is_left_to_others_and_a_new_one_taken() -> None:
    script = Script(status(200), run=Run(clock=Oversleeping(NOW)))
    with script.client() as client:
        client.request("POST", "x", pace=PACE)
        client.request("POST", "x", pace=PACE)
    assert script.waits == near(0.32)


class Crowded(Run):
    """A run with many others of the company in front of it."""

    def turn(self, key: str, interval: float) -> float:
        return 30.0


@pytest.mark.parametrize(("seconds", "call_timeout"), [(30, 300), (None, 30)])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_turn_after_the_end_is_not_waited_for_and_nothing_is_sent(
    seconds: float | None, call_timeout: float, method: str
) -> None:
    script = Script(status(200), run=Crowded(seconds=seconds))
    with script.client(call_timeout=call_timeout) as client, pytest.raises(OutOfTime, match="its turn comes too late"):
        client.request(method, "x", pace=PACE)
    assert (script.requests, script.run.calls, script.run.clock.monotonic()) == ([], [], 0)


def test_a_write_in_doubt_stays_so_when_its_next_turn_comes_too_late() -> None:
    script = Script(httpx.ReadTimeout, run=Run(seconds=10))
    with script.client() as client, pytest.raises(ResultUnknown):
        client.request("POST", "x", pace=Pace("slow", 20), retryable=True)
    assert len(script.requests) == 1


def test_a_paced_call_keeps_its_turn_until_its_answer_has_come() -> None:
    inside = threading.Lock()
    overlaps: list[bool] = []

    def alone(request: httpx.Request) -> httpx.Response:
        free = inside.acquire(blocking=False)
        overlaps.append(not free)
        time.sleep(0.001)  # the others get their chance to come in
        if free:
            inside.release()
        return httpx.Response(200, json={})

    script = Script(alone)
    with script.client() as client, ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(client.request, "POST", "x", pace=PACE) for _ in range(40)]:
            future.result()
    assert not any(overlaps)
    assert all(wait >= 0.1599 for wait in script.waits)
    assert script.times[-1] == pytest.approx(39 * 0.16)


@pytest.mark.parametrize("step", [status(429), httpx.ReadTimeout])
def test_a_failed_call_gives_its_turn_back(step: httpx.Response | type[httpx.TransportError]) -> None:
    script = Script(step, status(200))
    with script.client() as client:
        with pytest.raises((RateLimited, ResultUnknown)):
            client.request("POST", "x", pace=PACE)
        client.request("POST", "x", pace=PACE)
    assert script.waits == near(0.16)
