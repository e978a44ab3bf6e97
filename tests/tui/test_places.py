"""Workers and queues, plugins, the audit trail and the help, on a real installation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, literal, update
from textual.binding import Binding
from textual.pilot import Pilot

from connecthub.control.jobs import edit_job
from connecthub.core.safe_text import display_width
from connecthub.db import audit, tables
from connecthub.db.types import database_now
from tests.cli import terminal_codes
from tests.integration.conftest import ALICE, Installation
from tests.tui.test_screens import EMBEDDED, lines, settled
from tui.app import ControlCenter
from tui.commands import KNOWN
from tui.data import Data
from tui.screens.base import CenterScreen
from tui.screens.facts import FactsScreen
from tui.screens.help import SHOWN, moves
from tui.screens.listing import ListScreen
from tui.screens.logs import LogsScreen
from tui.widgets.bars import StatusLine
from tui.widgets.log_view import LogView
from tui.widgets.table import KeysetTable
from tui.words import keys

HOSTILE = "\x1b]52;c;b3duZWQ=\x07\x9b2J\u202e\u200b[/][@click=app.quit]"
BROKEN = 'raise RuntimeError("no licence \\x1b[2J")\n'
PLUGIN = f'''
from typing import Any
from pydantic import BaseModel, Field
from connecthub.jobs import BaseJob

class Greets(BaseJob):
    """Greets {HOSTILE!r}.

    And its second line \\x1b]0;owned\\x07.
    """
    class Params(BaseModel):
        name: str = Field("world", description="whom \\u202e")
        times: int
    class Secrets(BaseModel):
        password: str
    examples = {{"you": {{"name": "you", "times": 1}}}}
    def run(self, params: Params, secrets: Secrets) -> None: ...

class Plain(BaseJob):
    """Takes anything."""
    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> None: ...
'''
Script = Callable[[ControlCenter, Pilot[Any]], Any]


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder with two plugins in one module, and a module that cannot be imported."""
    package = tmp_path / "plugins" / "own"
    package.mkdir(parents=True)
    for name, text in (("__init__", ""), ("greets", PLUGIN), ("broken", BROKEN)):
        (package / f"{name}.py").write_text(text)
    return package.parent


@pytest.fixture
def drive(installation: Installation, plugins: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a script against the control center of the installation, with those plugins, at 80×24."""
    environment = {**installation.environment(), "EXTENSIONS_DIR": str(plugins), "PLUGIN_PACKAGES": "own"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(script: Script, language: str = "en") -> None:
        async def look() -> None:
            center = ControlCenter(Data.open, language)
            async with center.run_test(size=(80, 24)) as pilot:
                await calm(center, pilot)
                await script(center, pilot)
                assert center.bugs == []

        asyncio.run(look())

    return run


async def calm(center: ControlCenter, pilot: Pilot[Any]) -> None:
    await pilot.pause()
    await settled(center)
    await pilot.pause()


async def press(center: ControlCenter, pilot: Pilot[Any], *names: str) -> str:
    """Press keys one after the other; the screen after that, which fits and has nothing a terminal would act on."""
    await calm(center, pilot)
    for name in names:
        await pilot.press(name)
        await calm(center, pilot)
    shown = lines(center)
    assert {display_width(line) for line in shown} == {80}, shown
    assert terminal_codes("\n".join(shown)) == set()
    return "\n".join(shown)


def listing(center: ControlCenter) -> ListScreen[Any]:
    """The list on the screen."""
    assert isinstance(center.screen, ListScreen)
    return center.screen


def line_of(shown: str, part: str) -> str:
    """The line that has a text."""
    found = [line for line in shown.splitlines() if part in line]
    assert found, shown
    return found[0]


def add_worker(installation: Installation, pid: int, queue: str, seen: float = 0, keys: str | None = None) -> None:
    """A worker that gave its last sign so many seconds ago."""
    held = ",".join(installation.keys.fingerprints) if keys is None else keys
    values = {"host": "box", "pid": pid, "nonce": f"n{pid}", "queue": queue, "threads": 4, "version": "1"}
    with installation.database.write() as connection:
        seen_at = database_now(literal(-seen))
        given = {"key_fingerprints": held, "started_at": seen_at, "seen_at": seen_at}
        connection.execute(insert(tables.workers).values(**values, **given))


def put_in_queue(installation: Installation, log_id: int, queue: str) -> None:
    with installation.database.write() as connection:
        connection.execute(update(tables.job_logs).where(tables.job_logs.c.id == log_id).values(queue=queue))


@EMBEDDED
@pytest.mark.parametrize("language", ["en", "zh"])
def test_workers_and_queues_are_listed_and_a_queue_without_worker_is_bad(
    installation: Installation, drive: Callable[..., None], language: str
):
    installation.add("nightly", cron_expr="0 0 1 1 *")
    put_in_queue(installation, installation.run("nightly"), "night")
    add_worker(installation, 11, "default")
    add_worker(installation, 12, "default", keys="another")
    add_worker(installation, 13, "night", seen=7200)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        words = center.words
        shown = await press(center, pilot, "4")
        assert words("workers.lives", queue="default") in line_of(shown, "box:11")
        assert words("workers.lacks_key") in line_of(shown, "box:12")
        assert words("workers.is_lost", queue="night") in line_of(shown, "box:13")
        assert words("queues.waiting", count=1) in line_of(shown, f"✗ {words('queues.unserved')}")
        assert words("workers.unserved", count=1) in shown.splitlines()[0]
        before = listing(center).table.look()
        await press(center, pilot, "r")
        assert listing(center).table.look() == before
        shown = await press(center, pilot, "slash", "n", "i", "g", "h", "t", "enter")
        assert ("box:11" in shown, "box:13" in shown) == (False, True)
        await press(center, pilot, "G")
        assert listing(center).command_line() == "connecthub queue list"
        await press(center, pilot, "enter")
        assert isinstance(center.screen, LogsScreen)
        assert center.screen.filter_text == "status:queued"

    drive(script, language)


@EMBEDDED
def test_a_floor_without_anybody_says_what_starts_one(drive: Callable[..., None]):
    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        assert "`connecthub up` or `connecthub worker`" in await press(center, pilot, "4")

    drive(script)


@EMBEDDED
def test_plugins_are_looked_for_once_and_told_whole(installation: Installation, drive: Callable[..., None]):
    installation.add("nightly", cron_expr="0 0 1 1 *")

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        await pilot.press("5")
        await pilot.pause()
        screen = listing(center)
        assert screen.query_one(StatusLine).text == "looking at plugins …"
        shown = await press(center, pilot)
        assert "2 cannot be used" in shown.splitlines()[0]
        assert "RuntimeError: no lic" in line_of(shown, "! own.broken")
        assert "no such plugin is found" in line_of(shown, "! Hello")
        assert line_of(shown, "! Hello").split()[2] == "1"
        assert "␛]52;c;" in line_of(shown, " Greets ")
        screen.load()
        assert screen._under_way == set()

        await press(center, pilot, "enter")
        shown = await press(center, pilot, "G")
        assert "RuntimeError: no licence ␛[2J" in shown
        await press(center, pilot, "escape", "G", "up")
        assert screen.command_line() == "connecthub plugin show own.greets:Greets"
        assert "N new job of it" in lines(center)[-1]
        shown = await press(center, pilot, "enter")
        assert "And its second line ␛]0;owned␇." in shown
        assert "name: text · otherwise world" in shown
        assert "times: whole number · needed" in shown
        assert "password: text · needed" in shown
        assert 'you: {"name": "you", "times": 1}' in shown
        await press(center, pilot, "escape", "g", "N")
        assert "N new job of it" not in lines(center)[-1]
        assert "cannot be used: Enter tells why" in screen.query_one(StatusLine).text
        shown = await press(center, pilot, "slash", "p", "l", "a", "i", "n", "enter")
        assert ("Plain" in shown, "Greets" in shown) == (True, False)

    drive(script)


@EMBEDDED
def test_the_audit_trail_is_filtered_and_told_whole(installation: Installation, drive: Callable[..., None]):
    installation.add("nightly", cron_expr="0 0 1 1 *")
    edit_job(installation.office(), ALICE, installation.job("nightly"), {"timeout": 90.0})
    with installation.database.write() as connection:
        values = {"actor": f"mallory {HOSTILE}", "role": "admin", "via": "ssh", "action": "job.run"}
        values |= {"target_kind": "job", "target_id": 7, "target_name": HOSTILE, "detail": {HOSTILE: HOSTILE}}
        audit.insert_audit(connection, values)

    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        shown = await press(center, pilot, "6")
        assert shown.index("mallory ␛]52") < shown.index("job.edit") < shown.index("job.add")
        shown = await press(center, pilot, "enter")
        assert "who: mallory ␛]52;c;b3duZWQ=␇⟨U+009B⟩2J⟨U+202E⟩⟨U+200B⟩[/][@click=" in shown
        await press(center, pilot, "escape")
        center.obey("audit action:job.edit by:ali")
        shown = await press(center, pilot)
        assert ("mallory" in shown, "job.edit" in shown) == (False, True)
        number = listing(center).table.first_key()
        assert listing(center).command_line() == f"connecthub audit show {number}"
        shown = await press(center, pilot, "enter")
        assert "timeout: 3600 → 90" in shown
        assert f"job nightly ({installation.job('nightly').id})" in shown
        center.pop_screen()
        center.obey("audit target:nowhere")
        assert "no act matches /target:nowhere: Esc clears the filter" in await press(center, pilot)

    drive(script)


@EMBEDDED
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_help_has_all_keys_and_commands_and_can_be_searched(drive: Callable[..., None], language: str):
    async def script(center: ControlCenter, pilot: Pilot[Any]) -> None:
        words, screen = center.words, center.screen
        assert isinstance(screen, CenterScreen)
        shown = await press(center, pilot, "question_mark")
        help_screen = center.screen
        assert isinstance(help_screen, FactsScreen)
        text = help_screen._text
        titles = [f"== {words(f'help.{name}')}" for name in ("here", "moving", "everywhere", "commands")]
        assert [line for line in text.splitlines() if line.startswith("==")] == titles
        assert max(map(display_width, text.splitlines())) <= 80
        for key in center.all_keys(screen):
            assert f"{key.shown} " in text
            assert words(f"key.{key.id}") in text
        for binding in moves(screen):
            assert words(f"move.{binding.id}") in text
        assert all(f":{name}" in text for name in KNOWN)
        assert titles[0] in shown
        shown = await press(center, pilot, "slash", *":slow", "enter")
        assert words("command.slow") in shown

    drive(script, language)


def test_every_command_and_each_moving_key_has_its_word():
    known = set(keys())
    assert [name for name in KNOWN if f"command.{name}" not in known] == []
    ids = [
        binding.id for widget in (KeysetTable, LogView) for binding in widget.BINDINGS if isinstance(binding, Binding)
    ]
    assert len(ids) > 20
    assert [name for name in ids if f"move.{name}" not in known] == []
    assert all(name == name.lower() for name in SHOWN)
