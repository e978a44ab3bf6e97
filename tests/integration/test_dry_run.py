"""A dry run sends no write and does no work: it is marked, and counts nowhere as a run of its job. On both stacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from connecthub.control import browsing
from connecthub.control.acknowledging import acknowledge
from connecthub.control.browsing import Cut
from connecthub.control.handover import hand_over
from connecthub.control.job_logs import LogChoice
from connecthub.control.job_view import view_job
from connecthub.control.overview import look
from connecthub.control.runs import failed_logs, retry_log, run_job
from connecthub.control.verdicts import explain
from connecthub.db import alert_facts, job_logs, tables
from connecthub.db.ending import Ending
from connecthub.db.tables import Status
from connecthub.errors import ConfigError, Refused
from connecthub.tasks.dispatcher import dispatch_due_jobs
from connecthub.tasks.endings import end_run
from connecthub.tasks.execute import Workbench, execute_job
from tests.cli import Cli
from tests.integration.conftest import ALICE, NOON, Installation
from tests.shelf import HANDLER, ShelfSandbox


@pytest.fixture
def shelf() -> Iterator[ShelfSandbox]:
    """An outside system."""
    with ShelfSandbox() as shelf:
        yield shelf


def claim(installation: Installation, log_id: int) -> None:
    assert job_logs.claim(installation.database, log_id, f"{log_id:032d}", "host:1:test", 60) is not None


def ended(installation: Installation, status: Status = Status.FAILED, *, dry_run: bool = True) -> int:
    """A run that has ended."""
    log_id = installation.run(dry_run=dry_run)
    claim(installation, log_id)
    with installation.database.write() as connection:
        assert end_run(connection, log_id, f"{log_id:032d}", Ending(status, "", error="cause")).written
    return log_id


def rows(installation: Installation, table: Any = tables.job_logs) -> list[Any]:
    with installation.database.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)).all())


def statuses(installation: Installation, typed: str) -> list[int]:
    return [row.id for row in browsing.log_page(installation.database, typed, "UTC", Cut()).rows]


def test_reads_go_out_and_writes_are_recorded(installation: Installation, bench: Workbench, shelf: ShelfSandbox):
    params = {"base_url": shelf.base_url, "books": ["Emma", "Ulysses"]}
    installation.add(handler=HANDLER, params=params)
    dry, real = installation.run(dry_run=True), installation.run()
    execute_job(bench, dry)
    detail = installation.log(dry)
    assert (detail.row.status, detail.row.dry_run, shelf.titles) == ("succeeded", True, ["Emma"])
    assert [(call.method, call.status, call.sent, call.note) for call in detail.calls] == [
        ("GET", 200, True, ""),
        ("POST", None, False, "add Ulysses"),
    ]
    execute_job(bench, real)
    assert (installation.log(real).row.dry_run, shelf.titles) == (False, ["Emma", "Ulysses"])
    assert [row.action for row in rows(installation, tables.audit)] == ["job.add", "job.dry_run", "job.run"]


def test_what_repeats_a_dry_run_is_one(installation: Installation):
    installation.add(max_retries=1, retry_delay=0)
    first = ended(installation)
    automatic = rows(installation)[-1]
    assert (automatic.trigger, automatic.root_id, automatic.dry_run) == ("retry", first, True)
    claim(installation, automatic.id)
    with installation.database.write() as connection:
        end_run(connection, automatic.id, f"{automatic.id:032d}", Ending(Status.FAILED, "", error="cause"))
    asked = retry_log(installation.database, installation.ring, ALICE, automatic.id, same_settings=True)
    assert rows(installation)[-1].dry_run
    assert rows(installation, tables.audit)[-1].detail == {"log": asked.row.id, "same_settings": True, "dry_run": True}
    assert rows(installation, tables.alert_outbox) == []


def test_no_slot_does_the_work_of_its_retry(installation: Installation):
    installation.add(max_retries=2, retry_delay=60)
    ended(installation)
    (slot,) = dispatch_due_jobs(installation.database, NOON).queued
    _, waits, _ = rows(installation)
    assert (waits.status, waits.reason) == ("queued", None)
    with installation.database.write() as connection:
        connection.execute(update(tables.job_logs).where(tables.job_logs.c.id == waits.id).values(available_at=NOON))
    claim(installation, waits.id)
    with installation.database.write() as connection:
        end_run(connection, waits.id, f"{waits.id:032d}", Ending(Status.FAILED, "", error="cause"))
    assert [(row.id, row.status, row.dry_run) for row in rows(installation)[2:]] == [
        (slot.id, "queued", False),
        (slot.id + 1, "queued", True),
    ]


def test_it_counts_nowhere_as_a_run_of_its_job(installation: Installation):
    job = installation.add(cron_expr="0 0 1 1 *")
    database, settings = installation.database, installation.settings
    ended(installation)
    ended(installation, Status.SUCCEEDED)

    def outcome() -> dict[str, Any]:
        seen, told = look(database, settings), hand_over(database, settings, "12h")
        with database.read() as connection:
            (with_success,) = alert_facts.enabled_with_success(connection, 0, 10)
        return {
            "failing": [row.id for row in seen.failing],
            "last day": [hour for hour in seen.hours if hour],
            "handed over": [row.log_id for row in told.failures.rows],
            "by hand": sorted((row.action, row.count) for row in told.by_hand.rows),
            "last runs": list(browsing.job_page(database, "", "name", Cut()).runs[job.id]),
            "bad jobs": [row.id for row in browsing.job_page(database, "status:bad", "name", Cut()).rows],
            "succeeded jobs": [row.id for row in browsing.job_page(database, "status:succeeded", "name", Cut()).rows],
            "changed": view_job(database, lambda: installation.keys, job.id).changed,
            "has succeeded": with_success.succeeded_at is not None,
            "failures": [row.count for row in browsing.failures(database, "", "UTC")],
            "to repeat": browsing.retriable(database, "", "UTC"),
            "alerts": [row.kind for row in rows(installation, tables.alert_outbox)],
        }

    nothing = {name: [] for name in outcome()} | {"by hand": [("job.dry_run", 2)], "has succeeded": False}
    assert outcome() == nothing
    with pytest.raises(Refused, match="no run of it has ended"):
        acknowledge(database, ALICE, "job", "seen")
    failed = ended(installation, dry_run=False)
    ended(installation, Status.SUCCEEDED)  # dry again: it makes nothing good
    assert outcome() == nothing | {
        "failing": [failed],
        "last day": ["failed"],
        "handed over": [failed],
        "by hand": [("job.dry_run", 3), ("job.run", 1)],
        "last runs": ["failed"],
        "bad jobs": [job.id],
        "failures": [1],
        "to repeat": [failed],
        "alerts": ["failed"],
    }
    assert failed_logs(database, LogChoice(job="job")) == [failed]


def test_a_filter_finds_dry_runs_or_leaves_them_out(installation: Installation):
    installation.add()
    dry, real = ended(installation), ended(installation, dry_run=False)
    assert statuses(installation, "dry:yes") == [dry]
    assert statuses(installation, "dry:no status:bad") == [real]
    assert browsing.retriable(installation.database, "dry:yes", "UTC") == [dry]
    with pytest.raises(ConfigError, match="no dry 'maybe'; there are yes, no"):
        statuses(installation, "dry:maybe")


@pytest.mark.parametrize("overlap", ["skip", "replace"])
def test_it_costs_no_slot_and_no_other_run(installation: Installation, overlap: str):
    installation.add(overlap=overlap)
    dry = installation.run(dry_run=True)
    claim(installation, dry)
    (slot,) = dispatch_due_jobs(installation.database, NOON).queued
    assert [(row.id, row.status, row.cancel_requested_at) for row in rows(installation)] == [
        (dry, "running", None),
        (slot.id, "queued", None),
    ]
    with installation.database.read() as connection:
        assert job_logs.next_waiting(connection, "default", 4) == []  # one at a time all the same
    (told,) = [each.words for each in explain(installation.database, "job").verdicts if each.log == slot.id]
    assert told.endswith(f"dry run {dry} is running, and they run one at a time")
    with pytest.raises(Refused, match=f"run {slot.id} is still queued; --in-turn waits for its turn"):
        installation.run(dry_run=True)
    run_job(installation.office(), ALICE, "job", in_turn=True, dry_run=True)
    assert [row.status for row in rows(installation)] == ["running", "queued", "queued"]


def test_it_is_of_no_slot(installation: Installation):
    installation.add()
    with pytest.raises(ConfigError, match="a dry run does no slot's work"):
        run_job(installation.office(), ALICE, "job", slot=NOON, dry_run=True)
    assert rows(installation) == []


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_commands_mark_it_and_show_what_it_would_do(installation: Installation, bench: Workbench, shelf: ShelfSandbox):
    installation.add(handler=HANDLER, params={"base_url": shelf.base_url, "books": ["Ulysses", "Emma"]})
    cli = Cli(installation.environment(), installation.settings.data_dir)
    assert cli("job", "run", "job", "--dry-run").out == "dry run 1 is queued; `connecthub log show 1` shows it\n"
    execute_job(bench, 1)
    shown, listed, answer = cli.each([("log", "show", "1"), ("log", "list"), ("log", "show", "1", "--json")])
    assert "dry run       its writes are not sent\n" in shown.out
    assert '\nresult        {"plan": "1 step", "added": 1}\n' in shown.out
    assert "\nplan: nothing of it was sent\nact  title\nadd  Ulysses\n" in shown.out
    assert "\n1 write not sent, see the plan; `connecthub log show 1 --json` lists them\n" in shown.out
    assert shown.out.count("Ulysses") == 1
    assert "manual, dry run" in listed.out
    assert (answer.json["dry_run"], [call["sent"] for call in answer.json["calls"]]) == (True, [True, False])


@pytest.mark.slow
@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_who_waits_for_it_is_shown_its_plan(installation: Installation, shelf: ShelfSandbox):
    installation.add(handler=HANDLER, params={"base_url": shelf.base_url, "books": ["Ulysses"]})
    cli = Cli(installation.environment(), installation.settings.data_dir)
    with cli.live("worker") as worker:
        worker.wait_for("serves queue")
        ran = cli("job", "run", "job", "--dry-run", "--wait")
        failed = cli(
            "job",
            "run",
            "job",
            "--dry-run",
            "--wait",
            "--json",
            "--params",
            f'{{"base_url": "{shelf.base_url}", "books": [], "fail": true}}',
        )
        again = cli("log", "retry", "2", "--wait", "--same-settings")
    ended = 'run 1 succeeded, a dry run: 1 write not sent, result {"plan": "1 step", "added": 1}'
    assert (ran.code, ran.out.splitlines()[-1]) == (0, ended)
    assert "INFO samples.outside: 1 missing\n" in ran.out
    assert "\nact  title\nadd  Ulysses\n" in ran.out
    assert (again.code, again.out.splitlines()[-1]) == (1, "run 3 failed, a dry run: 0 writes not sent")
    assert "\nGET /books → 200 in " in again.out
    assert (failed.code, failed.json["dry_run"], len(failed.json["calls"])) == (1, True, 1)
