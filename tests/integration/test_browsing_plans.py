"""No page of a list reads a whole table: the plans say so, on tables that have many rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from connecthub.control import browsing
from connecthub.control.browsing import Cut
from tests.integration.conftest import NOON, Installation
from tests.integration.test_browsing import add_jobs, add_logs
from tests.integration.test_plans import SCANS, statements


@pytest.fixture
def crowded(installation: Installation) -> Installation:
    """An installation with so many rows that a plan which reads all of them is never the best."""
    installation.add()
    add_jobs(installation, 3000)
    numbers = {
        "postgresql": "SELECT n FROM generate_series(2, 30000) AS numbers(n)",
        "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 30000)"
        " SELECT n FROM numbers",
    }
    add_logs(installation, 1, status="succeeded")
    with installation.database.write() as connection:
        columns = list(connection.execute(text("SELECT * FROM job_logs LIMIT 0")).keys())
        unlike = {"id": "n", "job_id": "1 + n % 3000", "queued_at": "source.queued_at"}
        unlike["status"] = "CASE WHEN n % 500 = 7 THEN 'failed' ELSE 'succeeded' END"
        values = [unlike.get(column, f'source."{column}"') for column in columns]
        names = ", ".join(f'"{column}"' for column in columns)
        connection.execute(
            text(
                f"INSERT INTO job_logs ({names}) SELECT {', '.join(values)} FROM job_logs AS source,"
                f" ({numbers[connection.dialect.name]}) AS counted WHERE source.id = 1"
            )
        )
        if connection.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))
    return installation


LOG_FILTERS = ("status:bad", "status:failed", "status:running", "job:job", "job:job status:failed", "since:1h")


def test_no_page_reads_a_whole_table(crowded: Installation):
    database, done = crowded.database, list[tuple[str, Any]]()
    with statements(done):
        for cut in (Cut(), Cut("last"), Cut("after", 15_000), Cut("before", 15_000), Cut("from", 15_000)):
            for typed in ("", *LOG_FILTERS, "status:succeeded"):
                browsing.log_page(database, typed, "UTC", cut)
        for cut in (Cut(), Cut("last"), Cut("after", "作业 3-3"), Cut("before", "作业 3-3")):
            browsing.job_page(database, "", "name", cut)
        for cut in (Cut(), Cut("after", (NOON, 5)), Cut("before", (NOON, 2000))):
            browsing.job_page(database, "", "next", cut)
        for typed in LOG_FILTERS:
            browsing.failures(database, typed, "UTC")
            browsing.retriable(database, typed, "UTC")
    told = planned(crowded, done)
    assert len(told) > 50
    assert [each for each in told if SCANS[database.dialect](each[1]) and not _walks_in_order(each)] == []


def planned(installation: Installation, done: Sequence[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Each statement on jobs or JobLogs with its plan."""
    prefix = "EXPLAIN " if installation.database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    asked = {(statement, repr(values)): values for statement, values in done}
    told = []
    with installation.database.read() as connection:
        for (statement, _), values in asked.items():
            if re.search(r"\b(jobs|job_logs)\b", statement):
                rows = connection.exec_driver_sql(prefix + statement, values).all()
                told.append((statement, "\n".join(str(row[-1]) for row in rows)))
    return told


def _walks_in_order(told: tuple[str, str]) -> bool:
    """SQLite says SCAN also of a walk along the primary key, which a limit ends soon where no rare status is wanted."""
    statement, plan = told
    walked = re.search(r"SCAN (jobs|job_logs)$", plan, re.MULTILINE) is not None
    rare = "NOT IN ('succeeded'" in statement or "IN ('queued'" in statement
    return walked and not rare and "LIMIT" in statement and "TEMP B-TREE" not in plan
