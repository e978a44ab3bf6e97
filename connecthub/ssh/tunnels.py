"""What sshd refuses by itself, before the gate hears of it, such as a tunnel: each leaves a row in the audit trail."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from connecthub.control.actions import act
from connecthub.control.actor import Actor, Role
from connecthub.control.installation import database_of
from connecthub.core.config import Settings
from connecthub.core.safe_text import safe_text
from connecthub.db.operators import find_key, key_holder
from connecthub.db.tables import NAME_MAX
from connecthub.errors import DatabaseError, Refused
from connecthub.ssh.door import TARGET_MAX
from connecthub.ssh.followed_file import FollowedFile
from connecthub.ssh.sshd_log import Asker, Connections, Request

logger = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
"""Between two looks at the log; what one connection asks for meanwhile, of one kind, is one row."""
LATE_SECONDS = 10.0
"""A row that is written so much later says so: its time is that of its writing."""
KEPT_MAX = 1000
"""Rows that wait for the database; what comes then is in this process's log only."""


def record_refusals(
    settings: Settings,
    news: Callable[[], Iterable[str]],
    wait: Callable[[float], bool],
    before: Iterable[str] = (),
    seconds: float = ROUND_SECONDS,
) -> None:
    """Write what is refused in the new lines of sshd's log, until `wait` (an event's) says that it is time to stop.

    `before` are older lines, which tell who is connected. While the database is away the rows are kept.
    """
    connections, kept = Connections(), _Kept(settings)
    for line in before:
        connections.take(line)
    stopping = False
    while True:
        for line in news():
            if request := connections.take(line):
                kept.add(request, connections.askers(request))
        kept.write(connections, 0 if stopping else seconds)
        if stopping:
            break
        stopping = wait(seconds)


@contextmanager
def following(settings: Settings, path: Path | None, stop: threading.Event) -> Iterator[None]:
    """Record what is refused in a log file, if there is one, while the block runs; it ends with `stop`."""
    if path is None:
        yield
        return
    with closing(FollowedFile(path)) as file:
        given = (settings, file.news, stop.wait, file.before())
        thread = threading.Thread(target=record_refusals, args=given, name="refusals")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@dataclass
class _Refusal:
    request: Request
    askers: tuple[Asker, ...]
    seen: float
    """On the monotonic clock."""
    times: int = 1
    settled: bool = False
    """Whether it is known as well as it will be who asked."""


class _Kept:
    """What has no row yet: by who asked, and for what kind of thing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._refusals: dict[tuple[object, int], _Refusal] = {}
        self._away = False

    def add(self, request: Request, askers: tuple[Asker, ...]) -> None:
        key = (askers or request.process, request.kind)
        if key in self._refusals:
            self._refusals[key].times += 1
        elif len(self._refusals) < KEPT_MAX:
            self._refusals[key] = _Refusal(request, askers, time.monotonic())
        else:
            logger.error("the audit trail lacks that sshd refused: %s", safe_text(request.what))

    def write(self, connections: Connections, seconds: float) -> None:
        """Write what is settled; a child of sshd may speak before its parent says whose it is, so it gets so long."""
        for refusal in self._refusals.values():
            if not refusal.settled:
                refusal.askers = refusal.askers or connections.askers(refusal.request)
                refusal.settled = bool(refusal.askers) or time.monotonic() - refusal.seen >= seconds
        try:
            for key, refusal in list(self._refusals.items()):
                if refusal.settled:
                    self._write_one(refusal)
                    del self._refusals[key]
                    self._away = False
        except DatabaseError as error:
            if not self._away:
                logger.error("what sshd refused is kept until it can be written: %s", error)
            self._away = True

    def _write_one(self, refusal: _Refusal) -> None:
        """Write its row; raises DatabaseError."""
        try:
            _write(self._settings, refusal)
        except DatabaseError:
            raise
        except Exception:  # or else one odd line ends the thread, and nothing is recorded any more
            logger.exception("the audit trail lacks that sshd refused: %s", safe_text(refusal.request.what))


def _write(settings: Settings, refusal: _Refusal) -> None:
    what, late = safe_text(refusal.request.what)[:TARGET_MAX], time.monotonic() - refusal.seen
    told = f"{what}: nothing is forwarded over SSH"
    if refusal.times > 1:
        told += f"; {refusal.times} such requests at once, of which this was the first"
    if late > LATE_SECONDS:
        told += f"; written {late:.0f} s later"
    with database_of(settings) as database:
        with database.read() as connection:
            actor = _actor(connection, refusal.askers)
        logger.warning("refused to %s from %s: %s", actor.name, actor.address, told)
        with suppress(Refused), act(database, actor, "session.command", what) as going_on:
            going_on.target_kind = "session"
            raise Refused(told)


def _actor(connection: Connection, askers: Sequence[Asker]) -> Actor:
    """Who asked; where it may have been several, all of them. No operator's name has a colon."""
    roles = dict(_person(connection, asker.fingerprint) for asker in askers)
    names = sorted(roles)
    name = names[0] if len(names) == 1 else f"one of: {', '.join(names)}"[:NAME_MAX] if names else "key:unknown"
    role = roles[name] if len(names) == 1 else Role.VIEWER
    fingerprints, addresses = {asker.fingerprint for asker in askers}, {asker.address for asker in askers}
    return Actor(name, role, "ssh", None, _only(fingerprints), _only(addresses))


def _person(connection: Connection, fingerprint: str) -> tuple[str, Role]:
    key = find_key(connection, fingerprint)
    holder = None if key is None else key_holder(connection, key.id)
    return ("key:removed", Role.VIEWER) if holder is None else (holder.name, Role(holder.role))


def _only(values: set[str]) -> str | None:
    return next(iter(values)) if len(values) == 1 else None
