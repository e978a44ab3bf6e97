"""What the control center is told: on both stacks, with hostile text in every place."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import astuple, replace
from typing import Any

import pytest
from sqlalchemy import update

from connecthub.control.jobs import edit_job
from connecthub.control.session import Session
from connecthub.db import job_logs, log_chunks, tables
from connecthub.db.ending import Ending
from connecthub.db.tables import Status
from connecthub.errors import NotFound, NothingHere
from tests.integration.conftest import ALICE, Installation
from tests.integration.conftest import installation as installation
from tests.integration.conftest import launcher as launcher
from tui.data import Data
from tui.rows import JobFilter, LogFilter
from tui.spans import Side, Span

HOSTILE = "\x1b]0;owned\x07 \u202egnp.exe \x9b31m [bold]x[/] 名"
HEAVY = ("sqlalchemy", "pydantic", "pydantic_settings", "connecthub.control", "connecthub.db", "textual", "huey")


@pytest.fixture
def data(installation: Installation) -> Iterator[Data]:
    """The installation as the control center sees it."""
    settings = installation.settings.model_copy(update={"instance_name": "生产", "instance_color": "red"})
    opened = Data(Session(settings))
    yield opened
    opened.close()


def claim(installation: Installation, log_id: int) -> str:
    token = f"{log_id:032d}"
    assert job_logs.claim(installation.database, log_id, token, "host:1:test", 60) is not None
    return token


def end(installation: Installation, log_id: int, status: Status = Status.FAILED, log: str = "", **more: Any) -> None:
    with installation.database.write() as connection:
        told = {"error": "cause", **more} if status is not Status.SUCCEEDED else more
        assert job_logs.finish(connection, log_id, f"{log_id:032d}", Ending(status, log, **told)) is not None


def ran(installation: Installation, name: str = "job", status: Status = Status.FAILED, **more: Any) -> int:
    """A run of the job that has ended."""
    log_id = installation.run(name)
    claim(installation, log_id)
    end(installation, log_id, status, **more)
    return log_id


def unsafe(value: object) -> list[str]:
    """What in an answer a terminal would act on."""
    if isinstance(value, str):
        return [c for c in value if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")]
    if isinstance(value, dict | list | tuple):
        parts = value.values() if isinstance(value, dict) else value
        return [char for part in parts for char in unsafe(part)]
    return []


def test_opening_the_module_imports_nothing_heavy():
    listed = f"import sys, tui.data; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_installation_is_opened_from_the_environment(installation: Installation, monkeypatch: pytest.MonkeyPatch):
    for name, value in installation.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(installation.settings.data_dir.parent)
    data = Data.open(read_only=True)
    facts = data.facts()
    data.close()
    assert (facts.zone, facts.read_only, facts.color) == ("UTC", True, "")
    assert facts.actor.startswith("local:")
    if installation.settings.stack == "embedded":
        assert facts.database == "sqlite data/connecthub.sqlite3"
    else:
        assert facts.database.startswith("postgresql /")
        assert "postgres@" not in facts.database


def test_where_nothing_is_it_says_so(tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    for name in ("DB_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NothingHere):
        Data.open()
    assert list(tmp_path.iterdir()) == []


def test_the_header_is_told_name_and_colour(data: Data):
    facts = data.facts()
    assert (facts.instance, facts.color, facts.read_only) == ("生产", "red", False)


def test_jobs_and_runs_are_listed(installation: Installation, data: Data):
    installation.add("夜间", tags=["a", "b"])
    first, second = ran(installation, "夜间"), ran(installation, "夜间", Status.SUCCEEDED)
    (row,) = data.jobs(JobFilter("夜"), Span()).rows
    assert (row.name, row.sort_name, row.tags, row.runs) == ("夜间", "夜间", ("a", "b"), ("failed", "succeeded"))
    page = data.logs(LogFilter(), Span(limit=1))
    assert ([each.id for each in page.rows], page.more) == ([second], True)
    page = data.logs(LogFilter(), Span(Side.AFTER, second))
    assert ([each.id for each in page.rows], page.more) == ([first], False)
    assert page.rows[0].cause == "cause"
    assert page.at <= data.now()


def test_a_log_is_followed_without_gap_or_double_until_it_ends(installation: Installation, data: Data):
    installation.add()
    log_id = installation.run()
    assert data.log_text(log_id).ended is False
    token = claim(installation, log_id)

    def write(seq: int, text: str) -> None:
        progress = {"done": 12.0, "total": 40.0, "note": "half\x1b"}
        with installation.database.write() as connection:
            assert log_chunks.append_chunk(connection, log_id, token, seq, text, progress)

    write(0, "one\n")
    text = data.log_text(log_id)
    assert (text.text, text.status, text.progress) == ("one\n", "running", "12 of 40: half␛")
    told = text.text
    write(1, "two\n")
    write(2, "three\n")
    text = data.log_after(log_id, text.last_chunk)
    told += text.text
    assert data.log_after(log_id, text.last_chunk).text == ""
    write(3, "four\n")
    end(installation, log_id, Status.SUCCEEDED, "\x1brest\n")
    text = data.log_after(log_id, text.last_chunk)
    assert (text.ended, text.status) == (True, "succeeded")
    assert told + text.text == "one\ntwo\nthree\nfour\n\x1brest\n" == data.log_text(log_id).text


def test_a_run_is_shown_whole_with_its_chain_and_the_plugins_frame_first(installation: Installation, data: Data):
    installation.add()
    traceback = 'Traceback:\n  File "/x/samples/good.py", line 7, in run\n    oa.login()\nE: no\n'
    call = {"system": "oa", "method": "GET", "path": "/token", "status": 503, "milliseconds": 12.4, "attempt": 2}
    call |= {"sent": True, "error": None, "bytes": 3, "at": data.now(), "note": "sign in\x1b"}
    result = '{"a": "\\u540d", "plan": [{"act": "add", "who": "\\u001bD1"}, {"who": 2, "why": null}, "x"]}'
    first = ran(installation, error="E: no\nmore", traceback=traceback, result=result, calls=[call])
    again = data.retry([first]).opened
    view = data.log(first)
    assert view.row.cause == "E: no"
    assert view.traceback.splitlines()[0] == "samples/good.py:7 in run: oa.login()"
    assert "Traceback:\n  File" in view.traceback
    assert [(row.id, row.status) for row in view.chain] == [(first, "failed"), (again, "queued")]
    (told,) = data.calls(first)
    assert (view.calls, told.system, told.path, told.status, told.note) == (1, "oa", "/token", 503, "sign in␛")
    assert view.result == '{"a": "名", "plan": "3 steps"}'
    assert view.plan is not None
    assert view.plan.columns == ["act", "who", "why", "plan"]
    assert view.plan.rows == [["add", "␛D1", "", ""], ["", "2", "", ""], ["", "", "", "x"]]
    assert dict(view.facts)["params"] == "{}"
    assert dict(view.facts)["handler"] == "samples.good:Hello"
    with pytest.raises(NotFound, match="no JobLog 999"):
        data.log(999)
    with pytest.raises(NotFound, match="no JobLog 999"):
        data.log_text(999)


def test_a_job_is_shown_whole_with_what_changed_since_it_succeeded(installation: Installation, data: Data):
    seen = installation.add(params={"name": "you"})
    job_id = seen.id
    assert data.job(job_id).changed == []
    ran(installation, status=Status.SUCCEEDED, plugin_version="1")
    assert data.job(job_id).changed == []
    edit_job(installation.office(), ALICE, seen, {"public_cfg": {"name": "all"}, "timeout": 5.0})
    ran(installation, plugin_version="2")
    view = data.job(job_id)
    assert list(view.changed) == [
        ("timeout", "3600", "5"),
        ("plugin version", "1", "2"),
        ("params.name", "you", "all"),
    ]
    assert dict(view.settings)["public_cfg"] == '{"name": "all"}'
    assert view.secrets == []
    assert view.verdicts[0][0] is not None
    with pytest.raises(NotFound):
        data.job(999)


def test_secrets_are_named_and_never_shown(installation: Installation, data: Data):
    secretive = installation.add("s", "samples.good:Secretive", secrets={"password": "hunter22"})
    view = data.job(secretive.id)
    assert view.secrets == ["password"]
    assert "hunter22" not in repr(view)
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(secret_cfg="broken"))
    assert data.job(secretive.id).secrets is None


def test_hostile_text_comes_out_visible_everywhere(installation: Installation, data: Data):
    installation.add()
    log_id = ran(installation, error=HOSTILE, traceback=HOSTILE, fingerprint=HOSTILE, result=HOSTILE)
    ran(installation, status=Status.SUCCEEDED)
    with installation.database.write() as connection:
        more = {"name": HOSTILE, "handler_path": HOSTILE, "tags": [HOSTILE], "schedule_error": HOSTILE}
        connection.execute(update(tables.jobs).values(public_cfg={"x": HOSTILE}, **more))
        connection.execute(update(tables.job_logs).values(job_name=HOSTILE, worker=HOSTILE, requested_by=HOSTILE))
    (job,) = data.jobs(JobFilter(), Span()).rows
    shown: list[Any] = [astuple(replace(job, sort_name="")), data.jobs(JobFilter(), Span(Side.FROM, HOSTILE)).more]
    shown += [astuple(row) for row in data.logs(LogFilter(), Span()).rows]
    shown += [astuple(data.job(job.id)), astuple(data.log(log_id))]
    shown += [astuple(group) for group in data.failures(LogFilter())]
    for done in (data.retry([log_id]), data.run([job.id]), data.disable([job.id]), data.enable([job.id])):
        shown.append(astuple(done))
    assert unsafe(shown) == []
    assert job.name.startswith("␛]0;owned␇ ⟨U+202E⟩gnp.exe ⟨U+009B⟩31m [bold]")
    assert [row.id for row in data.jobs(JobFilter(), Span(Side.FROM, job.sort_name)).rows] == [job.id]
