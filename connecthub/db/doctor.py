"""What `connecthub doctor` asks of a database and of no row of ours: modes, limits, rights."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, func, literal, select, text

from connecthub.db.tables import alert_deliveries, alert_outbox
from connecthub.db.types import AnyRow, database_now

_SERVER = text("""
    SELECT current_setting('server_version_num')::int AS version,
           current_setting('server_encoding') AS encoding,
           pg_is_in_recovery() AS standby,
           current_setting('max_connections')::int
               - current_setting('superuser_reserved_connections')::int
               - coalesce(current_setting('reserved_connections', true), '0')::int AS room,
           (SELECT sum(numbackends) FROM pg_stat_database)::int AS used,
           (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database_limit,
           rolname AS account, rolconnlimit AS account_limit, rolsuper AS superuser,
           rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication AS powerful
    FROM pg_roles WHERE rolname = current_user
""")


def server_facts(connection: Connection) -> AnyRow:
    """Of PostgreSQL: version, encoding, standby; room for connections and used ones, with the limits of database and
    account (-1: none); the account's name, and whether it is superuser or else may do more than work on tables."""
    return connection.execute(_SERVER).one()


def is_wal(connection: Connection) -> bool:
    """Whether a SQLite file lets readers and a writer work side by side."""
    return connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def first_damage(connection: Connection) -> str:
    """The first thing that is broken in a SQLite file; empty where nothing is. It reads the whole file."""
    told = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    return "" if told == "ok" else told


def queue_file_problem(path: Path) -> str:
    """Why the embedded queue's file cannot be used; empty where it can."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=2)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("SELECT count(*) FROM task").fetchone()
            connection.rollback()
    except sqlite3.Error as error:
        return str(error)
    return ""


def late_alerts(connection: Connection, seconds: float) -> AnyRow:
    """How many alerts are owed for longer than `seconds`: `unasked` of which no channel was told of, and `waiting`
    that one has not taken."""
    late = alert_outbox.c.created_at < database_now(literal(-seconds))
    delivery = alert_deliveries.c
    waits = select(delivery.alert_id).where(delivery.alert_id == alert_outbox.c.id, delivery.next_try_at.is_not(None))
    unasked = select(func.count()).where(alert_outbox.c.sent_at.is_(None), late).scalar_subquery()
    waiting = select(func.count()).where(waits.exists(), late).scalar_subquery()
    return connection.execute(select(unasked.label("unasked"), waiting.label("waiting"))).one()
