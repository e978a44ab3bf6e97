"""Secrets at rest: `secret_cfg`, one Fernet token over JSON that names its job.

No error here holds a token or what it hides; none has a cause or context that does.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connecthub.errors import InvalidSettings, SecretUnreadable
from connecthub.security.key_ring import KeyRing

_ENVELOPE = {"v", "job", "secrets"}
_VERSION = 1


class SecretState(StrEnum):
    """What a row's `secret_cfg` is; the first four can be read."""

    UNSET = "unset"
    SEALED = "sealed"
    LEGACY_TOKEN = "legacy token"
    """Of the old system: a token that names no job."""
    PLAIN_JSON = "plain JSON"
    """Of the old system: not encrypted."""
    UNREADABLE = "unreadable with this key"
    OTHER_JOB = "sealed for another job"
    BROKEN = "broken"


READABLE = (SecretState.UNSET, SecretState.SEALED, SecretState.LEGACY_TOKEN, SecretState.PLAIN_JSON)


def seal(ring: KeyRing, job_id: int, secrets: dict[str, Any], fingerprint: str | None = None) -> str:
    """Encrypt a job's secrets into one token that is good for this job only, under the key in use (`fingerprint`).

    Raises InvalidSettings where they are no dict that JSON gives back as it was (NaN, bytes, keys that are no text).
    """
    text = _dump({"v": 1, "job": job_id, "secrets": secrets}) if isinstance(secrets, dict) else None
    if text is None:
        raise InvalidSettings(f"the secrets of job {job_id} are no JSON object; give names and JSON values", {})
    return ring.encrypt(text, fingerprint)


def open_secrets(ring: KeyRing, job_id: int, stored: str | None) -> dict[str, Any]:
    """Decrypt what stands in a job's row, also as the old system left it; raises SecretUnreadable.

    Nothing stored is `{}`.
    """
    reading = _read(ring, job_id, stored)
    if reading.secrets is None:
        raise SecretUnreadable(f"the secrets of job {job_id} {reading.problem}")
    return reading.secrets


def describe_secret_cfg(ring: KeyRing, job_id: int, stored: str | None) -> SecretState:
    """Say what stands in a job's row; raises nothing, whatever it is."""
    return _read(ring, job_id, stored).state


@dataclass(frozen=True, repr=False)
class _Reading:
    """What a row's `secret_cfg` gave: secrets, or a problem, told without content."""

    state: SecretState
    secrets: dict[str, Any] | None = None
    problem: str = ""


def _read(ring: KeyRing, job_id: int, stored: str | None) -> _Reading:
    if stored is not None and not isinstance(stored, str):
        return _broken("are no text")  # SQLite keeps anything in any column
    text = (stored or "").strip()
    if not text:
        return _Reading(SecretState.UNSET, {})
    plain = _parse(text)
    if isinstance(plain, dict):
        return _Reading(SecretState.PLAIN_JSON, plain)
    if plain is not None:
        return _broken("are neither a token nor a JSON object")
    inside = ring.decrypt(text)
    if inside is not None:
        return _read_inside(job_id, _parse(inside))
    if not _has_form_of_token(text):
        return _broken("are neither a token nor a JSON object")
    problem = f"are sealed under a key that {ring.path} lacks, or damaged; add that key or set the secrets anew"
    return _Reading(SecretState.UNREADABLE, problem=problem)


def _read_inside(job_id: int, value: object) -> _Reading:
    if not isinstance(value, dict):
        return _broken("decrypt to something that is no JSON object")
    if set(value) != {"v", "job", "secrets"}:
        return _Reading(SecretState.LEGACY_TOKEN, value)
    if value["v"] != 1 or not isinstance(value["secrets"], dict):
        return _broken("are in a form that this program does not know")
    if value["job"] != job_id:
        return _Reading(SecretState.OTHER_JOB, problem="were sealed for another job; set them anew")
    return _Reading(SecretState.SEALED, value["secrets"])


def _broken(problem: str) -> _Reading:
    return _Reading(SecretState.BROKEN, problem=f"{problem}; set them anew")


def _dump(value: dict[str, Any]) -> str | None:
    """Return the JSON text that gives the value back as it is; None where there is none."""
    try:
        text = json.dumps(value, allow_nan=False)
        return text if json.loads(text) == value else None
    except (TypeError, ValueError, RecursionError):
        return None


def _parse(text: str | bytes) -> object:
    """Return the value of a JSON text; None where it is none."""
    try:
        return json.loads(text, parse_constant=int)  # which refuses NaN and Infinity
    except (ValueError, RecursionError):
        return None


def _has_form_of_token(text: str) -> bool:
    """Say whether it may be a Fernet token: version, time, vector, whole blocks, signature."""
    try:
        data = base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        return False
    blocks = len(data) - (1 + 8 + 16 + 32)
    return data[:1] == b"\x80" and blocks >= 16 and blocks % 16 == 0
