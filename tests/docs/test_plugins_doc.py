"""docs/plugins.md: each command in it is run, in order, in a folder that has nothing but a venv; so is its code."""

from __future__ import annotations

import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli import bare_environment
from tests.docs import ROOT, VENV, blocks, calls, refusal

ENGLISH, CHINESE = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("plugins.md", "plugins.zh-CN.md"))
BOTH = pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["English", "Chinese"])
PORT = "8765"
"""Where the document's stand-in listens."""
INSTALL = "pip install"
"""What the test's own venv stands in for."""
READY = {"sandbox": "stand-in at", "up": "scheduler"}
"""What goes on until Ctrl-C, and what it says when it is ready."""


def test_both_languages_have_the_same_blocks() -> None:
    assert blocks(CHINESE) == blocks(ENGLISH)
    assert len(blocks(ENGLISH, "sh")) > 5


@BOTH
def test_every_command_that_it_names_is_there(text: str) -> None:
    found = calls(text)
    assert {tuple(call[:2]) for call in found} >= {("plugin", "new"), ("plugin", "check"), ("sandbox", "didi")}
    assert [refusal(call) for call in found if refusal(call)] == []


@BOTH
def test_every_link_leads_to_a_file(text: str) -> None:
    assert [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not (ROOT / "docs" / link).is_file()] == []


@BOTH
def test_it_names_each_method_of_the_clients(text: str) -> None:
    from connecthub.integrations.base import BaseClient
    from connecthub.integrations.didi import DidiClient
    from connecthub.integrations.seeyon import SeeyonClient

    methods = {name for client in (DidiClient, SeeyonClient) for name in dir(client) if not name.startswith("_")}
    methods -= {*dir(BaseClient), "base_url", "bound_user"}
    assert [name for name in sorted(methods) if not re.search(rf"`{name}[`(]", text)] == []


@BOTH
def test_it_names_what_no_plugin_imports(text: str) -> None:
    from connecthub.testing.boundaries import FORBIDDEN

    assert [name for name in FORBIDDEN if not name.startswith("connecthub.") and f"`{name}`" not in text] == []


def files_of(text: str) -> dict[str, str]:
    """The Python files that the document shows, by the path in the sentence above each."""
    return dict(re.findall(r"`(extensions/[\w/]+\.py)`[^`]*\n\n```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


class Terminal:
    """A shell in a folder, and what goes on beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = PORT
        self._going: list[subprocess.Popen[bytes]] = []

    def run(self, command: str) -> str:
        """Run a line to its end, which must be a success, or start what goes on until Ctrl-C."""
        words = command.split()
        if INSTALL in command:
            return ""
        if words[0] == f"{VENV}connecthub" and words[1] in READY:
            return self._start(command, READY[words[1]])
        line = command.replace(PORT, self._port)
        ran = subprocess.run(
            ["sh", "-c", line], cwd=self._folder, env=bare_environment(), capture_output=True, text=True, timeout=60
        )
        assert ran.returncode == 0, f"{command}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    def _start(self, command: str, ready: str) -> str:
        line = command + (" --port 0" if "sandbox" in command else "")
        process = subprocess.Popen(
            ["sh", "-c", f"exec {line}"],
            cwd=self._folder,
            env={**bare_environment(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._going.append(process)
        assert process.stdout is not None
        said = ""
        while ready not in said:
            data = process.stdout.readline()
            assert data, f"{command} ended: {said}"
            said += data.decode()
        if found := re.search(r"stand-in at http://127\.0\.0\.1:(\d+)", said):
            self._port = found[1]
        return said

    def close(self) -> None:
        """Press Ctrl-C in the other terminals."""
        for process in reversed(self._going):
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    opened = Terminal(folder)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_command_does_what_it_says(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    said: dict[str, str] = {}
    *blocks_of_demo, block_of_tickets = (block.text for block in blocks(ENGLISH, "sh"))
    with terminal(tmp_path) as shell:
        for block in blocks_of_demo:
            for command in block.splitlines():
                said[command] = shell.run(command)
        shell.run(f"{VENV}connecthub plugin new tickets")
        for path, code in files_of(ENGLISH).items():
            (tmp_path / path).write_text(code, encoding="utf-8")
        for command in block_of_tickets.splitlines():
            said[command] = shell.run(command)
    runs = [text for command, text in said.items() if " plugin run " in command]
    assert len(runs) == 3
    assert all('{"units": 1}' in text for text in runs)
    assert "a dry run: 0 writes not sent" in runs[1]
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert "run 2 " in said[f"{VENV}connecthub job run demo --wait"]
    checks = [line for command, text in said.items() if "plugin check" in command for line in text.splitlines()]
    assert [line for line in checks if not line.startswith("ok ")] == []
    assert "succeeded" in said[f"{VENV}connecthub log show 2"]
