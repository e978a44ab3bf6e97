"""Odd text in every field that a person can fill: shown safely, or refused in one line; never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connecthub.core.safe_text import display_width
from tests.cli import Cli, refusal, terminal_codes
from tests.integration.conftest import Installation

pytestmark = pytest.mark.slow  # some fifty processes

HOSTILE = "a\x1b]0;owned\x07\x9b2J\u202e\u200b\nb\udcff"
"""A title, a cleared screen, turned and hidden text, a second line, a byte that is no UTF-8."""
SHOWN = r"a\x1b]0;owned\x07\x9b2J\u202e\u200b\nb\udcff"
LONG = "名" * 300
BOTH = pytest.mark.parametrize(
    "installation", [pytest.param("embedded", marks=pytest.mark.slow), "production"], indirect=True
)
HANDLER, CRON = "--handler=samples.good:Context", "--cron=@daily"
Row = tuple[tuple[str, ...], tuple[str, ...]]


def add(*more: str, name: str = "new") -> tuple[str, ...]:
    return "job", "add", HANDLER, CRON, *more, "--", name


BEFORE_THE_DATABASE: list[Row] = [
    (add(f"--queue={HOSTILE}"), ("queue", SHOWN, "leave them out")),
    (add(f"--queue={LONG}"), ("queue", "300 characters", "1 to 64")),
    (add(f"--tag={HOSTILE}"), ("tag", SHOWN, "leave them out")),
    (add("--tag= "), ("tag", "' '", "blank", "1 to 64")),
    (add(f"--handler={HOSTILE}"), ("handler", SHOWN, "package.module:Class")),
    (add(f"--handler=samples.good:{LONG}"), ("handler", "samples.good:名", "package.module:Class")),
    (add(f"--cron={LONG}"), ("cron", "300 characters", "256")),
    (add(f"--timezone={HOSTILE}"), ("time zone", SHOWN, "Asia/Shanghai")),
    (add('--params={"a": "\x1b"}'), ("--params", "line 1 column 8", '{"name": "value"}')),
    (add(f"--params=@{LONG}"), ("--params", "名名", "File name too long", "name another file")),
    (("worker", f"--queue={HOSTILE}"), ("queue", SHOWN, "leave them out")),
    (("plugin", "show", HOSTILE), ("handler", SHOWN, "package.module:Class")),
    (("cron", "next", "@daily", "--timezone="), ("''", "Asia/Shanghai")),
]
AT_THE_DATABASE: list[Row] = [
    (("job", "history", HOSTILE), (SHOWN, "connecthub job list")),
    (("job", "edit", "base", f"--name={LONG}"), ("300 characters", "1 to 200")),
    (("job", "edit", "base", f"--queue={HOSTILE}"), (SHOWN, "leave them out")),
    (("job", "run", "base", f"--slot={HOSTILE}"), (SHOWN, "is no time", "18:00")),
    (("log", "list", f"--job={HOSTILE}"), (SHOWN, "connecthub job list")),
    (("log", "prune", "--dry-run", f"--before={LONG}"), ("名名", "is no time", "18:00")),
]
"""Beside those of test_cli_refusals.py and test_cli_hostile.py."""


@BOTH
def test_text_that_no_field_can_hold_is_refused_with_its_value_and_the_remedy(
    installation: Installation, tmp_path: Path
):
    installation.add("base")
    cli = Cli(installation.environment(), tmp_path)
    rows = [*BEFORE_THE_DATABASE, *AT_THE_DATABASE]
    if installation.settings.stack == "production":
        rows = [*BEFORE_THE_DATABASE[::6], *AT_THE_DATABASE[::2]]
    answers = cli.each([arguments for arguments, _ in rows])
    faults = {
        repr(arguments)[:200]: fault
        for (arguments, words), ran in zip(rows, answers, strict=True)
        if (fault := refusal(ran, *words) or terminal_codes(ran.err))
    }
    assert faults == {}
    assert [row["name"] for row in cli("job", "list", "--json").json] == ["base"]


ODD = ["夜间同步", "rocket 🚀", 'it\'s "q" `x` $(id) \\ %s {y}', "[bold]x[/]", "名" * 64, "a\u0301\u0301\ue000\u115f"]
"""What names may be: each is a job's name, its queue and one of its tags."""


@BOTH
def test_odd_names_are_stored_as_they_are_and_shown_in_columns_that_line_up(installation: Installation, tmp_path: Path):
    cli = Cli(installation.environment(), tmp_path)
    *others, last = ODD
    added = cli(*add(f"--queue={last}", f"--tag={last}", name=last))
    assert (added.code, added.err) == (0, "")
    for odd in others:
        installation.add(odd, queue=odd, tags=[odd], cron_expr="@daily")
    for odd in ODD:
        installation.run(odd)
        assert (installation.job(odd).queue, installation.job(odd).tags) == (odd, [odd])
    shown, jobs, logs, status = cli.each([("job", "show", "--", ODD[2]), ("job", "list"), ("log", "list"), ("status",)])
    for ran in (added, shown, jobs, logs, status):
        assert ran.code == 0
        assert terminal_codes(ran.out + ran.err) == set()
    assert ends_of_column(jobs.out, "@daily") == {display_width(jobs.out.partition("CRON")[0])}
    assert ends_of_column(logs.out, "queued") == {display_width(logs.out.partition("STATUS")[0])}


def ends_of_column(table: str, next_cell: str) -> set[int]:
    """The columns of the terminal at which the cells after the name begin."""
    return {display_width(line.partition(next_cell)[0]) for line in table.splitlines()[1:]}


@BOTH
def test_params_hold_any_text_and_reach_the_plugin_and_the_screen_whole(installation: Installation, tmp_path: Path):
    odd = {LONG: HOSTILE, HOSTILE: LONG, "": ["\x00", {'"': "'"}], "🚀": "\u2028\ue000"}
    cli = Cli(installation.environment(), tmp_path)
    assert cli(*add(f"--params={json.dumps(odd)}", name="odd")).code == 0
    assert installation.job("odd").public_cfg == odd
    with cli.live("worker"):
        ran = cli("job", "run", "odd", "--wait", "--json")
    assert (ran.code, ran.json["public_cfg"]) == (0, odd)
    assert json.loads(ran.json["result"])["params"] == odd
    for shown in cli.each([("job", "show", "odd"), ("log", "show", "1")]):
        assert shown.code == 0
        assert terminal_codes(shown.out + shown.err) == set()


def test_a_text_to_search_for_is_taken_as_it_is(installation: Installation, tmp_path: Path):
    installation.add("base")
    installation.run("base")
    texts = (HOSTILE, "_", "'; DROP TABLE jobs; --")
    for ran in Cli(installation.environment(), tmp_path).each([("log", "list", f"--text={text}") for text in texts]):
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("no JobLogs match")
