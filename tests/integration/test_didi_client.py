"""DidiClient against DidiSandbox, over loopback sockets and on one virtual clock."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest

from connecthub.core.clock import FixedClock
from connecthub.errors import ConfigError, ConnectHubError
from connecthub.integrations.didi import DidiClient
from connecthub.integrations.errors import (
    AlreadyExists,
    AuthError,
    BusinessError,
    ClockSkew,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    ResultUnknown,
    ServerError,
    SignatureRefused,
)
from connecthub.integrations.sandbox.didi import DidiSandbox
from connecthub.integrations.sandbox.faults import Errno
from connecthub.integrations.sandbox.match import Match
from connecthub.integrations.sandbox.messages import json_reply
from tests.integration.didi import DEPARTMENT, MONDAY, ZHANG, Run, World, client_of, world

LIST = "/river/Member/get"
SIGN_IN = "/river/Auth/authorize"


class WrongClock:
    """A clock that runs as the right one does and shows another time."""

    def __init__(self, hours: int) -> None:
        self.right = FixedClock(MONDAY)
        self.hours = hours

    def now(self) -> datetime:
        return self.right.now() + timedelta(hours=self.hours)

    def monotonic(self) -> float:
        return self.right.monotonic()

    def sleep(self, seconds: float) -> None:
        self.right.sleep(seconds)


@pytest.fixture
def didi() -> Iterator[World]:
    with world() as opened:
        yield opened


@pytest.mark.parametrize(
    "options",
    [{}, {"signature": "sha256"}, {"root_envelope": True}, {"loose_types": True}, {"single_active_token": True}],
    ids=str,
)
def test_members_and_departments_are_added_read_edited_and_removed(options: dict[str, Any]) -> None:
    with world(**options) as didi:
        client = didi.client
        assert client.members() == []
        department = client.add_department(DEPARTMENT)
        zhang = client.add_member({**ZHANG, "out_budget_id": DEPARTMENT["out_budget_id"], "email": None})
        li = client.add_member({"realname": "李四", "employee_number": "D1002", "member_type": 1})
        superior = {"immediate_superior_employee_number": "D1001", "use_company_money": 1}
        client.edit_member({**superior, "regulation_id": "1125920826148759"}, employee_number="D1002")

        assert [(each.id, each.status) for each in client.members()] == [(zhang, 1), (li, 6)]
        assert [each.id for each in client.find_members(phone=ZHANG["phone"])] == [zhang]
        detail = client.member(member_id=li)
        assert detail
        assert (detail.id, detail.immediate_superior_phone) == (li, ZHANG["phone"])
        assert (detail.regulation_ids, detail.use_company_money, detail.is_remark) == (("1125920826148759",), 1, 0)
        [found] = client.find_departments(out_budget_id=DEPARTMENT["out_budget_id"])
        assert (found.id, found.name, found.parent_id, found.member_num) == (department, "研发中心", "0", 1)

        client.edit_department({"name": "研发部", "leader_employee_id": ["D1001"]}, id=department)
        [found] = client.departments()
        assert (found.name, found.leader_ids) == ("研发部", (zhang,))
        assert client.remove_members(member_ids=[zhang or "", li or ""]) == [zhang, li]
        assert {each.status for each in client.members(status="4")} == {4}
        client.close_department(out_budget_id=DEPARTMENT["out_budget_id"])
        assert client.departments() == client.projects() == []


def test_what_members_refer_to_is_read(didi: World) -> None:
    assert [role.name for role in didi.client.roles()] == ["管理员", "财务"]
    assert [each.status for each in didi.client.regulations()] == [1, 1, 0]
    [entity] = didi.client.legal_entities()
    assert (entity.id, entity.out_legal_entity_id) == ("1125922289295001", "LE001")


@pytest.mark.parametrize("loose", [False, True])
def test_a_list_is_read_whole_by_pages_of_a_hundred(loose: bool) -> None:
    with world(loose_types=loose) as didi:
        ids = [didi.sandbox.plant_member(realname=f"员工{number}") for number in range(200)]
        assert [member.id for member in didi.client.members()] == ids
        assert len(didi.operations("list members")) == 3


def test_nobody_is_found_without_saying_who(didi: World) -> None:
    for phone in (None, "", " "):
        with pytest.raises(ValueError, match="say which member: give phone or employee_number or email"):
            didi.client.find_members(phone=phone)
    assert didi.client.member(employee_number="D9999") is None
    assert didi.client.find_members(employee_number="D9999") == []


# Who we are


def test_one_token_lasts_until_a_minute_before_its_end(didi: World) -> None:
    didi.client.roles()
    didi.clock.advance(1739)
    didi.client.roles()
    assert len(didi.operations("sign in")) == 1
    didi.clock.advance(1)
    didi.client.roles()
    assert len(didi.operations("sign in")) == 2
    assert len(didi.run.secrets) == 2


@pytest.mark.parametrize("lasts", ["9" * 5_000, 10**400, -5, 0, 1.5, None, "soon"])
def test_a_token_whose_end_makes_no_sense_is_used_all_the_same(didi: World, lasts: Any) -> None:
    token = didi.sandbox.issue_token("sandbox-client")
    didi.sandbox.reply_next(json_reply({"access_token": token, "expires_in": lasts}))
    assert didi.client.roles()


def test_half_a_character_in_a_name_stops_nothing(didi: World) -> None:
    didi.client.add_department({**DEPARTMENT, "name": "部\ud83d"})
    [found] = didi.client.find_departments(name="部\ud83d")
    assert found.name == "部\ufffd"


def test_an_outdated_token_is_replaced_and_the_write_done_once(didi: World) -> None:
    didi.client.roles()
    didi.sandbox.expire_tokens()
    assert didi.client.add_member(ZHANG)
    assert len(didi.sandbox.members_now()) == 1
    assert [call["error"] for call in didi.run.calls if "single" in call["path"]][1:] == [None]


def test_a_token_that_is_always_refused_ends_after_one_replay(didi: World) -> None:
    didi.sandbox.fault(Match(path_glob=LIST), Errno(401, "access_token不合法或已过期"))
    with pytest.raises(AuthError, match="errno 401"):
        didi.client.members()
    assert (len(didi.operations()), len(didi.operations("sign in"))) == (2, 2)


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_wrong_clock_is_corrected_by_didis_own(hours: int) -> None:
    ours = WrongClock(hours)
    with DidiSandbox(clock=ours.right) as sandbox, client_of(sandbox, Run(ours)) as client:
        assert client.add_member(ZHANG)
        assert [entry["operation"] for entry in sandbox.journal] == ["sign in", "sign in", "add member"]
        ours.hours = 2 * hours
        assert client.add_department(DEPARTMENT)
        assert [entry["operation"] for entry in sandbox.journal][3:] == ["add department"] * 2
    assert len(sandbox.members_now()) == len(sandbox.departments_now()) == 1


def test_a_clock_that_stays_wrong_ends_after_one_replay(didi: World) -> None:
    didi.sandbox.fault(Match(path_glob=LIST), Errno(10001, "timestamp已过期"))
    with pytest.raises(ClockSkew, match="NTP"):
        didi.client.members()
    assert len(didi.operations()) == 2


def test_an_unknown_legal_entity_is_no_wrong_clock(didi: World) -> None:
    with pytest.raises(BusinessError, match="legal_entity_id不存在") as caught:
        didi.client.add_member({**ZHANG, "legal_entity_id": "1"})
    assert (caught.value.code, len(didi.operations())) == ("10001", 1)


def test_a_wrong_key_is_told_with_the_names_that_were_signed_and_tried_once() -> None:
    with world(sign_key="not-the-key") as didi:
        with pytest.raises(SignatureRefused) as caught:
            didi.client.members()
        assert len(didi.sandbox.journal) == 1
        names = "client_id, client_secret, grant_type, sign_key, timestamp"
        assert f"(DiDi signed {names})" in str(caught.value)
        assert "sandbox-client" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "error", "words"),
    [
        ({"allowed_ip": False}, PermissionDenied, "errno 10002.*public IP address.*white-list"),
        ({"client_id": "another"}, AuthError, "errno 400.*client_id and client_secret"),
        ({"client_secret": "another"}, AuthError, "errno 400.*client_id and client_secret"),
        ({"company_id": "1125900000000002"}, AuthError, "errno 12001.*company_id"),
        ({"entrusted": False}, PermissionDenied, "errno 12002.*authorise the app"),
        ({"granted": False}, PermissionDenied, "errno 403.*grant this interface"),
    ],
    ids=str,
)
def test_a_refusal_says_what_to_do(option: dict[str, Any], error: type[Exception], words: str) -> None:
    with world(**option) as didi, pytest.raises(error, match=words):
        didi.client.members()


def test_a_token_of_another_client_is_refused(didi: World) -> None:
    token = didi.sandbox.issue_token("another")
    didi.sandbox.reply_next(json_reply({"access_token": token}))
    with pytest.raises(AuthError, match="errno 410"):
        didi.client.members()


# What answers mean


@pytest.mark.parametrize(
    ("errno", "errmsg", "error"),
    [
        ("10003", "参数错误 name", BusinessError),
        (402, "手机号错误", BusinessError),
        (406, "用户不存在", BusinessError),
        (408, "timestamp格式错误", ProtocolError),
        (412, "client_id缺失", ProtocolError),
        (10003, "请求过于频繁", RateLimited),
        (77777, "\x1b[31m不知道", BusinessError),
    ],
)
def test_an_errno_is_a_typed_error(errno: int | str, errmsg: str, error: type[Exception]) -> None:
    with world() as didi:
        didi.client.roles()
        didi.sandbox.reply_next(json_reply({"errno": errno, "errmsg": errmsg, "request_id": "r-1"}))
        with pytest.raises(error, match=f"errno {errno} .*, request r-1") as caught:
            didi.client.add_member(ZHANG)
        assert "\x1b" not in str(caught.value)
        assert type(caught.value) is error


def test_a_failure_on_didis_side_is_tried_again_for_reads_and_signing_in(didi: World) -> None:
    for path in (SIGN_IN, LIST):
        didi.sandbox.fault(Match(path_glob=path, first_n=2), Errno(500, "access_token生成失败，请稍后重试"))
    didi.sandbox.plant_member(realname="张三")
    assert len(didi.client.members()) == 1
    assert (len(didi.operations("sign in")), len(didi.operations())) == (3, 3)
    assert didi.clock.monotonic() > 2


def test_a_failure_that_stays_is_a_server_error(didi: World) -> None:
    didi.sandbox.fault(Match(), Errno(500, "access_token生成失败，请稍后重试"))
    with pytest.raises(ServerError, match="errno 500"):
        didi.client.members()


def test_a_write_that_failed_on_didis_side_is_of_unknown_result(didi: World) -> None:
    didi.sandbox.fault(Match(path_glob="/river/Member/single"), Errno(500, "系统繁忙"))
    with pytest.raises(ResultUnknown, match="may have taken effect"):
        didi.client.add_member(ZHANG)
    assert len(didi.operations()) == 1


def test_who_exists_is_named_without_the_phone(didi: World) -> None:
    member_id = didi.sandbox.plant_member(**ZHANG, status=4)
    with pytest.raises(AlreadyExists) as caught:
        didi.client.add_member(ZHANG)
    assert caught.value.facts == {"member_id": member_id, "phone": "199****5001", "status": 4}
    assert ZHANG["phone"] not in str(caught.value)


def test_an_encrypted_answer_is_told(didi: World) -> None:
    didi.client.roles()
    didi.sandbox.reply_next(json_reply({"encrypt_data": "c2VjcmV0"}))
    with pytest.raises(ProtocolError, match="an encrypted body, which is not supported; switch the encryption off"):
        didi.client.members()


@pytest.mark.parametrize(
    "body",
    [
        {"errno": 0},
        {"errno": 0, "data": {}},
        {"errno": 0, "data": "members"},
        {"errno": 0, "data": {"total": 1, "records": {"id": "1"}}},
        {"errno": 0, "data": {"total": 1, "records": [{"phone": "1"}]}},
        {"errno": 0, "data": {"total": "many", "records": []}},
        {"errno": 0, "data": {"total": "1" * 5_000, "records": []}},
        {"errno": 0, "data": {"total": 5, "records": []}},
        {"errno": None, "data": []},
        {"access_token": "x"},
        [],
        None,
    ],
    ids=str,
)
def test_an_answer_that_cannot_be_read_is_never_an_empty_list(body: Any) -> None:
    with world() as didi:
        didi.client.roles()
        didi.sandbox.reply_next(json_reply(body), times=8)
        with pytest.raises(ProtocolError):
            didi.client.members()


@pytest.mark.parametrize(
    "body",
    [
        {"errno": 0},
        {"errno": 0, "data": {}},
        {"errno": 0, "data": {"id": ""}},
        {"errno": ""},
        {"errno": "ok"},
        {},
        "added",
    ],
    ids=str,
)
def test_a_write_whose_answer_cannot_be_read_is_of_unknown_result(body: Any) -> None:
    with world() as didi:
        didi.client.roles()
        for write, fields in ((didi.client.add_member, ZHANG), (didi.client.add_department, DEPARTMENT)):
            didi.sandbox.reply_next(json_reply(body))
            with pytest.raises(ResultUnknown):
                write(fields)


# How calls are made


def test_writes_of_a_company_keep_their_distance_and_departments_never_overlap(didi: World) -> None:
    def add(number: int) -> str | None:
        return didi.client.add_department({**DEPARTMENT, "out_budget_id": f"D{number}"})

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(add, range(24)))
    didi.client.add_member(ZHANG)
    times = [entry["at"] for entry in didi.operations() if entry["write"]]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.15
    assert len(didi.sandbox.departments_now()) == 24


def test_what_lacks_a_required_field_is_refused_in_a_dry_run_too() -> None:
    with world(dry_run=True) as didi:
        with pytest.raises(ValueError, match="a new member lacks realname, employee_number, which DiDi requires"):
            didi.client.add_member({"realname": " ", "phone": "19900005001", "member_type": 1})
        with pytest.raises(ValueError, match="a new department lacks out_budget_id, total_quota, which DiDi requires"):
            didi.client.add_department({"name": "x", "budget_cycle": 0, "total_quota": None})
        didi.client.add_department({"name": "x", "type": 2, "budget_cycle": 0, "total_quota": 0})
        assert len(didi.run.calls) == 1


def test_many_are_removed_a_hundred_at_a_time(didi: World) -> None:
    ids = [didi.sandbox.plant_member(realname="某人") for _ in range(101)]
    numbers = [f"D{number}" for number in range(3)]
    more = [didi.sandbox.plant_member(realname="某人", employee_number=number) for number in numbers]
    assert didi.client.remove_members(member_ids=ids, employee_numbers=numbers) == ids + more
    assert len(didi.operations("remove members")) == 3
    assert didi.run.calls[-1]["note"] == "remove members D0, D1, D2"
    assert didi.client.remove_members() == []
    with pytest.raises(ValueError, match="one of 2 keys is empty"):
        didi.client.remove_members(member_ids=ids, employee_numbers=["D0", " "])


@pytest.mark.parametrize(
    ("act", "note"),
    [
        (lambda client: client.add_member(ZHANG), "add member D1001"),
        (lambda client: client.add_member({"realname": "张三", "phone": "19900005001"}), "add member without a number"),
        (lambda client: client.edit_member({"realname": "张"}, member_id="1125"), "edit member 1125"),
        (lambda client: client.remove_members(employee_numbers=["D1001"]), "remove member D1001"),
        (lambda client: client.add_department(DEPARTMENT), "add department -5476327415902942726"),
        (lambda client: client.edit_department({"name": "x"}, out_budget_id="A"), "edit department A"),
        (lambda client: client.close_department(out_budget_id="A"), "close department A"),
    ],
)
def test_a_dry_run_notes_writes_and_sends_none(act: Callable[[DidiClient], Any], note: str) -> None:
    with world(dry_run=True) as didi:
        assert act(didi.client) in (None, [])
        [call] = didi.run.calls
        assert (call["sent"], call["note"], didi.sandbox.journal) == (False, note, [])
        assert didi.client.members() == []


def test_no_secret_and_no_phone_can_be_read_anywhere(
    didi: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    errors: list[str] = []
    words = f"手机号{ZHANG['phone']}已存在"
    didi.client.add_member(ZHANG)
    didi.client.find_members(phone=ZHANG["phone"])
    didi.sandbox.fault(Match(path_glob="/river/Member/*"), Errno(10003, words, {"phone": ZHANG["phone"]}))
    for act in (didi.client.members, lambda: didi.client.add_member(ZHANG)):
        with pytest.raises(ConnectHubError) as caught:
            act()
        errors.append(f"{caught.value!r} {caught.value}")
    said = json.dumps([didi.run.calls, didi.sandbox.journal, errors, caplog.text, repr(didi.client)])
    printed = capsys.readouterr()
    for secret in (*didi.run.secrets, "sandbox-client-secret", "sandbox-sign-key", ZHANG["phone"]):
        assert secret not in said + printed.out + printed.err
    assert "199****5001" in errors[0]


def test_an_unknown_way_to_sign_is_refused() -> None:
    with pytest.raises(ConfigError, match="signature 'sha1' is unknown; write md5 or sha256"):
        DidiClient("a", "b", "c", "d", signature=cast(Any, "sha1"))
