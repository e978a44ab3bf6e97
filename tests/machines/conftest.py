"""One database for all machines; each example empties it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecthub.db import schema
from connecthub.db.engine import Database
from tests.machines.turned_clock import TurnedClock
from tests.machines.world import World
from tests.servers.process import ScratchFolder


@pytest.fixture(autouse=True, scope="session")
def database() -> Iterator[Database]:
    """A SQLite database of the newest schema, in memory if there is room, whose clock the machines turn."""
    scratch = ScratchFolder()
    database = Database(f"sqlite:///{scratch.path}/machines.sqlite3")
    schema.upgrade(database, allow_create=True)
    World.database, World.database_clock = database, TurnedClock(database)
    yield database
    database.dispose()
    scratch.remove()
