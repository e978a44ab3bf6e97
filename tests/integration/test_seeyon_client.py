"""SeeyonClient against SeeyonSandbox, over loopback sockets."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connecthub.errors import ConfigError, ConnectHubError
from connecthub.integrations.base import BaseClient
from connecthub.integrations.errors import (
    AuthError,
    ConnectFailed,
    ProtocolError,
    ResultUnknown,
    ServerError,
    TransportError,
)
from connecthub.integrations.sandbox.messages import Reply, json_reply
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox, serve
from connecthub.integrations.seeyon import SeeyonClient

PASSWORD = "sandbox-password"
INVALID_TOKEN = "Invalid token,please authenticate again"
UUID = "5f0e2f6a-3a8e-4a54-9a7e-0c1f5d1f7a11"


class Run:
    """The hooks of a run that remembers what it was told."""

    dry_run = False

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.secrets: list[str] = []

    def on_call(self, record: dict[str, Any]) -> None:
        self.calls.append(record)

    def on_secret(self, value: str) -> None:
        self.secrets.append(value)

    def deadline(self) -> float | None:
        return None


class Clock:
    """A clock that stands until it is told to move."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[SeeyonSandbox]:
    with SeeyonSandbox(now=clock) as running:
        yield running


@pytest.fixture
def run() -> Run:
    return Run()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(sandbox: SeeyonSandbox, run: Run, waits: list[float]) -> Iterator[SeeyonClient]:
    with SeeyonClient(sandbox.base_url, "sandbox-user", PASSWORD, hooks=run, sleep=waits.append) as opened:
        yield opened


def asked(sandbox: SeeyonSandbox) -> list[str]:
    return [f"{entry['method']} {entry['path'].removeprefix('/seeyon/rest/')}" for entry in sandbox.journal]


def test_a_token_is_fetched_and_handed_to_the_run_for_masking(client: SeeyonClient, run: Run) -> None:
    token = client.authenticate()
    assert isinstance(token, SecretStr)
    assert run.secrets == [token.get_secret_value()]
    assert str(token) == "**********"


def test_the_units_come_with_ids_as_text(client: SeeyonClient, sandbox: SeeyonSandbox) -> None:
    units = client.units()
    assert [unit["id"] for unit in units] == ["-5476327415902942726", "670869647114347", "-1730833917365171641"]
    assert units[1]["superior"] == "-5476327415902942726"
    assert units[0]["name"] == "示例集团"
    assert asked(sandbox) == ["POST token", "GET orgAccounts"]


def test_a_token_is_fetched_on_first_need_and_used_again(client: SeeyonClient, sandbox: SeeyonSandbox) -> None:
    client.units()
    client.units()
    assert asked(sandbox) == ["POST token", "GET orgAccounts", "GET orgAccounts"]


@pytest.mark.parametrize("ending", ["", "/", "/seeyon", "/seeyon/", "/seeyon/rest", "/seeyon/rest/"])
def test_the_address_may_be_given_at_any_length(sandbox: SeeyonSandbox, ending: str) -> None:
    with SeeyonClient(sandbox.base_url + ending, "sandbox-user", SecretStr(PASSWORD)) as client:
        assert len(client.units()) == 3


def test_each_call_is_recorded(client: SeeyonClient, run: Run) -> None:
    client.units()
    facts = [(record["system"], record["method"], record["path"], record["status"]) for record in run.calls]
    assert facts == [
        ("Seeyon A8/G6 REST", "POST", "/seeyon/rest/token", 200),
        ("Seeyon A8/G6 REST", "GET", "/seeyon/rest/orgAccounts", 200),
    ]
    assert all(record["bytes"] > 0 for record in run.calls)


@pytest.mark.parametrize(("user", "password"), [("sandbox-user", "wrong-password"), ("nobody", PASSWORD)])
def test_a_refused_user_is_an_error_that_says_what_to_check(sandbox: SeeyonSandbox, user: str, password: str) -> None:
    with SeeyonClient(sandbox.base_url, user, password) as client, pytest.raises(AuthError) as caught:
        client.units()
    assert "user name or password refused by Seeyon A8/G6 REST at 127.0.0.1" in str(caught.value)
    assert "; check both in Seeyon's REST users" in str(caught.value)
    assert password not in str(caught.value)
    assert asked(sandbox) == ["POST token"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, f"{UUID}\r\n".encode()),
        Reply(200, f"\r\n{UUID}\r\n".encode()),
        Reply(200, f'"{UUID}"'.encode()),
        json_reply({"id": UUID}),
        json_reply({"bindingUser": {"id": -7}, "userName": "sandbox-user", "id": UUID}),
    ],
)
def test_a_token_may_come_as_text_or_json(client: SeeyonClient, sandbox: SeeyonSandbox, reply: Reply) -> None:
    sandbox.reply_next(reply)
    assert client.authenticate().get_secret_value() == UUID


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (Reply(200, b"-1\r\n"), AuthError, "user name or password refused"),
        (json_reply({"id": -1}), AuthError, "user name or password refused"),
        (json_reply({"id": None}), ProtocolError, "without a token"),
        (json_reply({"id": "has space and\nline"}), ProtocolError, "without a token"),
        (json_reply([]), ProtocolError, "without a token"),
        (Reply(200, b""), ProtocolError, "an empty body"),
        (Reply(200, b"please wait a moment"), ProtocolError, "no JSON"),
        (Reply(200, b"<html><title>OA</title>"), ProtocolError, "an HTML page ('OA') where JSON was due"),
        (Reply(401, b""), AuthError, "bind this machine's IP address"),
        (Reply(403, b""), AuthError, "REST用户管理"),
        (Reply(500, b""), AuthError, "switch the IP check off"),
        (Reply(404, b""), ProtocolError, "check base_url"),
    ],
)
def test_a_sign_in_without_a_token_is_an_error_at_once(
    client: SeeyonClient, sandbox: SeeyonSandbox, reply: Reply, error: type[Exception], says: str
) -> None:
    sandbox.reply_next(reply)
    with pytest.raises(error) as caught:
        client.units()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert asked(sandbox) == ["POST token"]


def test_the_sign_in_is_repeated_while_the_gateway_fails(
    client: SeeyonClient, sandbox: SeeyonSandbox, waits: list[float]
) -> None:
    sandbox.fail_next(502, times=2)
    client.authenticate()
    assert asked(sandbox) == ["POST token"] * 3
    assert len(waits) == 2


def test_a_token_slides_with_each_call_and_is_renewed_when_it_idled_out(
    client: SeeyonClient, sandbox: SeeyonSandbox, clock: Clock
) -> None:
    client.units()
    for clock.seconds in (900.0, 1800.0):
        client.units()
    assert asked(sandbox) == ["POST token"] + ["GET orgAccounts"] * 3
    clock.seconds += 901
    assert len(client.units()) == 3
    assert asked(sandbox)[4:] == ["GET orgAccounts", "POST token", "GET orgAccounts"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, INVALID_TOKEN.encode()),
        Reply(401, "无权限".encode()),
        Reply(200, INVALID_TOKEN.encode()),
        Reply(200, f'"{INVALID_TOKEN}"'.encode()),
        json_reply({"code": 1010, "message": INVALID_TOKEN}),
        json_reply({"code": "1010", "message": ""}),
    ],
)
def test_every_refusal_of_a_token_renews_it_once(client: SeeyonClient, sandbox: SeeyonSandbox, reply: Reply) -> None:
    client.authenticate()
    sandbox.reply_next(reply)
    assert len(client.units()) == 3
    assert asked(sandbox) == ["POST token", "GET orgAccounts", "POST token", "GET orgAccounts"]


def test_a_refusal_that_outlives_a_fresh_token_is_an_error_that_names_the_grant(
    client: SeeyonClient, sandbox: SeeyonSandbox
) -> None:
    client.authenticate()
    sandbox.fail_next(401)
    sandbox.reply_next(json_reply({"id": UUID}))
    with pytest.raises(AuthError, match=r"also after a fresh sign-in; in Seeyon's REST users .* grant the resource"):
        client.units()
    assert asked(sandbox) == ["POST token", "GET orgAccounts", "POST token", "GET orgAccounts"]


def test_an_older_refusal_does_not_drop_a_newer_token(client: SeeyonClient, sandbox: SeeyonSandbox) -> None:
    old = dict(client.auth_headers())
    client.authenticate()
    client.refresh_auth(old)
    client.units()
    assert asked(sandbox) == ["POST token", "POST token", "GET orgAccounts"]


def test_threads_share_one_sign_in(client: SeeyonClient, sandbox: SeeyonSandbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = [future.result() for future in [pool.submit(client.units) for _ in range(24)]]
    assert {len(units) for units in results} == {3}
    assert asked(sandbox).count("POST token") == 1


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (json_reply({}), "dict where a list was due"),
        (json_reply({"code": 0, "data": []}), "dict where a list was due"),
        (json_reply(None), "NoneType where a list was due"),
        (json_reply("none"), "str where a list was due"),
        (json_reply(["x"]), "entry 0 of the list has no id"),
        (json_reply([{"id": "1"}, {"name": "x"}]), "entry 1 of the list has no id"),
        (json_reply([{"id": 1.5}]), "entry 0 of the list has no id"),
        (Reply(200, b""), "an empty body"),
        (Reply(200, b'[{"id": 1},'), "no JSON"),
    ],
)
def test_what_is_no_list_of_units_is_an_error_and_never_an_empty_list(
    client: SeeyonClient, sandbox: SeeyonSandbox, reply: Reply, says: str
) -> None:
    client.authenticate()
    sandbox.reply_next(reply)
    with pytest.raises(ProtocolError, match=says):
        client.units()


def test_ids_that_come_as_text_stay_as_they_are(client: SeeyonClient, sandbox: SeeyonSandbox) -> None:
    client.authenticate()
    sandbox.reply_next(json_reply([{"id": "-12", "orgAccountId": 7, "createTime": 5, "enabled": True}]))
    assert client.units() == [{"id": "-12", "orgAccountId": "7", "createTime": 5, "enabled": True}]


def test_a_page_instead_of_json_is_named(client: SeeyonClient, sandbox: SeeyonSandbox) -> None:
    client.authenticate()
    sandbox.html_next()
    with pytest.raises(ProtocolError, match=r"an HTML page \('Error page'\) where JSON was due"):
        client.units()


def test_reads_go_on_after_a_dropped_connection_and_a_failing_gateway(
    client: SeeyonClient, sandbox: SeeyonSandbox, run: Run
) -> None:
    client.authenticate()
    sandbox.drop_next()
    sandbox.fail_next(503, headers={"Retry-After": "1"})
    assert len(client.units()) == 3
    assert [(record["attempt"], record["status"]) for record in run.calls[1:]] == [(1, None), (2, 503), (3, 200)]
    assert "the connection broke" in run.calls[1]["error"]


def test_a_read_gives_up_after_four_attempts(client: SeeyonClient, sandbox: SeeyonSandbox) -> None:
    client.authenticate()
    sandbox.fail_next(502, times=4)
    with pytest.raises(ServerError, match="GET /seeyon/rest/orgAccounts answered 502"):
        client.units()
    sandbox.drop_next(times=4)
    with pytest.raises(TransportError, match="the connection broke before the answer was complete"):
        client.units()
    assert len(sandbox.journal) == 9


def test_a_write_whose_answer_is_lost_is_sent_once_and_its_result_unknown(sandbox: SeeyonSandbox) -> None:
    with BaseClient(sandbox.base_url) as client:
        sandbox.drop_next()
        with pytest.raises(ResultUnknown, match="look before repeating it"):
            client.post_json("seeyon/rest/orgMember", {"name": "x"})
        sandbox.html_next()
        with pytest.raises(ResultUnknown, match="an HTML page"):
            client.post_json("seeyon/rest/orgMember", {"name": "x"})
    assert asked(sandbox) == ["POST orgMember", "POST orgMember"]


def test_a_dry_run_signs_in_and_reads_and_holds_writes_back(
    client: SeeyonClient, sandbox: SeeyonSandbox, run: Run
) -> None:
    run.dry_run = True
    assert len(client.units()) == 3
    assert client.post_json("orgMember", {"name": "x"}) is None
    assert asked(sandbox) == ["POST token", "GET orgAccounts"]
    assert (run.calls[-1]["path"], run.calls[-1]["sent"]) == ("/seeyon/rest/orgMember", False)


def test_a_system_that_is_down_is_named_with_its_address(waits: list[float]) -> None:
    with SeeyonSandbox() as stopped:
        address = stopped.base_url
    with (
        SeeyonClient(address, "sandbox-user", PASSWORD, sleep=waits.append) as client,
        pytest.raises(ConnectFailed) as caught,
    ):
        client.units()
    assert address.removeprefix("http://") in str(caught.value)
    assert "refused" in str(caught.value)
    assert len(waits) == 3


def test_an_address_that_is_none_is_named_as_it_was_given() -> None:
    with pytest.raises(ConfigError, match=r"'oa\.example\.com' is no http or https address"):
        SeeyonClient("oa.example.com", "sandbox-user", PASSWORD)


def test_neither_password_nor_token_is_ever_shown(
    client: SeeyonClient, sandbox: SeeyonSandbox, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = [repr(client)]

    def fails() -> None:
        with pytest.raises(ConnectHubError) as caught:
            client.units()
        shown.extend([repr(caught.value), "".join(traceback.format_exception(caught.value))])

    client.units()
    for status in (302, 400, 401, 403, 500):
        sandbox.fail_next(status, headers={"Location": f"/login?password={PASSWORD}"})
        if status == 401:
            sandbox.reply_next(json_reply({"id": UUID}))
        fails()
    for broken in (f'["{PASSWORD}"', f'[{{"x": "{PASSWORD}"}}]', f'"{PASSWORD}"', f"\r\n<p>{PASSWORD}"):
        client.authenticate()
        sandbox.reply_next(Reply(200, broken.encode()))
        fails()
    sandbox.drop_next(times=4)
    fails()
    sandbox.expire_tokens()
    sandbox.reply_next(Reply(401, b""))
    sandbox.reply_next(json_reply({"id": f"{PASSWORD} {PASSWORD}"}))
    fails()
    shown.extend([caplog.text, repr(run.calls), repr(sandbox.journal), repr(vars(client)), repr(client.authenticate())])
    assert len(run.secrets) >= 5
    assert len(caplog.records) == len(run.calls)
    for secret in (PASSWORD, *run.secrets):
        for text in shown:
            assert secret not in text


def test_the_sandbox_takes_the_token_from_the_query_too(sandbox: SeeyonSandbox, client: SeeyonClient) -> None:
    token = client.authenticate().get_secret_value()
    answer = httpx.get(f"{sandbox.base_url}/seeyon/rest/orgAccounts", params={"token": token}, trust_env=False)
    assert answer.json()[1]["id"] == 670869647114347
    assert sandbox.journal[-1] == {
        "method": "GET",
        "path": "/seeyon/rest/orgAccounts",
        "query": ["token"],
        "status": 200,
    }


def test_the_sandbox_answers_like_the_real_system_where_it_has_nothing(
    sandbox: SeeyonSandbox, client: SeeyonClient
) -> None:
    with httpx.Client(base_url=f"{sandbox.base_url}/seeyon/rest/", trust_env=False) as plain:
        assert plain.post("token/", json={"userName": "sandbox-user", "password": PASSWORD}).json()["id"] != "-1"
        refused = plain.get("orgAccounts")
        assert (refused.status_code, refused.text) == (401, INVALID_TOKEN)
        unknown = plain.get("orgNothing", headers=dict(client.auth_headers()))
        assert (unknown.status_code, unknown.text[:1]) == (200, "<")
        plain.get(f"token/rest/{PASSWORD}")
    assert PASSWORD not in repr(sandbox.journal)


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConnectHubError, match=f"port {port} on 127.0.0.1 is in use"):
            serve(port, on_ready=pytest.fail)
    with pytest.raises(ConnectHubError, match="port 70000 is not between"):
        serve(70000, on_ready=pytest.fail)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_served_sandbox_ends_at_a_signal_with_a_connection_open(number: signal.Signals) -> None:
    program = (
        "from connecthub.integrations.sandbox.seeyon import serve\n"
        "serve(0, on_ready=lambda address: print(address, flush=True))\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        with SeeyonClient(address, "sandbox-user", PASSWORD) as client:
            assert len(client.units()) == 3
            process.send_signal(number)
            _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
