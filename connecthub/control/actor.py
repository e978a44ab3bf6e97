"""Who acts: a name, a role, and the way in."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from enum import StrEnum

EXIT_OUT = 77
"""What a session ends with whose key or person does not hold any more (sysexits.h, EX_NOPERM)."""


class Role(StrEnum):
    """What a person may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True)
class Actor:
    """A person, as the audit trail names them. `via` is cli (a shell on the host), ssh (a command) or tui."""

    name: str
    role: Role
    via: str
    key_id: int | None = None
    """Number of the SSH key that they came with; None for an account of the host. Whether key and role still hold is
    asked of the database with each act."""
    fingerprint: str | None = None
    address: str | None = None
    """Where they came from."""


def local_actor() -> Actor:
    """The unix account of a shell on this host: always admin, under its own name."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    return Actor(f"local:{user}", Role.ADMIN, "cli")
