"""Public keys that nobody has, and people with them."""

from __future__ import annotations

import base64
import hashlib
import struct

from connecthub.control.actor import Actor, Role
from connecthub.control.operators import Register, add_operator
from connecthub.control.public_keys import PublicKey, parse_public_keys


def key_line(seed: str, comment: str = "") -> str:
    """The line of a `.pub` file, the same for the same seed."""
    name = b"ssh-ed25519"
    blob = struct.pack(">I", len(name)) + name + struct.pack(">I", 32) + hashlib.sha256(seed.encode()).digest()
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {comment}".rstrip()


def key(seed: str, comment: str = "") -> PublicKey:
    """A public key, the same for the same seed."""
    return parse_public_keys(key_line(seed, comment))[0]


def let_in(register: Register, actor: Actor, name: str, role: Role, language: str = "") -> Actor:
    """Add somebody with one key; returns them as the gate hands them on once they came with it."""
    person = add_operator(register, actor, name, role, [key(name, f"{name}@laptop")], language)
    return Actor(name, role, "ssh", person.keys[0].id, person.keys[0].fingerprint, "192.0.2.7")
