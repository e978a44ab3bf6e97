"""Jobs with everything that their rows hold."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from connecthub.db.tables import jobs
from connecthub.db.types import AnyRow


def whole_jobs(connection: Connection) -> Sequence[AnyRow]:
    """All jobs by name, with settings and sealed secrets."""
    return connection.execute(select(jobs).order_by(jobs.c.name)).all()
