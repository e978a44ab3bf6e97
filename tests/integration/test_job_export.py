"""Jobs as YAML: what is exported says all but the secrets, and applied again it changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connecthub.control.alerts import PolicyChange, Rule, set_policy
from connecthub.control.applying import Plan, all_jobs, make_plan
from connecthub.control.job_files import FILE_MAX, export_jobs, read_jobs
from connecthub.control.jobs import secret_fields
from connecthub.control.secret_references import SecretSources
from connecthub.db import jobs
from tests.cli import Cli, terminal_codes
from tests.integration.conftest import ALICE, Installation
from tests.unit.test_yaml_text import ODD

ODD_PARAMS: dict[str, Any] = {
    "texts": ODD,
    "keys": dict.fromkeys(ODD, True),
    "numbers": [0, -1, 10**30, 1.0, 1e20, 1e-7, -0.5, 123456789.123],
    "deep": [[{"a": [None, {}, []]}]],
}


def exported(installation: Installation) -> str:
    rows = all_jobs(installation.database)
    return export_jobs(rows, lambda row: list(secret_fields(installation.keys, row)), "prod")


def planned(installation: Installation, text: str, *, prune: bool = False, **variables: str) -> Plan:
    """What applying a text would do; its secrets are looked up in these variables."""
    read = read_jobs(text)
    assert read.problems == []
    sources = SecretSources(Path(), variables)
    return make_plan(installation.office(), read.jobs, sources, "UTC", prune=prune)


def test_what_was_exported_changes_nothing(installation: Installation):
    installation.add("每日同步", "samples.good:Context", params=ODD_PARAMS, secrets={"密码": "geheim", "pin": "1"})
    installation.add("yes", cron_expr="@hourly", timezone="Asia/Shanghai", enabled=False, timeout=0.5, tags=["no", "2"])
    installation.add("all", queue="q", priority=-3, overlap="queue", queue_limit=4, max_retries=2, retry_delay=1.5)
    installation.add("rest", retry_backoff=3.0, catch_up="all", keep_last=7, params={"name": "a\nb\n"})
    change = PolicyChange(add=[Rule.FAILED], no_success_hours=26.0)
    set_policy(installation.database, ALICE, "rest", change)
    text = exported(installation)
    plan = planned(installation, text, prune=True)
    assert (plan.problems, plan.to_do, len(plan.steps)) == ([], [], 4)
    assert "geheim" not in text
    assert terminal_codes(text) == set()
    assert exported(installation) == text


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_a_file_of_all_jobs_of_a_large_installation_is_not_too_long_to_apply(installation: Installation):
    params = {"base_url": "https://oa.example.com/seeyon", "company": "12345", "page_size": 50}
    installation.add("a job with a name", "samples.good:Context", params=params, secrets={"user": "a", "password": "b"})
    of_one_job = exported(installation).partition("jobs:\n")[2]
    assert 20_000 * len(of_one_job) < FILE_MAX


def test_it_is_written_in_one_order_with_defaults_left_out(installation: Installation):
    installation.add("second", params={"name": "you"}, overlap="skip")
    installation.add("first", "samples.good:Context", secrets={"pin": "1", "code": "2"}, timeout=90.0, overlap="skip")
    lines = exported(installation).splitlines()
    assert all(line.startswith("# ") for line in lines[:4])
    assert lines[4:] == [
        *("jobs:", "  first:", "    handler: samples.good:Context", "    cron: '* * * * *'", "    timezone: UTC"),
        *("    enabled: true", "    secrets:", "      code: kept", "      pin: kept", "    timeout: 90", "  second:"),
        *("    handler: samples.good:Hello", "    cron: '* * * * *'", "    timezone: UTC", "    enabled: true"),
        *("    params:", "      name: you"),
    ]


def test_a_job_that_could_not_be_saved_today_changes_nothing_either(installation: Installation):
    row = installation.add("old", enabled=False)
    with installation.database.write() as connection:
        jobs.update_job(connection, row.id, {"cron_expr": "0 0 2 * * *", "handler_path": "app.jobs.x:Gone"})
    plan = planned(installation, exported(installation))
    assert (plan.problems, plan.to_do) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_the_command_writes_what_is_asked_for_also_without_the_key(installation: Installation, tmp_path: Path):
    installation.add("nightly", "samples.good:Context", secrets={"pin": "geheim"})
    installation.add("hourly")
    cli = Cli(installation.environment(), tmp_path)
    one, unknown, both = cli.each(
        [("job", "export", "hourly"), ("job", "export", "weekly"), ("job", "export", "hourly", "--all")]
    )
    assert "nightly" not in one.out
    assert "hourly" in one.out
    assert (unknown.code, both.code) == (2, 2)
    installation.settings.fernet_key_path.unlink()
    whole = cli("job", "export", "--all", "-o", "jobs.yaml")
    assert (whole.code, whole.out, whole.err) == (0, "", "2 jobs written to jobs.yaml\n")
    text = (tmp_path / "jobs.yaml").read_text()
    assert "# The secrets of nightly cannot be read; they stay as they are.\n" in text
    assert "    secrets: kept\n" in text
