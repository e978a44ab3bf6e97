"""What the README says is what a newcomer sees: its commands, its plugin, its output, in both languages."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connecthub.core.config import Settings
from tests.docs import README, README_ZH, ROOT, VENV, blocks, calls, commands, refusal

PROGRAM = str(Path(sys.executable).with_name("connecthub"))
PLUGIN_FILE = "extensions/hello/job.py"
LINES_MAX = 150
PLUGIN_LINES_MAX = 15
ELISION = "…\n"
BOTH = pytest.mark.parametrize("readme", [README, README_ZH], ids=["English", "Chinese"])

DIFFERS = {
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z)?": "INSTANT",
    r"\d+\.\d\d s|\d+ ms": "DURATION",
    r"127\.0\.0\.1:\d+": "ADDRESS",
    r"version [0-9a-f]{12}": "VERSION",
    r"\S+:\d+:[0-9a-f]{16}": "WORKER",
    r"/\S+/data/demo": "FOLDER",
    r"JobLog +\d+": "NUMBER",
}
"""What no two runs have in common, and what stands for it."""


def normalised(output: str) -> str:
    """The output with names in the place of what differs from run to run."""
    for pattern, name in DIFFERS.items():
        output = re.sub(pattern, name, output)
    return output


def environment() -> dict[str, str]:
    """The shell of a newcomer in China: no setting, and the zone of the README's output."""
    own = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return {**own, "TZ": "Asia/Shanghai"}


def run(command: str, folder: Path, seconds: float = 60) -> str:
    """Run a line of the README, which must succeed, and return what it answers."""
    words = [PROGRAM, *shlex.split(command)[1:]]
    ran = subprocess.run(words, cwd=folder, env=environment(), capture_output=True, encoding="utf-8", timeout=seconds)
    assert ran.returncode == 0, f"{command}: {ran.stdout}{ran.stderr}"
    return ran.stdout


@contextmanager
def running(command: str, folder: Path) -> Iterator[None]:
    """Let a line of the README run while the block does, then press Ctrl-C."""
    words = [PROGRAM, *shlex.split(command)[1:]]
    log = folder / "running.log"
    with log.open("wb") as output:
        process = subprocess.Popen(words, cwd=folder, env=environment(), stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
        assert process.poll() is None, log.read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def lines_with(part: str) -> list[str]:
    """The commands of the README that contain a text."""
    return [command for command in commands(README) if part in command]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder as the README leaves it: `extensions` with its plugin, and nothing else."""
    (plugin,) = blocks(README, "python")
    file = tmp_path / PLUGIN_FILE
    file.parent.mkdir(parents=True)
    file.write_text(plugin.text, encoding="utf-8")
    shutil.copy(ROOT / "extensions/__init__.py", tmp_path / "extensions")
    return tmp_path


def test_both_languages_have_the_same_blocks() -> None:
    assert blocks(README_ZH) == blocks(README)
    assert len(blocks(README)) > 5


@BOTH
def test_it_stays_short(readme: str) -> None:
    assert len(readme.splitlines()) <= LINES_MAX


@BOTH
def test_every_command_that_it_names_is_there(readme: str) -> None:
    found = calls(readme)
    assert {call[0] for call in found} >= {"demo", "up", "scheduler", "worker", "job", "log", "plugin", "db", "sandbox"}
    assert [refusal(call) for call in found if refusal(call)] == []


@BOTH
def test_every_setting_that_it_names_is_there(readme: str) -> None:
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b|(?<=`)[A-Z]{2,}(?=`)", readme))
    assert named >= {"DATA_DIR", "DB_URL", "REDIS_URL", "FERNET_KEY_PATH"}
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


@BOTH
def test_every_link_leads_to_a_file(readme: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", readme)
    assert "CONTRIBUTING.md" in links
    assert [link for link in links if not (ROOT / link).is_file()] == []


@BOTH
def test_it_names_the_file_of_its_plugin(readme: str) -> None:
    assert f"`{PLUGIN_FILE}`" in readme


def test_a_plugin_is_short() -> None:
    (plugin,) = blocks(README, "python")
    assert len(plugin.text.splitlines()) <= PLUGIN_LINES_MAX


def test_the_plugin_prints_what_it_says(checkout: Path) -> None:
    (command,) = lines_with("plugin run")
    _, expected = blocks(README, "text")
    assert normalised(run(command, checkout)) == normalised(expected.text)


@pytest.mark.slow
def test_the_plugin_is_scheduled_and_run_as_it_says(checkout: Path) -> None:
    (upgrade,), (add,) = lines_with("db upgrade"), lines_with("job add")
    run(upgrade, checkout)
    assert run(add, checkout).startswith("job 1 added: hello, next run ")
    meanwhile = next(block.text for block in blocks(README, "sh") if "job run" in block.text)
    with running(f"{VENV}connecthub up", checkout):
        answers = [run(command, checkout) for command in meanwhile.splitlines()]
    assert len(answers) == 3
    assert "succeeded" in answers[0]
    assert '{"greeted": "you"}' in answers[2]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_demo_prints_what_it_says(tmp_path: Path) -> None:
    (command,) = lines_with("connecthub demo")
    expected, _ = blocks(README, "text")
    printed = normalised(run(command, tmp_path, seconds=170))
    parts = [re.escape(part) for part in normalised(expected.text).split(ELISION)]
    assert re.fullmatch(r"(?:.*\n)+?".join(parts), printed), printed
