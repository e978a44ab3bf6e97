"""What checks look with: the settings, the clock, and the database, opened once or known to be away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from connecthub.core.clock import Clock, SystemClock
from connecthub.core.config import ENV_FILE, Settings
from connecthub.db import jobs, schema
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, DatabaseUnreachable
from connecthub.service.doctor.finding import NotChecked

BUSY_SECONDS = 2.0
WAIT_SECONDS = 2.0
"""So long a check waits while another one opens the database."""


class Context:
    """One examination. `given` is the settings, or the error that reading them raised.

    `progress` is told what a slow check is at. Nothing here creates or migrates.
    """

    def __init__(
        self,
        given: Settings | ConfigError,
        clock: Clock | None = None,
        env_file: Path | None = ENV_FILE,
        progress: Callable[[str], None] = lambda note: None,
    ) -> None:
        self.given = given
        self.clock = clock or SystemClock()
        self.env_file = env_file
        self.progress = progress
        self._lock = threading.Lock()
        self._opened: Database | Exception | None = None
        self._closed = False

    @property
    def settings(self) -> Settings:
        """The settings; raises NotChecked where they are malformed."""
        if isinstance(self.given, ConfigError):
            raise NotChecked("the settings cannot be read")
        return self.given

    def open(self) -> Database:
        """The database, of the schema of this program; raises DatabaseError, ConfigError, each time the same."""
        settings = self.settings
        if self._opened is None and self._lock.acquire(timeout=WAIT_SECONDS):
            try:
                self._opened = self._opened or _opened(settings)
                if self._closed:
                    self.close()
                    raise NotChecked("the examination did not wait for it")
            finally:
                self._lock.release()
        if self._opened is None:
            raise DatabaseUnreachable("the database gives no answer; look whether it is up and what it waits for")
        if isinstance(self._opened, Exception):
            raise self._opened
        return self._opened

    @property
    def database(self) -> Database:
        """The same for all checks but that of the database itself; raises NotChecked where it cannot be used."""
        try:
            return self.open()
        except DatabaseUnreachable:
            raise NotChecked("the database is away") from None
        except NotChecked:
            raise
        except Exception:
            raise NotChecked("the database cannot be used") from None

    def give_up_database(self) -> None:
        """Let nobody else wait for a database that gave no answer in time."""
        self._opened = DatabaseUnreachable("the database gives no answer; look whether it is up and what it waits for")

    @cached_property
    def jobs(self) -> Sequence[AnyRow]:
        """All jobs by name, without their settings."""
        with self.database.read() as connection:
            return jobs.list_jobs(connection)

    @property
    def enabled(self) -> list[AnyRow]:
        """The jobs that run."""
        return [job for job in self.jobs if job.enabled]

    def close(self) -> None:
        """Close the database, also one that is being opened."""
        self._closed = True
        if isinstance(self._opened, Database):
            self._opened.dispose()


def _opened(settings: Settings) -> Database | Exception:
    database: Database | None = None
    try:
        database = Database(settings.database_url, busy_seconds=BUSY_SECONDS)
        schema.require_current(database)
    except Exception as error:
        if database is not None:
            database.dispose()
        return error
    return database
