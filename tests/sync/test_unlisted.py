"""People whom DiDi has and the OA's lists do not."""

from __future__ import annotations

from datetime import timedelta

from connecthub.integrations.sandbox.faults import HtmlLogin, MutateJson
from connecthub.integrations.sandbox.match import Match
from extensions.sync_oa_to_didi.remarks import Remarks
from extensions.sync_oa_to_didi.unlisted import LOOK_UPS, unlisted
from tests.sync.facts import TODAY, didi_member, oa_person, oa_reading
from tests.sync.pair import Pair


def not_listed(both: Pair, *numbers: str) -> None:
    """Let the OA's list lack people, as a version does for those who left."""
    listed = [each for each in both.organisation.members if each["code"] not in numbers]
    both.oa.fault(Match(path_glob="*/orgMembers/all/[!c]*"), MutateJson("", listed))
    both.params["check_counts"] = False


def test_who_left_leaves_where_the_list_lacks_those_who_left_and_nobody_else_does(synced: Pair) -> None:
    left, elsewhere, unclear, another = numbers = synced.everyday()[:4]
    synced.person(left)["enabled"] = False
    not_listed(synced, *numbers)
    synced.oa.fault(Match(path_glob=f"*/orgMember/code/{unclear}"), MutateJson("", [{}, {}]))
    synced.oa.fault(Match(path_glob=f"*/orgMember/code/{another}"), MutateJson("", synced.person(left)))
    run = synced.settled()
    assert run.result["done"] == {"dismiss member": 1}
    assert synced.member(left)["set_dismiss_time"] == "2026-01-06"
    assert [call.path.rpartition("/")[2] for call in run.calls if "orgMember/code/" in call.path] == sorted(numbers)
    notes = {each["number"]: each["what"] for each in run.result["notes"]["first"]}
    assert notes[elsewhere] == "the OA has this person outside the units that are synced; not touched"
    assert f"what the OA says of {unclear} is not clear: " in run.log
    assert all("the OA does not know the number" in notes[number] for number in (unclear, another))
    assert synced.settled().result["planned"] == {}


def test_a_version_that_cannot_be_asked_is_told_once_and_the_rest_goes_on(synced: Pair) -> None:
    gone, other, renamed = synced.everyday()[:3]
    synced.person(gone)["enabled"] = False
    synced.person(renamed)["name"] = "新名字"
    not_listed(synced, gone, other)
    synced.oa.fault(Match(path_glob="*/orgMember/code/*"), HtmlLogin())
    run = synced.settled()
    assert run.result["done"] == {"edit member": 1}
    assert run.log.count("the OA says nothing of 2 people whom its lists lack; not touched") == 1


def test_two_hundred_are_asked_about_in_a_run_and_all_of_them_within_days() -> None:
    remarks = Remarks()
    members = [didi_member(f"E{number}") for number in range(500)]
    reading = oa_reading([oa_person("E7")])
    days = [unlisted(reading, members, TODAY + timedelta(day), remarks) for day in range(5)]
    assert [len(each) for each in days] == [LOOK_UPS] * 5
    asked = {member.employee_number for day in days for member in day}
    assert asked == {member.employee_number for member in members} - {"E7"}
    assert remarks.notes[0].text == "the OA does not list 499 DiDi members; it is asked about 200 of them a day"
    assert unlisted(reading, members[:8], TODAY, Remarks()) == members[:7]
