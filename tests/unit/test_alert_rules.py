"""The rules of alerts without a database: who wants what, what a message says, what an error keeps to itself."""

from __future__ import annotations

from collections import namedtuple
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from connecthub.alerts.long_runs import Long, judge, usual_time
from connecthub.alerts.messages import BODY_BYTES, bundle, headline, message
from connecthub.alerts.notify import redacted
from connecthub.alerts.policy import PROGRAM_POLICY, Policy, Rule, effective
from connecthub.alerts.robots import ROBOTS, Robot, post_to_robot, refusal_in
from connecthub.alerts.rules import begins_series, is_told
from connecthub.cli.alert import RULES
from connecthub.control.alerts import PolicyChange
from connecthub.errors import ConfigError
from connecthub.tasks.alert_sending import wait_after
from tests.webhook import webhook

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
Row = namedtuple("Row", "kind detail created_at job_log_id")


def alert(kind: str, log_id: int | None = 7, **detail: Any) -> Any:
    return Row(kind, {"job": "nightly", **detail}, NOON, log_id)


@pytest.mark.parametrize(
    ("began", "succeeded", "first"),
    [(None, None, True), (None, NOON, True), (NOON, None, False), (NOON, LATER, True), (LATER, NOON, False)],
)
def test_a_failure_is_the_first_where_no_series_is_open(
    began: datetime | None, succeeded: datetime | None, first: bool
):
    assert begins_series(began, succeeded) is first


@pytest.mark.parametrize(
    ("rules", "kind", "first", "told"),
    [
        ({Rule.FAILED}, "failed", False, True),
        ({Rule.FIRST_FAILURE}, "failed", True, True),
        ({Rule.FIRST_FAILURE}, "failed", False, False),
        ({Rule.FAILED}, "recovered", False, False),
        ({Rule.WORKER_LOST}, "worker_lost", False, True),
        (set(), "failed", True, False),
    ],
)
def test_a_policy_tells_what_its_rules_name(rules: set[Rule], kind: str, first: bool, told: bool):
    assert is_told(kind, Policy(frozenset(rules)), first=first) is told


def test_the_command_line_knows_all_rules():
    assert tuple(Rule) == RULES


def test_a_jobs_policy_comes_before_the_installations_and_that_before_the_programs():
    own, default = {"rules": ["failed"]}, {"rules": ["missed", "a rule of tomorrow"], "channels": ["ops"]}
    assert effective(own, default) == Policy(frozenset({Rule.FAILED}))
    assert effective(None, default) == Policy(frozenset({Rule.MISSED}), ("ops",))
    assert effective(None, None) == PROGRAM_POLICY
    assert Policy.of(PROGRAM_POLICY.as_json()) == PROGRAM_POLICY


def test_a_change_keeps_what_it_does_not_name_and_a_number_means_its_rule():
    policy = PolicyChange(drop=frozenset({Rule.MISSED}), no_success_hours=26).of(PROGRAM_POLICY)
    assert policy.rules == PROGRAM_POLICY.rules - {Rule.MISSED} | {Rule.NO_SUCCESS}
    assert policy.no_success_hours == 26
    with pytest.raises(ConfigError, match="give --no-success-hours N"):
        PolicyChange(add=frozenset({Rule.NO_SUCCESS})).of(PROGRAM_POLICY)
    for hours in (0, -1, float("nan"), 1e9):
        with pytest.raises(ConfigError, match="out of range"):
            PolicyChange(no_success_hours=hours).of(PROGRAM_POLICY)


def test_a_run_is_long_near_its_timeout_or_beyond_twice_its_usual_time():
    assert judge(81, 100, None) == Long(True, 100)
    assert judge(80, 100, None) is None
    assert judge(21, 100, 10) == Long(False, 10)
    assert judge(20, 100, 10) is None
    assert judge(4, 100, 1) is None, "nobody could act on it"
    assert usual_time([1, 2, 3, 4]) is None
    assert usual_time([1, 2, 3, 4, 50]) == 3


def test_what_failed_again_is_tried_later_each_time():
    assert [wait_after(tries) for tries in range(1, 9)] == [30, 60, 120, 240, 480, 900, 900, 900]
    assert wait_after(10_000) == 900


def test_times_are_of_the_zone_and_text_from_outside_acts_on_no_terminal():
    told = message("shop\x1b[2J", "Asia/Shanghai", alert("failed", status="failed", error="one\x07\ntwo\nthree\nfour"))
    assert told.title == "[shop␛[2J] job nightly failed"
    assert told.body.splitlines() == [
        "2026-11-24 20:00:00 Asia/Shanghai",
        "run 7",
        "one␇",
        "two",
        "three",
        "look: connecthub log show 7",
    ]


def test_a_message_fits_the_smallest_service():
    long = alert("failed", status="failed", error="\n".join(["名" * 5000] * 9))
    told = message("名" * 300, "UTC", long)
    assert len(told.body.encode()) <= BODY_BYTES
    assert len(told.title) <= 120
    assert len(f"{told.title}\n{told.body}".encode()) <= 2048
    assert message("名" * 90, "UTC", long).title == f"[{'名' * 78}…"
    many = bundle("here", "UTC", [alert("failed", job="名" * 200)] * 300)
    assert len(many.body.encode()) <= BODY_BYTES
    assert many.title == "[here] 300 alerts"
    assert many.body.splitlines()[-1] == "look: connecthub alert list"


@pytest.mark.parametrize(("count", "told"), [(1, "1 slot"), (60, "60 slots"), (10_001, "more than 10000 slots")])
def test_missed_slots_are_counted_in_words(count: int, told: str):
    assert headline(alert("missed", count=count)) == f"job nightly missed {told}"


def test_an_alert_of_a_later_version_is_told_too():
    assert headline(alert("eclipse")) == "eclipse: job nightly"
    assert message("here", "UTC", alert("eclipse", None)).body.endswith("look: connecthub job show nightly")


@pytest.mark.parametrize(
    ("url", "said", "told"),
    [
        ("wecombot://k3y-of-robot", "no route to k3y-of-robot", "no route to ***"),
        ("dingtalk://SECs3cret@t0ken12/138", "SECs3cret t0ken12 url: /send?access_token=t0ken12&sign=x%3D", None),
        ("json://user:p%40ssw0rd@h.example.com/p4th/x9?+X-Key=h3ader", "/p4th/x9 p@ssw0rd h3ader h.example.com", None),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k3y", "Max retries: /send?key=k3y", None),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIia/#ops", "T1JJ3T3L2 VDFKSjNUM0wy", "*** ***"),
    ],
)
def test_an_error_keeps_the_url_to_itself(url: str, said: str, told: str | None):
    shown = redacted(url, said)
    assert told in (None, shown)
    for secret in ("k3y", "s3cret", "t0ken", "p4th", "ssw0rd", "h3ader", "x%3D", "T1JJ"):
        assert secret not in shown
    assert redacted(url, url) == "***"


def test_the_host_of_a_webhook_may_be_named():
    assert redacted("json://u:p4ss@hooks.example.com/x1", "no connection to hooks.example.com") == (
        "no connection to hooks.example.com"
    )


WECOM = Robot("http://127.0.0.1", {}, lambda text: {"text": text}, "errcode", "errmsg")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b'{"errcode": 0, "errmsg": "ok"}', ""),
        (b'{"errcode": 93000, "errmsg": "invalid webhook url"}', "it refused the message: 93000 invalid webhook url"),
        (b"<html>", "its answer is no JSON"),
        (b"[]", "its answer has no errcode"),
    ],
)
def test_a_robot_that_answers_ok_may_have_refused(answer: bytes, problem: str):
    assert refusal_in(answer, WECOM) == problem


def test_what_a_robot_is_sent_and_what_it_answers():
    service = SimpleNamespace(
        api_url="https://w/k", notify_url="https://r/{token}", token="t", secret="s", targets=["138"]
    )
    service.get_signature = lambda: ("1", "a%2Bb%3D")
    robots = {name: build(service) for name, build in ROBOTS.items()}
    assert robots["NotifyWeComBot"].wrap("x") == {"msgtype": "text", "text": {"content": "x"}}
    assert robots["NotifyDingTalk"].params == {"timestamp": "1", "sign": "a+b="}
    assert robots["NotifyFeishu"].url == "https://r/t"
    with webhook() as hook:
        hook.answer = {"errcode": 45009, "errmsg": "too many"}
        robot = Robot(f"http://127.0.0.1:{hook.port}/send", {"key": "k"}, lambda text: {"t": text}, "errcode", "errmsg")
        assert post_to_robot(robot, "hello", 5) == "it refused the message: 45009 too many"
        assert (hook.got, hook.paths) == ([{"t": "hello"}], ["/send?key=k"])
        hook.status = 302
        assert post_to_robot(robot, "hello", 5) == "it answered 302"
