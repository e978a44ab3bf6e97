"""The one row that holds for the whole database."""

from __future__ import annotations

from sqlalchemy import Connection, Table, func, select, update

from connecthub.db.tables import installation


def key_fingerprint(connection: Connection) -> str | None:
    """The fingerprint of the key in use; None until the first key was used."""
    return connection.execute(select(installation.c.key_fingerprint)).scalar()


def adopt_key(connection: Connection, fingerprint: str) -> str:
    """Take the key as the one in use unless there is one already; returns the one that is in use now."""
    connection.execute(
        update(installation).where(installation.c.key_fingerprint.is_(None)).values(key_fingerprint=fingerprint)
    )
    return connection.execute(select(installation.c.key_fingerprint)).scalar_one()


def change_key(connection: Connection, fingerprint: str) -> None:
    """Make another key the one in use."""
    connection.execute(update(installation).values(key_fingerprint=fingerprint))


def count_rows(connection: Connection, table: Table) -> int:
    """How many rows a table has."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
