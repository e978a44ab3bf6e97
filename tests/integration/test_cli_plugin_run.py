"""`plugin run`: what a scheduled run does, with nothing around it."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.cli import Cli, Ran, bare_environment, foster_parent, refusal
from tests.integration.conftest import Installation
from tests.runs import PLUGINS
from tests.shelf import HANDLER as SHELF
from tests.shelf import ShelfSandbox

CANARY = "canary-4711-secret"
TIMES = re.compile(r"^\S+Z ", re.MULTILINE)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Commands in an empty folder without an installation."""
    empty = tmp_path / "empty"
    empty.mkdir()
    return Cli(bare_environment(EXTENSIONS_DIR=PLUGINS, PLUGIN_PACKAGES="samples"), empty)


def plugin_run(cli: Cli, handler: str, *options: str, stdin: str = "") -> Ran:
    return cli("plugin", "run", f"samples.{handler}", *options, stdin=stdin)


def test_it_needs_no_installation_and_leaves_nothing(cli: Cli):
    ran = plugin_run(cli, "good:Hello", "--params", '{"name": "张三"}')
    assert (ran.code, ran.err) == (0, "")
    log, result = ran.out.splitlines()
    assert TIMES.sub("", log) == "INFO samples.good: hello 张三"
    assert result == 'succeeded, result {"greeted": "张三"}'
    assert list(cli.folder.iterdir()) == []


@pytest.mark.parametrize("where", [(), ("--in-process",)], ids=["child", "in process"])
def test_a_failure_shows_the_plugins_own_traceback_and_exits_with_one(cli: Cli, where: tuple[str, ...]):
    ran = plugin_run(cli, "bad:Bad", "--params", '{"do": "raises"}', *where)
    assert (ran.code, ran.err) == (1, "connecthub: samples.bad:Bad failed: ValueError: no such unit\n")
    traceback, _, status = ran.out.rstrip("\n").rpartition("\n")
    assert status == "failed"
    assert traceback.startswith("\ntraceback\nTraceback (most recent call last):\n")
    assert "connecthub/" not in traceback
    assert traceback.endswith("\nValueError: no such unit")
    assert list(cli.folder.iterdir()) == []


def test_the_ways_to_die_are_told_apart(cli: Cli, tmp_path: Path):
    asleep = json.dumps({"pid_file": str(tmp_path / "pid")})
    deaths = {
        "crashed: ended with exit code 0": ("samples.bad:Bad", "--params", '{"do": "os_exit"}'),
        "crashed: killed by SIGSEGV": ("samples.bad:Bad", "--params", '{"do": "segfault"}'),
        "failed: PluginImportError: import of samples.broken": ("samples.broken:X",),
        "timed_out: ": ("samples.good:Sleeper", "--params", asleep, "--timeout", "0.3"),
    }
    answers = cli.each([("plugin", "run", *words) for words in deaths.values()])
    for words, ran in zip(deaths, answers, strict=True):
        assert (ran.code, len(ran.err.splitlines())) == (1, 1)
        assert words in ran.err
        assert ran.out.rstrip("\n").splitlines()[-1] == words.partition(":")[0]


def test_wrong_use_is_refused_before_anything_runs(cli: Cli):
    rows = [
        (("samples.nope:X",), ("samples.nope", "EXTENSIONS_DIR")),
        (("samples.bad:NoJob",), ("write class NoJob(BaseJob)",)),
        (("os.path:join",), ("PLUGIN_PACKAGES",)),
        (("samples.good:Hello", "--params", '{"name": 5}', "--json"), ("params.name", "string")),
        (("samples.good:Secretive",), ("secrets.password", "required")),
        (("samples.good:Secretive", "--secrets", f'{{"password": "{CANARY}"}}'), ("@FILE",)),
        (("samples.good:Hello", "--timeout", "0"), ("timeout 0 ",)),
        (("samples.good:Hello", "--timeout", "nan"), ("timeout nan ",)),
    ]
    answers = cli.each([("plugin", "run", *words) for words, _ in rows])
    assert [refusal(ran, *words) for (_, words), ran in zip(rows, answers, strict=True)] == [None] * len(rows)
    assert not any(CANARY in ran.err for ran in answers)


def test_json_is_the_only_thing_on_stdout_also_in_process(cli: Cli):
    for where in ((), ("--in-process",)):
        ran = plugin_run(cli, "good:Chatty", "--json", *where)
        assert ran.code == 0
        assert ran.json.keys() == {"status", "error", "traceback", "fingerprint", "result", "dry_run", "calls", "log"}
        assert ran.json["status"] == "succeeded"
        assert "INFO samples.good: say 1\n" in ran.json["log"]
    ran = plugin_run(cli, "bad:Bad", "--json", "--params", '{"do": "raises"}')
    assert (ran.code, ran.json["status"], ran.json["error"]) == (1, "failed", "ValueError: no such unit")
    assert ran.err == "connecthub: samples.bad:Bad failed: ValueError: no such unit\n"


def test_a_dry_run_tells_each_step_once(cli: Cli):
    with ShelfSandbox() as shelf:
        params = json.dumps({"base_url": shelf.base_url, "books": ["Emma", "红楼梦"]})
        told = ("plugin", "run", SHELF, "--dry-run", "--params", params)
        child, here, answer = cli.each([told, (*told, "--in-process"), (*told, "--json")])
    assert shelf.titles == ["Emma"]
    for ran in (child, here):
        assert (ran.code, ran.err) == (0, "")
        said = ran.out[ran.out.index("\nplan") :].splitlines()
        calls = [re.sub(r"\d+ ms", "N ms", line) for line in said[5:8]]
        assert said[1:4] == ["plan: nothing of it was sent", "act  title", "add  红楼梦"]
        assert calls == ["calls", "GET /books → 200 in N ms", "1 write not sent, see the plan; --json lists them"]
        assert ran.out.count("红楼梦") == 1
        assert said[8:] == ['succeeded, a dry run: 1 write not sent, result {"plan": "1 step", "added": 1}']
    assert answer.json["dry_run"] is True
    assert [(call["method"], call["sent"]) for call in answer.json["calls"]] == [("GET", True), ("POST", False)]


def test_secrets_are_masked_in_what_is_shown(cli: Cli):
    given = json.dumps({"password": CANARY})
    answers = [
        plugin_run(cli, "good:Secretive", "--secrets", "-", stdin=given),
        plugin_run(cli, "good:Secretive", "--secrets", "-", "--params", '{"raise": 1}', stdin=given),
        plugin_run(cli, "good:Secretive", "--secrets", "-", "--params", '{"raise": 1}', "--json", stdin=given),
    ]
    assert [ran.code for ran in answers] == [0, 1, 1]
    assert not any(CANARY in ran.out + ran.err for ran in answers)
    assert "ValueError: the password is ***" in answers[1].err
    here = plugin_run(cli, "good:Secretive", "--secrets", "-", "--params", '{"raise": 1}', "--in-process", stdin=given)
    assert CANARY not in here.err
    assert "ValueError: the password is ***" in here.out


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
@pytest.mark.slow
def test_a_scheduled_run_has_the_same_log_outcome_and_result(installation: Installation, cli: Cli, tmp_path: Path):
    scheduled = Cli(installation.environment(), tmp_path)
    handlers = {"good:Chatty": {}, "bad:Bad": {"do": "raises"}, "hostile:Hostile": {}}
    with scheduled.live("worker"):
        for handler, params in handlers.items():
            installation.add(handler, handler=f"samples.{handler}", params=params)
            there = scheduled("job", "run", handler, "--wait", "--json").json
            here = plugin_run(cli, handler, "--params", json.dumps(params), "--json").json
            for name in ("status", "error", "traceback", "fingerprint", "result"):
                assert here[name] == there[name], (handler, name)
            assert TIMES.sub("", here["log"]) == TIMES.sub("", there["log"])


def test_ctrl_c_ends_the_run_and_leaves_no_process(cli: Cli, tmp_path: Path):
    asleep = json.dumps({"pid_file": str(tmp_path / "pid")})
    with foster_parent() as all_gone:
        with cli.live("plugin", "run", "samples.good:Sleeper", "--params", asleep) as run:
            run.wait_for("asleep")
            run.send(signal.SIGINT)
            assert run.end() == 130
        assert all_gone(0.5)
    assert "Traceback" not in run.said
