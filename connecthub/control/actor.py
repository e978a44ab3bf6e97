"""Who acts: a name, a role, and the way in."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from enum import StrEnum


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
    """A person, as the audit trail names them. `via` is cli, tui or ssh."""

    name: str
    role: Role
    via: str


def local_actor() -> Actor:
    """The unix account of a shell on this host: always admin, under its own name."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    return Actor(f"local:{user}", Role.ADMIN, "cli")
