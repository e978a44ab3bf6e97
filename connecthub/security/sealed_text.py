"""A single secret text at rest, such as the URL of an alert channel: one Fernet token that says what it is for.

No error here holds a token or what it hides; none has a cause or context that does.
"""

from __future__ import annotations

import json

from connecthub.errors import SecretUnreadable
from connecthub.security.key_ring import KeyRing


def seal_text(ring: KeyRing, purpose: str, text: str, fingerprint: str | None = None) -> str:
    """Encrypt a text into a token that is good for this purpose only, under the key in use (`fingerprint`)."""
    # A list, which no reader takes for a job's secrets.
    return ring.encrypt(json.dumps([purpose, text]), fingerprint)


def open_text(ring: KeyRing, purpose: str, stored: str) -> str:
    """Decrypt what was sealed for a purpose; raises SecretUnreadable."""
    inside = ring.decrypt(stored)
    if inside is None:
        raise SecretUnreadable(f"{purpose} is sealed under a key that {ring.path} lacks, or damaged; set it anew")
    try:
        value = json.loads(inside)
    except ValueError:
        value = None
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value)):
        raise SecretUnreadable(f"{purpose} is in a form that this program does not know; set it anew")
    if value[0] != purpose:
        raise SecretUnreadable(f"{purpose} was sealed for something else; set it anew")
    return value[1]
