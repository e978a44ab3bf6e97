"""The rows of the failure catalogue that are about DiDi's lists."""

from __future__ import annotations

from typing import Any

from connecthub.integrations.errors import BusinessError, ProtocolError
from connecthub.integrations.sandbox.faults import MutateJson
from connecthub.integrations.sandbox.match import Match
from tests.integration.catalogue import Row, World

LIST = "*/Member/get"


def members(world: World) -> Any:
    return world.client.members()


def crowd(number: int) -> Any:
    """Have so many members there before the row's call."""

    def plant(world: World) -> None:
        for each in range(number):
            world.sandbox.plant_member(realname=f"员工{each}", phone=f"1390002{each:04d}", employee_number=f"C{each}")

    return plant


def everybody(world: World, result: Any) -> bool:
    return sorted(member.id for member in result) == sorted(row["id"] for row in world.sandbox.members_now())


def somebody_comes(world: World) -> None:
    """There are two pages, and after the first one is read somebody more is there."""
    crowd(105)(world)

    def one_more(record: dict[str, Any]) -> None:
        if record["path"].endswith("Member/get") and len(world.sandbox.members_now()) == 105:
            world.sandbox.plant_member(realname="新人", employee_number="late")

    world.run.heard = one_more


DIDI_LIST_ROWS = [
    Row(
        "F19",
        "an offset that is no multiple of the length",
        "didi",
        lambda world: world.client.request("GET", "river/Member/get", params={"offset": 50, "length": 100}),
        1,
        1,
        BusinessError,
        "errno 10003",
    ),
    Row("F19", "the pager has multiples only", "didi", members, 2, 1, result=everybody, before=crowd(105)),
    Row(
        "F20",
        "errno and totals are text",
        "didi",
        members,
        2,
        1,
        result=everybody,
        before=crowd(105),
        sandbox={"loose_types": True},
    ),
    Row(
        "F20",
        "what is empty is a list, not an object",
        "didi",
        members,
        2,
        1,
        result=lambda world, found: found == [],
        sandbox={"loose_types": True},
    ),
    Row(
        "F20",
        "a page has no data",
        "didi",
        members,
        1,
        1,
        ProtocolError,
        "answered without data",
        faults=[(Match(path_glob=LIST), MutateJson("data", remove=True))],
    ),
    Row("F30", "pages shift while they are read", "didi", members, 4, 1, result=everybody, before=somebody_comes),
    Row(
        "F32",
        "total 0 past the end",
        "didi",
        members,
        2,
        1,
        result=everybody,
        before=crowd(100),
        faults=[(Match(path_glob=LIST, nth=2), MutateJson("data.total", 0))],
    ),
    Row(
        "F32",
        "total '0' where nobody is",
        "didi",
        members,
        2,
        1,
        result=lambda world, found: found == [],
        faults=[(Match(path_glob=LIST), MutateJson("data.total", "0"))],
    ),
    Row(
        "F32",
        "total '0' where somebody is",
        "didi",
        members,
        4,
        1,
        ProtocolError,
        "where 0 were promised",
        before=crowd(3),
        faults=[(Match(path_glob=LIST), MutateJson("data.total", "0"))],
    ),
]
