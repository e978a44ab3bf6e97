"""What a sandbox gets and what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

HTML_PAGE = "<!DOCTYPE html><html><head><title>Error page</title></head><body>No such page</body></html>"


@dataclass(frozen=True)
class Request:
    """A request as a sandbox sees it; `headers` by lower-case name."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's JSON, None where it is none."""
        return parse_json(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer to send."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    claimed_length: int | None = None
    """A Content-Length that is not the body's own; the connection is closed after such an answer."""
    pieces: Callable[[], Iterator[bytes]] | None = None
    """Yields the body bit by bit, each to be sent when it comes."""


class Silence(Enum):
    """What may come instead of an answer."""

    DROP = "the connection is closed"
    HANG = "the connection stays open and nothing comes"


Outcome = Reply | Silence


def parse_json(text: str | bytes) -> Any:
    """Return what a text says in JSON, None where it is none, or none that anybody would send: nested without end."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def json_reply(value: Any, status: int = 200) -> Reply:
    """Make a JSON answer that ends in CRLF, as the real systems' do."""
    try:
        body = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a character that somebody sent, in a name or a key: it goes back escaped
        body = json.dumps(value).encode()
    return Reply(status, body + b"\r\n", "application/json;charset=UTF-8")


def html_reply() -> Reply:
    """Make the page that comes instead of JSON, with a 200."""
    return Reply(200, HTML_PAGE.encode(), "text/html;charset=UTF-8")
