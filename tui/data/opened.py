"""The installation that is asked, and what it is asked with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from tui.facts import Facts

if TYPE_CHECKING:
    from connecthub.control.actor import Actor
    from connecthub.control.jobs import Office
    from connecthub.control.session import Session
    from connecthub.core.config import Settings
    from tui.kept import Kept


class Opened:
    """An installation, opened for a control center. `read_only` refuses every act.

    Every question raises ConnectHubError: DatabaseError where the database does not answer, ConfigError for a filter
    that cannot be understood, NotFound for what is gone.
    """

    def __init__(self, session: Session, *, read_only: bool = False) -> None:
        self._session = session
        self._read_only = read_only
        self._lock = threading.RLock()

    @classmethod
    def open(cls, read_only: bool = False, authorize: Callable[[], Actor] | None = None) -> Self:
        """The installation of this folder and environment; raises ConnectHubError."""
        from connecthub.core.config import load_settings

        return cls.of(load_settings(), read_only, authorize)

    @classmethod
    def of(cls, settings: Settings, read_only: bool = False, authorize: Callable[[], Actor] | None = None) -> Self:
        """The installation that settings name, for whom `authorize` lets in, or else for the account of this shell.

        Raises ConnectHubError, as `authorize` does before anything is opened.
        """
        from connecthub.control.session import Session
        from tui.session_log import begin_session_log

        settings.check_stack()
        data = cls(Session(settings, None if authorize is None else authorize()), read_only=read_only)
        try:
            data.now()
            begin_session_log(settings)
        except BaseException:
            data.close()
            raise
        return data

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            self._session.close()

    def facts(self) -> Facts:
        """What the header shows, and how the person stands now; raises Forbidden where key or account do not hold."""
        from connecthub.control.actor import Role
        from connecthub.control.standing import standing
        from connecthub.core.safe_text import safe_text
        from tui.shown import place

        settings = self._session.settings
        now = standing(self._database, self._actor)
        role, may_change = now.actor.role, not self._read_only
        return Facts(
            instance=safe_text(settings.instance_name),
            color=settings.instance_color,
            database=place(self._database),
            zone=settings.timezone,
            actor=safe_text(now.actor.name),
            role=role,
            remote=now.actor.key_id is not None,
            language=now.language or settings.ui_lang,
            read_only=self._read_only,
            may_act=may_change and role.includes(Role.OPERATOR),
            may_administer=may_change and role.includes(Role.ADMIN),
        )

    def kept(self) -> Kept | None:
        """What this person's last session left."""
        from tui.kept import kept_of

        return kept_of(self._session.settings.data_dir, self._actor.name, time.time())

    def keep(self, kept: Kept, *, taken_up: bool) -> None:
        """Leave something for this person's next session; raises OSError."""
        from tui.kept import keep

        keep(self._session.settings.data_dir, self._actor.name, kept, time.time(), taken_up=taken_up)

    def now(self) -> datetime:
        """The database's clock."""
        from connecthub.control.browsing import database_time

        return database_time(self._database)

    # made once, whichever thread asks first

    @property
    def _database(self) -> Any:
        with self._lock:
            return self._session.database

    @property
    def _actor(self) -> Actor:
        from dataclasses import replace

        with self._lock:
            return replace(self._session.actor, via="tui")

    @property
    def _zone(self) -> str:
        return self._session.settings.timezone

    def _check(self) -> None:
        if self._read_only:
            from connecthub.errors import Forbidden

            raise Forbidden("this control center is read-only; start it without --read-only to act")

    def _acting(self) -> Office:
        self._check()
        return self._office

    @property
    def _office(self) -> Office:
        with self._lock:
            return self._session.office

    def _ring_if_any(self, bells: Any) -> None:
        with self._lock:
            self._session.ring_if_any(bells)

    def _keys(self) -> Any:
        with self._lock:
            return self._session.keys
