"""BaseClient's decisions, as tables over scripted answers: what is repeated, how long it waits, which error it is."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl, TypeAdapter

from connecthub.errors import ConfigError, ConnectHubError, IntegrationError
from connecthub.integrations.base import BaseClient
from connecthub.integrations.call import segment
from connecthub.integrations.errors import (
    AuthError,
    BusinessError,
    ConnectFailed,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    ResultUnknown,
    ServerError,
    SessionLost,
    Timeout,
    TransportError,
)
from connecthub.integrations.hooks import CallRecord
from tests.unit.scripted import Run, Script, Step, status

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
    (status(500), READ, 4, ServerError),
    (status(500), WRITE, 1, ResultUnknown),
    (status(502), READ, 4, ServerError),
    (status(503), READ, 4, ServerError),
    (status(504), QUESTION, 4, ServerError),
    (status(504), WRITE, 1, ResultUnknown),
    (status(504), IDEMPOTENT, 4, ResultUnknown),
    (status(408), READ, 4, Timeout),
    (status(408), WRITE, 1, ResultUnknown),
    (status(429), READ, 4, RateLimited),
    (status(429), WRITE, 1, RateLimited),
    (status(302, location="https://login.example.com/?s=secret"), READ, 1, SessionLost),
    (status(307, location="/login?s=secret"), WRITE, 1, SessionLost),
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
    script = Script(step)
    with script.client() as client, pytest.raises(IntegrationError) as caught:
        client.request(**asked)
    assert type(caught.value) is error
    assert len(script.requests) == len(script.run.calls) == attempts
    assert [record["attempt"] for record in script.run.calls] == list(range(1, attempts + 1))
    assert all(record["error"] for record in script.run.calls)
    message = str(caught.value)
    assert message.startswith(f"HTTP service at oa.example.com: {asked['method']} /x")
    assert "\n" not in message
    if not isinstance(caught.value, ConnectFailed):  # its words are the operating system's
        assert "secret" not in message


@pytest.mark.parametrize("last", [httpx.ConnectError, status(429), status(401), status(403), status(302)])
def test_a_repeated_write_stays_unknown_when_only_its_last_attempt_did_nothing(last: Step) -> None:
    script = Script(httpx.ReadTimeout, last)
    with script.client() as client, pytest.raises(ResultUnknown, match="it may have taken effect"):
        client.request(**IDEMPOTENT)


def test_the_service_s_own_refusal_of_a_repeated_write_settles_it() -> None:
    class Refusing(BaseClient):
        def failure(self, response: Any) -> IntegrationError:
            return BusinessError("406", "no such member")

    script = Script(httpx.ReadTimeout, status(200))
    client = Refusing("http://oa.example.com", hooks=script.run, transport=script)
    with client, pytest.raises(BusinessError):
        client.request(**IDEMPOTENT)
    assert len(script.requests) == 2


def test_a_dry_run_sends_reads_and_records_writes() -> None:
    script = Script(status(200), run=Run(dry_run=True))
    with script.client() as client:
        assert client.get_json("read") == {}
        assert client.post_json("question", {}, writes=False) == {}
        assert client.post_json("write", {}) is None
        assert client.request("PUT", "write", note="add member D1001").status is None
    assert [request.url.path for request in script.requests] == ["/read", "/question"]
    assert [(record["path"], record["sent"], record["note"]) for record in script.run.calls] == [
        ("/read", True, ""),
        ("/question", True, ""),
        ("/write", False, ""),
        ("/write", False, "add member D1001"),
    ]


def test_an_attempt_is_recorded_without_query_header_and_body() -> None:
    script = Script(status(200))
    with script.client() as client:
        client.get_json("x", params={"token": "secret"})
        client.request("GET", "x?token=secret", headers={"token": "secret"})
        client.request("POST", "x", json={"password": "secret"}, note="add member D1001")
    facts: dict[str, Any] = {"system": "HTTP service", "path": "/x", "status": 200, "ms": 0, "attempt": 1, "bytes": 2}
    assert script.run.calls == [
        {**facts, "method": "GET", "error": None, "sent": True, "note": ""},
        {**facts, "method": "GET", "error": None, "sent": True, "note": ""},
        {**facts, "method": "POST", "error": None, "sent": True, "note": "add member D1001"},
    ]
    assert script.run.calls[0].keys() == CallRecord.__dataclass_fields__.keys()


def test_the_record_of_an_attempt_has_the_time_that_it_took() -> None:
    run = Run()

    def slow(request: httpx.Request) -> httpx.Response:
        run.clock.sleep(1.5)
        return httpx.Response(200, json={})

    with Script(slow, run=run).client() as client:
        client.get_json("x")
    assert run.calls[0]["ms"] == 1500


def test_an_attempt_that_is_given_up_half_way_is_recorded_too() -> None:
    def stop(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    script = Script(stop)
    with script.client() as client, pytest.raises(KeyboardInterrupt):
        client.post_json("x", {})
    assert [record["error"] for record in script.run.calls] == [
        "HTTP service at oa.example.com: POST /x: given up before the answer came (KeyboardInterrupt)"
    ]


def test_a_note_is_one_short_line_whatever_it_is_made_of() -> None:
    script = Script(status(200))
    with script.client() as client:
        client.request("GET", "x", note="add member \x1b[31mD1\n" + "x" * 1_000)
    [record] = script.run.calls
    assert (record["note"][:22], len(record["note"])) == ("add member ␛[31mD1␊xxx", 400)


@pytest.mark.parametrize("path", ["tickets/a\nb", "tickets/\x00", "x" * 100_000])
def test_a_path_that_is_none_is_refused_with_what_to_do(path: str) -> None:
    with Script(status(200)).client() as client, pytest.raises(ValueError, match=r"call\.segment"):
        client.request("GET", path)


def test_an_id_is_one_part_of_a_path_whatever_it_is() -> None:
    script = Script(status(200))
    with script.client() as client:
        client.request("GET", f"tickets/{segment('../a?b#c d/张')}/close")
    assert script.requests[0].url.raw_path == b"/tickets/..%2Fa%3Fb%23c%20d%2F%E5%BC%A0/close"
    for name in ("", " ", ".", ".."):
        with pytest.raises(ValueError, match="is no id"):
            segment(name)


class Discreet(BaseClient):
    """Signs in with a secret in the path."""

    def shown_path(self, path: str) -> str:
        return path.partition("/token/")[0] + "/token/..." if "/token/" in path else path


@pytest.mark.parametrize("step", [status(200), status(403), httpx.ReadTimeout, httpx.ConnectError])
def test_what_is_secret_in_a_path_is_shown_nowhere(step: Step, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script = Script(step)
    said = ""
    with Discreet("http://oa.example.com/rest", hooks=script.run, transport=script) as client:
        try:
            client.get_json("token/user/pass%2Fword")
        except IntegrationError as error:
            said = repr(error)
    assert script.requests[0].url.raw_path == b"/rest/token/user/pass%2Fword"
    assert {record["path"] for record in script.run.calls} == {"/rest/token/..."}
    assert "word" not in f"{said} {script.run.calls} {caplog.text}".replace("httpx's words", "")


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


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://login.example.com/sso?ticket=secret", "login.example.com"),
        ("/login?session=secret", "oa.example.com"),
    ],
)
def test_a_redirect_is_not_followed_and_its_host_is_named_no_more(location: str, host: str) -> None:
    script = Script(status(302, location=location))
    with script.client() as client, pytest.raises(SessionLost, match=f"a redirect to {host}, which") as caught:
        client.get_json("x")
    assert len(script.requests) == 1
    assert "secret" not in str(caught.value)


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
