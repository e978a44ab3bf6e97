"""The signature of DiDi Enterprise (开放平台, 签名规则): a digest over all parameters and a key that is never sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from connecthub.integrations.fields import without_halves

Algorithm = Literal["md5", "sha256"]
"""As the app's security settings in DiDi's console say; older apps have md5."""

BLANKS = "".join(map(chr, range(0x21))) + "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
BLANKS += "".join(map(chr, range(0x2000, 0x200B)))
"""What DiDi's servers and its SDKs cut off values, each its own share: nothing that is sent begins or ends with it."""


def signature(params: Mapping[str, Any], sign_key: str, algorithm: Algorithm = "md5") -> str:
    """Return the `sign` of `params`: lower-case hex, of 32 digits with md5, of 64 with sha256."""
    return digest(sign_string({**params, "sign_key": sign_key}), algorithm)


def sign_string(params: Mapping[str, Any]) -> str:
    """Return `name=value` of all parameters but None and `sign`, by name in ASCII order, joined by `&`.

    Values are trimmed, not encoded; an empty one stays as `name=`.
    """
    sent = sendable(params)
    return "&".join(f"{name}={sent[name]}" for name in sorted(sent) if name != "sign")


def digest(text: str, algorithm: Algorithm = "md5") -> str:
    """Return the digest of `text` in UTF-8, as lower-case hex."""
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


def sendable(params: Mapping[str, Any]) -> dict[str, str | int]:
    """Return `params` as they are sent and signed: without None, texts trimmed.

    Raises TypeError for what is neither text nor a whole number: servers and SDKs sign lists and objects differently.
    """
    return {name: _sendable(name, value) for name, value in params.items() if value is not None}


def json_text(value: Any) -> str:
    """Return a list or an object as the JSON text that goes out as one parameter; it is signed as it is sent."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character in a name: DiDi may refuse this one entry
        return json.dumps(value, separators=(",", ":"))
    return text


def _sendable(name: str, value: Any) -> str | int:
    if isinstance(value, str):
        return without_halves(value).strip(BLANKS)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"parameter {name} is a {type(value).__name__}; give text, a whole number, or JSON as text")
    return value
