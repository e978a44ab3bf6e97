"""What a scheduler leaves for probes."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from connecthub.control.health import TICK_SECONDS, probe
from connecthub.core.config import Settings
from connecthub.tasks.sign_of_life import FORGOTTEN_SECONDS, SignOfLife, signs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def aged(path: Path, seconds: float) -> None:
    """Make a file so many seconds older."""
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def test_a_sign_is_there_from_the_first_tick_to_the_end(settings: Settings):
    with SignOfLife(settings) as sign:
        assert signs(settings) == []
        sign.give()
        assert [found.pid for found in signs(settings)] == [os.getpid()]
        assert probe("scheduler", settings).good
    assert signs(settings) == []
    assert not probe("scheduler", settings).good


def test_a_scheduler_that_ticks_no_more_is_not_well(settings: Settings):
    with SignOfLife(settings) as sign:
        sign.give()
        (path,) = (settings.data_dir / "run").iterdir()
        for seconds, good in ((TICK_SECONDS - 10, True), (TICK_SECONDS + 10, False)):
            sign.give()
            aged(path, seconds)
            assert probe("scheduler", settings).good is good


def test_what_a_killed_scheduler_or_another_host_left_counts_for_nothing(settings: Settings):
    folder = settings.data_dir / "run"
    folder.mkdir()
    ended = folder / f"scheduler-{socket.gethostname()}-4194305-1"  # above the highest number that Linux gives
    elsewhere = folder / f"scheduler-elsewhere-{os.getpid()}-1"
    for path in (ended, elsewhere):
        path.touch()
    assert signs(settings) == []
    aged(ended, FORGOTTEN_SECONDS + 1)
    with SignOfLife(settings):
        assert list(folder.iterdir()) == [elsewhere]


def test_a_number_that_was_given_again_is_no_scheduler(settings: Settings):
    with SignOfLife(settings) as sign:
        sign.give()
        (path,) = (settings.data_dir / "run").iterdir()
        before = path.with_name(f"scheduler-{socket.gethostname()}-{os.getpid()}-1")
        path.rename(before)
        assert signs(settings) == []
        sign.give()
        assert [found.pid for found in signs(settings)] == [os.getpid()]


def test_a_sign_that_cannot_be_given_is_said_once_and_stops_nobody(
    settings: Settings, caplog: pytest.LogCaptureFixture
):
    blocked = settings.data_dir / "run"
    blocked.touch()
    sign = SignOfLife(settings)
    sign.give()
    sign.give()
    assert len(caplog.records) == 1
    blocked.unlink()
    sign.give()
    assert len(signs(settings)) == 1
