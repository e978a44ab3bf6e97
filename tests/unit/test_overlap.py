"""Whether a run may stand in line: the decision alone, by table."""

from __future__ import annotations

import pytest

from connecthub.schedule.overlap import OVERLAPS, Admission, OpenRun, admit

RUNNING = OpenRun(7, running=True, counts=True)
QUEUED = OpenRun(8, running=False, counts=True)
CAUGHT_UP = OpenRun(9, running=True, counts=False)
RETRY = OpenRun(10, running=False, counts=False, waiting_retry=True)
JUST_BORN = OpenRun(None, running=False, counts=True)


@pytest.mark.parametrize("overlap", OVERLAPS)
@pytest.mark.parametrize("open_runs", [[], [CAUGHT_UP]], ids=["nothing", "catch_up"])
def test_nothing_in_the_way_lets_every_policy_in(overlap: str, open_runs: list[OpenRun]):
    assert admit(overlap, 1, open_runs, supersedes=True) == Admission()


@pytest.mark.parametrize(
    ("overlap", "limit", "open_runs", "expected"),
    [
        ("skip", 1, [RUNNING], Admission("overlap: run 7 is still running")),
        ("skip", 1, [QUEUED], Admission("overlap: run 8 is still queued")),
        ("skip", 1, [JUST_BORN], Admission("overlap: the slot before it is still queued")),
        ("skip", 1, [CAUGHT_UP, RUNNING], Admission("overlap: run 7 is still running")),
        ("queue", 1, [RUNNING], Admission()),
        ("queue", 1, [QUEUED], Admission()),
        (
            "queue",
            1,
            [RUNNING, QUEUED],
            Admission("queue_full: run 7 is still running, and no more than 1 may wait"),
        ),
        ("queue", 2, [RUNNING, QUEUED], Admission()),
        ("queue", 1, [RUNNING, CAUGHT_UP], Admission()),
        ("replace", 1, [RUNNING, QUEUED], Admission(cancel=(8,), stop=(7,))),
        ("replace", 1, [CAUGHT_UP], Admission()),
        ("allow", 1, [RUNNING, QUEUED], Admission()),
    ],
)
def test_what_is_in_the_way_decides(overlap: str, limit: int, open_runs: list[OpenRun], expected: Admission):
    assert admit(overlap, limit, open_runs, supersedes=True) == expected


def test_a_waiting_retry_is_in_nobodys_way_and_is_superseded_by_a_slot_that_runs():
    assert admit("skip", 1, [RETRY], supersedes=True) == Admission(superseded=(10,))
    assert admit("skip", 1, [RETRY], supersedes=False) == Admission()


def test_a_slot_that_is_skipped_supersedes_nothing():
    assert admit("skip", 1, [RETRY, RUNNING], supersedes=True) == Admission("overlap: run 7 is still running")
