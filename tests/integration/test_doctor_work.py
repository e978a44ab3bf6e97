"""`connecthub doctor` on time, plugins, processes and alerts: broken, told, mended as it is told, well."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from connecthub import __version__
from connecthub.alerts.notify import url_purpose
from connecthub.core.clock import FixedClock, SystemClock
from connecthub.db import tables, workers
from connecthub.db.types import database_now
from connecthub.security.sealed_text import seal_text
from tests.integration.conftest import Installation
from tests.integration.doctoring import (
    OK,
    WARNING,
    WRONG,
    Person,
    asked,
    embedded,
    execute,
    one,
    person_of,
    with_settings,
)

# clock and zones


def test_a_clock_that_is_off_is_told_until_it_is_set(installation: Installation):
    now = SystemClock().now()
    for seconds, state in ((-3600, WRONG), (60, WRONG), (2.8, WARNING), (-2.8, WARNING)):
        clock = FixedClock(now + timedelta(seconds=seconds))
        way = "ahead of" if seconds > 0 else "behind"
        one(installation.settings, "clock", state, way, "timedatectl set-ntp true", clock=clock)
    one(installation.settings, "clock", OK)


@embedded
@pytest.mark.slow
def test_a_job_in_an_unknown_zone_is_moved(installation: Installation):
    installation.add("it's 火星")
    execute(installation, update(tables.jobs).values(timezone="Mars/Olympus"))
    person_of(installation).follow(one(installation.settings, "zones", WRONG, "zone Mars/Olympus of job it's 火星"))
    one(installation.settings, "zones", OK)
    assert installation.job("it's 火星").timezone == "UTC"


# plugins


@embedded
@pytest.mark.slow
def test_a_plugin_that_does_not_import_is_mended(installation: Installation, tmp_path: Path):
    folder = tmp_path / "plugins"
    plugin = folder / "own" / "job.py"
    plugin.parent.mkdir(parents=True)
    good = "from connecthub.jobs import BaseJob\n\nclass Own(BaseJob):\n    def run(self, params, secrets): ...\n"
    plugin.write_text(good)
    settings = with_settings(installation, extensions_dir=folder, plugin_packages=("own",))
    installation.add()
    installation.add("idle")
    execute(installation, update(tables.jobs).values(handler_path="own.job:Own"))
    one(settings, "plugins", OK, "1 handlers of enabled jobs load")
    plugin.write_text(f"raise RuntimeError('no licence')\n{good}")
    found = one(settings, "plugins", WRONG, "own.job:Own", "no licence", "job idle, job")
    assert "connecthub plugin show own.job:Own" in found.remedy
    plugin.write_text(good)
    one(settings, "plugins", OK)
    folder.chmod(0o777)
    Person(os.environ, tmp_path).follow(one(settings, "plugins", WRONG, "everybody may write plugins"))
    one(settings, "plugins", OK)
    told = asked(with_settings(installation, extensions_dir=tmp_path / "none"), "plugins")
    assert (told[0].state, told[0].found) == (WRONG, f"EXTENSIONS_DIR {tmp_path / 'none'} is no folder")
    Person(os.environ, tmp_path).follow(told[0])
    assert (tmp_path / "none").is_dir()


# scheduler and workers


@embedded
@pytest.mark.slow
def test_a_schedule_that_cannot_be_computed_is_edited(installation: Installation):
    installation.add()
    broken = {"cron_expr": "61 * * * *", "schedule_error": "minute '61' is out of range", "next_run_at": None}
    execute(installation, update(tables.jobs).values(broken))
    found = asked(installation.settings, "scheduler")[0]
    assert (found.state, found.found) == (WRONG, "job job has no next run: minute '61' is out of range")
    person_of(installation).follow(found, CRON="'0 2 * * *'", ZONE="UTC")
    assert installation.job().schedule_error is None


def add_worker(installation: Installation, **values: Any) -> int:
    row = {
        "host": "h",
        "pid": 7,
        "nonce": values.get("queue", "n"),
        "queue": "default",
        "threads": 1,
        "version": __version__,
    }
    row |= {"key_fingerprints": installation.keys.fingerprint, **values}
    with installation.database.write() as connection:
        return workers.insert_worker(connection, row)


def test_workers_of_another_version_or_without_the_key_are_told(installation: Installation):
    installation.add()
    worker = add_worker(installation, version="0.0.9")
    one(installation.settings, "workers", WARNING, "h:7 (0.0.9)", "restart")
    execute(installation, update(tables.workers).values(version=__version__, key_fingerprints="other"))
    found = one(installation.settings, "workers", WRONG, "h:7 lacks the key in use", "to host h")
    assert str(installation.settings.fernet_key_path) in found.remedy
    with installation.database.write() as connection:
        workers.touch_worker(connection, worker, f"other,{installation.keys.fingerprint}")
    one(installation.settings, "workers", OK, "1 live")


def test_a_lost_worker_is_told_until_another_came_after_it(installation: Installation):
    installation.add()
    gone = add_worker(installation, queue="default", nonce="gone")
    execute(installation, update(tables.workers).values(seen_at=database_now(text("-3600"))))  # pyright: ignore
    add_worker(installation, queue="reports")
    told = asked(installation.settings, "workers")
    assert [each.state for each in told] == [WRONG, WARNING]
    assert "nobody serves queue default" in told[0].found
    assert "h:7 of queue default was lost" in told[1].found
    assert gone
    add_worker(installation, queue="default", nonce="came")
    one(installation.settings, "workers", OK)


# alerts


def test_a_channel_that_fails_is_told_until_it_sends(installation: Installation):
    one(installation.settings, "alerts", OK, "no channel")
    values = {
        "name": "值班",
        "sealed_url": "x",
        "service": "json",
        "created_at": database_now(),
        "last_error_at": database_now(),
    }
    failed = "https://hook/send?token=canary answered 403"
    execute(installation, insert(tables.alert_channels).values(**values, last_error=failed))
    found = one(installation.settings, "alerts", WARNING, "channel 值班 fails", "connecthub alert test '值班'")
    assert "canary" not in str(found)
    execute(installation, update(tables.alert_channels).values(last_sent_at=database_now()))
    one(installation.settings, "alerts", OK, "1 channels, none with an error")
    one(installation.settings, "key", WRONG, "URL of alert channel 值班 is unreadable", "alert channel remove")
    sealed = seal_text(installation.keys, url_purpose("值班"), "json://h", installation.keys.fingerprint)
    execute(installation, update(tables.alert_channels).values(sealed_url=sealed))
    one(installation.settings, "key", OK)


def test_alerts_that_wait_too_long_are_told(installation: Installation):
    values = {"name": "duty", "service": "json", "sealed_url": "x", "created_at": database_now()}
    execute(installation, insert(tables.alert_channels).values(values))
    with installation.database.write() as connection:
        owed = {"kind": "failed", "detail": {}, "created_at": SystemClock().now() - timedelta(hours=1)}
        alert = connection.execute(insert(tables.alert_outbox).values(owed).returning(tables.alert_outbox.c.id))
        channel = connection.execute(tables.alert_channels.select()).one().id
        delivery = {"alert_id": alert.scalar_one(), "channel_id": channel, "tries": 0, "next_try_at": database_now()}
        connection.execute(insert(tables.alert_deliveries).values(delivery))
    told = asked(installation.settings, "alerts")
    assert [each.found.partition(" for ")[0] for each in told] == ["1 alerts were not sent to anybody", "1 alerts wait"]
    assert "connecthub doctor scheduler" in told[0].remedy
    execute(installation, update(tables.alert_outbox).values(sent_at=database_now()))
    one(installation.settings, "alerts", WARNING, "wait for a channel", "connecthub alert list --unsent")
    execute(installation, update(tables.alert_deliveries).values(sent_at=database_now(), next_try_at=None))
    one(installation.settings, "alerts", OK)
