"""Text from outside on its way to a terminal: whatever a plugin or a name says, no command writes a control code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import Cli, Ran, bare_environment, terminal_codes
from tests.integration.conftest import Installation
from tests.plugins.samples.hostile import HOSTILE
from tests.runs import PLUGINS

pytestmark = pytest.mark.slow  # some fifty processes

HOSTILE_PARAMS = '{"\\u001b]52;c;b3duZWQ=\\u0007\\u202e\\u009b2J": 1}'
NAMES = [
    'it\'s "quoted"',
    "夜间同步任务",
    "rocket 🚀",
    "[bold]x[/]",
    "[@click=app.quit]",
    "%s %(x)s {y}",
    "-x",
    "名" * 200,
]


def assert_harmless(*answers: Ran) -> None:
    for ran in answers:
        assert terminal_codes(ran.out + ran.err) == set(), ran


def test_the_sample_has_all_that_a_terminal_would_act_on():
    assert terminal_codes(HOSTILE) >= {
        f"U+{code:04X}" for code in (*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0))
    }
    assert terminal_codes(HOSTILE) >= {"U+202E", "U+2066", "U+200B", "U+FEFF", "U+E0041", "U+D800", "U+DFFF", "U+3164"}


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_what_a_hostile_plugin_says_reaches_no_terminal_raw(installation: Installation, tmp_path: Path):
    installation.add("returns", handler="samples.hostile:Hostile")
    installation.add("raises", handler="samples.hostile:Hostile", params={"fail": True})
    cli = Cli(installation.environment(), tmp_path)
    with cli.live("worker", LOG_TO_FILE="on") as worker:
        returned, raised = (cli("job", "run", name, "--wait") for name in ("returns", "raises"))
    assert (returned.code, raised.code) == (0, 1)
    shown = cli.each([("log", "show", "1"), ("log", "show", "2"), ("log", "show", "2", "--json"), ("log", "list")])
    assert_harmless(returned, raised, *shown)
    assert terminal_codes(worker.said) == set()
    assert "run of raises ended: failed" in worker.said
    assert terminal_codes((installation.settings.data_dir / "logs" / "worker.log").read_text()) == set()
    assert "logged begin \\x00␁" in shown[0].out
    assert "⟨U+202E⟩" in shown[0].out


def test_a_hostile_plugin_run_by_its_author_reaches_no_terminal_raw_either(tmp_path: Path):
    cli = Cli(bare_environment(EXTENSIONS_DIR=PLUGINS, PLUGIN_PACKAGES="samples"), tmp_path)
    run = ("plugin", "run", "samples.hostile:Hostile")
    failing = (*run, "--params", '{"fail": true}')
    answers = cli.each([run, (*run, "--json"), failing, (*failing, "--json"), (*run, "--params", HOSTILE_PARAMS)])
    assert [ran.code for ran in answers] == [0, 0, 1, 1, 2]
    assert_harmless(*answers)
    assert "params.␛]52;c;b3duZWQ=␇⟨U+202E⟩⟨U+009B⟩2J: " in answers[4].err


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_names_that_are_allowed_are_shown_as_they_are_and_the_rest_made_visible(
    installation: Installation, tmp_path: Path
):
    cli = Cli(installation.environment(), tmp_path)
    private = "private \ue000 filler \u115f"
    added = cli("job", "add", "--handler", "samples.good:Hello", "--cron", "@daily", "--", private)
    assert added.out.startswith("job 1 added: private ⟨U+E000⟩ filler ⟨U+115F⟩, next run ")
    for name in NAMES:
        installation.add(name)
    odd = ["%s %(x)s {y}", "-x", "名" * 200]
    *shown, listed = cli.each([*(("job", "show", "--", name) for name in odd), ("job", "list")])
    for name, ran in zip(odd, shown, strict=True):
        assert f"\nname           {name}\n" in ran.out
    assert "private ⟨U+E000⟩ filler ⟨U+115F⟩" in listed.out
    assert [name for name in NAMES if len(name) < 60 and name not in listed.out] == []
    for name in (*NAMES, private):
        installation.run(name)
    assert_harmless(added, *shown, listed, cli("log", "list"))


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_refusals_tracebacks_and_foreign_encodings_hold_no_control_codes(installation: Installation, tmp_path: Path):
    installation.add("夜间同步任务")
    cli = Cli(installation.environment(), tmp_path)
    evil = "\x1b]0;owned\x07\x9b2J\u202e"
    no_text = f"{evil}\udcff"
    options = ("--handler", "samples.hostile:Hostile", "--cron", "@daily")
    commands = [
        (no_text,),
        ("job", "show", evil, "--debug"),
        ("job", "add", no_text, *options),
        ("job", "add", "x", *options, "--cron", no_text),
        ("job", "add", "x", *options, "--params", f"@{no_text}"),
        ("job", "add", "x", *options, "--params", HOSTILE_PARAMS),
        ("log", "list", "--status", no_text),
    ]
    answers = cli.each(commands)
    assert {ran.code for ran in answers} == {2}
    assert_harmless(*answers)
    settings = cli("job", "list", TIMEZONE=no_text, LOG_LEVEL=no_text), cli("job", "list", DATA_DIR=evil)
    assert {ran.code for ran in settings} == {2}
    assert_harmless(*settings)
    latin = cli("job", "list", PYTHONIOENCODING="latin-1")
    assert (latin.code, latin.err) == (0, "")
    assert r"\u591c\u95f4" in latin.out
