"""Operators with keys, for the tests of those who come over SSH."""

from __future__ import annotations

import base64
import struct
from dataclasses import replace

from connecthub.control.actor import Actor, Role
from connecthub.control.operators import Operator, Register, add_operator, get_operator
from connecthub.control.public_keys import PublicKey
from tests.integration.conftest import ALICE, Installation

ADDRESS = "10.1.2.3"


def public_key(number: int) -> PublicKey:
    """An ed25519 key that nobody has the other half of."""
    parts = b"ssh-ed25519", number.to_bytes(32)
    blob = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return PublicKey(f"ssh-ed25519 {base64.b64encode(blob).decode()}", f"key {number}")


def register(installation: Installation) -> Register:
    """What changing operators needs."""
    return Register(installation.database, installation.settings)


def let_in(installation: Installation, name: str, role: Role, *numbers: int) -> Operator:
    """Add an operator with keys of these numbers."""
    return add_operator(register(installation), ALICE, name, role, [public_key(number) for number in numbers])


def over_ssh(installation: Installation, name: str) -> Actor:
    """An operator who came with their first key."""
    person = get_operator(installation.database, name)
    key = person.keys[0]
    came = Actor(name, Role(person.row.role), "ssh")
    return replace(came, key_id=key.id, fingerprint=key.fingerprint, address=ADDRESS)
