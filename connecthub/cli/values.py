"""Params and secrets as they are given on a command line."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import click

from connecthub.cli.session import person
from connecthub.errors import ConfigError, NotOffered

VALUE_MAX = 1024 * 1024
"""Characters of params or secrets."""


def read_params(value: str | None) -> dict[str, Any]:
    """Params from JSON, `@file` or `-` (standard input); none where nothing is given.

    Raises ConfigError, and NotOffered to a person who came over SSH, whose files are not those of this host.
    """
    if value is None:
        return {}
    _refuse_to_guests(value, "--params")
    return _object(_text(value, "--params") if value == "-" or value.startswith("@") else value, "--params")


def read_secrets(value: str | None) -> dict[str, Any]:
    """Secrets from `@file`, or `-`: standard input, typed without echo at a terminal.

    Raises ConfigError, also for a literal: other users see the command line. No message repeats a value. Raises
    NotOffered to a person who came over SSH.
    """
    if value is None:
        return {}
    _refuse_to_guests(value, "--secrets")
    if value != "-" and not value.startswith("@"):
        raise ConfigError(
            "--secrets takes no literal, which other users could read; write @FILE, or - to type or pipe it"
        )
    if value == "-" and sys.stdin.isatty():
        return _object(click.prompt("secrets as JSON", hide_input=True, err=True), "--secrets")
    return _object(_text(value, "--secrets"), "--secrets")


def _refuse_to_guests(value: str, option: str) -> None:
    if person() is not None and (value == "-" or value.startswith("@")):
        raise NotOffered(f"{option} takes no file over SSH; write JSON, or edit the job in the control center")


def _text(value: str, option: str) -> str:
    if value == "-":
        return sys.stdin.read(VALUE_MAX + 1)
    try:
        with Path(value[1:]).open(encoding="utf-8") as file:
            return file.read(VALUE_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{option}: {value!r} cannot be read: {error.strerror}; name another file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{option}: {value!r} is no UTF-8 text; save it as UTF-8") from None


def _object(text: str, option: str) -> dict[str, Any]:
    if len(text) > VALUE_MAX:
        raise ConfigError(f"{option} holds more than {VALUE_MAX} characters; shorten it")
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        what = f"is no JSON{where}" if text.strip() else "is empty"
        raise ConfigError(f'{option} {what}; write an object such as {{"name": "value"}}') from None
    if not isinstance(value, dict):
        raise ConfigError(f'{option} is no JSON object; write one such as {{"name": "value"}}')
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large for a number")
    return number
