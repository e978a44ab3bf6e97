"""Signing in to Seeyon: what the answer to it means, and by what a refused token is known. Pure.

Source: open.seeyon.com, 概述 (token); V6.0 and later tell the bound login, V5 does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from connecthub.errors import IntegrationError
from connecthub.integrations.bodies import begins_with
from connecthub.integrations.call import Response, json_body, text_body
from connecthub.integrations.errors import AuthError, ProtocolError
from connecthub.integrations.failures import refusal
from connecthub.integrations.fields import record_of
from connecthub.integrations.seeyon.records import BoundUser

TOKEN = re.compile(r"[0-9A-Za-z_-]{16,128}")
INVALID_TOKEN = "Invalid token"
INVALID_TOKEN_CODE = "1010"

GRANT = (
    "in Seeyon's REST users (信息集成配置, REST用户管理) grant the resource to this user, "
    "and bind this machine's IP address or switch the IP check off"
)


@dataclass(frozen=True)
class SignIn:
    """What a sign-in gave: the token, and whom it acts for; `tells_user`: the version says so at all."""

    token: str
    bound_user: BoundUser | None
    tells_user: bool


def token_refused(response: Response) -> bool:
    """Tell whether the token was refused: 401, the words "Invalid token", or code 1010, with any status.

    An employee number may be 1010 too: an object with an id is no refusal.
    """
    if response.status == 401:
        return True
    if len(response.content) > 4096:
        return False
    try:
        answer = json_body(response)
    except ProtocolError:
        return begins_with(response.content, INVALID_TOKEN.encode())
    if not isinstance(answer, dict):
        return isinstance(answer, str) and answer.startswith(INVALID_TOKEN)
    told = str(answer.get("code")) == INVALID_TOKEN_CODE or str(answer.get("message")).startswith(INVALID_TOKEN)
    return told and "id" not in answer


def sign_in_failure(response: Response) -> IntegrationError | None:
    """Return the error of an answer to a sign-in; raises AuthError and ProtocolError where it holds no token."""
    if response.status in (401, 403):
        return AuthError(f"{response.call} answered {response.status}; {GRANT}")
    if error := refusal(response):
        return error
    sign_in(response)
    return None


def sign_in(response: Response) -> SignIn:
    """Read the answer to a sign-in: JSON with an id, or the bare token. Raises AuthError, ProtocolError."""
    text = text_body(response)
    answer = text if TOKEN.fullmatch(text) or text == "-1" else json_body(response)
    token = str(answer.get("id")) if isinstance(answer, dict) else str(answer)
    if token == "-1":
        raise AuthError(
            f"user name or password refused by {response.call}; check both in Seeyon's REST users "
            "(信息集成配置, REST用户管理): an OA login does not work here"
        )
    if not TOKEN.fullmatch(token):
        raise ProtocolError(
            f"{response.call} answered {response.status} without a token; check base_url and the system's version"
        )
    if not isinstance(answer, dict) or "bindingUser" not in answer:
        return SignIn(token, None, tells_user=False)
    return SignIn(token, bound_user(response, answer["bindingUser"]), tells_user=True)


def bound_user(response: Response, value: Any) -> BoundUser | None:
    """Read the login that a token is bound to; None where it is bound to none."""
    return record_of(response, BoundUser, value, "the bound user") if value else None
