"""What a command or a screen works with: settings, database, key; each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

from connecthub.core.config import Settings

if TYPE_CHECKING:
    from connecthub.control.actor import Actor
    from connecthub.control.jobs import Office
    from connecthub.db.engine import Database
    from connecthub.security.key_ring import KeyRing


class Session:
    """An installation that is there already: nothing here creates or migrates."""

    def __init__(self, settings: Settings, actor: Actor | None = None) -> None:
        self.settings = settings
        self._given_actor = actor
        self._closing = ExitStack()

    @cached_property
    def database(self) -> Database:
        """The database, of the schema of this program; raises DatabaseError."""
        from connecthub.control.installation import open_database

        database = open_database(self.settings)
        self._closing.callback(database.dispose)
        return database

    @cached_property
    def keys(self) -> KeyRing:
        """The key in use; raises KeyFileError."""
        from connecthub.control.installation import open_keys

        return open_keys(self.settings, self.database)

    @cached_property
    def actor(self) -> Actor:
        """Who came over SSH, or else the unix account of this shell."""
        from connecthub.control.actor import local_actor

        return self._given_actor or local_actor()

    @cached_property
    def office(self) -> Office:
        """What acting on jobs needs; a launcher is started with the first question to a plugin."""
        from connecthub.control.jobs import Office
        from connecthub.core.clock import SystemClock
        from connecthub.runner.launcher_process import LauncherProcess
        from connecthub.runner.questions import PluginQuestions
        from connecthub.tasks.huey_app import Ringer, signers

        launcher = self._closing.enter_context(LauncherProcess())
        ringer = Ringer(self.settings, signers(self.settings, self.keys))
        self._closing.callback(ringer.close)
        questions = PluginQuestions(self.settings, launcher)
        return Office(self.database, self.keys, questions, ringer.ring, SystemClock().now)

    def ring_if_any(self, bells: Iterable[Any]) -> None:
        """Ring; where there is nothing to ring no key is needed."""
        if bells := list(bells):
            self.office.ring(bells)

    def close(self) -> None:
        """Close what was opened."""
        self._closing.close()
