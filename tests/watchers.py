"""An installation with a channel, and what its schedulers do about alerts, driven by a test."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from connecthub.alerts.notify import Notifier
from connecthub.alerts.policy import Rule
from connecthub.control.alert_channels import add_channel
from connecthub.control.alerts import PolicyChange, set_policy
from connecthub.core.clock import FixedClock
from connecthub.db import job_logs, tables
from connecthub.db.ending import Ending
from connecthub.db.tables import Status
from connecthub.tasks.alert_sending import Sender
from connecthub.tasks.alerting import Alerts
from connecthub.tasks.endings import end_run
from tests.integration.conftest import ALICE, NOON, Installation
from tests.webhook import Webhook


@dataclass
class Watchers:
    """An installation with a channel, and what its scheduler does about alerts."""

    installation: Installation
    hook: Webhook
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))

    def __post_init__(self) -> None:
        self.alerts = Alerts(self.installation.settings, self.clock.monotonic)
        self.sender = self.new_sender()
        self.job_row: Any = None

    def new_sender(self, seconds: float = 10.0) -> Sender:
        """As another scheduler has one."""
        there = self.installation
        return Sender(there.settings, there.database, there.keys, Notifier(seconds), threading.Event())

    def channel(self, name: str = "ops", url: str = "") -> None:
        """Add a channel."""
        add_channel(self.installation.database, self.installation.keys, ALICE, name, url or self.hook.url)

    def evaluate(self) -> None:
        """Look until nothing is left, and once more some seconds later."""
        for _ in range(2):
            while self.alerts.look(self.installation.database):
                pass
            self.clock.advance(10)

    def send(self) -> None:
        """Send what is due."""
        self.sender.step()
        self.sender.wait(30)

    def told(self) -> list[str]:
        """What is told now, that was not told before: titles."""
        self.hook.forget()
        self.evaluate()
        self.send()
        return self.hook.titles

    def policy(self, *rules: Rule, job: str | None = None, **numbers: float) -> None:
        """Tell of these only."""
        drop = frozenset(Rule) - {*rules}
        change = PolicyChange(frozenset(rules), drop, **numbers)  # pyright: ignore[reportArgumentType]
        set_policy(self.installation.database, ALICE, job, change)

    @staticmethod
    def all_rules() -> frozenset[Rule]:
        """All that needs no number."""
        return frozenset(Rule) - {Rule.NO_SUCCESS}

    # what happens

    def run(self, status: Status = Status.SUCCEEDED, name: str = "job", error: str | None = None) -> int:
        """A run that ends so."""
        log_id = self.start(name)
        with self.installation.database.write() as connection:
            assert end_run(connection, log_id, f"{log_id:032d}", Ending(status, "", error=error)).written
        return log_id

    def start(self, name: str = "job") -> int:
        """A run that goes on."""
        log_id = self.installation.run(name)
        assert job_logs.claim(self.installation.database, log_id, f"{log_id:032d}", "host:1:test", 60) is not None
        return log_id

    def fail(self, name: str = "job") -> int:
        """A run that fails."""
        return self.run(Status.FAILED, name, "ValueError: no token")

    def age(self, hours: float) -> None:
        """Let all that happened so far, alerts too, be older by so much."""
        by = timedelta(hours=hours)
        aged = {
            tables.job_logs: ("queued_at", "available_at", "started_at", "finished_at"),
            tables.jobs: ("created_at", "updated_at"),
            tables.workers: ("started_at", "seen_at"),
            tables.alert_outbox: ("created_at", "sent_at"),
            tables.alert_deliveries: ("next_try_at", "sent_at"),
            tables.alert_channels: ("last_sent_at", "last_error_at"),
        }
        with self.installation.database.write() as connection:
            for table, columns in aged.items():
                key = list(table.primary_key.columns)
                for row in connection.execute(table.select()).all():
                    moved = {name: getattr(row, name) - by for name in columns if getattr(row, name) is not None}
                    mine = [column == getattr(row, column.name) for column in key]
                    if moved:
                        connection.execute(update(table).where(*mine).values(moved))
