"""DidiSandbox itself: what it checks of every call, what is there before the first one, what it remembers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connecthub.core.clock import FixedClock
from connecthub.errors import ConfigError
from connecthub.integrations.didi.signature import json_text
from connecthub.integrations.sandbox.didi import COMPANY, DidiSandbox
from connecthub.integrations.sandbox.faults import Delay
from connecthub.integrations.sandbox.match import Match
from connecthub.integrations.sandbox.organisation import generate
from tests.integration.didi import DEPARTMENT, MONDAY, SIGN_KEY, SINGLE, ZHANG, Caller, calling


@pytest.fixture
def didi() -> Iterator[Caller]:
    with calling() as caller:
        yield caller


# What is checked of every call


@pytest.mark.parametrize(
    ("changed", "errno"),
    [
        ({"client_id": None}, 412),
        ({"access_token": ""}, 412),
        ({"timestamp": None}, 408),
        ({"timestamp": 1566477389000}, 408),
        ({"client_id": "another"}, 400),
        ({"timestamp": int(MONDAY.timestamp()) - 620}, 10001),
        ({"sign": "0" * 32}, 19999),
        ({"sign": ""}, 19999),
        ({"access_token": "0" * 40}, 401),
        ({"company_id": "1125900000000002"}, 12001),
        ({"client_id": None, "timestamp": None, "sign": ""}, 412),
        ({"client_id": "another", "timestamp": 1566477389, "sign": ""}, 400),
        ({"timestamp": 1566477389, "sign": ""}, 10001),
        ({"access_token": "0" * 40, "sign": "0" * 32}, 19999),
    ],
    ids=str,
)
def test_checks_are_made_in_their_order(didi: Caller, changed: dict[str, Any], errno: int) -> None:
    assert didi.get("Role/get", **changed)["errno"] == errno


def test_a_wrong_signature_is_shown_what_was_signed_its_key_masked(didi: Caller) -> None:
    answer = didi.get("Role/get", sign="0" * 32)
    signed = answer["data"]["params_sign_str"]
    assert signed.startswith(
        f"access_token={didi.token}&client_id=sandbox-client&company_id={COMPANY}&sign_key=******&"
    )
    assert SIGN_KEY not in json.dumps(answer)


def test_parameters_are_not_seen_with_a_wrong_method_or_content_type(didi: Caller) -> None:
    fields = didi.fields(data=json_text(ZHANG))
    for wrong in (
        didi.http.post(SINGLE, data=fields),
        didi.http.get(SINGLE, params=fields),
        didi.http.post("Member/get", json=fields),
        didi.http.get("Member/get", params=fields, headers={"Content-Type": "application/json"}),
        didi.http.post(SINGLE, content=b"{", headers={"Content-Type": "application/json"}),
    ):
        assert wrong.json()["errno"] == 412


@pytest.mark.parametrize("data", [ZHANG, "{", "[]", '"text"', None])
def test_data_that_is_no_object_as_text_is_refused(didi: Caller, data: Any) -> None:
    assert didi.post(SINGLE, data=data)["errno"] == 10003


@pytest.mark.parametrize(("offset", "length"), [(50, 100), (0, 101), (0, 0), (-100, 100), ("x", 100)])
def test_an_offset_is_a_multiple_of_the_length_and_a_page_a_hundred_at_most(
    didi: Caller, offset: Any, length: int
) -> None:
    for path in ("Member/get", "BudgetCenter/get", "LegalEntity/get"):
        assert didi.get(path, offset=offset, length=length)["errno"] == 10003


def test_a_write_less_than_150_ms_after_the_last_one_is_refused(didi: Caller) -> None:
    didi.add()
    didi.pause = 0.07
    assert didi.get("Role/get")["errno"] == 0
    answer = didi.post("BudgetCenter/add", type=1, **DEPARTMENT)
    assert (answer["errno"], answer["errmsg"]) == (10003, "请求过于频繁")
    didi.pause = 0.01
    assert didi.post("BudgetCenter/add", type=1, **DEPARTMENT)["errno"] == 0


def test_of_two_departments_added_at_the_same_time_one_fails() -> None:
    class Held(FixedClock):
        """A clock on which a pause lasts until somebody ends it."""

        def __init__(self) -> None:
            super().__init__(MONDAY)
            self.paused, self.go_on = threading.Event(), threading.Event()

        def sleep(self, seconds: float) -> None:
            self.paused.set()
            self.go_on.wait(10)

    clock = Held()
    with calling(clock) as didi, ThreadPoolExecutor(1) as pool:
        didi.sandbox.fault(Match(path_glob="*BudgetCenter/add", first_n=1), Delay(1))
        first = pool.submit(didi.post, "BudgetCenter/add", type=1, **DEPARTMENT)
        assert clock.paused.wait(10)
        second = didi.post("BudgetCenter/add", **{"type": 1, **DEPARTMENT, "out_budget_id": "D2"})
        clock.go_on.set()
        assert (first.result(10)["errno"], second["errno"]) == (0, 500)
        assert len(didi.sandbox.departments_now()) == 1


def test_a_new_token_ends_the_old_one_where_only_one_is_active() -> None:
    with calling(single_active_token=True) as didi:
        didi.sandbox.issue_token("sandbox-client")
        assert didi.get("Role/get")["errno"] == 401


def test_a_token_lives_for_its_time_however_it_is_used(didi: Caller) -> None:
    didi.clock.advance(1797)
    assert didi.get("Role/get")["errno"] == 0
    didi.clock.advance(1)
    assert didi.get("Role/get")["errno"] == 401


def test_the_answer_tells_the_time_of_the_clock(didi: Caller) -> None:
    assert didi.http.get("Role/get").headers["date"] == "Mon, 23 Nov 2026 01:00:00 GMT"


@pytest.mark.parametrize(
    ("path", "fields", "errno"),
    [
        (SINGLE, {"sign": "\u7b7e"}, 19999),
        (SINGLE, {"sign": ["x"]}, 19999),
        (SINGLE, {"client_id": {"a": 1}}, 400),
        (SINGLE, {"access_token": [1]}, 401),
        (SINGLE, {"data": "[" * 100_000}, 10003),
        (SINGLE, {"data": '{"realname": ["x"]}'}, 10003),
        ("BudgetCenter/add", {"type": [1]}, 10003),
        ("BudgetCenter/add", {**DEPARTMENT, "type": 1, "leader_employee_id": '[{"a": 1}]'}, 10003),
    ],
    ids=lambda value: str(value)[:40],
)
def test_values_that_nobody_would_send_are_refused(didi: Caller, path: str, fields: dict[str, Any], errno: int) -> None:
    assert didi.post(path, **fields)["errno"] == errno


def test_an_offset_without_end_is_refused(didi: Caller) -> None:
    assert didi.get("Member/get", offset="9" * 5000)["errno"] == 10003


def test_half_a_character_in_a_name_spoils_neither_lists_nor_journal(didi: Caller) -> None:
    half = r'{"phone": "19900005001", "realname": "\ud800", "employee_number": "\ud800"}'
    assert didi.post(SINGLE, data=half)["errno"] == 0
    assert didi.get("Member/get")["data"]["records"][0]["realname"] == "\ud800"
    journal = didi.http.get(f"{didi.sandbox.base_url}/__control/journal").json()
    assert journal[0]["key"] == "\ud800"
    garbled = json.dumps({**didi.fields(), "data": "\ud800"})
    answer = didi.http.post(SINGLE, content=garbled, headers={"Content-Type": "application/json"})
    assert answer.json()["errno"] == 19999


# What is there, and what was done


def test_types_are_loose_where_they_are_to_be() -> None:
    with calling(loose_types=True) as didi:
        assert didi.get("Member/get")["data"] == []
        didi.sandbox.plant_member(realname="张三")
        answer = didi.get("Member/get")
        assert (answer["errno"], answer["data"]["total"]) == ("0", "1")


def test_people_are_there_before_the_first_sync() -> None:
    organisation = generate("small", seed=1)
    phones = {member["telNumber"] for member in organisation.members}
    codes = {member["code"] for member in organisation.members}
    sandbox = DidiSandbox(clock=FixedClock(MONDAY), existing="some", organisation=organisation)
    rows = {row["id"]: row for row in sandbox.members_now()}
    found = {name: rows[ids[0]] for name, ids in sandbox.planted.items() if ids[0] in rows}
    assert (found["super_administrator"]["system_role"], found["super_administrator"]["employee_number"]) == (2, "")
    for name in ("same_number", "phone_with_other_number", "phone_without_number", "left_with_phone"):
        assert found[name]["phone"] in phones
    assert found["same_number"]["employee_number"] in codes
    assert not {found["phone_with_other_number"]["employee_number"], "X9001", ""} & codes
    assert found["left_with_phone"]["status"] == 4
    assert [row["out_budget_id"] for row in sandbox.departments_now()] == [""]
    sandbox.reset()
    assert len(sandbox.members_now()) == len(rows)


def test_it_starts_over_with_the_organisation_it_was_opened_with() -> None:
    sandbox = DidiSandbox(clock=FixedClock(MONDAY), existing="some", organisation=generate("small", seed=7))
    before = sandbox.members_now()
    assert sandbox.reset() == ("small", 7)
    assert sandbox.members_now() == before
    with pytest.raises(ConfigError, match="profile 'huge' is none"):
        DidiSandbox(clock=FixedClock(MONDAY)).reset("huge")


def test_the_journal_tells_operation_key_and_time_and_no_phone(didi: Caller) -> None:
    didi.add()
    didi.get("Member/get", phone=ZHANG["phone"])
    first, second = didi.sandbox.journal
    assert {name: first[name] for name in ("at", "operation", "key", "write")} == {
        "at": 1.0,
        "operation": "add member",
        "key": "D1001",
        "write": True,
    }
    assert (second["operation"], second["key"], second["write"]) == ("list members", "", False)
    assert ZHANG["phone"] not in json.dumps(didi.sandbox.journal)
