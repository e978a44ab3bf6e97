"""Questions before an act that cannot be undone, or that touches many."""

from __future__ import annotations

import sys

import click

from connecthub.core.safe_text import safe_text
from connecthub.errors import Refused


def ask_for_text(question: str, expected: str) -> None:
    """Go on only if the person types `expected`; raises Refused otherwise, and where nobody can be asked."""
    _require_terminal()
    typed = click.prompt(safe_text(question), default="", show_default=False, err=True)
    if typed.strip() != expected:
        raise Refused(f"{typed!r} is not {expected!r}; nothing was done")


def ask(question: str) -> None:
    """Go on only if the person says yes; raises Refused otherwise, and where nobody can be asked."""
    _require_terminal()
    if not click.confirm(safe_text(question), default=False, err=True):
        raise Refused("nothing was done")


def _require_terminal() -> None:
    if not sys.stdin.isatty():
        raise Refused("this asks before it acts, and no terminal is there to ask; say --yes")
