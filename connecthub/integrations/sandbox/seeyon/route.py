"""How a Seeyon stand-in finds what a request asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

GENERAL_PARAMS = frozenset({"token", "option.n_a_s"})
"""Every resource takes them."""


class NoSuchPage(Exception):
    """The system answers with its error page: it does not know the resource, or not so."""


@dataclass(frozen=True)
class Route:
    """A resource: `{}` in its pattern stands for one part of the path.

    `answer` is called with a directory, the parts, and what the request has of `params`, by name; for a write the
    body's JSON comes after the directory, or the file where it `takes_file`. It returns JSON, None for nothing found,
    and raises NoSuchPage.
    """

    method: str
    pattern: str
    answer: Callable[..., Any]
    params: tuple[str, ...] = ()
    takes_file: bool = False

    def parts(self, method: str, resource: str) -> list[str] | None:
        """Return what stands for each `{}`; None for another resource."""
        pattern, given = self.pattern.split("/"), resource.split("/")
        if method != self.method or len(pattern) != len(given) or "" in given:
            return None
        pairs = list(zip(pattern, given, strict=True))
        if any(part not in ("{}", value) for part, value in pairs):
            return None
        return [unquote(value) for part, value in pairs if part == "{}"]


def number(text: str) -> int:
    """Read an id. Raises NoSuchPage for what is no signed 64-bit number."""
    if not re.fullmatch("-?[0-9]{1,19}", text) or not -(2**63) <= int(text) < 2**63:
        raise NoSuchPage
    return int(text)


def id_of(value: Any) -> int:
    """Read an id in a body, a number or text; 0, which nothing has, for anything else."""
    try:
        return 0 if isinstance(value, bool) else number(str(value))
    except NoSuchPage:
        return 0


def truth(text: str) -> bool:
    """Read true or false. Raises NoSuchPage for anything else."""
    if text not in ("true", "false"):
        raise NoSuchPage
    return text == "true"


def numbers_as_text(value: Any) -> Any:
    """Return JSON with each number as text, as `option.n_a_s` asks for it."""
    if isinstance(value, dict):
        return {name: numbers_as_text(each) for name, each in value.items()}
    if isinstance(value, list):
        return [numbers_as_text(each) for each in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
