"""A new key in two steps: added to the file, then put into use; nothing is lost in between."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from connecthub.control.jobs import SecretChanges, edit_job, secret_fields
from connecthub.control.key_rotation import Rotation, rotate
from connecthub.db import tables, workers
from connecthub.db.installation import key_fingerprint
from connecthub.errors import KeyFileError, Refused
from connecthub.security.fernet import open_secrets
from connecthub.security.key_ring import add_key
from tests.integration.conftest import ALICE, Installation

LEASE = 60.0


def add_jobs(installation: Installation, count: int) -> None:
    for number in range(count):
        installation.add(f"job-{number}", handler="samples.good:Context", secrets={"password": f"p{number}"})


def in_use(installation: Installation) -> str | None:
    with installation.database.read() as connection:
        return key_fingerprint(connection)


def rotated(installation: Installation) -> Rotation:
    return rotate(installation.database, installation.keys, ALICE, LEASE)


def test_adding_a_key_changes_nothing_yet(installation: Installation):
    old = installation.keys.fingerprint
    new = add_key(installation.settings.fernet_key_path)
    assert installation.keys.fingerprints == (old, new)
    assert in_use(installation) == old
    row = installation.add(handler="samples.good:Context", secrets={"password": "p"})
    assert installation.keys.is_under(row.secret_cfg, old)


def test_rotation_seals_every_row_under_the_new_key(installation: Installation):
    add_jobs(installation, 3)
    new = add_key(installation.settings.fernet_key_path)
    done = rotated(installation)
    assert (done.key, done.sealed, done.already, done.left) == (new, 3, 0, 0)
    assert in_use(installation) == new
    for number in range(3):
        row = installation.job(f"job-{number}")
        assert installation.keys.is_under(row.secret_cfg, new)
        assert open_secrets(installation.keys, row.id, row.secret_cfg) == {"password": f"p{number}"}
    row = installation.job("job-0")
    edited = edit_job(installation.office(), ALICE, row, {}, SecretChanges({"password": "q"}))
    assert installation.keys.is_under(edited.secret_cfg, new)


def test_a_second_rotation_finds_all_done(installation: Installation):
    add_jobs(installation, 2)
    add_key(installation.settings.fernet_key_path)
    rotated(installation)
    done = rotated(installation)
    assert (done.sealed, done.already, done.left) == (0, 2, 0)


def test_rotation_without_a_new_key_is_refused(installation: Installation):
    with pytest.raises(KeyFileError, match="holds one key only"):
        rotated(installation)


def test_rotation_waits_for_every_live_worker_to_hold_the_key(installation: Installation):
    old = installation.keys.fingerprint
    row = {
        "host": "elsewhere",
        "pid": 7,
        "nonce": "n",
        "queue": "default",
        "threads": 1,
        "version": "0",
        "key_fingerprints": old,
    }
    with installation.database.write() as connection:
        worker = workers.insert_worker(connection, row)
    new = add_key(installation.settings.fernet_key_path)
    with pytest.raises(Refused, match=f"workers without key {new}: elsewhere \\(pid 7\\)"):
        rotated(installation)
    assert in_use(installation) == old
    with installation.database.write() as connection:
        workers.touch_worker(connection, worker, f"{old},{new}")
    assert rotated(installation).left == 0


def test_a_worker_that_stopped_or_died_long_ago_does_not_count(installation: Installation):
    row = {"host": "h", "pid": 7, "queue": "default", "threads": 1, "version": "0", "key_fingerprints": "other"}
    table = tables.workers
    with installation.database.write() as connection:
        workers.stop_worker(connection, workers.insert_worker(connection, {**row, "nonce": "stopped"}))
        dead = workers.insert_worker(connection, {**row, "nonce": "dead"})
        seen = connection.execute(table.select().where(table.c.id == dead)).one().seen_at
        past = seen.replace(year=seen.year - 1)
        connection.execute(update(table).where(table.c.id == dead).values(seen_at=past))
    add_key(installation.settings.fernet_key_path)
    assert rotated(installation).left == 0


def test_rows_that_no_key_reads_are_listed_and_kept(installation: Installation):
    add_jobs(installation, 3)
    with installation.database.write() as connection:
        connection.execute(
            update(tables.jobs).where(tables.jobs.c.name == "job-1").values(secret_cfg="no token at all")
        )
    add_key(installation.settings.fernet_key_path)
    done = rotated(installation)
    assert (done.sealed, done.left) == (2, 1)
    (told,) = done.unreadable
    assert told.startswith("job-1: ")
    assert installation.job("job-1").secret_cfg == "no token at all"


def test_rows_of_the_old_system_are_sealed(installation: Installation):
    add_jobs(installation, 1)
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(secret_cfg='{"password": "plain"}'))
    add_key(installation.settings.fernet_key_path)
    assert rotated(installation).sealed == 1
    row = installation.job("job-0")
    assert "plain" not in row.secret_cfg
    assert list(secret_fields(installation.keys, row)) == ["password"]


def test_a_rotation_that_was_cut_off_goes_on_where_it_stopped(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connecthub.control.key_rotation.BATCH", 2)
    add_jobs(installation, 5)
    add_key(installation.settings.fernet_key_path)

    def cut_off(done: Rotation) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(installation.database, installation.keys, ALICE, LEASE, cut_off)
    done = rotated(installation)
    assert (done.sealed, done.already, done.left) == (3, 2, 0)
