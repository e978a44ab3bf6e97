"""The door: whose key it is and whether it opens, asked of the database; what came of it is in the audit trail."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from connecthub.control.actions import act
from connecthub.control.actor import Actor, Role
from connecthub.control.installation import database_of
from connecthub.core.config import Settings
from connecthub.core.redact import mask_url
from connecthub.core.safe_text import safe_text
from connecthub.db.engine import Database
from connecthub.db.operators import key_holder
from connecthub.db.types import AnyRow
from connecthub.errors import DatabaseError, Forbidden, Refused
from connecthub.ssh.arrival import Arrival
from connecthub.ssh.slots import place

logger = logging.getLogger(__name__)

TARGET_MAX = 200
"""Characters of a command in the audit trail."""
_SECRETS = re.compile(r"--secrets.*", re.DOTALL)
"""Refused, but typed all the same."""


class Door:
    """The door of one session. `opened` is called once, with who came in; `held` keeps what ends with the session."""

    def __init__(self, arrival: Arrival, settings: Settings, opened: Callable[[Actor], None], held: ExitStack) -> None:
        self.language = ""
        """Of the person who came in; empty where they chose none."""
        self._arrival = arrival
        self._settings = settings
        self._opened = opened
        self._held = held
        self._lock = threading.Lock()
        self._actor: Actor | None = None

    def authorize(self) -> Actor:
        """Who came in, asked once; may be called from any thread, and again where it failed.

        Raises DatabaseError while the database cannot be asked, Forbidden where key or person do not hold, Refused
        where they have as many sessions as they may.
        """
        with self._lock:
            if self._actor is None:
                self._actor = self._enter()
            return self._actor

    def refuse(self, action_id: str, error: Refused) -> None:
        """Leave in log and audit trail what was refused, and raise it; or Forbidden where the key does not hold."""
        what = target(self._arrival)
        logger.warning("refused to key %d from %s: %s: %s", self._arrival.key_id, self._arrival.address, what, error)
        try:
            with database_of(self._settings) as database:
                actor, holder = self._claimed(database)
                with act(database, without_key(actor), action_id, what) as going_on:
                    going_on.target_kind = "session"
                    self._check(holder)
                    raise error
        except DatabaseError as away:
            logger.warning("the audit trail lacks that refusal: %s", away)
        raise error

    def _enter(self) -> Actor:
        with database_of(self._settings) as database, ExitStack() as taken:
            actor, holder = self._claimed(database)
            with act(database, without_key(actor), "session.open", target(self._arrival)) as going_on:
                going_on.target_kind = "session"
                row = self._check(holder)
                folder = self._settings.data_dir / "ssh" / "sessions"
                taken.enter_context(place(folder, f"operator-{row.id}", row.name, self._settings.ssh_sessions))
            self.language = row.language
            self._opened(actor)
            self._held.push(taken.pop_all())
        logger.info("%s came in with key %d from %s: %s", actor.name, actor.key_id, actor.address, going_on.target_name)
        return actor

    def _claimed(self, database: Database) -> tuple[Actor, AnyRow | None]:
        """Whose key it is, where it is the one that sshd took; no operator's name has a colon."""
        arrival = self._arrival
        with database.read() as connection:
            holder = key_holder(connection, arrival.key_id)
        name, role = f"key:{arrival.key_id}", Role.VIEWER
        if holder is not None and holder.fingerprint == arrival.fingerprint:
            name, role = holder.name, Role(holder.role)
        actor = Actor(name, role, arrival.via, arrival.key_id, arrival.fingerprint, arrival.address)
        return actor, holder

    def _check(self, holder: AnyRow | None) -> AnyRow:
        """Whose key it is; raises Forbidden where it opens nothing."""
        if holder is None:
            raise Forbidden("your SSH key was removed; ask an administrator to add it again")
        if self._arrival.fingerprint is None:
            raise Forbidden("sshd does not say with which key you came; ask an administrator for `ExposeAuthInfo yes`")
        if holder.fingerprint != self._arrival.fingerprint:
            raise Forbidden("this is another key than the one you came with; ask an administrator to add yours again")
        if not holder.enabled:
            raise Forbidden(f"{holder.name} is disabled; ask an administrator to enable the account")
        return holder


def without_key(actor: Actor) -> Actor:
    """The same person for an audit row that is written whether or not their key still holds."""
    return replace(actor, key_id=None)


def target(arrival: Arrival) -> str:
    """What a session is for, as the audit trail names it."""
    if arrival.command is None:
        return "control center"
    return safe_text(mask_url(_SECRETS.sub("--secrets ***", arrival.command)))[:TARGET_MAX]
