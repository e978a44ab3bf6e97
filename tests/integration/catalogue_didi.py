"""The rows of the failure catalogue that are DiDi's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

from connecthub.core.clock import FixedClock
from connecthub.integrations.errors import (
    AlreadyExists,
    AuthError,
    BusinessError,
    ClockSkew,
    PermissionDenied,
    ResultUnknown,
    ServerError,
    SignatureRefused,
)
from connecthub.integrations.sandbox.faults import ApplyThenFail, Errno, Status
from connecthub.integrations.sandbox.match import Match
from tests.integration.catalogue import NOW, Row, Run, World

SIGN_IN = "*/Auth/authorize"
NEWCOMER = {"realname": "新人", "phone": "13900001001", "employee_number": "N1"}
TURN = 0.16
SIGNED = "access_token=ticket=secret&client_id=sandbox-client"
GENERATING = Errno(500, "access_token生成失败，请稍后重试")


def roles(world: World) -> Any:
    return world.client.roles()


def add(world: World, **changes: Any) -> Any:
    return world.client.add_member({**NEWCOMER, **changes})


def some(world: World, result: Any) -> bool:
    return len(result) > 0


def expired(world: World) -> None:
    roles(world)
    world.sandbox.expire_tokens()


def outlived(world: World) -> None:
    """The token's half hour is over but for seconds."""
    roles(world)
    world.clock.sleep(1745)


def an_hour_ahead() -> Run:
    return Run(FixedClock(NOW.replace(hour=NOW.hour + 1)))


def add_or_edit(world: World) -> Any:
    """What a sync does with somebody who is there: look up, compare, edit."""
    try:
        add(world, realname="新名")
    except AlreadyExists:
        [found] = world.client.find_members(phone=NEWCOMER["phone"])
        assert found.employee_number == "N1"
        world.client.edit_member({"realname": "新名"}, member_id=found.id)


def the_only_name(world: World, result: Any) -> bool:
    return [row["realname"] for row in world.sandbox.members_now()] == ["新名"]


def five_writes(world: World) -> Any:
    for number in range(5):
        add(world, phone=f"1390000200{number}", employee_number=f"N{number}")
    return world.sandbox.members_now()


def five_departments_at_once(world: World) -> Any:
    def one(number: int) -> Any:
        fields = {"name": f"部门{number}", "budget_cycle": 0, "total_quota": "0", "out_budget_id": f"K{number}"}
        return world.client.add_department(fields)

    with ThreadPoolExecutor(5) as pool:
        return list(pool.map(one, range(5)))


def apart(world: World, result: Any) -> bool:
    """The journal's own clock has 150 ms between the writes."""
    times = [entry["at"] for entry in world.asked if entry["write"]]
    return len(result) == 5 and all(after - before >= 0.15 for before, after in pairwise(times))


def add_until_there(world: World) -> Any:
    """What a sync does after ResultUnknown where it finds that nothing happened: once more."""
    return add_and_look(world) or add(world)


def add_and_look(world: World) -> Any:
    """What a sync does after ResultUnknown: look by the number."""
    try:
        return add(world)
    except ResultUnknown:
        return world.client.find_members(employee_number="N1")


DIDI_ROWS = [
    Row("F11", "errno 401: the token is refused", "didi", roles, 2, 1, before=expired, result=some),
    Row("F11", "a token is renewed a minute before its end", "didi", roles, 1, 1, before=outlived, result=some),
    Row(
        "F11",
        "errno 401 persists",
        "didi",
        roles,
        2,
        2,
        AuthError,
        "errno 401",
        faults=[(Match(path_glob="*/Role/get"), Errno(401, "access_token不合法或已过期"))],
    ),
    Row("F11", "errno 401 for a write", "didi", add, 2, 1, before=expired, waits=(TURN,), result=some),
    Row(
        "F12",
        "errno 10001: our clock is an hour ahead",
        "didi",
        roles,
        1,
        2,
        result=some,
        client={"hooks": an_hour_ahead()},
    ),
    Row(
        "F12",
        "errno 10001 for a call, once",
        "didi",
        roles,
        2,
        1,
        result=some,
        faults=[(Match(path_glob="*/Role/get", nth=1), Errno(10001, "timestamp已过期"))],
    ),
    Row(
        "F12",
        "errno 10001 persists",
        "didi",
        roles,
        2,
        1,
        ClockSkew,
        "answered errno 10001 (timestamp已过期",
        faults=[(Match(path_glob="*/Role/get"), Errno(10001, "timestamp已过期"))],
    ),
    Row(
        "F13",
        "errno 19999: another sign_key",
        "didi",
        roles,
        0,
        1,
        SignatureRefused,
        "(DiDi signed client_id, client_secret, grant_type, sign_key, timestamp)",
        client={"sign_key": "another"},
    ),
    Row(
        "F13",
        "errno 19999 for a call: what was signed has the token in it",
        "didi",
        roles,
        1,
        1,
        SignatureRefused,
        "(DiDi signed access_token, client_id)",
        faults=[(Match(path_glob="*/Role/get"), Errno(19999, "签名验证失败", {"params_sign_str": SIGNED}))],
    ),
    Row(
        "F14",
        "errno 10002: the address is not on the white-list",
        "didi",
        roles,
        0,
        1,
        PermissionDenied,
        "add this host's public IP address",
        sandbox={"allowed_ip": False},
    ),
    Row(
        "F15",
        "errno 500: no token at first",
        "didi",
        roles,
        1,
        3,
        result=some,
        waits=(0.5, 1),
        faults=[(Match(path_glob=SIGN_IN, first_n=2), GENERATING)],
    ),
    Row(
        "F15",
        "errno 500: no token at all",
        "didi",
        roles,
        0,
        4,
        ServerError,
        "access_token生成失败",
        waits=(0.5, 1, 2),
        faults=[(Match(path_glob=SIGN_IN), GENERATING)],
    ),
    Row(
        "F16",
        "errno 50202: the member exists",
        "didi",
        add_or_edit,
        3,
        0,
        before=add,
        waits=(TURN, TURN),
        result=the_only_name,
        the_sync="looks up, compares the number and edits, or reports a conflict",
    ),
    Row("F17", "writes less than 150 ms apart", "didi", five_writes, 5, 1, waits=(TURN,) * 4, result=apart),
    Row(
        "F18", "departments are added at once", "didi", five_departments_at_once, 5, 1, waits=(TURN,) * 4, result=apart
    ),
    Row(
        "F21",
        "504 for a write that was not done: looked for, not found, sent again",
        "didi",
        add_until_there,
        4,
        1,
        waits=(TURN,),
        result=lambda world, member_id: [row["id"] for row in world.sandbox.members_now()] == [member_id],
        faults=[(Match(path_glob="*/Member/single", nth=1), Status(504))],
        the_sync="looks before it repeats",
    ),
    Row(
        "F28",
        "a member of DiDi's is added and the answer is lost",
        "didi",
        add_and_look,
        2,
        1,
        result=lambda world, found: [member.employee_number for member in found] == ["N1"],
        faults=[(Match(path_glob="*/Member/single"), ApplyThenFail())],
        the_sync="reconciles by number",
    ),
    Row(
        "F31",
        "a phone is none",
        "didi",
        lambda world: add(world, phone="12345"),
        1,
        1,
        BusinessError,
        "errno 402",
        "402",
        the_sync="adds by number, or reports it, and goes on",
    ),
    Row(
        "F31",
        "a phone is somebody else's",
        "didi",
        lambda world: add(world, employee_number="N2"),
        1,
        0,
        AlreadyExists,
        "errno 50202",
        "50202",
        before=add,
        waits=(TURN,),
        the_sync="reports a conflict and goes on",
    ),
]
