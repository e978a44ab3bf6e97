"""One call to an outside system, and its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connecthub.core.safe_text import safe_text
from connecthub.integrations.errors import ProtocolError, ResultUnknown

TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Call:
    """What is asked of whom; as text it begins every error message: no query, header or body."""

    system: str
    host: str
    method: str
    url: str = field(repr=False)
    path: str
    """As it goes over the wire, without its query."""
    writes: bool
    """It changes something in the outside system."""
    retryable: bool
    """It may be repeated whatever became of the last attempt."""

    def __str__(self) -> str:
        return f"{self.system} at {self.host}: {self.method} {self.path}"

    def unknown(self, error: Exception) -> ResultUnknown:
        """Say of a write whose attempt ended in `error` that nobody knows whether it took effect."""
        return ResultUnknown(f"{error} - and it may have taken effect: look before repeating it")


@dataclass(frozen=True)
class Response:
    """An answer, read to its end."""

    call: Call
    status: int | None
    """None: a dry run held the call back."""
    headers: Mapping[str, str] = field(repr=False)
    """By lower-case name."""
    content: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the body's JSON; None where a dry run held the call back.

        Raises ProtocolError; ResultUnknown for a write.
        """
        if self.status is None:
            return None
        try:
            return json_body(self)
        except ProtocolError as error:
            if self.call.writes:
                raise self.call.unknown(error) from error
            raise


def text_body(response: Response) -> str:
    """Decode a body: UTF-8 with or without BOM, GBK and its kin where the header declares them; outer space is cut.

    Raises ProtocolError.
    """
    declared = re.search(r"charset=\W*([\w-]+)", response.headers.get("content-type", ""), re.IGNORECASE)
    charset = declared[1].lower() if declared else "utf-8"
    encodings = ["utf-8-sig", "gb18030"] if charset.startswith("gb") else ["utf-8-sig"]
    for encoding in encodings:
        try:
            return response.content.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
    raise ProtocolError(
        f"{response.call} answered {response.status} with text that is no {charset}; the system must send UTF-8"
    )


def json_body(response: Response) -> Any:
    """Parse a body as strict JSON: no NaN, no HTML, not empty.

    Raises ProtocolError.
    """
    begin = f"{response.call} answered {response.status} with"
    if response.content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise ProtocolError(
            f"{begin} an HTML page{_title(response)} where JSON was due; check base_url, "
            "and that this version of the system has the resource"
        )
    text = text_body(response)
    if not text:
        raise ProtocolError(f"{begin} an empty body where JSON was due; look into the system's own log")
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        place = f"at character {error.pos}" if isinstance(error, json.JSONDecodeError) else f"({error})"
        raise ProtocolError(
            f"{begin} {len(response.content)} bytes that are no JSON {place}; "
            "the answer was cut short or does not come from the system itself"
        ) from None


def _title(response: Response) -> str:
    """Return the page's title, quoted and short, or nothing."""
    match = TITLE.search(response.content[:20_000].decode("utf-8", "replace"))
    title = " ".join(match[1].split())[:60] if match else ""
    return f" ({safe_text(title)!r})" if title else ""


def _refuse_constant(name: str) -> Any:
    """Refuse NaN and the infinities, which are no JSON."""
    raise ValueError(f"{name} is no JSON number")
