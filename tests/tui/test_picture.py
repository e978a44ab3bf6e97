"""The picture of the README shows what the program shows now; `python -m tests.tui.pictures readme` makes it anew."""

from __future__ import annotations

import asyncio
import html
import os
import re
from pathlib import Path

import pytest

from tests.tui.hall import hall
from tests.tui.pictures import README_PICTURE, README_SIZE, SCREENS, walk
from tui.data import Data


def rows(picture: str) -> list[str]:
    """The text rows of a picture, with every digit as 0 and each stretch of spaces as one."""
    found: dict[str, list[str]] = {}
    for place, text in re.findall(r'<text [^>]*y="([\d.]+)"[^>]*>([^<]*)</text>', picture):
        found.setdefault(place, []).append(html.unescape(text).replace("\xa0", " "))
    return [re.sub(r"\s+", " ", re.sub(r"\d", "0", "".join(parts))).strip() for parts in found.values()]


def test_the_picture_of_the_readme_is_of_this_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with hall(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        now = asyncio.run(walk(Data.open, SCREENS["overview"], README_SIZE, "en"))
    shown = rows(README_PICTURE.read_text())
    assert "NEEDS A PERSON SINCE WHY" in shown
    assert sorted(settled(rows(now))) == sorted(settled(shown))
    assert os.fspath(tmp_path) not in README_PICTURE.read_text()


def settled(shown: list[str]) -> list[str]:
    """Without what the hour of the day decides: which jobs are next, and how the hours went."""
    return [row for row in shown if not re.search(r"00-00 00:00:00$|last 00 h", row)]
