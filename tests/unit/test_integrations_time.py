"""How long BaseClient waits between attempts, and for an answer, on the run's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connecthub.errors import IntegrationError
from connecthub.integrations.errors import OutOfTime, RateLimited, ResultUnknown, ServerError, Timeout
from connecthub.integrations.failures import retry_after
from tests.unit.scripted import Run, Script, status

READ: dict[str, Any] = {"method": "GET", "path": "x"}
BEYOND_ALL_DATES = ["Wed, 21 Oct 99999999999 07:28:00 GMT", "Wed, 21 Oct 2036 07:28:00 +99999999999999"]
WRITE: dict[str, Any] = {"method": "POST", "path": "x", "json": {}}


def test_waits_double_with_jitter_up_to_eight_seconds() -> None:
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
        ({"retry_after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 30),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:20 GMT"}, 20),  # by the client's clock
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


@pytest.mark.parametrize(
    "value", ["61", "86400", "soon", "nan", "inf", "", "Wed, 21 Oct 2036 07:28:00 GMT", *BEYOND_ALL_DATES]
)
def test_a_retry_after_beyond_reason_gets_the_usual_back_off(value: str) -> None:
    script = Script(status(429, retry_after=value), status(200))
    with script.client() as client:
        client.get_json("x")
    assert 0.5 <= script.waits[0] <= 0.75


def test_retry_after_is_told_to_the_plugin() -> None:
    with Script(status(429, retry_after="600")).client() as client, pytest.raises(RateLimited) as caught:
        client.post_json("x", {})
    assert caught.value.retry_after == 600


def test_a_date_to_retry_after_means_nothing_without_a_clock() -> None:
    response = Script(status(200)).client().request("GET", "x")
    headers = {"retry-after": "Wed, 21 Oct 2026 07:28:20 GMT"}
    assert retry_after(type(response)(response.call, 429, headers, b"")) is None


def test_no_wait_goes_past_the_end_of_the_run() -> None:
    script = Script(status(502), run=Run(seconds=1.4))
    with script.client() as client, pytest.raises(ServerError):
        client.get_json("x")
    assert len(script.requests) == 2  # after 0.5 s; the next would be due after another second


def test_no_wait_goes_past_the_time_of_the_call() -> None:
    script = Script(status(429, retry_after="30"))
    with script.client(call_timeout=70) as client, pytest.raises(RateLimited):
        client.get_json("x")
    assert script.waits == [30, 30]


def test_nothing_is_sent_when_the_run_is_over() -> None:
    script = Script(status(200), run=Run(seconds=0))
    with script.client() as client, pytest.raises(OutOfTime, match="not sent"):
        client.post_json("x", {})
    assert script.requests == []


@pytest.mark.parametrize(("seconds", "timeout"), [(None, 20), (3600, 20), (4, 4)])
def test_an_attempt_is_given_no_longer_than_the_run_has_left(seconds: float | None, timeout: float) -> None:
    script = Script(status(200), run=Run(seconds=seconds))
    with script.client() as client:
        client.get_json("x")
    assert script.requests[0].extensions["timeout"]["read"] == timeout


class Trickle(httpx.SyncByteStream):
    """A body that comes a byte a second and never ends."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.run.clock.sleep(1)
            yield b" "


@pytest.mark.parametrize(("asked", "error"), [(READ, Timeout), (WRITE, ResultUnknown)])
def test_an_answer_that_trickles_is_given_up_when_the_call_s_time_is_over(
    asked: dict[str, Any], error: type[IntegrationError]
) -> None:
    run = Run()
    script = Script(lambda request: httpx.Response(200, stream=Trickle(run)), run=run)
    with script.client(call_timeout=120) as client, pytest.raises(error, match="120 bytes came and no end"):
        client.request(**asked)
    assert (len(script.requests), run.clock.monotonic()) == (1, 120)
