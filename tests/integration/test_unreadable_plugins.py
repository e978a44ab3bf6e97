"""Files in a plugin's folder that cannot be read: each is named, none holds anybody up, the sound ones run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli import Cli, bare_environment, refusal, terminal_codes
from tests.integration.conftest import Installation

SOUND = """
from connecthub.jobs import BaseJob

class Sound(BaseJob):
    def run(self, params, secrets):
        return {"sound": True}
"""
LONG = f"mine.{'a_plugin_whose_name_is_wide_' * 4}:Sound"
UNREADABLE = {
    "mine.dangling": ("dangling.py is a link into nowhere", "mend or remove it"),
    "mine.circle": ("circle.py is a link into nowhere", "mend or remove it"),
    "mine.folder": ("folder.py is no regular file", "another name"),
    "mine.pipe": ("pipe.py is no regular file", "another name"),
    "mine.latin": ("SyntaxError: (unicode error)", "latin.py:3"),
    "mine.broken": ("SyntaxError: invalid syntax", "broken.py:1"),
    "mine.binary": ("mine.binary", "SyntaxError: source code string cannot contain null bytes"),
}
"""Module → what is said of it."""


@pytest.fixture
def extensions(tmp_path: Path) -> Path:
    """A folder with three sound plugins between files that cannot be read."""
    mine = tmp_path / "extensions" / "mine"
    (mine / "inner").mkdir(parents=True)
    for package in (mine, mine / "inner"):
        (package / "__init__.py").touch()
    (mine / "sound.py").write_text(SOUND)
    (mine / "inner" / "job.py").write_text(SOUND)
    (mine / "dangling.py").symlink_to("/nowhere/x.py")
    (mine / "circle.py").symlink_to("circle.py")
    (mine / "folder.py").mkdir()
    (mine / "latin.py").write_bytes(b'class Latin:\n    x = 1\n    """caf\xe9"""\n')
    (mine / f"{LONG.removeprefix('mine.').removesuffix(':Sound')}.py").write_text(SOUND)
    (mine / "broken.py").write_text("def (:\n")
    (mine / "binary.py").write_bytes(b"x = 1\0\n")
    for folder in (mine, mine / "inner"):
        os.mkfifo(folder / "pipe.py")
    (mine / "inner" / "link.py").symlink_to("/nowhere")
    return mine.parent


@pytest.fixture
def cli(extensions: Path, tmp_path: Path) -> Cli:
    return Cli(bare_environment(EXTENSIONS_DIR=extensions, PLUGIN_PACKAGES="mine"), tmp_path)


def test_the_listing_says_which_file_and_why_and_lists_the_others(cli: Cli):
    table, answer = cli.each([("plugin", "list"), ("plugin", "list", "--json")])
    assert (table.code, table.err, answer.code, answer.err) == (0, "", 0, "")
    assert terminal_codes(table.out) == set()
    assert {row["handler"] for row in answer.json if "handler" in row} == {
        "mine.sound:Sound",
        "mine.inner.job:Sound",
        LONG,
    }
    assert [line.split()[0] for line in table.out.splitlines() if "whose_name" in line] == [LONG]
    failed = {row["module"]: row["error"] for row in answer.json if "module" in row}
    assert failed.keys() == {*UNREADABLE, "mine.inner.pipe", "mine.inner.link"}
    lines = {line.split()[0]: line for line in table.out.splitlines()}
    for module, words in UNREADABLE.items():
        assert [word for word in words if word not in failed[module]] == []
        assert words[0] in lines[module]


def test_running_one_names_the_file_in_one_line(cli: Cli):
    not_there = [module for module in UNREADABLE if "is " in UNREADABLE[module][0]]
    for module, ran in zip(not_there, cli.each([("plugin", "run", f"{m}:X") for m in not_there]), strict=True):
        assert refusal(ran, *UNREADABLE[module]) is None
    ran = cli("plugin", "run", "mine.latin:X")
    assert ran.code == 1
    assert ran.err.startswith("connecthub: mine.latin:X failed: PluginImportError: ")
    assert all(word in ran.err for word in UNREADABLE["mine.latin"])
    assert "manager.py" not in ran.out


@pytest.mark.parametrize(
    "installation", ["embedded", pytest.param("production", marks=pytest.mark.slow)], indirect=True
)
def test_a_worker_runs_a_plugin_beside_a_pipe_that_nobody_writes(
    installation: Installation, extensions: Path, tmp_path: Path
):
    cli = Cli({**installation.environment(), "EXTENSIONS_DIR": str(extensions), "PLUGIN_PACKAGES": "mine"}, tmp_path)
    added = cli("job", "add", "sound", "--handler", "mine.inner.job:Sound", "--cron", "@daily")
    assert (added.code, added.err) == (0, "")
    with cli.live("worker"):
        assert cli("job", "run", "sound", "--wait").out == "run 1 succeeded\n"
