"""`connecthub demo` at a terminal: the control center on the log of the first run."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import bare_environment, foster_parent
from tests.tui.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A demo in a terminal, once its first run has succeeded on the screen."""
    environment = bare_environment(TIMEZONE="Asia/Shanghai", DB_URL="postgresql://nobody@127.0.0.1:1/x")
    with (
        foster_parent() as all_gone,
        Terminal.connecthub("demo", environment=environment, folder=tmp_path) as terminal,
    ):
        terminal.wait("JobLog 1")
        terminal.wait("token obtained")
        terminal.wait("succeeded")
        yield terminal
        assert all_gone(3.0)


def test_the_control_center_opens_on_the_first_run_and_q_ends_the_demo(terminal: Terminal, tmp_path: Path):
    assert "demo-token" in terminal.text
    terminal.keys("q")
    assert terminal.end() == 0
    assert f"· stopped; `DATA_DIR={tmp_path}/data/demo connecthub log list` shows what it left" in terminal.history
    assert "Traceback" not in terminal.history


def test_a_demo_that_is_told_to_end_leaves_its_screen_in_order(terminal: Terminal):
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.end() == 130
    assert "· stopping" in terminal.text


@pytest.mark.slow
def test_without_the_control_center_it_is_told_line_by_line(tmp_path: Path):
    with Terminal.connecthub("demo", "--no-tui", environment=bare_environment(), folder=tmp_path) as terminal:
        terminal.wait("· and once by cron, on the next minute")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
    assert "\x1b[?1049h" not in terminal.history
