"""A plan as a table, whatever a plugin wrote; a call as a line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connecthub.cli.run_parts import print_calls, print_parts
from connecthub.control.plans import COLUMNS_MAX, Plan, plan_of, without_plan


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"plan": []}, Plan([], [])),
        (
            {"plan": [{"act": "add", "who": 1}, {"why": ["left", None], "act": None}]},
            Plan(["act", "who", "why"], [["add", "1", ""], ["", "", '["left", null]']]),
        ),
        ({"plan": ["add", {"act": "edit"}]}, Plan(["plan", "act"], [["add", ""], ["", "edit"]])),
        ({"plan": [], "plan_left_out": 7}, Plan([], [], 7)),
        ({"plan": [], "plan_left_out": True}, Plan([], [])),
        ({"plan": [], "plan_left_out": -1}, Plan([], [])),
        ({"plan": {"act": "add"}}, None),
        ({"plan": "add"}, None),
        (["plan"], None),
        ({"cut": '{"plan": [{"act": "ad', "characters": 90_000}, Plan((), (), cut=True)),
        ({"cut": '{"rows": [', "characters": 90_000}, Plan((), (), cut=True)),
        ({"cut": "of meat"}, None),
    ],
)
def test_a_result_may_have_a_plan(result: Any, expected: Plan | None):
    assert plan_of(json.dumps(result)) == expected


@pytest.mark.parametrize("result", [None, "", "null", "no JSON", "[" * 100_000])
def test_what_is_no_object_has_none(result: str | None):
    assert plan_of(result) is None


def test_a_table_stays_as_narrow_as_can_be_read():
    steps = [{f"field {number}": number} for number in range(COLUMNS_MAX + 2)]
    plan = plan_of(json.dumps({"plan": steps}))
    assert plan is not None
    assert [len(plan.columns), *{len(row) for row in plan.rows}] == [COLUMNS_MAX + 1, COLUMNS_MAX + 1]
    assert plan.columns[-1] == "…"
    assert [row[-1] for row in plan.rows[-3:]] == ["", '{"field 30": 30}', '{"field 31": 31}']


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ('{"plan": [{}], "name": "\\u738b"}', '{"plan": "1 step", "name": "王"}'),
        ('{"plan": [1, 2]}', '{"plan": "2 steps"}'),
        ('{"plan": {"act": 1}}', '{"plan": {"act": 1}}'),
        ("no JSON", "no JSON"),
        (None, None),
    ],
)
def test_a_result_is_told_without_its_plan(result: str | None, expected: str | None):
    assert without_plan(result) == expected


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"plan": []}, "plan: nothing to do\n"),
        (
            {"plan": [{"who": "D1", "what": "w" * 90}], "plan_left_out": 7},
            f"plan: nothing of it was sent\nwho  what\nD1   {'w' * 90}\n"
            "and 7 more steps, which the result does not hold\n",
        ),
        (
            {"cut": "", "characters": 90_000},
            "plan: the result was too long to be kept, and if it had a plan, that is cut; see the log\n",
        ),
        ({"added": 1}, None),
    ],
)
def test_a_plan_is_told_once(capsys: pytest.CaptureFixture[str], result: Any, said: str | None):
    print_parts(json.dumps(result), (), dry_run=True, whole="--json")
    assert capsys.readouterr().out == ("" if said is None else f"\n{said}")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(0, ["POST", "GET", "POST"]), (2, ["GET", "2 writes not sent, see the plan; --json lists them"])],
)
def test_the_writes_that_a_plan_tells_are_not_told_again(
    capsys: pytest.CaptureFixture[str], steps: int, expected: list[str]
):
    told = {"attempt": 1, "milliseconds": 12.4, "status": 200, "error": None, "path": "/a"}
    calls = [{**told, "method": method, "sent": method == "GET"} for method in ("POST", "GET", "POST")]
    print_parts(json.dumps({"plan": ["add"] * steps}), calls, dry_run=True, whole="--json")
    said = capsys.readouterr().out.partition("\ncalls\n")[2].splitlines()
    assert [line.split(" /a")[0] for line in said] == expected


def test_no_text_of_a_call_makes_a_second_line(capsys: pytest.CaptureFixture[str]):
    told = {"attempt": 1, "milliseconds": 12.4, "status": 200, "error": None}
    held_back = {**told, "method": "POST", "path": "/a", "sent": False, "note": "add\nGET /b → 200\x1b[2J"}
    print_calls([held_back, {**told, "method": "GET", "path": "/c", "sent": True, "note": ""}])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["", "calls"]
    assert [line.split()[:2] for line in lines[2:]] == [["POST", "/a"], ["GET", "/c"]]
    assert "\x1b" not in lines[2]
