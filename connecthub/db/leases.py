"""The leases of running rows: prolonged by the heartbeat of their worker, or over."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Float, bindparam, literal_column, select, update

from connecthub.db.tables import Status, job_logs
from connecthub.db.types import AnyRow, database_now

_RUNNING = job_logs.c.status == literal_column(f"'{Status.RUNNING}'")
_held = (
    select(job_logs.c.id)
    .where(job_logs.c.token.in_(bindparam("tokens", expanding=True)), _RUNNING)
    .order_by(job_logs.c.id)
    .with_for_update(key_share=True)
)
_extend = (
    update(job_logs)
    .where(job_logs.c.id.in_(_held))
    .values(lease_until=database_now(bindparam("lease", type_=Float)))
    .returning(job_logs.c.token, job_logs.c.cancel_requested_at, job_logs.c.reason)
)


def extend(connection: Connection, tokens: Sequence[str], lease: float) -> dict[str, str | None]:
    """Prolong the runs held by `tokens`, in order of id; returns those still owned → why to stop it, if it is to."""
    if not tokens:
        return {}
    rows = connection.execute(_extend, {"tokens": list(tokens), "lease": lease}).all()
    return {row.token: None if row.cancel_requested_at is None else row.reason or "cancelled" for row in rows}


# In no order of ids: an index on ids would be walked from the oldest JobLog on.
_expired = (
    select(
        job_logs.c.id,
        job_logs.c.job_name,
        job_logs.c.token,
        job_logs.c.worker,
        job_logs.c.lease_until,
        job_logs.c.progress,
        database_now().label("now"),
    )
    .where(_RUNNING, job_logs.c.lease_until < database_now())
    .order_by(job_logs.c.lease_until, job_logs.c.id)
    .limit(bindparam("limit"))
)


def expired(connection: Connection, limit: int) -> Sequence[AnyRow]:
    """Runs whose lease is over by the database's clock, which stands beside them as `now`; the longest first."""
    return connection.execute(_expired, {"limit": limit}).all()
