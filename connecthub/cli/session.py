"""A command's session: opened on the settings of this folder and environment."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from connecthub.control.actor import Actor
from connecthub.control.session import Session
from connecthub.core.config import load_settings


def person() -> Actor | None:
    """Who came over SSH, as the gate handed them to the command; None in a shell on the host."""
    context = click.get_current_context(silent=True)
    return context.find_object(Actor) if context else None


@contextmanager
def session() -> Iterator[Session]:
    """Open a session on the settings of this folder and environment; log records go to stderr."""
    from connecthub.core.logging import configure_logging

    settings = load_settings()
    settings.check_stack()
    configure_logging(settings.model_copy(update={"log_to_file": False}), "cli", sys.stderr)
    opened = Session(settings, person())
    try:
        yield opened
    finally:
        opened.close()
