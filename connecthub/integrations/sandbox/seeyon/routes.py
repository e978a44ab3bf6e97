"""How a Seeyon stand-in finds what a request asks for."""

from __future__ import annotations

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
    body's JSON comes after the directory. It returns JSON, None for nothing found, and raises NoSuchPage.
    """

    method: str
    pattern: str
    answer: Callable[..., Any]
    params: tuple[str, ...] = ()

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
    try:
        value = int(text)
    except ValueError:
        raise NoSuchPage from None
    if not -(2**63) <= value < 2**63:
        raise NoSuchPage
    return value


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
