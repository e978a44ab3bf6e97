"""What `connecthub up` in the background does: whether its processes live, and the runs that they hold."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from connecthub.control.installation import database_of
from connecthub.core.config import Settings
from connecthub.db import log_reading, workers
from connecthub.db.log_reading import LogFilter
from connecthub.db.tables import Status
from connecthub.db.types import AnyRow
from connecthub.errors import DatabaseError
from connecthub.service.background import Holder
from connecthub.tasks.sign_of_life import signs

RUNS_MAX = 1000


def what_is_missing(settings: Settings, running: Holder) -> str:
    """What its processes have not shown yet of a scheduler that ticks and a worker in the database; "" for nothing."""
    children = running.children()
    missing = []
    if not any(sign.pid in children for sign in signs(settings)):
        missing.append("the scheduler has not ticked")
    try:
        if children and not any(row.pid in children for row in _live_workers(settings)):
            missing.append("the worker gave no sign of life")
    except DatabaseError as error:
        missing.append(str(error))
    return ", ".join(missing)


def _live_workers(settings: Settings) -> list[AnyRow]:
    with database_of(settings) as database, database.read() as connection:
        found = workers.list_live(connection, settings.lease_seconds)
        return [row for row in found if row.host == socket.gethostname()]


def runs_of(settings: Settings, running: Holder) -> list[int]:
    """The numbers of the JobLogs that its worker runs now; raises DatabaseError."""
    begins = tuple(f"{socket.gethostname()}:{pid}:" for pid in running.children())
    with database_of(settings) as database, database.read() as connection:
        going_on = log_reading.list_logs(connection, LogFilter(status=Status.RUNNING), RUNS_MAX)
        rows = [log_reading.get_log(connection, row.id) for row in going_on]
    return sorted(row.id for row in rows if row and (row.worker or "").startswith(begins))


def how_they_ended(settings: Settings, log_ids: Sequence[int]) -> list[tuple[int, str]]:
    """The JobLogs with their status of now; raises DatabaseError."""
    with database_of(settings) as database, database.read() as connection:
        rows = [log_reading.get_log(connection, log_id) for log_id in log_ids]
    return [(row.id, row.status) for row in rows if row]
