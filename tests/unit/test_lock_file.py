"""Lock files."""

from __future__ import annotations

from pathlib import Path

import pytest

from connecthub.core.lock_file import exclusive_lock, own_name
from connecthub.errors import ConfigError, Refused


def test_a_second_holder_is_refused_until_the_first_lets_go(tmp_path: Path):
    with (
        exclusive_lock(tmp_path / "up.lock", "up"),
        pytest.raises(Refused, match=r"up runs on .* already"),
        exclusive_lock(tmp_path / "up.lock", "up"),
    ):
        pass
    with exclusive_lock(tmp_path / "up.lock", "up"):
        pass


def test_each_process_of_a_kind_gets_a_name_of_its_own(tmp_path: Path):
    with own_name(tmp_path, "worker") as first, own_name(tmp_path, "worker") as second:
        assert (first, second) == ("worker", "worker-2")
    with own_name(tmp_path, "worker") as again:
        assert again == "worker"


def test_a_refusal_inside_the_block_stays_what_it_is(tmp_path: Path):
    with pytest.raises(Refused, match="mine"), own_name(tmp_path, "worker"):
        raise Refused("mine")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigError, match=r"file/up\.lock cannot be written"),
        exclusive_lock(tmp_path / "file" / "up.lock", "up"),
    ):
        pass
