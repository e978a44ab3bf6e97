"""DiDi Enterprise's answers: `{errno, errmsg, data, request_id}` with status 200, and which error each errno is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connecthub.core.safe_text import safe_text
from connecthub.errors import IntegrationError
from connecthub.integrations.call import Response
from connecthub.integrations.errors import (
    AlreadyExists,
    AuthError,
    BusinessError,
    ClockSkew,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    ServerError,
    SignatureRefused,
)
from connecthub.integrations.failures import refusal, temporary_failure
from connecthub.integrations.fields import count_in

AUTHORIZE = "river/Auth/authorize"
TOKEN_REFUSED = "401"
CLOCK = "10001"
TRY_LATER = "500"
EXISTS = "50202"
NO_SUCH_MEMBER = "406"
BAD_SIGNATURE = "19999"
TOO_OFTEN = "请求过于频繁"
CLOCK_WORDS = ("timestamp", "时间", "过期", "超时")

CONSOLE = "DiDi's console (开发配置)"
REFUSALS: Mapping[str, tuple[type[IntegrationError], str]] = {
    "400": (AuthError, f"compare client_id and client_secret with those in {CONSOLE}"),
    TOKEN_REFUSED: (AuthError, "the access token is refused; if a fresh one is too, look at the app in DiDi's console"),
    "402": (BusinessError, "the phone is missing or wrong: 11 digits, no +86; overseas `+<country code> <number>`"),
    "403": (PermissionDenied, f"grant this interface to the app in {CONSOLE}"),
    NO_SUCH_MEMBER: (BusinessError, "no such member in this company"),
    "408": (ProtocolError, "it finds no timestamp in seconds; something between changes the request"),
    "410": (AuthError, "the access token belongs to another client_id; look who else uses this client"),
    "412": (ProtocolError, "it finds no client_id or access_token; something between changes the request"),
    CLOCK: (ClockSkew, "this host and DiDi disagree on the time; set the clock right (NTP)"),
    "10002": (PermissionDenied, f"add this host's public IP address to the app's white-list in {CONSOLE}, 安全设置"),
    "10003": (BusinessError, "a parameter is refused"),
    "12001": (AuthError, "company_id is wrong: 16 digits, from DiDi's console"),
    "12002": (PermissionDenied, "the company is not entrusted to this app; let its administrator authorise the app"),
    BAD_SIGNATURE: (SignatureRefused, f"compare sign_key, and md5 or sha256, with the security settings in {CONSOLE}"),
    EXISTS: (AlreadyExists, "look the member up, members who have left included, and edit it"),
}
ERRNO = re.compile(r"-?[0-9]{1,10}")
PHONE = re.compile(r"(?<![0-9A-Za-z])\+?[0-9]{7,14}(?![0-9A-Za-z])")
PARAMETER = re.compile(r"[a-z][a-z_]*")


def temporary(response: Response) -> IntegrationError | None:
    """Return the error of an answer that another attempt may mend: also errno 500, and too many calls."""
    if error := temporary_failure(response):
        return error
    code = readable_errno(response)
    if code in ("0", ""):
        return None
    answer = response.json()
    if TOO_OFTEN in str(answer.get("errmsg")):
        return RateLimited(f"{_begin(response, code, answer)}; call less often")
    if code == TRY_LATER:
        return ServerError(f"{_begin(response, code, answer)}; try again later", 500)
    return None


def failure(response: Response) -> IntegrationError | None:
    """Return the error of an answer that is no success; raises ProtocolError, for a write ResultUnknown, where it
    cannot be read."""
    if error := refusal(response):
        return error
    code, answer = errno(response), response.json()
    if code == "0":
        return None
    kind, remedy = REFUSALS.get(code, (BusinessError, "look the number up in DiDi's list of error codes"))
    if code == CLOCK and not is_clock_refusal(response):
        kind, remedy = REFUSALS["10003"]
    if kind is SignatureRefused:
        remedy += signed_names(answer.get("data"))
    message = f"{_begin(response, code, answer)}; {remedy}"
    if kind is AlreadyExists:
        return AlreadyExists(code, message, _facts(answer.get("data")))
    return BusinessError(code, message) if kind is BusinessError else kind(message)


def errno(response: Response) -> str:
    """Return an answer's errno as text, "0" for a success, and for a token, which comes without an envelope.

    Raises ProtocolError, for a write ResultUnknown.
    """
    answer = response.json()
    if isinstance(answer, dict):
        code = answer.get("errno")
        if isinstance(code, int | str) and ERRNO.fullmatch(str(code).strip()):
            return str(code).strip()
        if answer.get("access_token") and response.call.path.endswith(AUTHORIZE):
            return "0"
        if "encrypt_data" in answer:
            text = "an encrypted body, which is not supported; switch the encryption off in the app's security settings"
            raise response.broken(ProtocolError(f"{response.call} answered with {text}"))
    raise response.broken(ProtocolError(f"{response.call} answered {response.status} without an errno; check base_url"))


def readable_errno(response: Response) -> str:
    """Return an answer's errno as text; empty where it cannot be read, which `failure` tells."""
    try:
        return errno(response)
    except IntegrationError:
        return ""


def is_clock_refusal(response: Response) -> bool:
    """Tell whether an answer finds our time wrong; the same errno is used for some parameters too."""
    if readable_errno(response) != CLOCK:
        return False
    text = str(response.json().get("errmsg") or "").lower()
    return not text or any(word in text for word in CLOCK_WORDS)


def masked_phone(phone: str) -> str:
    """Return a phone with its middle hidden: `138****1234`."""
    digits = phone.strip()
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else "****" + digits[-2:]


def signed_names(data: Any) -> str:
    """Say which parameters DiDi signed, in its order: its string has the token, and more, for values."""
    signed = str(data.get("params_sign_str") or "") if isinstance(data, dict) else ""
    names = [name for part in signed.split("&") if PARAMETER.fullmatch(name := part.partition("=")[0])]
    return f" (DiDi signed {', '.join(names)})" if names else ""


def _begin(response: Response, code: str, answer: Mapping[str, Any]) -> str:
    """Say what DiDi answered, in its own words, phones masked."""
    text = PHONE.sub(lambda found: masked_phone(found[0]), str(answer.get("errmsg") or ""))
    words = safe_text(" ".join(text.split()))[:200]
    request = safe_text(str(answer.get("request_id") or ""))[:64]
    return f"{response.call} answered errno {safe_text(code)[:20]} ({words}{', request ' + request if request else ''})"


def _facts(data: Any) -> dict[str, Any]:
    """What DiDi says of a member that exists: `member_id`, `phone` (masked), `status`, as far as it says it."""
    known = data if isinstance(data, dict) else {}
    member_id, phone = known.get("member_id") or known.get("id"), known.get("phone")
    return {
        "member_id": str(member_id) if member_id else "",
        "phone": masked_phone(str(phone)) if phone else "",
        "status": count_in(known.get("status")),
    }
