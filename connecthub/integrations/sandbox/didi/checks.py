"""What the stand-in for DiDi Enterprise checks of every call, in this order, before it looks at the business.

The codes are the real ones; their order is assumed.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connecthub.core.clock import WaitingClock
from connecthub.integrations.didi.signature import Algorithm, digest, json_text, sign_string
from connecthub.integrations.sandbox.didi.refusals import Refused, bad_parameter
from connecthub.integrations.sandbox.messages import Request

SKEW = 600
"""Seconds that a timestamp may be off; assumed, DiDi publishes no number."""


@dataclass(frozen=True)
class App:
    """What the stand-in knows of the application that calls it, and of the company."""

    client_id: str
    client_secret: str
    sign_key: str
    company_id: str
    signature: Algorithm = "md5"
    allowed_ip: bool = True
    entrusted: bool = True
    granted: bool = True


@dataclass
class Tokens:
    """The tokens that were handed out; each with its client and its end on the monotonic clock."""

    clock: WaitingClock
    seconds: int = 1800
    single: bool = False
    _given: dict[str, tuple[str, float]] = field(default_factory=dict)

    def issue(self, client_id: str) -> str:
        """Hand out a token of 40 hex digits."""
        if self.single:
            self._given.clear()
        token = secrets.token_hex(20)
        self._given[token] = (client_id, self.clock.monotonic() + self.seconds)
        return token

    def client_of(self, token: str) -> str | None:
        """Return whose token it is; None for one that is unknown or whose time is over."""
        client_id, end = self._given.get(token, ("", 0.0))
        return client_id if client_id and self.clock.monotonic() < end else None

    def expire(self) -> None:
        """Forget all tokens."""
        self._given.clear()


def parameters(request: Request, method: str) -> dict[str, Any]:
    """Return what the service sees of a request: nothing, where the method or the content type is a wrong one."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != method:
        return {}
    if method == "GET":
        return dict(request.query) if content_type in ("", "application/x-www-form-urlencoded") else {}
    body = request.json()
    return body if content_type == "application/json" and isinstance(body, dict) else {}


def check_sender(app: App, params: Mapping[str, Any], clock: WaitingClock, *, signs_in: bool) -> None:
    """Check who sends, from where, when, and the signature. Raises Refused."""
    if not params.get("client_id") or not (signs_in or params.get("access_token")):
        raise Refused(412, "client_id或access_token缺失")
    timestamp = str(params.get("timestamp") or "").strip()
    if not re.fullmatch("[0-9]{10}", timestamp):
        raise Refused(408, "timestamp参数缺失或格式错误")
    if not app.allowed_ip:
        raise Refused(10002, "IP不在白名单")
    if params["client_id"] != app.client_id:
        raise Refused(400, "非法client_id")
    if signs_in and params.get("client_secret") != app.client_secret:
        raise Refused(400, "非法client_secret")
    if abs(clock.now().timestamp() - int(timestamp)) > SKEW:
        raise Refused(10001, "timestamp已过期")
    _check_signature(app, params)


def check_grant(app: App, params: Mapping[str, Any], tokens: Tokens) -> None:
    """Check the token, the company and what was granted. Raises Refused."""
    client_id = tokens.client_of(str(params["access_token"]))
    if client_id is None:
        raise Refused(401, "access_token不合法或已过期")
    if client_id != params["client_id"]:
        raise Refused(410, "client_id与access_token不匹配")
    if str(params.get("company_id") or "") != app.company_id:
        raise Refused(12001, "company_id错误")
    if not app.entrusted:
        raise Refused(12002, "托管关系不存在")
    if not app.granted:
        raise Refused(403, "没有权限")


def check_grant_type(params: Mapping[str, Any]) -> None:
    """Check what a sign-in asks for. Raises Refused."""
    if params.get("grant_type") != "client_credentials":
        raise bad_parameter("grant_type")


def _check_signature(app: App, params: Mapping[str, Any]) -> None:
    """Compare the signature; a refusal shows the string that the service signed, its key masked."""
    signed = {name: _signed_value(value) for name, value in params.items() if value is not None and name != "sign"}
    due = digest(_whole_characters(sign_string({**signed, "sign_key": app.sign_key})), app.signature)
    if not hmac.compare_digest(due.encode(), _whole_characters(str(params.get("sign") or "")).encode()):
        raise Refused(19999, "签名验证失败", {"params_sign_str": sign_string({**signed, "sign_key": "******"})})


def _whole_characters(text: str) -> str:
    """Return a text with `?` for each half of a character, which has no bytes that could be compared."""
    return text.encode(errors="replace").decode()


def _signed_value(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)
