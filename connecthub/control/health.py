"""Whether the parts of an installation do their work, for probes: quick, and nothing is created or changed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

from connecthub.core.config import Settings
from connecthub.errors import ConnectHubError

TICK_SECONDS = 90.0
"""A scheduler ticks on the minute; half a minute more is for one that is busy."""
SSH_PORT = 2222
SSH_SECONDS = 1.0


@dataclass(frozen=True)
class Health:
    """What a probe found, in one line."""

    part: str
    good: bool
    text: str


def probe(part: str, settings: Settings, ssh_port: int = SSH_PORT) -> Health:
    """Look at one part: database, queue, scheduler, worker or ssh; whatever is wrong is the answer, not an error."""
    try:
        return _ssh(ssh_port) if part == "ssh" else _PROBES[part](settings)
    except ConnectHubError as error:
        return Health(part, False, str(error))


def _scheduler(settings: Settings) -> Health:
    from connecthub.tasks.sign_of_life import signs

    found = signs(settings)
    if not found:
        return Health("scheduler", False, f"no scheduler of this host runs on {settings.data_dir}")
    newest = found[0]
    good = newest.seconds_ago <= TICK_SECONDS
    return Health("scheduler", good, f"scheduler {newest.pid}: its last good tick was {newest.seconds_ago:.0f} s ago")


def _worker(settings: Settings) -> Health:
    from connecthub.control.installation import open_database
    from connecthub.db import workers

    host = socket.gethostname()
    database = open_database(settings)
    try:
        with database.read() as connection:
            live = [row for row in workers.list_live(connection, settings.lease_seconds) if row.host == host]
    finally:
        database.dispose()
    if not live:
        return Health("worker", False, f"no worker of {host} gave a sign of life within {settings.lease_seconds:g} s")
    shown = ", ".join(f"{row.pid} (queue {row.queue})" for row in live[:3])
    return Health("worker", True, f"{len(live)} live on {host}: {shown}{', …' if len(live) > 3 else ''}")


def _database(settings: Settings) -> Health:
    from connecthub.control.installation import open_database

    database = open_database(settings)
    try:
        return Health("database", True, f"{database.name} answers, its schema is this program's")
    finally:
        database.dispose()


def _queue(settings: Settings) -> Health:
    from connecthub.control.overview import queue_problem

    problem = queue_problem(settings)
    return Health("queue", not problem, problem or f"{settings.queue} {'answers' if settings.redis_url else 'is used'}")


def _ssh(port: int) -> Health:
    """Whether an sshd greets on this host's port."""
    where = f"port {port} of this host"
    try:
        with socket.create_connection(("127.0.0.1", port), SSH_SECONDS) as connection:
            connection.sendall(b"SSH-2.0-connecthub_health\r\n")
            greeting = connection.recv(255)
    except OSError as error:
        return Health("ssh", False, f"no sshd on {where}: {error.strerror or error}")
    if not greeting.startswith(b"SSH-2.0-"):
        return Health("ssh", False, f"what answers on {where} is no sshd")
    return Health("ssh", True, f"sshd answers on {where}")


_PROBES: dict[str, Callable[[Settings], Health]] = {
    "database": _database,
    "queue": _queue,
    "scheduler": _scheduler,
    "worker": _worker,
}
