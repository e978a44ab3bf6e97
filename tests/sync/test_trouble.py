"""Faults in the middle: the rest goes on or the run stops, and in the end DiDi has what the OA wants."""

from __future__ import annotations

import pytest

from connecthub.integrations.sandbox.faults import ApplyThenFail, Drop, Errno, Hang, Status
from connecthub.integrations.sandbox.match import Match
from tests.sync.pair import LEFT, Pair, pair
from tests.sync.trouble import make_trouble


def is_right(both: Pair) -> None:
    """See that nobody is missing, doubled or gone."""
    members = both.didi.members_now()
    assert sorted(each["employee_number"] for each in members) == sorted(both.addable())
    assert not [each for each in members if each["status"] == LEFT or each["set_dismiss_time"]]


def converges_in_trouble(both: Pair, seed: int) -> None:
    """Sync while 5 % of all calls fail, at most three times, until a run has nothing to do."""
    make_trouble(both.oa, seed=seed)
    make_trouble(both.didi, seed=seed + 100)
    for _ in range(3):
        run = both.sync()
        if run.status == "succeeded" and run.result["planned"] == {}:
            break
    both.oa.clear_faults()
    both.didi.clear_faults()
    assert both.settled().result["planned"] == {}
    is_right(both)


def test_sixty_people_converge_while_calls_fail(company: Pair) -> None:
    converges_in_trouble(company, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
def test_five_hundred_people_converge_while_calls_fail(seed: int) -> None:
    with pair("branch", seed) as both:
        converges_in_trouble(both, seed)


@pytest.mark.parametrize("seconds", [1.0, 12.0])
def test_a_run_that_is_cut_off_in_the_middle_converges_on_the_next_one(company: Pair, seconds: float) -> None:
    assert company.sync(timeout=seconds).status == "failed"
    assert 0 < len(company.writes()) < 103
    company.settled()
    assert company.settled().result["planned"] == {}
    is_right(company)


def test_every_write_applied_and_its_answer_lost_is_done_once(company: Pair) -> None:
    company.didi.fault(Match(path_glob="/river/Member/single"), ApplyThenFail(Drop()))
    company.didi.fault(Match(path_glob="/river/BudgetCenter/add"), ApplyThenFail(Status(502)))
    company.didi.fault(Match(method="POST", path_glob="/river/Member/edit"), ApplyThenFail(Status(504)))
    company.settled(superiors=False)
    company.didi.clear_faults()
    keys = [(write["operation"], write["key"]) for write in company.writes()]
    assert len(keys) == len(set(keys))
    is_right(company)


def test_a_lost_write_is_looked_up_and_sent_again(company: Pair) -> None:
    company.didi.fault(Match(path_glob="/river/Member/single", nth=3), Drop("before"))
    run = company.settled(superiors=False)
    assert run.result["not_done"] == 0
    assert "it may have taken effect" in run.log
    is_right(company)


def test_a_write_that_is_lost_each_time_is_a_conflict_and_the_rest_goes_on(company: Pair) -> None:
    company.params["superiors"] = False
    company.didi.fault(Match(path_glob="/river/BudgetCenter/add", first_n=3), Drop("before"))
    run = company.settled()
    assert run.result["not_done"] > 0
    assert "lost 3 times" in str(run.result["conflicts"])
    assert run.result["done"]["add member"] > 0
    company.settled()
    assert company.settled().result["planned"] == {}
    is_right(company)


def test_one_refusal_is_a_conflict_and_what_depends_on_it_waits(company: Pair) -> None:
    company.params["superiors"] = False
    company.didi.fault(Match(path_glob="/river/BudgetCenter/add", nth=1), Errno(10003, "no"))
    run = company.settled()
    texts = str(run.result["conflicts"])
    assert "the department could not be added" in texts
    assert run.result["done"]["add department"] + run.result["not_done"] > 10
    company.settled()
    assert company.settled().result["planned"] == {}
    is_right(company)


def test_where_all_writes_of_a_kind_are_refused_the_others_are_done_and_the_run_fails(synced: Pair) -> None:
    leaver = synced.everyday()[0]
    synced.person(leaver)["enabled"] = False
    for each in synced.organisation.members:
        each["name"] = f"{each['name'][:9]}新"
    synced.didi.fault(Match(path_glob="/river/Member/edit", first_n=20), Errno(10003, "no"))
    writes = len(synced.writes())
    run = synced.sync(leavers="remove")
    assert (run.error or "").startswith(
        "GuardError: edit member: DiDi refused the first 20 one and all, and the others"
    )
    assert run.log.count("not done: edit member") == 20
    assert len(synced.writes()) - writes == 21
    assert synced.member(leaver)["status"] == LEFT


def test_a_department_that_could_not_be_moved_out_keeps_the_one_above_it_open(synced: Pair) -> None:
    closing, below = (synced.new_department(name) for name in ("旧部门", "下级部门"))
    below["superior"] = closing["id"]
    synced.settled()
    closing["enabled"] = False
    below["superior"] = below["orgAccountId"]
    synced.didi.fault(Match(path_glob="/river/BudgetCenter/edit"), Errno(10003, "no"))
    run = synced.settled()
    assert run.result["planned"] == {"edit department": 1, "close department": 1}
    assert "could not be moved out" in str(run.result["conflicts"])
    assert not [write for write in synced.writes() if write["operation"] == "close department"]
    synced.didi.clear_faults()
    assert synced.settled().result["done"] == {"edit department": 1, "close department": 1}


def test_a_sync_that_could_do_nothing_fails(company: Pair) -> None:
    company.didi.fault(Match(path_glob="/river/BudgetCenter/add"), Errno(10003, "no"))
    assert "none of 103 steps could be done" in (company.sync().error or "")
    assert len(company.writes()) == 3


def test_a_system_that_does_not_let_us_in_stops_the_run(company: Pair) -> None:
    company.didi.fault(Match(path_glob="/river/BudgetCenter/add", nth=2), Errno(403, "no permission"))
    run = company.sync()
    assert (run.error or "").startswith("PermissionDenied: ")
    assert len(company.writes()) == 2


def test_an_oa_that_fails_while_it_is_read_stops_the_run(company: Pair) -> None:
    company.oa.fault(Match(path_glob="*/orgMembers/all/*"), Status(503))
    assert (company.sync().error or "").startswith("ServerError: ")
    assert company.writes() == []


def test_an_oa_that_hangs_once_is_asked_again(company: Pair) -> None:
    company.oa.fault(Match(path_glob="*/orgMembers/all/[!c]*", nth=1), Hang())
    assert company.settled(oa_timeout_seconds=0.3, superiors=False).result["done"]["add member"] == 48


def test_somebody_who_is_added_by_hand_meanwhile_is_edited(company: Pair) -> None:
    number = company.everyday()[-1]
    company.didi.fault(Match(path_glob="/river/Member/get", first_n=2), Status(200, body=EMPTY))
    company.didi.plant_member(realname="by hand", employee_number=number, phone="19900018888")
    company.didi.fault(Match(path_glob="/river/Member/edit", nth=1), ApplyThenFail(Drop()))
    run = company.settled(superiors=False, regulation_ids=["1125920826148759"], role_ids=["1125915646107623"])
    assert run.result["not_done"] == 0
    assert company.member(number)["realname"] == company.person(number)["name"]
    assert company.member(number)["role_ids"] == ""


EMPTY = '{"errno": 0, "errmsg": "SUCCESS", "data": {"total": 0, "records": []}}'
