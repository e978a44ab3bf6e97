"""There is no way from the screen to a shell, a program or a file of the host."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import Pilot

import tui
from tests.integration.conftest import Installation
from tests.tui.people import press, sit
from tests.tui.test_center import center
from tests.tui.test_screens import EMBEDDED
from tui.app import ControlCenter
from tui.screens.base import CenterScreen

LEADS_OUT = ("screenshot", "suspend_process", "deliver", "open_url", "open_link", "editor", "shell", "pager")


def nodes() -> set[type[DOMNode]]:
    """The app, all screens and all widgets that a module of the control center defines or uses."""
    found: set[type[DOMNode]] = set()
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        for each in vars(importlib.import_module(module.name)).values():
            if isinstance(each, type) and issubclass(each, DOMNode):
                found |= {base for base in each.__mro__ if issubclass(base, DOMNode)}
    return found


def test_no_key_of_any_widget_leads_out():
    names = {each.__name__ for each in nodes()}
    assert {"ControlCenter", "Input", "TextArea", "OptionList", "AwayScreen"} <= names
    assert not names & {"Link", "Markdown", "MarkdownViewer", "DirectoryTree"}
    for each in nodes():
        for binding in each.__dict__.get("BINDINGS", ()):
            action = binding.action if isinstance(binding, Binding) else binding[1]
            assert not any(word in action for word in LEADS_OUT), (each, action)


@EMBEDDED
def test_the_palette_offers_the_keys_of_the_screen_and_nothing_else(installation: Installation):
    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        screen = center.screen
        assert isinstance(screen, CenterScreen)
        offered = {command.title for command in center.get_system_commands(screen)}
        assert offered == {center.words(f"key.{key.id}") for key in center.all_keys(screen)}
        shown = await press(center, pilot, "ctrl+p", *"screen")
        assert "Screenshot" not in shown
        assert "Theme" not in shown

    sit(installation, None, script)


@EMBEDDED
def test_what_textual_could_write_or_open_is_refused(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HOME", "XDG_DOWNLOAD_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*.svg"))

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        for action in ("screenshot", "app.suspend_process", "app.screenshot('x.svg', '.')"):
            await center.run_action(action)
        center.save_screenshot("y.svg", str(tmp_path))
        center.deliver_screenshot("z.svg", str(tmp_path))
        center.deliver_text(str(tmp_path / "none"))
        center.open_url("http://127.0.0.1:1/")
        await pilot.pause()

    sit(installation, None, script)
    assert sorted(tmp_path.rglob("*.svg")) == before


@EMBEDDED
@pytest.mark.slow
def test_control_keys_stop_nothing_in_a_real_terminal(installation: Installation):
    installation.add("job", cron_expr="0 0 1 1 *")
    with center(installation) as terminal:
        terminal.wait(">job")
        terminal.keys("\x1a", "\x1c", "\x03", "\x19", "t")  # ^Z, ^\\, ^C, ^Y
        terminal.wait("times in UTC")
        terminal.keys("q")
        assert terminal.end() == 0
