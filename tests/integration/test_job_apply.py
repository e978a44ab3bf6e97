"""Jobs as a file wants them: checked whole, told, then done one by one through the same doors as every other edit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from connecthub.control.actor import Actor, Role
from connecthub.control.alerts import show_policy
from connecthub.control.applying import Kind, Plan, Step, apply_plan, make_plan
from connecthub.control.job_files import read_jobs
from connecthub.control.jobs import delete_job, edit_job
from connecthub.control.secret_references import SecretSources
from connecthub.db import tables
from connecthub.errors import ConfigError, Forbidden, Refused
from connecthub.security.fernet import open_secrets
from tests.cli import Cli
from tests.integration.conftest import ALICE, Installation
from tests.integration.test_job_export import exported, planned

BOB = Actor("bob", Role.OPERATOR, "test")
CONTEXT = "handler: samples.good:Context, cron: '0 2 * * *'"


def apply(installation: Installation, plan: Plan, actor: Actor = BOB) -> list[tuple[str, str]]:
    """Do a plan; what was done to which job."""
    done: list[Step] = []
    apply_plan(installation.office(), actor, plan, "jobs.yaml", lambda step, row: done.append(step))
    return [(step.kind, step.name) for step in done]


def secrets_of(installation: Installation, name: str) -> dict[str, object]:
    row = installation.job(name)
    return open_secrets(installation.keys, row.id, row.secret_cfg)


def audit_of(installation: Installation) -> list[tuple[str, str, object]]:
    with installation.database.read() as connection:
        rows = connection.execute(select(tables.audit).order_by(tables.audit.c.id)).all()
    return [(row.action, row.target_name, row.detail) for row in rows]


def test_jobs_are_added_and_changed_and_the_second_time_nothing(installation: Installation):
    installation.add("hourly", params={"name": "you"}, overlap="skip", priority=5)
    text = (
        "jobs:\n"
        "  nightly:\n    handler: samples.good:Context\n    cron: 0 2 * * *\n    secrets: {pin: {env: PIN}}\n"
        "  hourly:\n    handler: samples.good:Hello\n    cron: '@hourly'\n    params: {name: 你}\n"
    )
    plan = planned(installation, text, PIN="geheim")
    assert plan.problems == []
    added, changed = plan.to_do
    assert [name for name, _, _ in added.changes] == ["handler", "cron", "timezone", "secrets.pin"]
    assert changed.changes == [
        ("cron", "* * * * *", "@hourly"),
        ("priority", 5, 0),
        ("params.name", "you", "你"),
    ]
    assert apply(installation, plan) == [("add", "nightly"), ("change", "hourly")]
    assert secrets_of(installation, "nightly") == {"pin": "geheim"}
    assert (installation.job("hourly").version, installation.job("nightly").enabled) == (2, True)
    assert [(action, name) for action, name, _ in audit_of(installation)[1:]] == [
        *(("job.add", "nightly"), ("job.edit", "hourly"), ("job.apply", "jobs.yaml")),
    ]
    assert audit_of(installation)[-1][2] == {"add": ["nightly"], "change": ["hourly"]}
    assert planned(installation, text, PIN="geheim").to_do == []
    assert planned(installation, text, PIN="other").to_do[0].changes == [("secrets.pin", None, "changed")]


def test_a_secret_is_kept_set_or_forgotten_and_stays_where_none_is_named(installation: Installation, tmp_path: Path):
    installation.add("job", "samples.good:Context", secrets={"a": "1", "b": "2", "c": "3"}, cron_expr="0 2 * * *")
    (tmp_path / "b.txt").write_text("geheim\n")
    text = f"jobs: {{job: {{{CONTEXT}, overlap: allow, secrets: {{a: kept, b: {{file: b.txt}}}}}}}}"
    sources = SecretSources(tmp_path, {})
    plan = make_plan(installation.office(), read_jobs(text).jobs, sources, "UTC", prune=False)
    assert plan.steps[0].changes == [("secrets.b", None, "changed"), ("secrets.c", None, "forgotten")]
    assert sources.open_files == {tmp_path / "b.txt"}
    apply(installation, plan)
    assert secrets_of(installation, "job") == {"a": "1", "b": "geheim"}
    assert planned(installation, f"jobs: {{job: {{{CONTEXT}, overlap: allow}}}}").to_do == []


WRONG = {
    f"{CONTEXT}, secrets: {{pin: kept}}": "no secret 'pin' is stored that could be kept; write {file: PATH}",
    f"{CONTEXT}, secrets: {{pin: {{file: none.txt}}}}": "file 'none.txt' cannot be read: No such file",
    f"{CONTEXT}, secrets: {{pin: {{env: PIN}}}}": "no variable 'PIN' in the environment; set it",
    "handler: samples.good:Context, cron: 5/15 * * * *": "cron: cron '5/15 * * * *': minute '5/15'",
    f"{CONTEXT}, timezone: Asia/Shanghia": "timezone: time zone 'Asia/Shanghia' is not known",
    "handler: app.jobs.x:Gone, cron: '@daily'": "handler: handler 'app.jobs.x:Gone' is outside",
    "handler: samples.good:Hello, cron: '@daily', params: {name: [1]}": "params.name: ",
    f"{CONTEXT}, params: {{x: .nan}}": "params: params hold nan",
    f"{CONTEXT}, alert_policy: {{rules: [failed], channels: [nobody]}}": "no channel 'nobody'",
}


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_everything_is_checked_before_anything_is_written(installation: Installation):
    lines = [f"  bad{number}: {{{job}}}" for number, job in enumerate(WRONG)]
    plan = planned(installation, "\n".join(["jobs:", *lines, f"  good: {{{CONTEXT}}}"]))
    wanted = [f"line {number + 2}: job 'bad{number}': {problem}" for number, problem in enumerate(WRONG.values())]
    assert [told[: len(start)] for told, start in zip(plan.problems, wanted, strict=True)] == wanted


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [1", "line 1: "),
        ("", "empty; write `jobs:`"),
        ("jobs: []\nmore: 1", "line 2: `jobs:` is expected here"),
        ("jobs: [a]", "line 1: names with values are expected here"),
        ("jobs:\n  a: {cron: '@daily'}\n  a: {cron: '@daily'}", "line 3: 'a' stands in line 2 already; keep one"),
        ("x" * 9_000_000, "more than 8388608 characters"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_line(text: str, problem: str):
    with pytest.raises(ConfigError) as refused:
        read_jobs(text)
    assert problem in str(refused.value)


def test_all_mistakes_of_a_file_are_told_at_once_and_no_secret_with_them():
    text = (
        "jobs:\n"
        "  a: {cron: '@daily', handler_path: x}\n"
        "  b: {handler: 7, cron: '@daily', enabled: yes, timeout: soon, tags: [1], prioritty: 1}\n"
        "  c: {handler: x.y:Z, cron: '@daily', secrets: {pin: geheim, code: {file: a, env: b}, key: [geheim]}}\n"
        "  d: {handler: x.y:Z, cron: '@daily', secrets: geheim, alert_policy: {rules: [bad]}, priority: 1e400}\n"
        "  e: nothing\n"
    )
    problems = read_jobs(text).problems
    assert [problem.partition(": ")[2].removeprefix("job ") for problem in problems] == [
        "'a': 'handler_path' is no field of a job; write handler",
        "'a' has no handler; add `handler: …`",
        "'b': handler is not a text; put it in quotes",
        "'b': enabled is not true or false",
        "'b': timeout is not a number",
        "'b': tags is no list of texts; put each in quotes",
        "'b': 'prioritty' is no field of a job; write priority",
        "'c': the secret 'pin' is no reference; write `kept`, `{file: PATH}` or `{env: NAME}`, never the value itself",
        "'d': secrets are not `kept` or a mapping; write each under its name",
        "'d': no rule 'bad'; there are failed, first_failure, recovered, missed, no_success, long_running, "
        "schedule_error, worker_lost",
        "'d': priority is not a whole number",
        "names with values are expected here, such as `name: value`",
    ]
    assert "geheim" not in str(problems)


def test_pruning_deletes_what_the_file_lacks_and_needs_an_admin(installation: Installation):
    installation.add("kept", overlap="skip")
    text = exported(installation)
    installation.add("gone")
    assert planned(installation, text).to_do == []
    plan = planned(installation, text, prune=True)
    assert [(step.kind, step.name) for step in plan.to_do] == [(Kind.DELETE, "gone")]
    with pytest.raises(Forbidden):
        apply(installation, plan, BOB)
    assert apply(installation, plan, ALICE) == [("delete", "gone")]
    with pytest.raises(Forbidden):
        apply(installation, planned(installation, text), Actor("carol", Role.VIEWER, "test"))


def test_what_was_done_before_a_failure_stands_and_the_next_time_does_the_rest(installation: Installation):
    installation.add("b", overlap="skip")
    text = f"jobs:\n  a: {{{CONTEXT}}}\n  b: {{{CONTEXT}}}\n  c: {{{CONTEXT}}}\n"
    plan = planned(installation, text)
    edit_job(installation.office(), ALICE, installation.job("b"), {"timeout": 5.0})
    with pytest.raises(Refused) as stopped:
        apply(installation, plan)
    assert str(stopped.value).startswith("job 'b': job b was saved meanwhile by alice (version 2): timeout is now 5.0")
    assert str(stopped.value).endswith("1 of 3 changes were made and stand, apply it again for the rest")
    action, _, detail = audit_of(installation)[-1]
    assert action == "job.apply"
    assert isinstance(detail, dict)
    assert detail["add"] == ["a"]
    assert apply(installation, planned(installation, text)) == [("change", "b"), ("add", "c")]


def test_a_job_that_is_deleted_meanwhile_is_refused(installation: Installation):
    installation.add("job")
    plan = planned(installation, f"jobs: {{job: {{{CONTEXT}}}}}")
    delete_job(installation.office(), ALICE, "job")
    with pytest.raises(Refused, match="was deleted meanwhile"):
        apply(installation, plan)


def test_an_alert_policy_is_set_and_taken_away(installation: Installation):
    text = f"jobs: {{job: {{{CONTEXT}, alert_policy: {{rules: [failed, no_success], no_success_hours: 26}}}}}}"
    assert apply(installation, planned(installation, text)) == [("add", "job")]
    assert show_policy(installation.database, "job").source == "job"
    assert planned(installation, text).to_do == []
    plain = planned(installation, f"jobs: {{job: {{{CONTEXT}}}}}")
    assert ("alert_policy.no_success_hours", 26, None) in plain.to_do[0].changes
    assert apply(installation, plain) == [("change", "job")]
    assert installation.job().alert_policy is None


@pytest.mark.slow
@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_the_command_shows_asks_and_does(installation: Installation, tmp_path: Path):
    cli = Cli(installation.environment(), tmp_path)
    text = f"jobs:\n  nightly: {{{CONTEXT}, params: {{a: 1}}, secrets: {{pin: {{env: PIN}}}}}}\n"
    (tmp_path / "jobs.yaml").write_text(text)
    dry, check, unasked, unseen = cli.each(
        [("job", "apply", "jobs.yaml", *more) for more in (["--dry-run"], ["--check"], [], ["--json"])], PIN="geheim"
    )
    assert (dry.code, check.code, unasked.code, unseen.code) == (0, 1, 2, 2)
    assert "--json shows nothing before it would ask" in unseen.err
    assert dry.out == (
        '+ nightly\n    handler: "samples.good:Context"\n    cron: "0 2 * * *"\n    timezone: "UTC"\n'
        "    params.a: 1\n    secrets.pin: set\n1 to add, 0 to change, 0 to delete, 0 stay\n"
    )
    done = cli("job", "apply", "-", "--yes", "--json", stdin=text, PIN="geheim")
    assert (done.json["applied"], done.json["jobs"][0]["action"]) == (True, "add")
    again = cli("job", "apply", "jobs.yaml", "--check", PIN="geheim")
    assert (again.code, again.out) == (0, "nothing would change: 1 jobs are so already\n")
    assert "geheim" not in json.dumps([ran.out + ran.err for ran in (dry, check, unasked, done, again)])
    wrong = cli("job", "apply", "-", stdin="jobs:\n  a: {cron: x}\n  b: {}")
    assert (wrong.code, len(wrong.err.splitlines())) == (2, 4)
    assert wrong.err.splitlines()[0] == "-, line 2: job 'a' has no handler; add `handler: …`"
