"""The rows of the failure catalogue that are about DiDi's lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connecthub.integrations.didi import DidiClient
from connecthub.integrations.errors import BusinessError, ProtocolError
from connecthub.integrations.sandbox.faults import MutateJson
from connecthub.integrations.sandbox.match import Match
from tests.integration.catalogue import DIDI, Row, Run, World

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


def after_the_first_page(change: Callable[[World], Any]) -> Any:
    """There are two pages, and after the first one is read something changes."""

    def plant(world: World) -> None:
        crowd(105)(world)

        def once(record: dict[str, Any]) -> None:
            if record["path"].endswith("Member/get"):
                world.run.heard = lambda record: None
                change(world)

        world.run.heard = once

    return plant


def somebody_comes(world: World) -> None:
    world.sandbox.plant_member(realname="新人", employee_number="late")


def one_of_the_first_page_leaves(world: World) -> None:
    """The first one of the second page moves up, and is on neither."""
    first = world.sandbox.members_now()[0]["id"]
    with DidiClient(base_url=world.sandbox.base_url, hooks=Run(world.clock), **DIDI) as another:
        another.remove_members(member_ids=[first])


def those_in_service(world: World, result: Any) -> bool:
    there = [row["id"] for row in world.sandbox.members_now() if row["status"] == 1]
    return len(there) == 104 and sorted(member.id for member in result) == sorted(there)


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
        "10003",
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
    Row(
        "F20",
        "data is null once, as where nobody is",
        "didi",
        members,
        2,
        1,
        result=everybody,
        before=crowd(3),
        faults=[(Match(path_glob=LIST, nth=1), MutateJson("data", None))],
    ),
    Row(
        "F30",
        "somebody comes while pages are read",
        "didi",
        members,
        4,
        1,
        result=everybody,
        before=after_the_first_page(somebody_comes),
    ),
    Row(
        "F30",
        "somebody leaves while pages are read, and another one moves up",
        "didi",
        lambda world: world.client.members(status="1"),
        5,
        2,
        result=those_in_service,
        before=after_the_first_page(one_of_the_first_page_leaves),
    ),
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
