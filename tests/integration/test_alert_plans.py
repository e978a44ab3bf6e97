"""The look for alerts reads no table whole: the plan says so, on tables that have many rows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from connecthub.alerts.policy import Rule
from tests.integration.conftest import Installation
from tests.integration.test_plans import SCANS, crowded, statements
from tests.watchers import Watchers
from tests.webhook import webhook

__all__ = ["crowded"]


@pytest.mark.slow
def test_a_look_for_alerts_reads_no_table_whole(crowded: Installation):
    done: list[tuple[str, Any]] = []
    with webhook() as hook:
        watchers = Watchers(crowded, hook)
        watchers.policy(*Rule, no_success_hours=26)
        for happens in (watchers.fail, watchers.fail, watchers.run, watchers.fail, watchers.start):
            happens()
            with statements(done):
                watchers.evaluate()
    asked = {
        statement: values
        for statement, values in done
        if re.match(r"SELECT|UPDATE", statement) and re.search(r"\b(jobs|job_logs)\b", statement)
    }
    assert len(asked) > 10
    with crowded.database.write() as connection:
        prefix = "EXPLAIN " if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        for statement, values in asked.items():
            plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(prefix + statement, values).all())
            assert not SCANS[connection.dialect.name](plan), f"{statement}\n{plan}"
            assert not re.search(r"SCAN success\b(?! USING)|Seq Scan on job_logs", plan), f"{statement}\n{plan}"
