"""The rows of the failure catalogue that are Seeyon's."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connecthub.integrations.errors import (
    AlreadyExists,
    AuthError,
    BusinessError,
    PermissionDenied,
    ProtocolError,
    ResultUnknown,
)
from connecthub.integrations.sandbox.faults import Answer, ApplyThenFail, Bom, Crlf, HtmlLogin, MutateJson
from connecthub.integrations.sandbox.match import Match
from connecthub.integrations.sandbox.messages import Reply
from tests.integration.catalogue import UNIT, Row, World

COUNTS = ("orgMembers/count/{}", "orgMembers/all/count/{}")
UNITS = Match(path_glob="*/orgAccounts")
MEMBERS = Match(path_glob=f"*/orgMembers/{UNIT}")


def units(world: World) -> Any:
    return world.client.units()


def members(world: World) -> Any:
    return world.client.members(UNIT)


def eight_at_once(world: World) -> Any:
    with ThreadPoolExecutor(8) as pool:
        return [future.result() for future in [pool.submit(units, world) for _ in range(8)]]


def idled(world: World) -> None:
    """The run is busy elsewhere for longer than a token idles."""
    units(world)
    world.clock.sleep(901)


def forgotten(world: World) -> None:
    units(world)
    world.sandbox.expire_tokens()


def one_unit(world: World, result: Any) -> bool:
    return [unit.id for unit in result] == [UNIT]


def everybody(world: World, result: Any) -> bool:
    there = [row for row in world.sandbox.organisation.members if row["enabled"] and not row["isDeleted"]]
    return {member.id for member in result} == {str(row["id"]) for row in there}


def fields(world: World, **changes: Any) -> dict[str, Any]:
    """A member to add, like one who is there and has nothing odd about them."""
    odd = {each for ids in world.sandbox.organisation.planted.values() for each in ids}
    like = next(row for row in world.sandbox.organisation.members if not {row["id"], row["orgDepartmentId"]} & odd)
    places = {name: like[name] for name in ("orgAccountId", "orgDepartmentId", "orgPostId", "orgLevelId")}
    return {"name": "新人", "code": "N0001", "loginName": "n0001", **places, **changes}


def add_again(world: World) -> Any:
    taken = next(row["code"] for row in world.sandbox.organisation.members if row["code"] and row["enabled"])
    return world.client.add_member(fields(world, code=taken))


def close_a_full_department(world: World) -> Any:
    full = next(row["orgDepartmentId"] for row in world.sandbox.organisation.members if row["enabled"])
    return world.client.remove_department(str(full))


def save_two(world: World) -> Any:
    good = fields(world)
    return world.client.save_members([good, fields(world, code=good["code"], loginName="n0002")])


def one_of_two(world: World, result: Any) -> bool:
    return sorted((each.ok, each.code) for each in result) == [(False, "MEMBER_REPEAT_CODE"), (True, "SUCCESS")]


def add_and_look(world: World) -> Any:
    """What a sync does after ResultUnknown: look by the number."""
    try:
        world.client.add_member(fields(world))
    except ResultUnknown:
        return world.client.member_by_code("N0001")


EIGHT_MB = json.dumps([{"id": number, "name": "员工", "more": "x" * 1_000} for number in range(8_000)]).encode()
TAKEN: dict[str, Any] = {"says": "another member has this employee number", "code": "MEMBER_REPEAT_CODE"}


SEEYON_ROWS = [
    Row("F1", "a token idles out during the run", "seeyon", units, 2, 1, before=idled, result=one_unit),
    Row(
        "F1",
        "a token that eight threads use is forgotten: one of them renews it",
        "seeyon",
        eight_at_once,
        range(9, 17),
        1,
        before=forgotten,
        result=lambda world, results: all(one_unit(world, result) for result in results),
    ),
    Row(
        "F2",
        "the password is wrong: token -1 with status 200",
        "seeyon",
        units,
        0,
        1,
        AuthError,
        "user name or password refused",
        client={"password": "wrong"},
    ),
    Row("F3", "the token is bare text", "seeyon", units, 1, 1, result=one_unit, sandbox={"bare_text_token": True}),
    Row("F3", "the token is fetched by GET", "seeyon", units, 1, 1, result=one_unit, client={"token_form": "get"}),
    Row(
        "F4",
        "a 401 persists after a fresh sign-in: not granted",
        "seeyon",
        units,
        2,
        2,
        PermissionDenied,
        "also after a fresh sign-in; in Seeyon's REST users",
        sandbox={"not_granted": {"orgAccounts"}},
    ),
    Row(
        "F5",
        "a login page with status 200 for ever",
        "seeyon",
        units,
        2,
        2,
        ProtocolError,
        "an HTML page ('Login') where JSON was due",
        faults=[(UNITS, HtmlLogin())],
    ),
    Row(
        "F5",
        "a login page once: replayed, for it is a read",
        "seeyon",
        units,
        2,
        2,
        result=one_unit,
        faults=[(Match(path_glob="*/orgAccounts", nth=1), HtmlLogin())],
    ),
    Row(
        "F5",
        "a login page for a write: not replayed",
        "seeyon",
        lambda world: world.client.add_member(fields(world)),
        1,
        1,
        ResultUnknown,
        "look before repeating it",
        faults=[(Match(path_glob="*/orgMember"), HtmlLogin())],
    ),
    Row(
        "F6",
        "code 1010 with status 200",
        "seeyon",
        units,
        2,
        1,
        result=one_unit,
        before=forgotten,
        sandbox={"json_401": True},
    ),
    Row("F7", "success: false, a number is taken", "seeyon", add_again, 1, 1, AlreadyExists, **TAKEN),
    Row(
        "F7",
        "success: false, a department is not empty",
        "seeyon",
        close_a_full_department,
        1,
        1,
        BusinessError,
        "the department still has members",
        "DEPARTMENT_EXIST_MEMBER",
    ),
    Row("F8", "one of two is saved", "seeyon", save_two, 1, 1, result=one_of_two),
    Row("F9", "CRLF around bodies", "seeyon", members, 2, 1, result=everybody, faults=[(Match(), Crlf())]),
    Row("F9", "a BOM before bodies", "seeyon", members, 2, 1, result=everybody, faults=[(Match(), Bom())]),
    *[
        Row(
            "F9", f"{what} around a refusal", "seeyon", add_again, 1, 1, AlreadyExists, **TAKEN, faults=[(Match(), how)]
        )
        for what, how in (("CRLF", Crlf()), ("a BOM", Bom()))
    ],
    Row("F10", "ids are 64-bit numbers", "seeyon", members, 2, 1, result=everybody),
    Row(
        "F10",
        "ids are text (option.n_a_s)",
        "seeyon",
        members,
        2,
        1,
        result=everybody,
        client={"numbers_as_text": True},
    ),
    Row(
        "F27",
        "a page of 8 MB",
        "seeyon",
        members,
        2,
        1,
        result=lambda world, found: len(found) == 8_000,
        faults=[(MEMBERS, Answer(Reply(200, EIGHT_MB)))],
    ),
    Row(
        "F27",
        "a unit is too big for one answer: it is read by department",
        "seeyon",
        lambda world: [member for member in world.client.members_by_department(UNIT) if member.enabled],
        17,
        1,
        result=everybody,
    ),
    Row(
        "F28",
        "a member of Seeyon's is added and the answer is lost",
        "seeyon",
        add_and_look,
        2,
        1,
        result=lambda world, found: found.name == "新人",
        faults=[(Match("POST", "*/orgMember"), ApplyThenFail())],
        the_sync="reconciles by number",
    ),
    Row(
        "F29",
        "members shrink to [] with status 200",
        "seeyon",
        members,
        4,
        1,
        ProtocolError,
        "gave 0 members where",
        faults=[(MEMBERS, MutateJson("", []))],
    ),
    Row(
        "F29",
        "members shrink to [] once",
        "seeyon",
        members,
        4,
        1,
        result=everybody,
        faults=[(Match(path_glob=f"*/orgMembers/{UNIT}", nth=1), MutateJson("", []))],
    ),
    Row(
        "F29",
        "members shrink to [] in a version without counts",
        "seeyon",
        members,
        4,
        2,
        result=lambda world, found: found == [],
        faults=[(MEMBERS, MutateJson("", []))],
        sandbox={"lacking": COUNTS},
        the_sync="stops at its guards against an empty reply and mass leave",
    ),
]
