"""What a sandbox gets and what it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Reply:
    """An answer to send."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    claimed_length: int | None = None
    """A Content-Length that is not the body's own; the connection is closed after such an answer."""


class Silence(Enum):
    """What may come instead of an answer."""

    DROP = "the connection is closed"
    HANG = "the connection stays open and nothing comes"


Outcome = Reply | Silence


def json_reply(value: Any, status: int = 200) -> Reply:
    """Make a JSON answer that ends in CRLF, as the real systems' do."""
    return Reply(status, json.dumps(value, ensure_ascii=False).encode() + b"\r\n", "application/json;charset=UTF-8")


def html_reply() -> Reply:
    """Make the page that comes instead of JSON, with a 200."""
    return Reply(200, HTML_PAGE.encode(), "text/html;charset=UTF-8")
