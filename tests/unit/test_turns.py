"""Turns at a set distance: of one process, and asked over a socket."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connecthub.core.clock import FixedClock
from connecthub.core.redact import Redactor
from connecthub.core.turns import AHEAD_MAX, KEYS_KEPT, Turns
from connecthub.runner.protocol import Frame, FrameReader
from connecthub.runner.turns import KEYS_MAX, OPEN_MAX, AskedTurns, TakeTurn, TurnDesk

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_turns_of_one_key_are_an_interval_apart_and_of_another_at_once():
    turns = Turns(FixedClock(NOON))
    assert [turns.take("a", 0.5) for _ in range(3)] == [0, 0.5, 1.0]
    assert turns.take("b", 0.5) == 0


def test_an_interval_is_kept_after_its_own_turn_and_time_that_passed_counts():
    clock = FixedClock(NOON)
    turns = Turns(clock)
    turns.take("a", 2.0)
    clock.advance(1.5)
    assert turns.take("a", 0.25) == 0.5
    assert turns.take("a", 0.25) == 0.75
    clock.advance(10)
    assert turns.take("a", 0.25) == 0


def test_a_step_of_the_wall_clock_moves_no_turn():
    clock = FixedClock(NOON)
    turns = Turns(clock)
    turns.take("a", 2.0)
    clock.set(NOON.replace(year=2020))
    assert turns.take("a", 2.0) == 2.0


def test_what_somebody_else_has_said_moves_a_turn_back_but_never_forward():
    turns = Turns(FixedClock(NOON))
    assert turns.take("a", 1.0, given=5.0) == 5.0
    assert turns.take("a", 1.0, given=2.0) == 6.0


def test_a_turn_that_somebody_else_gave_is_over_when_it_is_past():
    clock = FixedClock(NOON)
    clock.advance(10)
    turns = Turns(clock)
    assert turns.take("a", 1.0, given=9.5) == -0.5
    assert turns.take("a", 1.0, given=9.75) == 0.5


def test_a_key_that_one_has_taken_far_ahead_is_not_lost_to_others():
    turns = Turns(FixedClock(NOON))
    for _ in range(3):
        turns.take("a", 60.0)
    assert turns.take("a", 0.16) == 0
    assert turns.take("a", 0.16) == 0.16
    assert [turns.take("b", 1.0) for _ in range(AHEAD_MAX + 2)][-2:] == [AHEAD_MAX, 0]


def test_threads_share_the_turns():
    turns = Turns(FixedClock(NOON))
    waits: list[float] = []
    threads = [threading.Thread(target=lambda: waits.append(turns.take("a", 1.0))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == [float(number) for number in range(20)]


def test_keys_that_are_free_again_are_forgotten():
    clock = FixedClock(NOON)
    turns = Turns(clock)
    turns.take("kept", 1e6)
    for number in range(3 * KEYS_KEPT):
        turns.take(str(number), 1.0)
        clock.advance(1.0)
    assert len(turns._free_at) <= KEYS_KEPT
    assert turns.take("kept", 1e6) > 0


class Ends:
    """Both ends of a run's socket; what its child asks of its supervisor is answered as the test says."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.asked: list[tuple[str, float, Callable[[float], None]]] = []
        self.notes: list[str] = []
        self.desk = self.desk_of(lambda *ask: self.asked.append(ask))

    def desk_of(self, take: TakeTurn) -> TurnDesk:
        """A desk for a run whose secret is `c4nary`."""
        return TurnDesk(take, self.ours, Redactor.from_secrets({"password": "c4nary"}), self.notes.append)

    def ask(self, number: Any, key: Any = "key", interval: Any = 1.0) -> None:
        self.desk.asked({"n": number, "key": key, "interval": interval})

    def heard(self) -> list[tuple[Frame, dict[str, Any]]]:
        """What the child got."""
        self.theirs.setblocking(False)
        try:
            return list(FrameReader().feed(self.theirs.recv(1 << 20)))
        except BlockingIOError:
            return []


@pytest.fixture
def ends() -> Iterator[Ends]:
    ends = Ends()
    with ends.ours, ends.theirs:
        yield ends


def test_a_question_is_handed_on_and_its_answer_back(ends: Ends):
    ends.ask(1, "key", 0.16)
    ((key, interval, reply),) = ends.asked
    assert (key, interval, ends.heard()) == ("key", 0.16, [])
    reply(12.5)
    assert ends.heard() == [(Frame.TURN, {"n": 1, "at": 12.5})]
    assert ends.notes == []


@pytest.mark.parametrize("interval", [0, -1, 60.1, float("nan"), float("inf"), True, None, "1", [1], 10**400])
def test_an_interval_that_is_none_is_the_childs_own_affair(ends: Ends, interval: Any):
    ends.ask(1, interval=interval)
    assert (ends.asked, ends.heard()) == ([], [(Frame.TURN, {"n": 1, "at": None})])
    ends.ask(2, interval=interval)
    assert len(ends.notes) == 1, "it is said once"


@pytest.mark.parametrize("key", ["", "k" * 201, "a\0", "\ud800", None, 7, ["key"]])
def test_a_key_that_no_database_takes_is_the_childs_own_affair(ends: Ends, key: Any):
    ends.ask(1, key)
    assert (ends.asked, ends.heard()) == ([], [(Frame.TURN, {"n": 1, "at": None})])


@pytest.mark.parametrize("number", [None, "1", True, 1.0, -1, 0, 10**400, [1]])
def test_a_question_without_a_number_gets_no_answer(ends: Ends, number: Any):
    ends.ask(number)
    assert (ends.asked, ends.heard(), len(ends.notes)) == ([], [], 1)


def test_a_secret_in_a_key_is_masked(ends: Ends):
    ends.ask(1, "company c4nary")
    assert [key for key, _, _ in ends.asked] == ["company ***"]


def test_a_flood_of_questions_is_not_kept(ends: Ends):
    for number in range(1, 1000):
        ends.ask(number)
        ends.ask(number)
    assert len(ends.asked) == OPEN_MAX
    for number in range(10_000, 11_000):
        ends.asked[-1][2](0.0)  # one place is free again
        ends.ask(number, str(number))
    assert len({key for key, _, _ in ends.asked}) <= KEYS_MAX
    assert len(ends.notes) == 1


def test_answers_that_nobody_reads_hold_up_nobody(ends: Ends):
    for number in range(1, 100_000):
        ends.ask(number, interval=-1)
    ends.ask(7)
    ends.asked[0][2](1.0)


def test_after_the_run_nothing_is_sent(ends: Ends):
    ends.ask(1)
    ends.desk.close()
    ends.ours.close()
    ends.asked[0][2](1.0)
    assert ends.theirs.recv(100) == b""


def child_of(ends: Ends) -> AskedTurns:
    """The child's end, over a desk that answers at once."""

    def send(kind: Frame, payload: dict[str, Any]) -> None:
        assert kind is Frame.PACE
        ends.desk.asked(payload)

    return AskedTurns(ends.theirs, send)


def test_a_child_gets_the_turns_of_all_and_keeps_its_own_distance(ends: Ends):
    ends.desk = ends.desk_of(lambda key, interval, reply: reply(1e12))
    child = child_of(ends)
    first, second = child.take("key", 60.0), child.take("key", 60.0)
    assert first > 1e11
    assert 59 < second - first <= 60


def test_a_child_is_told_when_its_turn_came_while_the_answer_was_on_its_way(ends: Ends):
    ends.desk = ends.desk_of(lambda key, interval, reply: reply(time.monotonic() - 30.0))
    assert -31 < child_of(ends).take("key", 1.0) <= -30


def test_answers_to_questions_before_are_passed_over(ends: Ends):
    child = child_of(ends)
    for number, at in ((9, 1e12), (1, None)):
        ends.desk._answer(number, at)
    assert -1 < child.take("key", 1.0) <= 0
    ends.desk = ends.desk_of(lambda key, interval, reply: reply(1e12))
    assert child.take("key", 1.0) > 1e11


def test_a_child_without_a_supervisor_keeps_turns_of_its_own_and_says_so_once(
    ends: Ends, caplog: pytest.LogCaptureFixture
):
    child = AskedTurns(ends.theirs, lambda kind, payload: None)
    ends.ours.close()
    with caplog.at_level(logging.WARNING):
        waits = [child.take("didi", 30.0) for _ in range(3)]
    assert [round(wait) for wait in waits] == [0, 30, 60]
    assert [record.getMessage() for record in caplog.records] == [
        "turns of 'didi' are spaced within this process only: its worker gives it none"
    ]
    with socket.socket() as closed:
        pass
    assert -1 < AskedTurns(closed, lambda kind, payload: None).take("didi", 1.0) <= 0
