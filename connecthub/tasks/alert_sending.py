"""The scheduler's sending of alerts: a thread per channel, so that one that hangs holds up nothing else.

An alert is taken for a while before it is sent, and marked afterwards: a process that dies in between makes it arrive
twice, and nothing makes it arrive never, unless its channel does not take it for a day.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from connecthub.alerts.messages import bundle, message
from connecthub.alerts.notify import Notifier, url_purpose
from connecthub.core.config import Settings
from connecthub.db import alerts
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, NotSent, SecretUnreadable
from connecthub.security.key_ring import KeyRing
from connecthub.security.sealed_text import open_text

logger = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
"""So long an alert that is being sent is nobody else's; longer than one message may take."""
FIRST_WAIT, LONGEST_WAIT = 30.0, 900.0
"""Seconds until a message is tried again: doubled each time, up to the longest."""
GIVE_UP = timedelta(days=1)
"""An alert that was handed out so long ago is not tried again, however old what it tells is."""
FAILURES = 2
"""After so many messages in a row a channel counts as down, and what waits for it is not tried now."""


class Sender:
    """Sends what waits for channels."""

    def __init__(
        self, settings: Settings, database: Database, keys: KeyRing, notifier: Notifier, stopping: threading.Event
    ) -> None:
        self._settings = settings
        self._database = database
        self._keys = keys
        self._notifier = notifier
        self._stopping = stopping
        self._threads: dict[int, threading.Thread] = {}

    def step(self) -> bool:
        """Start a thread for each channel for which something is due and that has none; returns at once."""
        with self._database.read() as connection:
            channels = alerts.due_channels(connection)
        self._threads = {number: thread for number, thread in self._threads.items() if thread.is_alive()}
        for channel in channels:
            if channel.id not in self._threads and not self._stopping.is_set():
                thread = threading.Thread(target=self._deliver, args=(channel,), name="alerts", daemon=True)
                self._threads[channel.id] = thread
                thread.start()
        return False

    def wait(self, seconds: float) -> None:
        """Wait for what is being sent now, so many seconds at most."""
        give_up = time.monotonic() + seconds
        for thread in self._threads.values():
            thread.join(max(0.0, give_up - time.monotonic()))

    def _deliver(self, channel: AnyRow) -> None:
        """Send what is due, the oldest first, until nothing is left or the channel is down."""
        failures = 0
        try:
            while not self._stopping.is_set():
                with self._database.write() as connection:
                    taken = alerts.take_due(connection, channel.id, LEASE_SECONDS)
                if not taken:
                    break
                again = self._send(channel, taken)
                failures = 0 if again is None else failures + 1
                if again is not None and failures == FAILURES:
                    with self._database.write() as connection:
                        alerts.postpone(connection, channel.id, again)
                    break
        except Exception as error:
            logger.error("alerts for channel %s wait: %s: %s", channel.name, type(error).__name__, error)

    def _send(self, channel: AnyRow, taken: Sequence[AnyRow]) -> datetime | None:
        """Send one message; returns when it is tried again, None where it arrived."""
        where = (self._settings.instance_name, self._settings.timezone)
        text = message(*where, taken[0]) if len(taken) == 1 else bundle(*where, taken)
        try:
            url = open_text(self._keys, url_purpose(channel.name), channel.sealed_url)
            self._notifier.send(channel.name, url, text)
        except (NotSent, ConfigError, SecretUnreadable) as error:
            return self._note_failed(channel, taken, str(error))
        with self._database.write() as connection:
            alerts.note_sent(connection, channel.id, [alert.id for alert in taken])
        return None

    def _note_failed(self, channel: AnyRow, taken: Sequence[AnyRow], error: str) -> datetime:
        now, tries = taken[0].now, max(alert.tries for alert in taken)
        again = now + timedelta(seconds=wait_after(tries))
        lost = [alert.id for alert in taken if now - alert.sent_at >= GIVE_UP]
        kept = [alert.id for alert in taken if now - alert.sent_at < GIVE_UP]
        with self._database.write() as connection:
            alerts.note_failed(connection, channel.id, kept, error, again)
            alerts.note_failed(connection, channel.id, lost, error, None)
            alerts.note_channel(connection, channel.id, error)
        logger.warning("channel %s did not take %d alerts, try %d: %s", channel.name, len(taken), tries, error)
        if lost:
            logger.error("%d alerts for channel %s are given up after a day", len(lost), channel.name)
        return again


def wait_after(tries: int) -> float:
    """Seconds until the next try."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, 10))
