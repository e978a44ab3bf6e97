"""`demo`: the way through, and the way out at any point."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from connecthub.db import tables
from tests.cli import Cli, bare_environment, foster_parent, refusal

SET_UP = "· job demo-token is made"
RUNS = "· scheduler and worker are started; the job runs once now"
COUNTS_DOWN = "· and once by cron, on the next minute"
MOMENTS = [
    pytest.param("· a stand-in Seeyon listens at", id="set up"),
    pytest.param(SET_UP, id="processes start", marks=pytest.mark.slow),
    pytest.param(RUNS, id="the job runs"),
    pytest.param("JobLog        1", id="the JobLog is shown", marks=pytest.mark.slow),
    pytest.param(COUNTS_DOWN, id="countdown"),
]
STOP_SECONDS = 3.0


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Commands in a folder whose environment points to another installation, which is none of the demo's business."""
    return Cli(bare_environment(TIMEZONE="Asia/Shanghai", DB_URL="postgresql://nobody@127.0.0.1:1/x"), tmp_path)


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_at_any_moment_leaves_no_process(cli: Cli, moment: str):
    with foster_parent() as all_gone:
        with cli.live("demo") as demo:
            demo.wait_for(moment)
            demo.send(signal.SIGINT)
            assert demo.end() == 130
        assert all_gone(0.5), demo.said
    assert "Traceback" not in demo.said
    assert "· stopped" not in demo.said


def test_a_second_ctrl_c_ends_it_at_once_and_its_processes_follow(cli: Cli):
    with foster_parent() as all_gone:
        with cli.live("demo") as demo:
            demo.wait_for(COUNTS_DOWN)
            demo.send(signal.SIGINT)
            demo.wait_for("· stopping")
            demo.send(signal.SIGINT)
            assert demo.end() in (130, -signal.SIGINT)
        assert all_gone(STOP_SECONDS)


def test_a_folder_with_files_of_somebody_else_is_refused_untouched(cli: Cli, tmp_path: Path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    assert refusal(cli("demo", "--folder", str(foreign)), str(foreign), "name another folder") is None
    assert [path.name for path in foreign.iterdir()] == ["thesis.txt"]
    file = foreign / "thesis.txt"
    assert refusal(cli("demo", "--folder", str(file)), str(file)) is None
    assert file.read_text() == "years of work"


@pytest.mark.slow
def test_a_second_demo_in_the_same_folder_is_refused_and_a_later_one_begins_anew(cli: Cli, tmp_path: Path):
    folder = tmp_path / "data" / "demo"
    with cli.live("demo") as demo:
        demo.wait_for(COUNTS_DOWN)
        assert refusal(cli("demo"), str(folder), "stop that one") is None
        demo.send(signal.SIGINT)
        demo.end()
    (folder / "left").mkdir()
    (folder / "left" / "over").touch()
    with cli.live("demo") as demo:
        demo.wait_for(RUNS)
        assert not (folder / "left").exists()
        demo.send(signal.SIGTERM)
        demo.end()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["demo"]


@pytest.mark.slow
def test_the_whole_of_it(cli: Cli, tmp_path: Path):
    with foster_parent() as all_gone:
        ran = cli("demo", "--folder", "my demo")
        assert all_gone(0.5)
    assert (ran.code, ran.err) == (0, ""), ran
    assert re.findall(r"^(?:status|trigger) +(\w+)$", ran.out, re.MULTILINE) == [
        *("succeeded", "manual"),
        *("succeeded", "schedule"),
    ]
    assert len(re.findall(r"token obtained: \*+$", ran.out, re.MULTILINE)) == 2
    assert re.search(r"^slot +[-\d]+ \d\d:\d\d:00 Asia/Shanghai$", ran.out, re.MULTILINE)
    last = ran.out.splitlines()[-1]
    assert last == f"· stopped; `DATA_DIR='{tmp_path}/my demo' connecthub log list` shows what it left"
    cli.environment = bare_environment(DATA_DIR=tmp_path / "my demo")
    assert [row["status"] for row in cli("log", "list", "--json").json] == ["succeeded", "succeeded"]
    (call,) = cli("log", "show", "1", "--json").json["calls"]
    assert call.keys() == set(tables.http_calls.c.keys())
    assert (call["method"], call["path"], call["status"]) == ("POST", "/seeyon/rest/token", 200)
    left = [path.read_bytes() for path in (tmp_path / "my demo").rglob("*") if path.is_file()]
    assert not any(b"sandbox-password" in content for content in left)
