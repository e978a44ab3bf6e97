"""Tokens and signatures: fetched once for all threads, dropped only by who was refused, each attempt signed anew."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connecthub.core.clock import FixedClock
from connecthub.errors import IntegrationError
from connecthub.integrations.base import BaseClient
from connecthub.integrations.call import Outgoing, Response
from connecthub.integrations.errors import AuthError, PermissionDenied, ResultUnknown, Timeout
from connecthub.integrations.token import Token, TokenKeeper
from tests.unit.scripted import NOW, Run, Script, Step, status


class Signing(BaseClient):
    """Hands itself tokens t1, t2, … and stamps each attempt with the time."""

    fetched = 0

    def fetch_token(self) -> Token:
        self.fetched += 1
        return Token(SecretStr(f"t{self.fetched}"))

    def sign(self, outgoing: Outgoing, token: SecretStr) -> Outgoing:
        stamp = f"{token.get_secret_value()} at {self._hooks.clock.monotonic():.0f}"
        return replace(outgoing, headers={**outgoing.headers, "sign": stamp})

    def mend(self, response: Response, token: SecretStr) -> bool:
        if response.status != 401:
            return False
        self.drop_token(token)
        return True

    def failure_again(self, response: Response) -> IntegrationError | None:
        return PermissionDenied("also after a fresh sign-in") if response.status == 401 else self.failure(response)


def signing(*steps: Step, run: Run | None = None) -> tuple[Signing, Script]:
    script = Script(*steps, run=run)
    return Signing("http://oa.example.com", hooks=script.run, transport=script), script


def signs(script: Script) -> list[str]:
    return [request.headers["sign"] for request in script.requests]


def test_each_attempt_is_signed_anew_with_one_token() -> None:
    client, script = signing(status(503, retry_after="5"), status(503, retry_after="7"), status(200))
    with client:
        client.get_json("x")
    assert signs(script) == ["t1 at 0", "t1 at 5", "t1 at 12"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_token_is_renewed_once_and_the_call_replayed_outside_the_retries(method: str) -> None:
    three = [status(503, retry_after="1")] * 3
    steps = [status(401), *three, status(200)] if method == "GET" else [status(401), status(200)]
    client, script = signing(*steps)
    with client:
        assert client.request(method, "x").status == 200
    tokens = [sign.partition(" ")[0] for sign in signs(script)]
    assert tokens == ["t1", *["t2"] * (len(steps) - 1)]
    assert [record["attempt"] for record in script.run.calls] == list(range(1, len(steps) + 1))


def test_a_call_is_replayed_once_only() -> None:
    client, script = signing(status(401))
    with client, pytest.raises(PermissionDenied):
        client.get_json("x")
    assert (signs(script), client.fetched) == (["t1 at 0", "t2 at 0"], 2)


def test_a_write_whose_first_attempt_is_unknown_stays_so_when_its_replay_is_refused() -> None:
    client, script = signing(httpx.ReadTimeout, status(401))
    with client, pytest.raises(ResultUnknown):
        client.request("POST", "x", retryable=True)
    assert len(script.requests) == 3


def test_a_sign_in_that_fails_before_a_replay_leaves_an_unknown_write_unknown() -> None:
    class Locked(Signing):
        def fetch_token(self) -> Token:
            if self.fetched:
                raise AuthError("the user is locked")
            return super().fetch_token()

    script = Script(httpx.ReadTimeout, status(401))
    with Locked("http://oa.example.com", hooks=script.run, transport=script) as client:
        with pytest.raises(ResultUnknown, match="the user is locked"):
            client.request("POST", "x", retryable=True)
        with pytest.raises(AuthError):
            client.request("POST", "x")  # nothing of it was sent


def test_a_dry_run_signs_in_for_reads_only() -> None:
    client, script = signing(status(200), run=Run(dry_run=True))
    with client:
        client.post_json("x", {})
        assert client.fetched == 0
        client.get_json("x")
    assert signs(script) == ["t1 at 0"]


class Ticketed(Signing):
    """Fetches its token as a plugin's client would."""

    def fetch_token(self) -> Token:
        return Token(SecretStr(self.request_unsigned("POST", "token", json={}).headers["ticket"]))


def test_a_plugin_s_client_fetches_its_token_without_one_and_it_is_masked() -> None:
    script = Script(status(503, retry_after="1"), status(200, ticket="t-secret"), run=Run(dry_run=True))
    with Ticketed("http://oa.example.com", hooks=script.run, transport=script) as client:
        client.get_json("x")
    assert [request.headers.get("sign") for request in script.requests] == [None, None, "t-secret at 1"]
    assert script.run.secrets == ["t-secret"]


def test_a_refused_sign_in_is_the_error_of_the_call() -> None:
    script = Script(status(403))
    client = Ticketed("http://oa.example.com", hooks=script.run, transport=script)
    with client, pytest.raises(PermissionDenied):
        client.get_json("x")
    assert len(script.requests) == 1


def test_a_sign_in_that_needs_a_token_itself_is_an_error_and_no_hang() -> None:
    class Circular(Signing):
        def fetch_token(self) -> Token:
            return Token(SecretStr(self.get_json("token")["id"]))

    script = Script(status(200))
    with Circular("http://oa.example.com", hooks=script.run, transport=script) as client:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="make it with request_unsigned"):
                client.get_json("x")


def in_threads(number: int, act: Callable[[], Any]) -> list[Any]:
    """Do the same in several threads that start together."""
    together = threading.Barrier(number)

    def start() -> Any:
        together.wait(timeout=10)
        return act()

    with ThreadPoolExecutor(number) as pool:
        return [future.result() for future in [pool.submit(start) for _ in range(number)]]


def test_threads_that_need_a_token_at_once_fetch_one() -> None:
    client, script = signing(status(200))
    with client:
        in_threads(8, lambda: client.get_json("x"))
    assert client.fetched == 1
    assert set(signs(script)) == {"t1 at 0"}


def test_threads_whose_token_is_refused_at_once_renew_it_once() -> None:
    refused = threading.Barrier(8)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["sign"].startswith("t1 "):
            refused.wait(timeout=10)  # all are on their way with the old token before any renews it
            return httpx.Response(401)
        return httpx.Response(200, json={})

    client, script = signing(answer)
    with client:
        assert in_threads(8, lambda: client.get_json("x")) == [{}] * 8
    assert client.fetched == 2
    assert len(script.requests) == 16


class Tokens:
    """A keeper with a count of what it fetched."""

    def __init__(self, good_for: float | None = None) -> None:
        self.clock = FixedClock(NOW)
        self.good_for = good_for
        self.fetched = 0
        self.fails = False
        self.keeper = TokenKeeper(self.fetch, self.clock)

    def fetch(self) -> Token:
        self.clock.sleep(2)
        if self.fails:
            raise Timeout("no answer")
        self.fetched += 1
        return Token(SecretStr(f"t{self.fetched}"), self.good_for)

    def get(self) -> str:
        return self.keeper.get().get_secret_value()


def test_a_token_is_good_for_so_long_from_when_it_was_asked_for() -> None:
    tokens = Tokens(good_for=60)
    assert tokens.get() == "t1"
    tokens.clock.sleep(57)
    assert tokens.get() == "t1"
    tokens.clock.sleep(1)
    assert tokens.get() == "t2"


def test_a_token_without_a_time_is_good_until_it_is_refused() -> None:
    tokens = Tokens()
    first = tokens.keeper.get()
    tokens.clock.sleep(1e9)
    assert tokens.get() == "t1"
    tokens.keeper.drop(first)
    assert tokens.get() == "t2"


def test_a_token_that_was_replaced_meanwhile_drops_nobody_s() -> None:
    tokens = Tokens()
    old = tokens.keeper.get()
    tokens.keeper.renew()
    tokens.keeper.drop(old)
    assert tokens.get() == "t2"


def test_a_sign_in_that_fails_leaves_no_token_behind() -> None:
    tokens = Tokens()
    tokens.keeper.get()
    tokens.fails = True
    with pytest.raises(Timeout):
        tokens.keeper.renew()
    with pytest.raises(Timeout):
        tokens.keeper.get()
    tokens.fails = False
    assert tokens.get() == "t2"


def test_a_token_prints_as_asterisks() -> None:
    assert "secret" not in repr(Token(SecretStr("secret")))
    assert "secret" not in repr(Outgoing({"token": "secret"}, {"password": "secret"}, {"token": "secret"}))
