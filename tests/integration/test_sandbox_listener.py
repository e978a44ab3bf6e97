"""The socket side of a stand-in: bodies as they come, requests that make no sense, connections that are kept."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from connecthub.integrations.sandbox.faults import Status
from connecthub.integrations.sandbox.messages import Reply, Request, json_reply
from connecthub.integrations.sandbox.server import Sandbox
from tests.integration.standin import plain_client


class Echo(Sandbox):
    """Answers with what it understood; fails itself where it is asked to."""

    def answer(self, request: Request) -> Reply:
        if request.path == "/bug":
            raise LookupError("no such thing")
        return json_reply({"method": request.method, "body": request.body.decode()})


@pytest.fixture
def sandbox() -> Iterator[Echo]:
    with Echo() as running:
        yield running


@pytest.fixture
def client(sandbox: Echo) -> Iterator[httpx.Client]:
    with plain_client(sandbox) as opened:
        yield opened


def raw(sandbox: Echo, request: bytes) -> bytes:
    """What comes back, to the end of the connection."""
    port = int(sandbox.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_body_in_chunks_is_read_and_the_connection_goes_on(client: httpx.Client) -> None:
    for _ in range(2):
        assert client.post("/", content=iter([b"one", b"", b" and two"])).json()["body"] == "one and two"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", b"413"),
        (b"GET http://[/ HTTP/1.1\r\n\r\n", b"400"),
    ],
)
def test_a_request_that_cannot_be_read_is_answered_and_not_handled(
    sandbox: Echo, request_: bytes, status: bytes
) -> None:
    assert raw(sandbox, request_).split()[1] == status
    assert sandbox.journal == []


def test_a_request_of_which_half_comes_is_not_handled(sandbox: Echo) -> None:
    assert raw(sandbox, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf") == b""
    assert sandbox.journal == []


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "HEAD"])
def test_every_method_is_the_imitated_system_s_to_answer(sandbox: Echo, client: httpx.Client, method: str) -> None:
    answers = [client.request(method, "/") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [entry["method"] for entry in sandbox.journal] == [method, method]
    assert answers[1].content == (b"" if method == "HEAD" else answers[0].content)


@pytest.mark.parametrize("code", [204, 304])
def test_a_status_without_a_body_leaves_the_connection_whole(sandbox: Echo, client: httpx.Client, code: int) -> None:
    sandbox.play_next(Status(code))
    assert client.get("/").status_code == code
    assert client.get("/").json()["method"] == "GET"


def test_a_fault_s_headers_are_said_once(sandbox: Echo, client: httpx.Client) -> None:
    sandbox.play_next(Status(502, {"content-type": "text/html", "content-length": "3", "date": "today"}))
    answer = client.get("/")
    assert (answer.headers.get_list("Content-Type"), answer.headers.get_list("Date")) == (["text/html"], ["today"])
    assert answer.text == "failed on purpose"


def test_a_stand_in_that_fails_itself_says_so(
    client: httpx.Client, capfd: pytest.CaptureFixture[str], sandbox: Echo
) -> None:
    answer = client.get("/bug")
    assert (answer.status_code, answer.text) == (500, "the stand-in itself failed: LookupError: no such thing\n")
    assert "LookupError: no such thing" in capfd.readouterr().err
    assert sandbox.in_flight == []
    assert client.get("/").status_code == 200
