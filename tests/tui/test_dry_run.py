"""A dry run at the keyboard: asked for, marked, its plan and its calls as tables."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connecthub.core.safe_text import display_width
from connecthub.db import overview
from connecthub.db.tables import Status
from tests.integration.conftest import Installation
from tests.tui.test_data import claim, end
from tests.tui.test_edit import keyboard
from tests.tui.test_edit import open_data as open_data
from tests.tui.test_screens import EMBEDDED, lines
from tui.data import Data
from tui.screens import job_acts
from tui.screens.base import CenterScreen
from tui.screens.dialogs import TYPED_FROM

pytestmark = EMBEDDED
PLAN = [
    {"act": "add" if number % 2 else "edit", "who": f"D{number:04d}\x1b", "name": "王小明"} for number in range(450)
]
LONG = "add department -2102944214989875411"


def calls(at: Any) -> Iterator[dict[str, Any]]:
    base = {"at": at, "system": "shelf", "attempt": 1, "milliseconds": 12.4, "status": 200, "bytes": 3}
    base |= {"sent": True, "error": None, "note": "", "method": "GET", "path": "/books"}
    yield base | {"status": None, "error": "timed out"}
    yield base | {"attempt": 2}
    for number in range(450):
        note = f"add book {number}\x1b" if number < 449 else LONG
        yield base | {"method": "POST", "status": None, "sent": False, "bytes": 0, "milliseconds": 0.0, "note": note}


def dry_run(installation: Installation) -> int:
    """A dry run that has ended."""
    installation.add("nightly", cron_expr="0 0 1 1 *")
    log_id = installation.run("nightly", dry_run=True)
    claim(installation, log_id)
    with installation.database.read() as connection:
        now = overview.now(connection)
    result = json.dumps({"plan": PLAN, "plan_left_out": 7})
    end(installation, log_id, Status.SUCCEEDED, "dry\n", result=result, calls=list(calls(now)))
    return log_id


def test_run_now_offers_a_dry_run_or_says_that_they_are_too_many(
    installation: Installation, open_data: Callable[[], Data]
):
    installation.add("job", cron_expr="0 0 1 1 *")

    async def run() -> None:
        async with keyboard(open_data) as keys:
            screen = keys.center.screen
            assert isinstance(screen, CenterScreen)
            job_acts.run(screen, {number: f"job {number}" for number in range(TYPED_FROM)})
            await keys.settle()
            assert "A dry run takes 20 jobs at the most." in " ".join((await keys.press()).split())
            await keys.press("escape")
            assert "d  dry run: no" in await keys.press("S")
            assert "d  DRY RUN: reads go out, writes are recorded and not sent" in await keys.press("d")
            assert "(dry) job" in await keys.press("y")
            await keys.press("escape", "S", "d", "d", "y")
            await keys.press("escape", "2", "P", "down", "right")
            assert "as a dry run" in await keys.button("save")
            assert "(dry) job" in await keys.press("y")
            seen = await keys.press("3")
            assert [seen.count("(dry) job"), seen.count("queued")] == [2, 3]

    asyncio.run(run())
    assert [installation.log(number).row.dry_run for number in (1, 2, 3)] == [True, False, True]


@pytest.mark.parametrize("size", [(80, 24), pytest.param((60, 20), marks=pytest.mark.slow)])
def test_its_plan_and_its_calls_are_tables(
    installation: Installation, open_data: Callable[[], Data], size: tuple[int, int]
):
    dry_run(installation)

    async def look() -> None:
        async with keyboard(open_data, size) as keys:

            async def press(*pressed: str) -> str:
                seen = await keys.press(*pressed)
                assert {display_width(line) for line in lines(keys.center)} == {size[0]}, pressed
                assert "\x1b" not in seen
                return seen

            assert "(dry) nightly" in await press("3")
            assert "(dry) nightly · ● succeeded" in await press("enter")
            seen = await press("p")
            assert "Plan of JobLog 1, steps: 450 · dry run" in seen
            assert "act" in seen
            assert "D0000␛" in seen
            assert "D0449␛" in await press("G")
            assert "who  D0449␛" in await press("enter")
            assert "D0042␛" in await press("escape", "slash", *"d0042", "enter")
            seen = await press("escape", "escape", "o")
            assert [word in seen for word in ("no answer", "/books: timed out", "not sent", "200")] == [True] * 4
            assert f"POST   {LONG} · /b" in await press("end")
            assert "add book 17␛" in await press("slash", *"17", "enter")
            assert "ANSWER  not sent" in await press("enter")
            assert "plan: 450 steps, p shows them" in await press("escape", "escape", "escape", "i")

    asyncio.run(look())
