"""Pictures of every screen: `python -m tests.tui.pictures` writes them to build/screens, and the one of the README.

The README's is docs/control-center.svg; a test holds its text rows.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from tests.tui.hall import hall
from tui.app import ControlCenter
from tui.data import Data

ROOT = Path(__file__).resolve().parents[2]
README_PICTURE = ROOT / "docs" / "control-center.svg"
README_SIZE = (100, 30)
SIZES = ((80, 24), (200, 60))
SCREENS: dict[str, Sequence[str]] = {
    "overview": ("1",),
    "jobs": ("2",),
    "menu": ("2", "full_stop"),
    "job": ("2", "down", "enter"),
    "versions": ("2", "down", "enter", "u"),
    "edit": ("2", "down", "e"),
    "leave": ("2", "down", "e", "x", "escape"),
    "json": ("2", "down", "e", "x", "escape", "down", "down", "enter"),
    "run-with": ("2", "down", "P"),
    "confirm": ("2", "space", "space", "S"),
    "confirm-dry": ("2", "S", "d"),
    "delete": ("2", "X"),
    "logs": ("3",),
    "log": ("3", *["slash", "b", "a", "d"], "escape", "G", "enter"),
    "facts": ("3", "G", "enter", "i"),
    "dry-run": ("3", "enter"),
    "plan": ("3", "enter", "p"),
    "calls": ("3", "enter", "o"),
    "failures": ("3", "f"),
    "workers": ("4",),
    "plugins": ("5",),
    "plugin": ("5", "enter"),
    "audit": ("6",),
    "operators": ("7",),
    "operator-keys": ("7", "down", "enter"),
    "operator-new": ("7", "N"),
    "help": ("question_mark",),
}
"""Which keys lead to each."""


async def settle(center: ControlCenter, pilot: Pilot[None]) -> None:
    """Wait until nothing is asked any more, and all of it is painted."""
    for _ in range(4):
        await pilot.pause()
        await center.workers.wait_for_complete()
    await pilot.pause()


async def walk(open_data: Callable[[], Data], keys: Sequence[str], size: tuple[int, int], language: str) -> str:
    """The picture at the end of these keys, as SVG."""
    center = ControlCenter(open_data, language)
    async with center.run_test(size=size) as pilot:
        await settle(center, pilot)
        for key in keys:
            await pilot.press(key)
            await settle(center, pilot)
        picture = center.export_screenshot(title="connecthub tui")
    assert center.bugs == [], (keys, center.bugs)
    return re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)  # no font is fetched from anywhere


def main() -> None:
    """Write all pictures; with names as arguments, only those."""
    wanted = sys.argv[1:] or [*SCREENS, "readme"]
    target = ROOT / "build" / "screens"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, hall(Path(folder)) as environment:
        os.environ.update(environment)
        os.chdir(folder)
        for name in wanted:
            if name == "readme":
                README_PICTURE.write_text(asyncio.run(walk(Data.open, SCREENS["overview"], README_SIZE, "en")))
                continue
            for language in ("en", "zh"):
                for width, height in SIZES:
                    picture = asyncio.run(walk(Data.open, SCREENS[name], (width, height), language))
                    (target / f"{name}-{language}-{width}x{height}.svg").write_text(picture)
            print(name, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
