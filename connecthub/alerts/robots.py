"""Chat robots that answer `200 OK` also where they refuse a message, which apprise takes for sent.

WeCom, DingTalk and Feishu: apprise reads the channel's URL, and the message is posted here, where the answer is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

ANSWER_BYTES = 65_536


@dataclass(frozen=True, repr=False)
class Robot:
    """Where a robot takes messages, and how it says what became of one."""

    url: str
    params: dict[str, str]
    wrap: Callable[[str], dict[str, Any]]
    """The payload of a text."""
    code: str
    """The field of its answer that is 0 where it took the message."""
    reason: str
    """The field that says why not."""


def _wecom(service: Any) -> Robot:
    return Robot(service.api_url, {}, _text_of_wecom, "errcode", "errmsg")


def _dingtalk(service: Any) -> Robot:
    params: dict[str, str] = {}
    if service.secret:
        timestamp, sign = service.get_signature()
        params = {"timestamp": timestamp, "sign": unquote(sign)}  # `requests` quotes it again

    def wrap(text: str) -> dict[str, Any]:
        at = {"atMobiles": list(service.targets), "isAtAll": False}
        return {"msgtype": "text", "text": {"content": text}, "at": at}

    return Robot(service.notify_url.format(token=service.token), params, wrap, "errcode", "errmsg")


def _feishu(service: Any) -> Robot:
    return Robot(service.notify_url.format(token=service.token), {}, _text_of_feishu, "code", "msg")


def _text_of_wecom(text: str) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": text}}


def _text_of_feishu(text: str) -> dict[str, Any]:
    return {"msg_type": "text", "content": {"text": text}}


ROBOTS: dict[str, Callable[[Any], Robot]] = {
    "NotifyWeComBot": _wecom,
    "NotifyDingTalk": _dingtalk,
    "NotifyFeishu": _feishu,
}
"""By the class of apprise's service."""


def post_to_robot(robot: Robot, text: str, seconds: float) -> str:
    """Post a text; returns why the robot did not take it, empty where it did. Raises errors of `requests`."""
    import requests

    with requests.post(
        robot.url, params=robot.params, json=robot.wrap(text), timeout=seconds, allow_redirects=False, stream=True
    ) as response:
        if response.status_code != 200:
            return f"it answered {response.status_code}"
        return refusal_in(response.raw.read(ANSWER_BYTES, decode_content=True), robot)


def refusal_in(answer: bytes, robot: Robot) -> str:
    """Why an answer says that the message was not taken; empty where it was."""
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        return "its answer is no JSON"
    if not isinstance(told, dict) or robot.code not in told:
        return f"its answer has no {robot.code}"
    return "" if told[robot.code] == 0 else f"it refused the message: {told[robot.code]} {told.get(robot.reason, '')}"
