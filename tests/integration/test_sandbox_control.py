"""The control plane of a stand-in, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connecthub.core.clock import FixedClock
from connecthub.integrations.sandbox.control_plane import effect_of
from connecthub.integrations.sandbox.faults import EFFECTS, ApplyThenFail, Delay, Drop, Hang, Status
from tests.integration.standin import Counter, plain_client


def test_the_clock_is_shown_and_turned(client: httpx.Client, clock: FixedClock) -> None:
    assert client.get("/__control/clock").json() == {
        "now": "2026-01-05T00:00:00+00:00",
        "monotonic": 0,
        "virtual": True,
    }
    assert (
        client.post("/__control/clock", json={"advance_s": 900.5}).json()["now"] == "2026-01-05T00:15:00.500000+00:00"
    )
    turned = client.post("/__control/clock", json={"set": "2026-03-01T08:00:00+08:00"}).json()
    assert turned == {"now": "2026-03-01T00:00:00+00:00", "monotonic": 900.5, "virtual": True}
    assert clock.now() == datetime(2026, 3, 1, tzinfo=UTC)


def test_the_machine_s_clock_is_not_turned() -> None:
    with Counter() as sandbox, plain_client(sandbox) as client:
        refused = client.post("/__control/clock", json={"advance_s": 1})
        assert refused.status_code == 409
        assert "start it with --virtual-clock" in refused.json()["error"]
        assert client.get("/__control/clock").json()["virtual"] is False


def test_a_fault_is_switched_on_and_off(client: httpx.Client, sandbox: Counter) -> None:
    fault = {
        "id": "gateway",
        "match": {"service": "counter", "method": "GET", "path_glob": "/list*", "every": 2},
        "effect": {"status": {"code": 503, "headers": {"Retry-After": "2"}, "body": "busy"}},
    }
    assert client.post("/__control/faults", json=fault).json() == {"id": "gateway"}
    assert [client.get("/list").status_code for _ in range(4)] == [200, 503, 200, 503]
    assert client.get("/__control/faults").json() == [
        {
            "id": "gateway",
            "match": {"method": "GET", "path_glob": "/list*", "every": 2, "seed": 0},
            "effect": "status",
            "struck": 2,
        }
    ]
    assert client.post("/__control/faults", json=fault).status_code == 409
    assert client.post("/__control/faults", json={"effect": "html_login"}).json() == {"id": "fault-3"}
    assert "Login" in client.get("/").text
    assert client.delete("/__control/faults").json() == {"cleared": True}
    assert [client.get("/list").status_code for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("given", "effect"),
    [
        ({"delay": {"seconds": 3}}, Delay(3)),
        ("drop_connection", Drop()),
        ({"drop_connection": {"when": "mid_body"}}, Drop("mid_body")),
        ({"apply_then_fail": {"then": {"status": {"code": 504}}}}, ApplyThenFail(Status(504))),
        ({"apply_then_fail": {"then": "hang"}}, ApplyThenFail(Hang())),
        ("apply_then_fail", ApplyThenFail(Drop())),
    ],
)
def test_effects_are_written_by_name_with_settings(given: Any, effect: object) -> None:
    assert effect_of(given) == effect


def test_every_effect_has_a_name() -> None:
    settings = {
        "errno": {"n": 401, "errmsg": "x", "data": {}},
        "delay": {"seconds": 1},
        "truncate": {"bytes": 5, "keep_content_length": True},
        "mutate_json": {"path": "a.b", "value": None},
    }
    assert {type(effect_of({name: settings.get(name, {})})) for name in EFFECTS} == set(EFFECTS.values())


def test_the_journal_leaves_the_control_plane_out(client: httpx.Client, sandbox: Counter) -> None:
    client.get("/list")
    assert client.get("/__control/journal", params={"service": "counter"}).json() == sandbox.journal
    assert [entry["path"] for entry in sandbox.journal] == ["/list"]


def test_the_state_is_counted_and_shown(client: httpx.Client) -> None:
    client.get("/list")
    assert client.get("/__control/state").json() == {"handled": 1, "tokens": 2}
    assert client.get("/__control/state/handled").json() == [1]
    assert client.get("/__control/state/counter/handled").json() == [1]


def test_tokens_expire_and_everything_starts_over(client: httpx.Client, sandbox: Counter) -> None:
    client.get("/list")
    assert client.post("/__control/expire-tokens", json={"service": "counter"}).json() == {"expired": True}
    assert sandbox.tokens == 0
    client.post("/__control/faults", json={"effect": "hang"})
    assert client.post("/__control/reset", json={"size": "branch", "seed": 7}).json() == {"size": "branch", "seed": 7}
    assert sandbox.journal == []
    assert client.get("/list").json()["handled"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "nothing", None, 404, "no /__control/nothing; there are /__control/reset, /__control/clock"),
        ("GET", "", None, 404, "no /__control/; there are"),
        ("GET", "clock/utc", None, 404, "no /__control/clock/utc"),
        ("GET", "state/people", None, 404, "no state 'people'; there are handled, tokens"),
        ("PUT", "clock", None, 405, "/__control/clock takes GET and POST, not PUT"),
        ("POST", "clock", "[]", 400, "the body is no JSON object"),
        ("POST", "clock", "{", 400, "the body is no JSON object"),
        ("POST", "clock", "", 400, "give either advance_s or set"),
        ("POST", "clock", '{"advance_s": -1}', 400, "clock.advance_s: Input should be greater than or equal to 0"),
        ("POST", "clock", '{"advance_s": NaN}', 400, "clock.advance_s"),
        ("POST", "clock", '{"set": "2026-03-01T08:00:00"}', 400, "clock.set: Input should have timezone info"),
        ("POST", "clock", '{"set": "0001-01-01T00:00:00+08:00"}', 400, "clock.set: Input should be greater"),
        ("POST", "clock", '{"set": "9999-12-31T23:59:59Z"}', 400, "clock.set: Input should be less"),
        ("POST", "clock", '{"a":' * 100_000, 400, "the body is no JSON object"),
        ("POST", "clock", '{"step": 5}', 400, "clock.step: Extra inputs are not permitted"),
        ("POST", "reset", '{"seed": "x"}', 400, "reset.seed"),
        ("POST", "faults", "{}", 400, "fault.effect: Field required"),
        ("POST", "faults", '{"effect": "explode"}', 400, "effect 'explode' is none; choose one of status, errno"),
        ("POST", "faults", '{"effect": {"hang": {}, "delay": {}}}', 400, "is not one name with settings"),
        ("POST", "faults", '{"effect": {"status": 502}}', 400, "the settings of 'status' are no object"),
        ("POST", "faults", '{"effect": {"status": {"code": 99}}}', 400, "status.code: Input should be greater"),
        ("POST", "faults", '{"effect": {"delay": {}}}', 400, "delay.seconds"),
        ("POST", "faults", '{"effect": {"charset": {"encoding": "x"}}}', 400, "'x' is no encoding; write one like gbk"),
        ("POST", "faults", '{"effect": {"charset": {"encoding": "hex"}}}', 400, "'hex' is no encoding"),
        ("POST", "faults", '{"effect": {"redirect": {"to": "/登录"}}}', 400, "redirect.to"),
        ("POST", "faults", '{"effect": {"status": {"headers": {"A": "b\\r\\nC: d"}}}}', 400, "status.headers.A"),
        ("POST", "faults", '{"effect": {"trickle": {"bytes": 0}}}', 400, "trickle.bytes"),
        ("POST", "faults", '{"effect": "hang", "match": {"nth": 0}}', 400, "match.nth: Input should be greater"),
        ("POST", "faults", '{"effect": "hang", "match": {"path": "/"}}', 400, "match.path"),
        ("POST", "faults", '{"effect": "hang", "match": {"service": "didi"}}', 400, "is counter, not didi"),
        ("POST", "expire-tokens", '{"service": "didi"}', 400, "this stand-in is counter, not didi; ask that one"),
        ("GET", "journal?service=didi", None, 400, "is counter, not didi"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(
    client: httpx.Client, method: str, path: str, body: str | None, status: int, says: str
) -> None:
    answer = client.request(method, f"/__control/{path}", content=body)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert says in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_without_more_it_starts_over_as_it_was_started(client: httpx.Client, sandbox: Counter) -> None:
    sandbox.beginning = ("medium", 7)
    assert client.post("/__control/reset").json() == {"size": "medium", "seed": 7}
    assert client.post("/__control/reset", json={"seed": 0}).json() == {"size": "medium", "seed": 0}


def test_it_is_closed_where_others_can_reach_it() -> None:
    with Counter(host="0.0.0.0") as sandbox:
        address = sandbox.base_url.replace("0.0.0.0", "127.0.0.1")
        refused = httpx.get(f"{address}/__control/journal", trust_env=False)
        assert refused.status_code == 403
        assert "listens on 0.0.0.0; use 127.0.0.1" in refused.json()["error"]
        assert httpx.get(f"{address}/list", trust_env=False).status_code == 200
