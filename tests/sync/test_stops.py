"""What stops a run before its first write, and what it does then."""

from __future__ import annotations

from typing import Any

from connecthub.integrations.sandbox.faults import MutateJson
from connecthub.integrations.sandbox.match import Match
from tests.sync.pair import Pair


def nothing_written(both: Pair, text: str, **params: Any) -> None:
    """Sync, and see that a guard stopped it with `text` before any write; a dry run shows its plan beside it."""
    before, state = len(both.writes()), both.didi.state()
    run = both.sync(**params)
    assert (run.error or "").startswith("GuardError: ")
    assert text in (run.error or "")
    dry = both.sync(dry_run=True, **params).check()
    assert text in str(dry.result["stopped"])
    assert len(dry.result["plan"]) == sum(dry.result["planned"].values())
    assert dry.held_back == []
    assert len(both.writes()) == before
    assert both.didi.state() == state


def test_a_mass_leave_stops(synced: Pair) -> None:
    for number in synced.everyday()[:12]:
        synced.person(number)["enabled"] = False
    nothing_written(synced, "12 of 48 DiDi members with a number would leave, 25%; 5 may (max_leavers 50,")
    assert synced.settled(max_leavers_share=0.3).result["done"] == {"dismiss member": 12}


def test_an_oa_in_which_all_are_disabled_stops(synced: Pair) -> None:
    for each in synced.organisation.members:
        each["enabled"] = False
    nothing_written(synced, "0 active people")


def test_an_empty_reply_stops(synced: Pair) -> None:
    synced.oa.fault(Match(path_glob="*/orgMembers/all/[!c]*"), MutateJson("", []))
    assert (synced.sync().error or "").startswith("ProtocolError: ")
    nothing_written(synced, "0 active people", check_counts=False)


def test_a_reply_without_departments_stops(synced: Pair) -> None:
    synced.oa.fault(Match(path_glob="*/orgDepartments/all/*"), MutateJson("", []))
    nothing_written(synced, "0 active departments", check_counts=False)


def test_half_a_reply_stops(synced: Pair) -> None:
    people = [each["code"] for each in synced.organisation.members if each["code"]]
    for number in people[:30]:
        synced.oa.remove_member(synced.person(number)["id"])
    nothing_written(synced, "min_oa_share 80%")
