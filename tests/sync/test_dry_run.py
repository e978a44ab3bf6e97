"""A dry run: the plan as a table, and nothing is sent."""

from __future__ import annotations

import json

from tests.sync.pair import Pair, pair


def test_a_dry_run_sends_no_write_and_plans_what_a_real_run_does(company: Pair) -> None:
    dry = company.sync(dry_run=True).check()
    assert company.writes() == []
    assert company.didi.members_now() == []
    real = company.settled()
    assert [call.note for call in dry.held_back] == [
        call.note for call in real.calls if call.note and call.method != "GET"
    ]
    assert dry.result["planned"] == real.result["planned"] == real.result["done"]
    assert dry.result["conflicts"] == real.result["conflicts"]


def test_the_plan_is_a_table_in_the_result_and_not_once_more_in_the_log(company: Pair) -> None:
    run = company.sync(dry_run=True).check()
    plan = run.result["plan"]
    assert plan[0].keys() == {"action", "number", "name", "what"}
    assert len(plan) == sum(run.result["planned"].values())
    assert run.result["plan_left_out"] == 0
    assert "plan: 10 add department, 48 add member, 45 set superior\n" in run.log
    assert not any(row["number"] in line and row["what"] in line for line in run.log.splitlines() for row in plan)


def test_a_long_plan_is_cut_in_the_result_and_whole_in_the_log() -> None:
    with pair("branch") as both:
        run = both.sync(dry_run=True, superiors=False).check()
    assert len(run.result["plan"]) <= 300
    assert len(run.result["plan"]) + run.result["plan_left_out"] == sum(run.result["planned"].values())
    assert len(json.dumps(run.result)) < 64 * 1024
    assert run.log.count(": add member ") == run.result["planned"]["add member"]
    assert "not sent" not in run.log


def test_neither_log_nor_result_has_a_whole_phone(company: Pair) -> None:
    runs = [company.sync(dry_run=True).check(), company.settled()]
    phones = {each["phone"] for each in company.didi.members_now() if each["phone"]}
    for run in runs:
        told = run.log + json.dumps(run.result) + "".join(map(str, run.calls)) + "".join(map(str, run.progress))
        assert not [phone for phone in phones if phone in told]
