"""Lists that are paged by key: pages that meet, filters, groups, counts, and plans that read no whole table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from connecthub.control import browsing, filters
from connecthub.control.browsing import Cut, Page
from connecthub.control.log_view import plugin_frame
from connecthub.db import tables
from connecthub.db.browsing import JobFilter, id_at
from connecthub.errors import ConfigError, NotFound
from tests.integration.conftest import NOON, Installation

STATUSES = ("succeeded", "failed", "succeeded", "crashed", "skipped", "cancelled", "timed_out", "running", "queued")


def add_logs(installation: Installation, count: int, **values: Any) -> None:
    """Add JobLogs of the one job, a minute apart, with one status after the other unless it is given."""
    with installation.database.write() as connection:
        job = connection.execute(select(tables.jobs).order_by(tables.jobs.c.id)).first()
        assert job is not None
        newest = connection.execute(select(tables.job_logs.c.id).order_by(tables.job_logs.c.id.desc())).scalar() or 0
        given = {"job_id": job.id, "job_name": job.name, "trigger": "manual", "attempt": 1, "exclusive": False}
        given |= {"priority": 0, "queue": "default", "handler_path": job.handler_path, "public_cfg": {}, "timeout": 60}
        given |= {"job_version": 1, "dry_run": False} | values
        rows = [
            {"status": STATUSES[number % len(STATUSES)], **given}
            | dict.fromkeys(("queued_at", "available_at"), NOON + timedelta(minutes=newest + number))
            for number in range(count)
        ]
        connection.execute(insert(tables.job_logs), rows)


def add_jobs(installation: Installation, count: int, **values: Any) -> None:
    """Add jobs that are like the first; every third has no next run."""
    with installation.database.write() as connection:
        first = connection.execute(select(tables.jobs)).first()
        assert first is not None
        like = {name: value for name, value in first._mapping.items() if name != "id"}
        rows = [
            {**like, "name": f"作业 {number % 7}-{number}", "tags": ["夜间"] if number % 2 else [], **values}
            | {"next_run_at": NOON + timedelta(minutes=number // 6) if number % 3 else None}
            for number in range(count)
        ]
        connection.execute(insert(tables.jobs), rows)


def walk(ask: Callable[[Cut], Page], key: Callable[[Any], Any], *, back: bool = False, limit: int = 7) -> list[Any]:
    """The keys of all rows in the list's order, page after page from one end."""
    side, onward = ("last", "before") if back else ("first", "after")
    page = ask(Cut(side, None, limit))
    found = [key(row) for row in page.rows]
    while page.more:
        page = ask(Cut(onward, found[0 if back else -1], limit))
        keys = [key(row) for row in page.rows]
        found = keys + found if back else found + keys
    return found


def log_ids(installation: Installation, filter_text: str, **more: Any) -> list[int]:
    return walk(
        lambda cut: browsing.log_page(installation.database, filter_text, "UTC", cut), lambda row: row.id, **more
    )


def job_names(installation: Installation, filter_text: str) -> list[str]:
    page = browsing.job_page(installation.database, filter_text, "name", Cut())
    return [row.name for row in page.rows]


@pytest.mark.parametrize("filter_text", ["", "status:bad", "status:queued", "job:job", "job:job status:failed"])
def test_pages_of_joblogs_meet_from_both_ends(installation: Installation, filter_text: str):
    installation.add()
    add_logs(installation, 100)
    found = log_ids(installation, filter_text)
    assert found == sorted(set(found), reverse=True)
    assert len(found) == {"": 100, "job:job": 100, "status:bad": 44, "status:queued": 11}.get(filter_text, 11)
    assert log_ids(installation, filter_text, back=True) == found


def test_rows_that_are_added_meanwhile_neither_double_nor_hide_any(installation: Installation):
    installation.add()
    add_logs(installation, 40)

    def ask(cut: Cut) -> Page:
        add_logs(installation, 3)
        return browsing.log_page(installation.database, "", "UTC", cut)

    found = walk(ask, lambda row: row.id)
    assert found == list(range(43, 0, -1))
    back = walk(ask, lambda row: row.id, back=True, limit=20)
    assert back == list(range(back[0], 0, -1))


def test_a_look_at_the_same_rows_begins_with_their_key_also_where_it_is_gone(installation: Installation):
    installation.add()
    add_logs(installation, 20)
    page = browsing.log_page(installation.database, "", "UTC", Cut("from", 12, 3))
    assert ([row.id for row in page.rows], page.more) == ([12, 11, 10], True)
    with installation.database.write() as connection:
        connection.execute(tables.job_logs.delete().where(tables.job_logs.c.id == 12))
    page = browsing.log_page(installation.database, "", "UTC", Cut("from", 12, 30))
    assert ([row.id for row in page.rows], page.more) == (list(range(11, 0, -1)), False)


@pytest.mark.parametrize("sort", ["name", "next"])
def test_pages_of_jobs_meet_from_both_ends_and_those_without_a_next_run_come_last(
    installation: Installation, sort: str
):
    installation.add()
    add_jobs(installation, 60)

    def key(row: Any) -> Any:
        return row.name if sort == "name" else (row.next_run_at, row.id)

    def ask(cut: Cut) -> Page:
        return browsing.job_page(installation.database, "", sort, cut)

    found = walk(ask, key)
    assert len(set(found)) == len(found) == 61
    assert walk(ask, key, back=True) == found
    for place in (0, 30, 60):
        page = ask(Cut("from", found[place], 5))
        assert [key(row) for row in page.rows] == found[place : place + 5]
    if sort == "next":
        undated = [at is None for at, _ in found]
        assert undated == sorted(undated)
        assert found == sorted(found, key=lambda each: (each[0] is None, each[0] or NOON, each[1]))


def test_jobs_are_found_by_name_handler_and_tag_also_in_chinese(installation: Installation):
    installation.add("nightly", tags=["夜间", 'odd "tag", u59'])
    installation.add("同步 审批单", handler="samples.good:Chatty")
    assert job_names(installation, "") == ["nightly", "同步 审批单"]
    for typed in ("NIGHT", "夜", "tag:夜间", "u59", "hello", "ght hel", '"odd "'):
        assert job_names(installation, typed) == ["nightly"], typed
    for typed in ("审批", "chatty", '"同步 审批单"', "同步 chatty"):
        assert job_names(installation, typed) == ["同步 审批单"], typed
    for typed in ("u591c", "tag:夜", "100%", "_ightly", "审批 hello"):
        assert job_names(installation, typed) == [], typed


def test_jobs_are_found_by_how_their_newest_run_ended(installation: Installation):
    job_id = 0
    for name, statuses in {
        "well": ["failed", "succeeded", "skipped"],
        "bad": ["succeeded", "crashed", "queued"],
        "new": [],
    }.items():
        job_id = installation.add(name).id
        for status in statuses:
            add_logs(installation, 1, status=status, job_id=job_id, job_name=name)
    with installation.database.write() as connection:
        new = tables.jobs.c.name == "new"
        connection.execute(update(tables.jobs).where(new).values(enabled=False, schedule_error="no such zone"))
    answers = {"succeeded": ["well"], "crashed": ["bad"], "bad": ["bad"], "queued": ["bad"], "failed": []}
    answers |= {"disabled": ["new"], "error": ["new"], "enabled": ["bad", "well"], "running": []}
    for status, names in answers.items():
        assert job_names(installation, f"status:{status}") == names, status
    assert job_names(installation, "status：bad") == ["bad"]
    page = browsing.job_page(installation.database, "", "name", Cut())
    runs = {row.name: page.runs[row.id] for row in page.rows}
    assert runs == {"well": ["failed", "succeeded", "skipped"], "bad": ["succeeded", "crashed", "queued"], "new": []}
    add_logs(installation, 12, status="cancelled", job_id=job_id)
    assert browsing.job_page(installation.database, "", "name", Cut()).runs[job_id] == ["cancelled"] * 10


def test_joblogs_are_found_by_job_trigger_time_and_text(installation: Installation):
    installation.add("夜间 同步")
    add_logs(installation, 30)
    add_logs(installation, 1, trigger="backfill", error="没有响应\nReadTimeout: no answer")
    found = {
        'job:"夜间 同步" trigger:manual status:crashed': [22, 13, 4],
        "trigger:backfill": [31],
        "没有响应": [31],
        "readtimeout: no answer": [31],
        "夜间 status:queued": [27, 18, 9],
        "since:2026-11-24T12:28": [31, 30, 29],
        "until:2026-11-24T12:02": [2, 1],
        'since:"2026-11-24 12:05" until:2026-11-24T12:07 status:succeeded': [],
        'since:"2026-11-24 12:05" until:2026-11-24T12:07': [7, 6],
        "since:12:10 until:2020-01-01": [],
        "status: job:": list(range(31, 0, -1)),
    }
    for typed, ids in found.items():
        assert log_ids(installation, typed) == ids, typed


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("status:bogus", "bogus"),
        ("trigger:cron", "cron"),
        ("since:soon", "soon"),
        ("since:999999w", "999999w"),
        ("status:failed status:bad", "bad"),
    ],
)
def test_a_filter_that_cannot_be_understood_is_refused_by_name(installation: Installation, typed: str, named: str):
    with pytest.raises(ConfigError, match=named):
        browsing.log_page(installation.database, typed, "UTC", Cut())


def test_an_unknown_job_or_status_of_a_job_is_refused(installation: Installation):
    with pytest.raises(NotFound, match="nobody"):
        browsing.log_page(installation.database, "job:nobody", "UTC", Cut())
    with pytest.raises(ConfigError, match="'skipped'"):
        browsing.job_page(installation.database, "status:skipped", "name", Cut())


def test_quotes_hold_words_together_and_make_text_of_keys():
    keys = ("job", "status")
    assert filters.split('job:"a b" c "status:failed" d"e f"', keys) == ({"job": "a b"}, ["c", "status:failed", "de f"])
    assert filters.split('http://x "open \x00 end', keys) == ({}, ["http://x", r"open \x00 end"])
    assert filters.job_filter("  ") == JobFilter()


def test_an_instant_is_found_among_numbers_with_gaps(installation: Installation):
    installation.add()
    with installation.database.read() as connection:
        assert id_at(connection, NOON) == 0
    add_logs(installation, 64)
    with installation.database.write() as connection:
        connection.execute(tables.job_logs.delete().where(tables.job_logs.c.id.in_([1, 2, *range(20, 41)])))
    with installation.database.read() as connection:
        for minute, number in ((-5, 3), (18, 19), (19, 20), (25, 20), (39, 20), (40, 41), (63, 64), (64, 65)):
            there = id_at(connection, NOON + timedelta(minutes=minute))
            ids = select(tables.job_logs.c.id).where(tables.job_logs.c.id >= there).order_by(tables.job_logs.c.id)
            expected = [each for each in (*range(3, 20), *range(41, 65)) if each >= number]
            assert list(connection.execute(ids).scalars()) == expected, minute


def test_failures_are_grouped_by_fingerprint_the_newest_group_first(installation: Installation):
    installation.add()
    other = installation.add("other")
    add_logs(installation, 3, status="failed", fingerprint="Timeout at x", error="first")
    add_logs(installation, 1, status="crashed", fingerprint="killed", error="second")
    add_logs(
        installation, 1, status="failed", fingerprint="Timeout at x", error="last", job_name="other", job_id=other.id
    )
    add_logs(installation, 1, status="cancelled", reason="by alice")
    add_logs(installation, 2, status="succeeded")
    groups = browsing.failures(installation.database, "", "UTC")
    told = [(each.kind, each.count, each.jobs, each.newest, each.cause) for each in groups]
    assert told == [
        ("cancelled", 1, 1, 6, "by alice"),
        ("Timeout at x", 4, 2, 5, "last"),
        ("killed", 1, 1, 4, "second"),
    ]
    assert groups[0].at == NOON + timedelta(minutes=5)
    assert [each.kind for each in browsing.failures(installation.database, "status:crashed", "UTC")] == ["killed"]
    assert browsing.failures(installation.database, "status:succeeded", "UTC") == []
    assert [each.count for each in browsing.failures(installation.database, "job:other", "UTC")] == [1]


def test_of_a_chain_only_its_newest_counts_and_only_if_it_did_not_succeed(installation: Installation):
    installation.add()
    add_logs(installation, 3, status="failed")
    add_logs(installation, 1, status="crashed", root_id=1, retry_of=1)
    add_logs(installation, 1, status="succeeded", root_id=2, retry_of=2)
    assert browsing.retriable(installation.database, "", "UTC") == [3, 4]
    assert browsing.retriable(installation.database, "status:failed job:job", "UTC") == [3]
    assert browsing.retriable(installation.database, "status:succeeded", "UTC") == []


def test_the_plugins_own_last_frame_is_found():
    traceback = (
        "Traceback (most recent call last):\n"
        '  File "/srv/app/extensions/sync/job.py", line 12, in run\n    self.step()\n'
        '  File "/srv/app/extensions/sync/job.py", line 31, in step\n    oa.authenticate()\n    ^^^^^^\n'
        '  File "/srv/app/connecthub/integrations/base.py", line 9, in call\n    raise error\n'
        '  File "/v/site-packages/extensions/sync/x.py", line 3, in y\n    z()\nReadTimeout: no answer\n'
    )
    assert plugin_frame(traceback, "extensions.sync.job:Sync") == "extensions/sync/job.py:31 in step: oa.authenticate()"
    assert plugin_frame(traceback, "extensions.other.job:Sync") == ""
    assert plugin_frame("", "job:Sync") == ""
