"""The faults of a stand-in, as a plain HTTP client sees them over a real socket."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connecthub.core.clock import FixedClock
from connecthub.errors import ConnectHubError
from connecthub.integrations.sandbox.faults import (
    ApplyThenFail,
    Bom,
    Charset,
    Crlf,
    Delay,
    Drop,
    Effect,
    Errno,
    Hang,
    HtmlLogin,
    MutateJson,
    Redirect,
    RejectThenOk,
    Status,
    Trickle,
    Truncate,
)
from connecthub.integrations.sandbox.match import Match
from connecthub.integrations.sandbox.messages import Reply, Request
from tests.integration.standin import Counter, plain_client


def struck(sandbox: Counter) -> list[int]:
    """Which requests met a fault, counted from 1."""
    return [number for number, entry in enumerate(sandbox.journal, 1) if entry["fault"]]


def statuses(client: httpx.Client, count: int, method: str = "GET", path: str = "/list") -> list[int]:
    return [client.request(method, path).status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("effect", "status", "body", "handled"),
    [
        (Status(429, {"Retry-After": "7"}, "slow down"), 429, b"slow down", 0),
        (Errno(10003, "参数错误", {"field": "phone"}), 200, '"errmsg": "参数错误"'.encode(), 0),
        (HtmlLogin(), 200, b"<title>Login</title>", 0),
        (Redirect("/login?from=1"), 302, b"", 0),
        (Bom(), 200, b'\xef\xbb\xbf{"handled": 1', 1),
        (Crlf(), 200, b'\r\n{"handled": 1', 1),
        (Charset("gbk"), 200, "张三".encode("gbk"), 1),
        (Charset("gbk", declare=False), 200, "张三".encode("gbk"), 1),
        (Truncate(9), 200, b'{"handled', 1),
        (MutateJson("handled", "78"), 200, b'{"handled": "78"', 1),
        (MutateJson("records.1.id", None), 200, b'{"id": null}]', 1),
        (MutateJson("handled", remove=True), 200, b'{"records"', 1),
        (MutateJson("", []), 200, b"[]\r\n", 1),
        (RejectThenOk(), 503, b"failed on purpose", 0),
        (ApplyThenFail(Status(504)), 504, b"failed on purpose", 1),
        (ApplyThenFail(HtmlLogin()), 200, b"<title>Login</title>", 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Effect) else "",
)
def test_an_effect_is_what_the_client_sees(
    sandbox: Counter, client: httpx.Client, effect: Effect, status: int, body: bytes, handled: int
) -> None:
    sandbox.fault(Match(), effect)
    answer = client.post("/list")
    assert answer.status_code == status
    assert body in answer.content
    assert sandbox.handled == handled


def test_headers_come_with_the_effects_that_have_them(sandbox: Counter, client: httpx.Client) -> None:
    sandbox.play_next(Status(429, {"Retry-After": "7"}))
    sandbox.play_next(Redirect("/login"))
    sandbox.play_next(Charset("gbk"))
    sandbox.play_next(Charset("gbk", declare=False))
    assert client.get("/").headers["Retry-After"] == "7"
    assert client.get("/").headers["Location"] == "/login"
    assert client.get("/").headers["Content-Type"] == "application/json;charset=gbk"
    assert client.get("/").headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("effect", "handled"),
    [
        (Drop(), 0),
        (Drop("mid_body"), 1),
        (Truncate(3, keep_content_length=True), 1),
        (Truncate(-2, keep_content_length=True), 1),
        (ApplyThenFail(), 1),
        (ApplyThenFail(Drop("mid_body")), 1),
    ],
)
def test_a_connection_that_is_cut_is_no_answer(
    sandbox: Counter, client: httpx.Client, effect: Effect, handled: int
) -> None:
    sandbox.play_next(effect)
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/list")
    assert sandbox.handled == handled
    assert client.post("/list").json()["handled"] == handled + 1


@pytest.mark.parametrize(("effect", "handled"), [(Hang(), 0), (ApplyThenFail(Hang()), 1)])
def test_a_request_that_hangs_gets_nothing_until_the_client_gives_up(
    sandbox: Counter, effect: Effect, handled: int
) -> None:
    sandbox.play_next(effect)
    with plain_client(sandbox, timeout=0.1) as hasty, pytest.raises(httpx.ReadTimeout):
        hasty.post("/list")
    assert sandbox.handled == handled
    assert sandbox.in_flight == []
    assert sandbox.journal[0]["status"] is None


def test_a_stand_in_ends_while_requests_hang() -> None:
    arrivals = threading.Semaphore(0)

    class Announcing(Counter):
        def journal_facts(self, request: Request) -> dict[str, Any]:
            arrivals.release()
            return {}

    with ThreadPoolExecutor(2) as pool:
        with Announcing() as sandbox:
            sandbox.play_next(Hang())
            sandbox.play_next(ApplyThenFail(Hang()))
            asked = [pool.submit(httpx.get, sandbox.base_url, timeout=60, trust_env=False) for _ in range(2)]
            assert all(arrivals.acquire(timeout=10) for _ in asked)
        assert [type(future.exception()) for future in asked] == [httpx.RemoteProtocolError] * 2


def test_a_delay_passes_on_the_clock(sandbox: Counter, client: httpx.Client, clock: FixedClock) -> None:
    sandbox.fault(Match(nth=1), Delay(90))
    assert client.get("/list").json()["handled"] == 1
    assert client.get("/list").json()["handled"] == 2
    assert clock.monotonic() == 90
    assert [entry["at"] for entry in sandbox.journal] == [0, 90]


def test_an_answer_trickles_on_the_clock(sandbox: Counter, client: httpx.Client, clock: FixedClock) -> None:
    whole = client.get("/list").content
    sandbox.fault(Match(nth=1), Trickle(bytes=10, seconds=5))
    assert client.get("/list").content == whole.replace(b"1", b"2", 1)
    assert clock.monotonic() == 5 * (len(whole) // 10)


def test_a_stand_in_ends_while_an_answer_trickles() -> None:
    with Counter() as sandbox:
        sandbox.play_next(Trickle(bytes=1, seconds=3600))
        with plain_client(sandbox) as client, client.stream("GET", "/") as answer:
            assert next(answer.iter_raw()) == b"{"


class HeldClock(FixedClock):
    """A clock whose sleepers wake when the test lets them."""

    def __init__(self) -> None:
        super().__init__(datetime(2026, 1, 5, tzinfo=UTC))
        self.asleep = threading.Event()
        self.wake = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.asleep.set()
        assert self.wake.wait(10)
        super().sleep(seconds)


def test_a_delay_holds_up_nobody_else_and_the_late_one_is_in_flight() -> None:
    overlapping: list[list[tuple[str, float]]] = []

    class Watching(Counter):
        def answer(self, request: Request) -> Reply:
            overlapping.append([(flight.request.path, flight.arrived) for flight in self.in_flight])
            return super().answer(request)

    clock = HeldClock()
    with Watching(clock=clock) as sandbox, plain_client(sandbox) as client, ThreadPoolExecutor(1) as pool:
        sandbox.fault(Match(path_glob="/late"), Delay(60))
        late = pool.submit(client.get, "/late")
        assert clock.asleep.wait(10)
        clock.advance(1)
        assert client.get("/soon").status_code == 200
        assert not late.done()
        clock.wake.set()
        assert late.result().json()["handled"] == 1
        client.get("/after")
    assert overlapping == [[("/late", 0)], [("/late", 0), ("/soon", 1)], [("/after", 61)]]


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        (Match(), [1, 2, 3, 4, 5, 6]),
        (Match(nth=2), [2]),
        (Match(every=3), [3, 6]),
        (Match(first_n=2), [1, 2]),
        (Match(method="post"), []),
        (Match(method="get", path_glob="/li*", nth=6), [6]),
        (Match(path_glob="/other/*"), []),
        (Match(probability=0), []),
        (Match(probability=1), [1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_match_chooses_requests(sandbox: Counter, client: httpx.Client, match: Match, hit: list[int]) -> None:
    sandbox.fault(match, Status())
    statuses(client, 6)
    assert struck(sandbox) == hit


def test_chance_is_the_same_for_the_same_seed(sandbox: Counter, client: httpx.Client) -> None:
    runs = []
    for seed in (7, 7, 8):
        sandbox.reset()
        sandbox.fault(Match(probability=0.3, seed=seed), Status())
        statuses(client, 40)
        runs.append(struck(sandbox))
    assert runs[0] == runs[1] != runs[2]
    assert 3 < len(runs[0]) < 22


def test_the_first_fault_that_chooses_a_request_strikes_and_all_count_it(
    sandbox: Counter, client: httpx.Client
) -> None:
    sandbox.fault(Match(nth=2), Status(500), "once")
    sandbox.fault(Match(every=2), Status(502), "often")
    sandbox.fault(Match(method="POST"), Status(504))
    assert statuses(client, 5) == [200, 500, 200, 502, 200]
    assert statuses(client, 1, "POST") == [502]
    assert statuses(client, 1, "POST") == [504]
    assert [entry["fault"] for entry in sandbox.journal] == [None, "once", None, "often", None, "often", "fault-3"]


def test_rejections_end_by_themselves(sandbox: Counter, client: httpx.Client) -> None:
    sandbox.fault(Match(method="POST"), RejectThenOk(2))
    assert statuses(client, 4, "POST") == [503, 503, 200, 200]
    assert sandbox.handled == 2


def test_faults_are_cleared_and_their_names_are_theirs(sandbox: Counter, client: httpx.Client) -> None:
    assert sandbox.fault(Match(), Status()) == "fault-1"
    assert sandbox.fault(Match(), Status(), "mine") == "mine"
    with pytest.raises(ConnectHubError, match="a fault 'mine' stands already"):
        sandbox.fault(Match(), Status(), "mine")
    sandbox.fail_next(times=3)
    sandbox.clear_faults()
    assert statuses(client, 2) == [200, 200]


def test_a_fault_that_does_not_fit_the_answer_says_so(sandbox: Counter, client: httpx.Client) -> None:
    sandbox.fault(Match(), MutateJson("records.7.id", 1), "far")
    answer = client.get("/list")
    assert answer.status_code == 500
    assert answer.text.startswith("the stand-in's fault far: the answer has no 'records.7.id' to change")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"nth": 0}, "greater than or equal to 1"),
        ({"probability": 1.5}, "less than or equal to 1"),
        ({"nth": 1, "every": 2}, "nth and every exclude each other"),
        ({"path": "/x"}, "path"),
    ],
)
def test_a_match_that_makes_no_sense_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Match(**settings)


def test_the_journal_has_when_what_and_which_fault(sandbox: Counter, client: httpx.Client, clock: FixedClock) -> None:
    clock.advance(12)
    sandbox.fault(Match(nth=2), Status(503), "gateway")
    client.get("/list", params={"token": "secret", "a": "1"})
    client.post("/add")
    sandbox.drop_next()
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/list")
    assert sandbox.journal == [
        {
            "at": 12,
            "service": "counter",
            "method": "GET",
            "path": "/list",
            "query": ["a", "token"],
            "fault": None,
            "operation": "list",
            "status": 200,
        },
        {
            "at": 12,
            "service": "counter",
            "method": "POST",
            "path": "/add",
            "query": [],
            "fault": "gateway",
            "operation": "add",
            "status": 503,
        },
        {
            "at": 12,
            "service": "counter",
            "method": "GET",
            "path": "/list",
            "query": [],
            "fault": "next",
            "operation": "list",
            "status": None,
        },
    ]


def test_every_answer_has_the_date_of_the_clock(sandbox: Counter, client: httpx.Client, clock: FixedClock) -> None:
    clock.advance(60)
    sandbox.fail_next()
    for _ in range(2):
        assert client.get("/list").headers.get_list("Date") == ["Mon, 05 Jan 2026 00:01:00 GMT"]


def test_the_arrivals_of_many_clients_are_in_order() -> None:
    with Counter() as sandbox, plain_client(sandbox) as client:
        threads = [threading.Thread(target=statuses, args=(client, 5)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        times = [entry["at"] for entry in sandbox.journal]
        assert len(times) == sandbox.handled == 20
        assert all(one <= other for one, other in pairwise(times))
