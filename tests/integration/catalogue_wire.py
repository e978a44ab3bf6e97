"""The rows of the failure catalogue that are the wire's, and no service's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connecthub.integrations.errors import (
    ConnectFailed,
    ProtocolError,
    RateLimited,
    ResultUnknown,
    ServerError,
    SessionLost,
    Timeout,
    TransportError,
)
from connecthub.integrations.sandbox.faults import (
    Answer,
    ApplyThenFail,
    Charset,
    Delay,
    Drop,
    Effect,
    Hang,
    Redirect,
    Status,
    Truncate,
)
from connecthub.integrations.sandbox.match import Match
from connecthub.integrations.sandbox.messages import Reply
from tests.integration.catalogue import Faults, Row, World
from tests.integration.catalogue_didi import add
from tests.integration.catalogue_seeyon import UNIT, everybody, fields, one_unit

FOUR = (0.5, 1, 2)
UNITS = "*/orgAccounts"
WRITES = "*/Member/single"
NOWHERE = "http://127.0.0.1:9"
"""A port where nobody listens."""


def units(world: World) -> Any:
    return world.client.units()


def struck(effect: Effect, first_n: int | None = None, glob: str = UNITS) -> Faults:
    return [(Match(path_glob=glob, first_n=first_n), effect)]


GARBLED = '[{"id": 670869647114347, "name": "示例科技有限公司"}]'.encode().replace("技".encode(), b"\xe6\x8a\xff")
READ = Row("F0", "a read", "seeyon", units, 4, 1, waits=FOUR)
WRITE = Row("F0", "a write", "didi", add, 1, 1, ResultUnknown, "look before repeating it")


WIRE_ROWS = [
    replace(READ, id="F21", failure="504 for ever", error=ServerError, says="504", faults=struck(Status(504))),
    replace(
        READ, id="F21", failure="504 twice", requests=3, waits=FOUR[:2], result=one_unit, faults=struck(Status(504), 2)
    ),
    replace(WRITE, id="F21", failure="504 for a write", faults=struck(Status(504), glob=WRITES)),
    replace(READ, id="F22", failure="500 for ever", error=ServerError, says="500", faults=struck(Status(500))),
    replace(
        READ, id="F22", failure="502 once", requests=2, waits=FOUR[:1], result=one_unit, faults=struck(Status(502), 1)
    ),
    replace(
        READ, id="F22", failure="503 once", requests=2, waits=FOUR[:1], result=one_unit, faults=struck(Status(503), 1)
    ),
    replace(
        READ,
        id="F22",
        failure="the connection is refused",
        requests=0,
        sign_ins=0,
        error=ConnectFailed,
        says="no connection",
        client={"base_url": NOWHERE},
    ),
    replace(
        WRITE,
        id="F22",
        failure="the connection is refused for a write, which may be repeated",
        requests=0,
        sign_ins=0,
        waits=FOUR,
        error=ConnectFailed,
        says="no connection",
        client={"base_url": NOWHERE},
    ),
    replace(
        READ,
        id="F22",
        failure="the connection is reset",
        error=TransportError,
        says="before the answer was complete",
        faults=struck(Drop()),
    ),
    replace(WRITE, id="F22", failure="the connection is reset for a write", faults=struck(Drop(), glob=WRITES)),
    replace(
        READ,
        id="F22",
        failure="no answer in time, once",
        requests=2,
        waits=FOUR[:1],
        result=one_unit,
        faults=struck(Hang(), 1),
        client={"timeout": 0.5},
    ),
    replace(
        WRITE,
        id="F22",
        failure="no answer in time for a write",
        says="no complete answer within 0.5 s",
        faults=struck(Hang(), glob=WRITES),
        client={"timeout": 0.5},
    ),
    replace(
        READ,
        id="F23",
        failure="429, Retry-After in seconds",
        requests=2,
        waits=(7,),
        result=one_unit,
        faults=struck(Status(429, {"Retry-After": "7"}), 1),
    ),
    replace(
        READ,
        id="F23",
        failure="429, Retry-After as a date",
        requests=2,
        waits=(25,),
        result=one_unit,
        faults=struck(
            Status(
                429,
                {"Retry-After": "Mon, 02 Mar 2026 08:00:25 GMT", "Date": "Mon, 02 Mar 2026 08:00:00 GMT"},
            ),
            1,
        ),
    ),
    replace(
        READ,
        id="F23",
        failure="429, Retry-After beyond reason",
        requests=2,
        waits=FOUR[:1],
        result=one_unit,
        faults=struck(Status(429, {"Retry-After": "86400"}), 1),
    ),
    replace(
        READ,
        id="F23",
        failure="429 for ever",
        waits=(60, 60, 60),
        error=RateLimited,
        says="to wait 60 s",
        faults=struck(Status(429, {"Retry-After": "60"})),
    ),
    replace(
        WRITE,
        id="F23",
        failure="429 for a write: it was not done",
        error=RateLimited,
        says="429",
        faults=struck(Status(429), glob=WRITES),
    ),
    replace(
        READ,
        id="F24",
        failure="JSON cut short",
        requests=1,
        waits=(),
        error=ProtocolError,
        says="that are no JSON",
        faults=struck(Truncate(40)),
    ),
    replace(
        READ,
        id="F24",
        failure="fewer bytes than Content-Length says",
        error=TransportError,
        says="before the answer was complete",
        faults=struck(Truncate(40, keep_content_length=True)),
    ),
    replace(
        READ,
        id="F24",
        failure="the connection drops in the middle of a body, once",
        requests=2,
        waits=FOUR[:1],
        result=one_unit,
        faults=struck(Drop("mid_body"), 1),
    ),
    replace(
        WRITE,
        id="F24",
        failure="the answer to a write is cut short",
        faults=struck(ApplyThenFail(Answer(Reply(200, b'{"errno": 0, "da'))), glob=WRITES),
    ),
    replace(
        WRITE,
        id="F24",
        failure="the connection drops in the middle of the answer to a write",
        faults=struck(Drop("mid_body"), glob=WRITES),
    ),
    *[
        Row(
            "F25",
            f"a body in {encoding}, {'declared' if declare else 'not declared'}",
            "seeyon",
            lambda world: world.client.members(UNIT),
            2,
            1,
            result=lambda world, found: everybody(world, found) and all("示例" not in each.name for each in found),
            faults=[(Match(), Charset(encoding, declare))],
        )
        for encoding in ("gb18030", "utf-8")
        for declare in (True, False)
    ],
    replace(
        READ,
        id="F25",
        failure="a body in GBK that says UTF-8",
        requests=1,
        waits=(),
        result=lambda world, found: found[0].name == "示例科技有限公司",
        faults=struck(
            Answer(
                Reply(200, '[{"id": 1, "name": "示例科技有限公司"}]'.encode("gbk"), "application/json;charset=UTF-8")
            )
        ),
    ),
    replace(
        READ,
        id="F25",
        failure="a body in UTF-8 with a garbled byte",
        requests=1,
        waits=(),
        error=ProtocolError,
        says="it was damaged on its way",
        faults=struck(Answer(Reply(200, GARBLED, "application/json"))),
    ),
    replace(
        READ,
        id="F26",
        failure="a redirect to a login page",
        requests=1,
        waits=(),
        error=SessionLost,
        says="a redirect to login.example.com,",
        faults=struck(Redirect("https://login.example.com/sso?ticket=secret")),
    ),
    replace(
        WRITE,
        id="F26",
        failure="a redirect for a write: it was not done",
        error=SessionLost,
        says="which is not followed",
        faults=struck(Redirect(), glob=WRITES),
    ),
    replace(
        READ,
        id="F27",
        failure="an answer that takes longer than a call may",
        requests=1,
        waits=(301,),
        error=Timeout,
        says="no end within the call's time",
        faults=struck(Delay(301)),
    ),
    replace(
        READ,
        id="F27",
        failure="an answer beyond the size that we take",
        requests=1,
        waits=(),
        error=ProtocolError,
        says="with more than 1000 bytes; ask for less at a time",
        client={"max_body_bytes": 1000},
        faults=struck(Answer(Reply(200, b"[" + b" " * 1000))),
    ),
    Row(
        "F28",
        "a write of Seeyon takes effect and its answer is cut short",
        "seeyon",
        lambda world: world.client.add_member(fields(world)),
        1,
        1,
        ResultUnknown,
        "look before repeating it",
        faults=struck(ApplyThenFail(Truncate(20)), glob="*/orgMember"),
        the_sync="reconciles by number",
    ),
]
