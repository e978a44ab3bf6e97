"""Alerts on their way: a receiver that is down, hangs or refuses, schedulers that send at once, and no URL anywhere."""

from __future__ import annotations

import io
import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import select, update

from connecthub.control.actor import Actor, Role
from connecthub.control.alert_channels import add_channel, list_channels, remove_channel, try_channels
from connecthub.control.alerts import PolicyChange, list_alerts, set_policy, show_policy
from connecthub.control.audit_reading import AuditChoice, choose_acts
from connecthub.control.key_rotation import rotate
from connecthub.core.clock import FixedClock
from connecthub.core.logging import close_logging, configure_logging
from connecthub.db import alert_channels, alerts, tables
from connecthub.errors import ConfigError, Forbidden, NotFound, Refused, SecretUnreadable
from connecthub.security.key_ring import add_key
from connecthub.security.sealed_text import open_text, seal_text
from connecthub.tasks.maintenance import Prune
from tests.integration.conftest import ALICE, NOON, Installation
from tests.watchers import Watchers
from tests.webhook import Webhook, webhook

EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)
"""For what does not depend on the stack."""


@pytest.fixture
def watchers(installation: Installation, hook: Webhook) -> Watchers:
    """One channel, one job, every failure is told, and a first look behind them."""
    watchers = Watchers(installation, hook)
    watchers.channel()
    installation.add()
    set_policy(installation.database, ALICE, None, PolicyChange(add=watchers.all_rules()))
    watchers.evaluate()
    return watchers


def test_a_receiver_that_was_down_for_an_hour_gets_it_once(watchers: Watchers, hook: Webhook):
    hook.status = 503
    watchers.fail()
    for minutes in (0, 1, 2, 4, 8, 15, 15, 15):
        watchers.age(minutes / 60)
        assert watchers.told() == []
    assert len(hook.paths) == 8, "it was tried each time"
    (channel,) = list_channels(watchers.installation.database)
    assert (channel.waiting, "error=503" in channel.last_error) == (1, True)
    hook.status = 200
    watchers.age(0.25)
    assert watchers.told() == ["job job failed"]
    watchers.age(1)
    assert watchers.told() == []
    (seen,) = list_alerts(watchers.installation.database, 10)
    assert [(each.tries, each.next_try_at, each.last_error) for each in seen.deliveries] == [(9, None, None)]


def test_what_waits_for_a_receiver_that_is_down_goes_as_one_message(watchers: Watchers, hook: Webhook):
    hook.status = 500
    for _ in range(3):
        watchers.fail()
    assert watchers.told() == []
    assert len(hook.paths) == 2, "after two refusals it is down, and the third is not tried"
    for _ in range(10):
        watchers.fail()
    assert watchers.told() == []
    assert len(hook.paths) == 2, "what comes meanwhile waits for the same moment"
    hook.status = 200
    watchers.age(0.1)
    assert watchers.told() == ["13 alerts"]
    assert hook.got[0]["message"].count("job job failed") == 13
    assert watchers.told() == []


@EMBEDDED
def test_a_burst_goes_as_one_message_that_is_not_too_long(watchers: Watchers, hook: Webhook):
    for _ in range(40):
        watchers.fail()
    assert watchers.told() == ["40 alerts"]
    lines = hook.got[0]["message"].splitlines()
    assert lines[-2:] == ["and 20 more", "look: connecthub alert list"]


@EMBEDDED
def test_after_a_day_an_alert_is_given_up_and_shown(watchers: Watchers, hook: Webhook):
    hook.status = 500
    watchers.fail()
    watchers.told()
    watchers.age(24)
    watchers.told()
    watchers.age(24)
    hook.status = 200
    assert watchers.told() == []
    (seen,) = list_alerts(watchers.installation.database, 10, unsent=True)
    (delivery,) = seen.deliveries
    assert (delivery.tries, delivery.sent_at, delivery.next_try_at) == (2, None, None)
    assert "error=500" in delivery.last_error


@EMBEDDED
def test_an_alert_of_days_without_a_scheduler_is_tried_for_a_day_too(watchers: Watchers, hook: Webhook):
    watchers.fail()
    watchers.age(48)
    hook.status = 500
    assert watchers.told() == []
    hook.status = 200
    watchers.age(1)
    assert watchers.told() == ["job job failed"]


def test_schedulers_that_send_at_once_send_each_alert_once(watchers: Watchers, hook: Webhook):
    for _ in range(9):
        watchers.fail()
    watchers.evaluate()
    senders = [watchers.new_sender() for _ in range(3)]
    for sender in senders:
        sender.step()
    for sender in senders:
        sender.wait(30)
    assert hook.titles == ["job job failed"] * 9


def test_a_message_that_is_on_its_way_is_nobody_elses(watchers: Watchers, hook: Webhook):
    watchers.fail()
    watchers.evaluate()
    hook.open.clear()
    watchers.sender.step()
    assert hook.asked.wait(30)
    other = watchers.new_sender()
    other.step()
    other.wait(30)
    assert hook.got == []
    hook.open.set()
    watchers.sender.wait(30)
    assert hook.titles == ["job job failed"]


@EMBEDDED
def test_what_another_scheduler_has_sent_meanwhile_is_not_sent_again(watchers: Watchers, hook: Webhook):
    database = watchers.installation.database
    watchers.fail()
    watchers.evaluate()
    (channel,) = list_channels(database)
    with database.write() as connection:
        (frozen,) = alerts.take_due(connection, channel.id, 60)
    watchers.age(0.1)
    assert watchers.told() == ["job job failed"]
    with database.write() as connection:
        alerts.note_failed(connection, channel.id, [frozen.id], "no answer", frozen.now)
    assert watchers.told() == []


@EMBEDDED
def test_a_receiver_that_hangs_holds_up_no_other_and_no_look(watchers: Watchers, hook: Webhook):
    with webhook() as other:
        watchers.channel("second", other.url)
        hook.open.clear()
        watchers.fail()
        watchers.evaluate()
        watchers.sender = watchers.new_sender(seconds=0.2)
        watchers.send()
        assert other.titles == ["job job failed"]
        watchers.fail()
        watchers.evaluate()
        watchers.age(0.1)
        watchers.send()
        assert other.titles == ["job job failed"] * 2
        errors = {row.name: row.last_error for row in list_channels(watchers.installation.database)}
        assert errors == {"ops": "it has not answered the message before", "second": None}


@EMBEDDED
def test_a_run_ends_the_same_whatever_its_channel_does(watchers: Watchers, hook: Webhook):
    damaged = update(tables.alert_channels).values(sealed_url="no token")
    with watchers.installation.database.write() as connection:
        connection.execute(damaged)
    log_id = watchers.fail()
    assert watchers.installation.log(log_id).row.status == "failed"
    assert watchers.told() == []
    (channel,) = list_channels(watchers.installation.database)
    assert channel.last_error.startswith("the URL of alert channel ops is sealed under a key that")
    assert watchers.installation.log(watchers.run()).row.status == "succeeded"


@EMBEDDED
def test_no_url_is_in_a_log_an_error_or_the_database(watchers: Watchers, hook: Webhook):
    there = watchers.installation
    logged = io.StringIO()
    configure_logging(there.settings.model_copy(update={"log_level": "DEBUG"}), "scheduler", logged)
    try:
        watchers.channel("gone", "json://c4nary-user:c4nary-pass@127.0.0.1:9/c4nary-path?+X-Key=c4nary-header")
        watchers.channel("away", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#c4nary")
        hook.status = 401
        watchers.fail()
        watchers.told()
        tried = try_channels(there.database, there.keys, ALICE, there.settings, "ops", NOON)
        with pytest.raises(ConfigError) as refused:
            add_channel(there.database, there.keys, ALICE, "bad", "unheard://c4nary-token")
    finally:
        close_logging()
    errors = [row.last_error for row in list_channels(there.database)]
    assert all(errors)
    acts = [row.detail for row in choose_acts(there.database, AuditChoice(), "UTC", 100)]
    seen = [each for found in list_alerts(there.database, 10) for each in (*found.deliveries, found.row)]
    told = "\n".join(map(str, [*errors, *tried, refused.value, *acts, *seen, logged.getvalue()]))
    assert "channel gone did not take 1 alerts" in told
    if there.database.path is not None:
        with closing(sqlite3.connect(there.database.path)) as connection:
            told += "\n".join(connection.iterdump())
    for secret in ("c4nary", "T1JJ3T3L2", "TIiajkdnlazkcOXrIdevi7FQ"):
        assert secret not in told


@EMBEDDED
def test_channels_are_added_tried_and_removed_with_a_trace(watchers: Watchers, hook: Webhook):
    there = watchers.installation
    with pytest.raises(Refused, match="channel ops is there already"):
        watchers.channel()
    assert [each.error for each in try_channels(there.database, there.keys, ALICE, there.settings, None, NOON)] == [""]
    assert hook.titles == ["test"]
    set_policy(there.database, ALICE, "job", PolicyChange(channels=("ops",)))
    with pytest.raises(Refused, match="named by the policy of job job"):
        remove_channel(there.database, ALICE, "ops")
    set_policy(there.database, ALICE, "job", None)
    remove_channel(there.database, ALICE, "ops")
    with pytest.raises(NotFound, match="no channel 'ops'"):
        set_policy(there.database, ALICE, "job", PolicyChange(channels=("ops",)))
    acts = [(row.action, row.target_name, row.result) for row in choose_acts(there.database, AuditChoice(), "UTC", 100)]
    assert acts[:7] == [
        ("alert.channel", "ops", "done"),
        ("alert.policy", "job", "done"),
        ("alert.channel", "ops", "refused"),
        ("alert.policy", "job", "done"),
        ("alert.test", "all channels", "done"),
        ("alert.channel", "ops", "refused"),
        ("alert.policy", "installation", "done"),
    ]
    assert show_policy(there.database, "job").channels == []


def test_a_rotation_seals_the_channels_too(watchers: Watchers):
    there = watchers.installation
    old = there.keys.fingerprint
    add_key(there.settings.fernet_key_path)
    done = rotate(there.database, there.keys, ALICE, 60)
    assert (done.sealed, done.left) == (1, 0)
    (channel,) = list_channels(there.database)
    assert not there.keys.is_under(channel.sealed_url, old)
    watchers.fail()
    assert watchers.told() == ["job job failed"]


@EMBEDDED
def test_roles_hold_for_alerts_too(installation: Installation, hook: Webhook):
    viewer, operator = (Actor(role, Role(role), "test") for role in ("viewer", "operator"))
    with pytest.raises(Forbidden, match="needs the role operator"):
        set_policy(installation.database, viewer, None, PolicyChange(all_channels=True))
    with pytest.raises(Forbidden, match="needs the role admin"):
        add_channel(installation.database, installation.keys, operator, "ops", hook.url)
    assert set_policy(installation.database, operator, None, PolicyChange(all_channels=True)).source == "installation"


@EMBEDDED
def test_a_url_of_another_channel_is_refused(installation: Installation):
    sealed = seal_text(installation.keys, "the URL of alert channel a", "json://h")
    assert open_text(installation.keys, "the URL of alert channel a", sealed) == "json://h"
    with pytest.raises(SecretUnreadable, match="b was sealed for something else"):
        open_text(installation.keys, "the URL of alert channel b", sealed)


def test_old_alerts_and_workers_go_but_not_the_one_that_began_a_series(watchers: Watchers):
    there = watchers.installation
    for _ in range(3):
        watchers.fail()
    watchers.told()
    watchers.age(24 * 31)
    watchers.fail()
    watchers.told()
    with there.database.write() as connection:
        connection.execute(tables.workers.insert().values(_worker("old", NOON.replace(year=2020))))
        now = connection.execute(select(tables.alert_outbox.c.created_at)).scalars().all()[-1]
        connection.execute(tables.workers.insert().values(_worker("new", now)))
    prune = Prune(there.database, there.settings, FixedClock(now), threading.Event())
    assert prune.step() is False
    assert [seen.row.series_of for seen in list_alerts(there.database, 10)] == [None, there.job().id]
    with there.database.read() as connection:
        assert list(connection.execute(select(tables.workers.c.nonce)).scalars()) == ["new"]
        assert alert_channels.read_state(connection) is not None


def _worker(nonce: str, seen: object) -> dict[str, object]:
    values: dict[str, object] = {"host": "h", "pid": 1, "nonce": nonce, "queue": "default", "threads": 1}
    return {**values, "version": "0", "key_fingerprints": "", "started_at": seen, "seen_at": seen}
