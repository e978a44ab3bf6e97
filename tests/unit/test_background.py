"""The lock of `connecthub up`, without its processes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from connecthub.errors import Refused
from connecthub.service.background import LOCK_FILE, holder, holding


def test_who_only_asks_whether_one_runs_keeps_none_from_starting(tmp_path: Path):
    path = tmp_path / LOCK_FILE
    path.touch()
    with path.open() as asks:
        fcntl.flock(asks, fcntl.LOCK_SH)
        with holding(tmp_path, pause=lambda _: fcntl.flock(asks, fcntl.LOCK_UN)):
            assert path.read_text() == f"{os.getpid()}\n"


def test_a_second_one_is_refused(tmp_path: Path):
    with holding(tmp_path), pytest.raises(Refused, match=r"connecthub up runs on .* already"), holding(tmp_path):
        pass
    with holder(tmp_path) as running:
        assert running is None
