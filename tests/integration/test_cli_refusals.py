"""What wrong use gets: one line that names the value and the remedy, and exit 2; nothing is changed by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli import Cli, bare_environment, refusal
from tests.integration.conftest import Installation

SECRET = "hunter2-canary"
Row = tuple[tuple[str, ...], tuple[str, ...]]
"""A command, and what its refusal must say."""


def add(*more: str, name: str = "new", handler: str = "samples.good:Hello", cron: str = "@daily") -> tuple[str, ...]:
    return "job", "add", "--handler", handler, "--cron", cron, *more, "--", name


HANDLERS: list[Row] = [
    (add(handler="samples.nope:Hello"), ("'samples.nope'", "EXTENSIONS_DIR")),
    (add(handler="samples.good:Hullo"), ("'Hullo'", "it has Hello")),
    (add(handler="os.path:join"), ("'os.path:join'", "(samples)", "PLUGIN_PACKAGES")),
    (add(handler="nonsense"), ("'nonsense'", "package.module:Class")),
    (add(handler="samples.broken:X"), ("samples.broken", "RuntimeError: no licence", "broken.py:1")),
    (add(handler="samples.exits:X"), ("samples.exits", "SystemExit: 3", "exits.py:3")),
    (add(handler="samples.bad:Abstract"), ("samples.bad:Abstract", "does not define run")),
    (add(handler="samples.bad:NoJob"), ("samples.bad:NoJob", "write class NoJob(BaseJob)")),
]
SCHEDULES: list[Row] = [
    (add(cron="61 2 * * *"), ("'61'", "0-59")),
    (add(cron="0 0 30 2 *"), ("'0 0 30 2 *'", "write a day that it has")),
    (add(cron="0 0 0 2 * *"), ("'0 0 0 2 * *'", "6 fields", "exactly 5")),
    (add("--timezone", "Mars/Olympus"), ("'Mars/Olympus'", "Asia/Shanghai")),
    (add("--timezone", ""), ("''", "Asia/Shanghai")),
]
SETTINGS: list[Row] = [
    (add("--params", "{name"), ("--params", "line 1 column 2", '{"name": "value"}')),
    (add("--params", "[1]"), ("--params", '{"name": "value"}')),
    (add("--params", ""), ("--params", "empty", '{"name": "value"}')),
    (add("--params", '{"n": 1e999}'), ("--params", '{"name": "value"}')),
    (add("--params", "[" * 100_000), ("--params", '{"name": "value"}')),
    (add("--params", '{"name": 5}'), ("samples.good:Hello", "params.name", "string")),
    (add("--params", "@nowhere.json"), ("--params", "'@nowhere.json'", "No such file", "another file")),
    (add("--params", "@binary"), ("--params", "'@binary'", "UTF-8")),
    (add("--params", "@/dev/zero"), ("--params", "more than 1048576 characters", "shorten")),
    (add("--secrets", f'{{"password": "{SECRET}"}}'), ("--secrets", "@FILE")),
    (add("--secrets", "@secrets.json", handler="samples.good:Secretive"), ("secrets.password", "string")),
    (add("--secrets", "@broken.json", handler="samples.good:Secretive"), ("--secrets", "line 1 column 14")),
    (add(handler="samples.good:Secretive"), ("secrets.password", "required")),
    (add("--timeout", "0"), ("timeout 0 ", "write seconds")),
    (add("--timeout", "nan"), ("timeout nan ", "write seconds")),
    (add("--timeout", "soon"), ("'soon'", "job add --help")),
]
NAMES: list[Row] = [
    (add(name="taken"), ("'taken'", "choose another name")),
    (add(name=""), ("''", "1 to 200")),
    (add(name="  "), ("'  '", "blank", "1 to 200")),
    (add(name="x" * 300), ("300 characters", "1 to 200")),
    (add(name="two\nlines"), (r"'two\nlines'", "leave them out")),
    (add(name="\x1b]0;owned\x07"), (r"'\x1b]0;owned\x07'", "leave them out")),
    (add(name="no UTF-8 \udcff"), (r"\udcff", "leave them out")),
    (add(name="42"), ("'42'", "add a letter")),
]
LOOK_UPS: list[Row] = [
    (("job", "show", "nope"), ("'nope'", "connecthub job list")),
    (("job", "show", "9" * 30), ("'999", "connecthub job list")),
    (("job", "run", "nope"), ("'nope'", "connecthub job list")),
    (("log", "show", "999"), ("999", "connecthub log list")),
    (("log", "show", "9" * 30), ("9" * 30, "range")),
    (("log", "show", "first"), ("'first'", "log show --help")),
    (("log", "list", "--job", "nope"), ("'nope'", "connecthub job list")),
    (("log", "list", "--status", "done"), ("'done'", "succeeded, failed")),
]
WRONG_WORDS: list[Row] = [
    (("log", "list", "--limit", "0"), ("0 ", "1<=x<=10000", "connecthub log list --help")),
    (("jib",), ("'jib'", "connecthub --help")),
    (("\x1b[2J",), (r"'\x1b[2J'", "connecthub --help")),
    (("job", "list", "--jsn"), ("--jsn", "connecthub job list --help")),
    (("job", "show"), ("JOB", "connecthub job show --help")),
    (("job", "list", "extra"), ("extra", "connecthub job list --help")),
    (("job", "add", "new", "--cron", "@daily"), ("--handler", "connecthub job add --help")),
    (("worker", "-w", "0"), ("0 ", "1<=x<=64", "connecthub worker --help")),
    (("sandbox", "seeyon", "--port", "70000"), ("70000", "connecthub sandbox seeyon --help")),
]


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
@pytest.mark.slow
def test_wrong_use_gets_one_line_that_says_how_to_mend_it(installation: Installation, tmp_path: Path):
    installation.add("taken")
    (tmp_path / "secrets.json").write_text(json.dumps({"password": [SECRET]}))
    (tmp_path / "broken.json").write_text(f'{{"password": {SECRET}')
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    cli = Cli(installation.environment(), tmp_path)
    refused_before_the_database_is_asked = [*HANDLERS, *SCHEDULES, *SETTINGS, *NAMES[1:]]
    assert faults_of(cli, [*refused_before_the_database_is_asked, NAMES[0], *LOOK_UPS]) == {}
    assert [row["name"] for row in cli("job", "list", "--json").json] == ["taken"]
    assert cli("log", "list", "--json").json == []


def test_words_that_are_no_command_get_one_line_and_the_help_to_read(tmp_path: Path):
    assert faults_of(Cli(bare_environment(), tmp_path), WRONG_WORDS) == {}


def faults_of(cli: Cli, rows: list[Row]) -> dict[str, str]:
    answers = cli.each([arguments for arguments, _ in rows])
    assert not any(SECRET in ran.err for ran in answers)
    return {
        " ".join(arguments)[:200]: fault
        for (arguments, words), ran in zip(rows, answers, strict=True)
        if (fault := refusal(ran, *words))
    }


@pytest.mark.slow
@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_a_plugin_that_hangs_at_its_import_is_refused_after_ten_seconds(installation: Installation, tmp_path: Path):
    ran = Cli(installation.environment(), tmp_path)(*add(handler="samples.hangs:X"))
    assert refusal(ran, "'samples.hangs:X'", "10 s") is None


@pytest.mark.parametrize("group", [(), ("job",), ("log",), ("plugin",), ("db",), ("key",), ("sandbox",)])
def test_a_group_without_a_command_shows_its_help_on_stderr(group: tuple[str, ...], tmp_path: Path):
    ran = Cli(bare_environment(), tmp_path)(*group)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"Usage: {' '.join(('connecthub', *group))} [OPTIONS] COMMAND [ARGS]...\n")


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_debug_adds_the_traceback_and_changes_neither_line_nor_exit_code(installation: Installation, tmp_path: Path):
    cli = Cli(installation.environment(), tmp_path)
    plain, debugged = cli("job", "show", "nope"), cli("job", "show", "nope", "--debug")
    assert (debugged.code, debugged.out) == (plain.code, plain.out)
    assert debugged.err.startswith("Traceback (most recent call last):\n")
    assert debugged.err.endswith(f"\n{plain.err}")
