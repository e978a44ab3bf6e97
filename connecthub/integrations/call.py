"""One call to an outside system, and its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

from connecthub.errors import IntegrationError
from connecthub.integrations.bodies import charset_of, decoded, excerpt, is_html
from connecthub.integrations.errors import ProtocolError, ResultUnknown


@dataclass(frozen=True)
class Pace:
    """The calls of one `key`, over all workers, are sent at least `interval` seconds apart."""

    key: str
    interval: float


@dataclass(frozen=True)
class Outgoing:
    """What an attempt sends beside the address; a service signs it anew for each attempt."""

    params: Mapping[str, Any] | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Call:
    """What is asked of whom; as text it begins every error message: no query, header or body."""

    system: str
    host: str
    method: str
    url: str = field(repr=False)
    path: str
    """As it is shown and recorded: without its query, and without what is secret in it."""
    writes: bool
    """It changes something in the outside system."""
    retryable: bool
    """It may be repeated whatever became of the last attempt."""
    note: str = ""
    """What it is for, in the client's words, for the record: `add member D1001`."""
    pace: Pace | None = None

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
    received_at: datetime | None = None
    """By the client's clock; None: a dry run held the call back."""

    def json(self) -> Any:
        """Return the body's JSON; None where a dry run held the call back.

        Raises ProtocolError; ResultUnknown for a write.
        """
        if self.status is None:
            return None
        return self._parsed

    @cached_property
    def _parsed(self) -> Any:
        try:
            return json_body(self)
        except ProtocolError as error:
            raise self.broken(error) from None

    def broken(self, error: ProtocolError) -> IntegrationError:
        """Return the error of an answer that cannot be read: of a write, nobody knows whether it took effect."""
        return self.call.unknown(error) if self.call.writes else error


def segment(value: str) -> str:
    """Return `value` as one part of a path, for ids and names that come from outside. Raises ValueError for one that
    would lead to another resource."""
    if value.strip() in ("", ".", ".."):
        raise ValueError(f"{value!r} is no id, code or number to ask for")
    return quote(value, safe="")


def text_body(response: Response) -> str:
    """Decode a body (see `bodies.decoded`); outer space is cut.

    Raises ProtocolError.
    """
    charset = charset_of(response.headers.get("content-type", ""))
    text = decoded(response.content, charset)
    if text is None:
        raise ProtocolError(
            f"{response.call} answered {response.status} with text that is no {charset or 'utf-8'}; "
            "it was damaged on its way, or the system must send UTF-8"
        )
    return text.strip()


def json_body(response: Response) -> Any:
    """Parse a body as JSON: no NaN, no HTML, not empty; stray line ends inside texts are let be.

    Raises ProtocolError.
    """
    begin = f"{response.call} answered {response.status} with"
    if is_html(response.content):
        raise ProtocolError(
            f"{begin} an HTML page{_quoted(response)} where JSON was due; check base_url, "
            "and that this version of the system has the resource"
        )
    text = text_body(response)
    if not text:
        raise ProtocolError(f"{begin} an empty body where JSON was due; look into the system's own log")
    try:
        return json.loads(text, strict=False, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        place = f"at character {error.pos}" if isinstance(error, json.JSONDecodeError) else f"({error})"
        raise ProtocolError(
            f"{begin} {len(response.content)} bytes that are no JSON {place}; "
            "the answer was cut short or does not come from the system itself"
        ) from None


def _quoted(response: Response) -> str:
    """Return the page's first words, quoted, or nothing."""
    words = excerpt(response.content, charset_of(response.headers.get("content-type", "")))
    return f" ({words!r})" if words else ""


def _refuse_constant(name: str) -> Any:
    """Refuse NaN and the infinities, which are no JSON."""
    raise ValueError(f"{name} is no JSON number")
