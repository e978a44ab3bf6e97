"""BaseClient's decisions, as tables over scripted answers: what is repeated, how long it waits, which error it is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl, TypeAdapter

from connecthub.errors import ConfigError, ConnectHubError, IntegrationError
from connecthub.integrations.base import BaseClient
from connecthub.integrations.errors import (
    AuthError,
    BusinessError,
    ConnectFailed,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    ResultUnknown,
    ServerError,
    Timeout,
    TransportError,
)

Step = httpx.Response | type[httpx.TransportError]


@dataclass
class Run:
    """The hooks of a run that remembers what it was told."""

    dry_run: bool = False
    seconds_left: float | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def on_call(self, record: dict[str, Any]) -> None:
        self.calls.append(record)

    def on_secret(self, value: str) -> None:
        self.secrets.append(value)

    def deadline(self) -> float | None:
        return self.seconds_left


class Script(httpx.BaseTransport):
    """Answers with the steps in turn, the last one for ever, and remembers the waits between them."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, type):
            raise step("secret in httpx's words", request=request)
        return httpx.Response(step.status_code, headers=step.headers, content=b"{}")

    def client(self, run: Run | None = None, **options: Any) -> BaseClient:
        return BaseClient("http://oa.example.com", hooks=run, transport=self, sleep=self.waits.append, **options)


def status(code: int, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(code, headers=names)


READ: dict[str, Any] = {"method": "GET", "path": "x"}
WRITE: dict[str, Any] = {"method": "POST", "path": "x", "json": {}}
IDEMPOTENT: dict[str, Any] = {**WRITE, "retryable": True}
QUESTION: dict[str, Any] = {**WRITE, "writes": False}

DECISIONS: list[tuple[Step, dict[str, Any], int, type[IntegrationError]]] = [
    (httpx.ConnectError, READ, 4, ConnectFailed),
    (httpx.ConnectError, WRITE, 4, ConnectFailed),
    (httpx.ConnectTimeout, WRITE, 4, ConnectFailed),
    (httpx.ReadTimeout, READ, 4, Timeout),
    (httpx.ReadTimeout, WRITE, 1, ResultUnknown),
    (httpx.ReadTimeout, QUESTION, 4, Timeout),
    (httpx.ReadTimeout, IDEMPOTENT, 4, ResultUnknown),
    (httpx.RemoteProtocolError, READ, 4, TransportError),
    (httpx.RemoteProtocolError, WRITE, 1, ResultUnknown),
    (httpx.WriteError, WRITE, 1, ResultUnknown),
    (status(502), READ, 4, ServerError),
    (status(503), READ, 4, ServerError),
    (status(504), QUESTION, 4, ServerError),
    (status(504), WRITE, 1, ResultUnknown),
    (status(504), IDEMPOTENT, 4, ResultUnknown),
    (status(500), READ, 1, ServerError),
    (status(500), WRITE, 1, ResultUnknown),
    (status(408), READ, 4, Timeout),
    (status(429), READ, 4, RateLimited),
    (status(429), WRITE, 1, RateLimited),
    (status(302, location="https://login.example.com/?s=secret"), READ, 1, ProtocolError),
    (status(300, location="http://oa:secret"), READ, 1, ProtocolError),
    (status(304), WRITE, 1, ProtocolError),
    (status(401), READ, 1, AuthError),
    (status(403), WRITE, 1, PermissionDenied),
    (status(404), READ, 1, ProtocolError),
    (status(422), WRITE, 1, ProtocolError),
]


@pytest.mark.parametrize(("step", "asked", "attempts", "error"), DECISIONS)
def test_what_is_repeated_and_which_error_it_ends_as(
    step: Step, asked: dict[str, Any], attempts: int, error: type[IntegrationError]
) -> None:
    script, run = Script(step), Run()
    with script.client(run) as client, pytest.raises(IntegrationError) as caught:
        client.request(**asked)
    assert type(caught.value) is error
    assert len(script.requests) == len(run.calls) == attempts
    assert [record["attempt"] for record in run.calls] == list(range(1, attempts + 1))
    message = str(caught.value)
    assert message.startswith(f"HTTP service at oa.example.com: {asked['method']} /x")
    assert "\n" not in message
    if not isinstance(caught.value, ConnectFailed):  # its words are the operating system's
        assert "secret" not in message


@pytest.mark.parametrize("last", [httpx.ConnectError, status(429)])
def test_a_repeated_write_stays_unknown_when_only_its_last_attempt_did_nothing(last: Step) -> None:
    script = Script(httpx.ReadTimeout, last)
    with script.client() as client, pytest.raises(ResultUnknown):
        client.request(**IDEMPOTENT)
    assert len(script.requests) == 4


def test_waits_double_up_to_eight_seconds_with_jitter() -> None:
    script = Script(status(502))
    with script.client() as client, pytest.raises(ServerError):
        client.get_json("x")
    for wait, least in zip(script.waits, (0.5, 1, 2), strict=True):
        assert least <= wait <= least + 0.25


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "60"}, 60),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry_after": "-3"}, 0),
    ],
)
@pytest.mark.parametrize("code", [408, 429, 503])
def test_retry_after_is_honoured(headers: dict[str, str], seconds: float, code: int) -> None:
    script = Script(status(code, **headers), status(200))
    with script.client() as client:
        assert client.get_json("x") == {}
    assert script.waits == [seconds]


@pytest.mark.parametrize("value", ["61", "86400", "soon", "nan", "inf", ""])
def test_a_retry_after_beyond_reason_gets_the_usual_back_off(value: str) -> None:
    script = Script(status(429, retry_after=value), status(200))
    with script.client() as client:
        client.get_json("x")
    assert 0.5 <= script.waits[0] <= 0.75


def test_retry_after_is_told_to_the_plugin() -> None:
    with Script(status(429, retry_after="600")).client() as client, pytest.raises(RateLimited) as caught:
        client.post_json("x", {})
    assert caught.value.retry_after == 600


def test_no_wait_goes_past_the_end_of_the_run() -> None:
    script = Script(status(502))
    with script.client(Run(seconds_left=0.9)) as client, pytest.raises(ServerError):
        client.get_json("x")
    assert len(script.requests) == 2  # after 0.5 s; the next would be due after another second


def test_nothing_is_sent_when_the_run_is_over() -> None:
    script = Script(status(200))
    with script.client(Run(seconds_left=0)) as client, pytest.raises(Timeout, match="not sent"):
        client.post_json("x", {})
    assert script.requests == []


@pytest.mark.parametrize(("left", "timeout"), [(None, 20), (3600, 20), (4, 4)])
def test_a_call_is_given_no_longer_than_the_run_has_left(left: float | None, timeout: float) -> None:
    script = Script(status(200))
    with script.client(Run(seconds_left=left)) as client:
        client.get_json("x")
    assert script.requests[0].extensions["timeout"]["read"] == timeout


def test_a_dry_run_sends_reads_and_records_writes() -> None:
    script, run = Script(status(200)), Run(dry_run=True)
    with script.client(run) as client:
        assert client.get_json("read") == {}
        assert client.post_json("question", {}, writes=False) == {}
        assert client.post_json("write", {}) is None
    assert [request.url.path for request in script.requests] == ["/read", "/question"]
    assert [(record["path"], record["sent"]) for record in run.calls] == [
        ("/read", True),
        ("/question", True),
        ("/write", False),
    ]


def test_a_call_is_recorded_without_its_query() -> None:
    run = Run()
    with Script(status(200)).client(run) as client:
        client.get_json("x", params={"token": "secret"})
        client.get_json("x?token=secret")
    for record in run.calls:
        assert record.pop("ms") >= 0
        assert record == {
            "system": "HTTP service",
            "method": "GET",
            "path": "/x",
            "status": 200,
            "attempt": 1,
            "bytes": 2,
            "error": None,
            "sent": True,
        }


def test_an_answer_beyond_the_limit_is_given_up() -> None:
    script = Script(status(200))
    with script.client(max_body_bytes=1) as client:
        with pytest.raises(ProtocolError, match="more than 1 bytes"):
            client.get_json("x")
        with pytest.raises(ResultUnknown, match="more than 1 bytes"):
            client.post_json("x", {})


@pytest.mark.parametrize("path", ["//evil.example.com/x", "http://evil.example.com/x", "@evil.example.com"])
def test_no_path_leads_to_another_host(path: str) -> None:
    script = Script(status(200))
    with script.client() as client:
        client.request("GET", path)
    assert script.requests[0].url.host == "oa.example.com"


def test_a_redirect_is_not_followed_and_its_host_is_named() -> None:
    script = Script(status(302, location="https://login.example.com/sso?ticket=secret"))
    with script.client() as client, pytest.raises(ProtocolError, match=r"a redirect to login\.example\.com,"):
        client.get_json("x")


@pytest.mark.parametrize(
    "value", ["oa.example.com", "ftp://oa.example.com", "", "http://", "http://oa:port", "/srv/oa"]
)
def test_a_base_url_that_is_no_web_address_is_refused_with_its_value(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        BaseClient(value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    "value", ["http://user:secret@oa.example.com", "http://user:secret@oa:port", "https://oa.example.com/?token=secret"]
)
def test_a_base_url_with_secrets_is_refused_without_its_value(value: str) -> None:
    with pytest.raises(ConnectHubError) as caught:
        BaseClient(value)
    assert "secret" not in str(caught.value).replace("as a secret", "")


@pytest.mark.parametrize("value", ["http://oa.example.com:8080/base", "http://oa.example.com:8080/base/"])
def test_a_base_url_may_be_text_or_pydantic_s(value: str) -> None:
    for given in (value, TypeAdapter(HttpUrl).validate_python(value)):
        with BaseClient(given) as client:
            assert repr(client) == "BaseClient('http://oa.example.com:8080/base')"


def test_httpx_s_own_log_which_has_whole_addresses_stays_quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Script(status(200)).client() as client:
        client.get_json("x", params={"token": "secret"})
    assert [record.name for record in caplog.records] == ["connecthub.integrations.exchange"]
    assert "secret" not in caplog.text


def test_each_error_carries_what_its_class_promises() -> None:
    refused = BusinessError("DEPARTMENT_REPEAT_NAME", "a message")
    assert (refused.code, str(refused)) == ("DEPARTMENT_REPEAT_NAME", "a message")
    failed = ServerError("a message", 503, 2.0)
    assert (failed.status, failed.retry_after, str(failed)) == (503, 2.0, "a message")


class TokenClient(BaseClient):
    """Counts its sign-ins."""

    token = 1

    def auth_headers(self) -> dict[str, str]:
        return {"token": str(self.token)}

    def is_auth_error(self, response: Any) -> bool:
        return response.status == 401

    def refresh_auth(self, failed: Any) -> None:
        assert failed == {"token": str(self.token)}
        self.token += 1


def signed_in(handler: Callable[[httpx.Request], httpx.Response]) -> tuple[TokenClient, list[float]]:
    waits: list[float] = []
    transport = httpx.MockTransport(handler)
    return TokenClient("http://oa.example.com", transport=transport, sleep=waits.append), waits


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_token_is_renewed_once_and_the_call_replayed_outside_the_retries(method: str) -> None:
    client, waits = signed_in(lambda request: httpx.Response(200 if request.headers["token"] == "2" else 401, json={}))
    with client:
        assert client.request(method, "x").status == 200
    assert (client.token, waits) == (2, [])


def test_a_fresh_token_that_is_refused_too_is_an_auth_error() -> None:
    tokens: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        tokens.append(request.headers["token"])
        return httpx.Response(401)

    client, _ = signed_in(refuse)
    with client, pytest.raises(AuthError, match="also after a fresh sign-in"):
        client.get_json("x")
    assert tokens == ["1", "2"]
