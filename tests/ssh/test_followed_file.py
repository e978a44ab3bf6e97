"""A log that another process writes, whatever it does to the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from connecthub.ssh.followed_file import FollowedFile


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "sshd.log"
    path.write_text("one\r\ntwo\r\n")
    return path


def test_a_file_that_grows_is_followed_line_by_line(log: Path):
    file = FollowedFile(log)
    assert file.before() == ["one", "two"]
    with log.open("a") as more:
        more.write("thr")
        more.flush()
        assert list(file.news()) == []
        more.write("ee\nfour\n")
    assert list(file.news()) == ["three", "four"]
    file.close()


def test_a_file_that_is_cut_off_is_followed_from_its_beginning(log: Path):
    file = FollowedFile(log)
    file.before()
    log.write_text("new\n")
    assert list(file.news()) == ["new"]
    file.close()


def test_a_file_that_is_replaced_is_read_to_its_end_and_then_the_new_one(log: Path):
    file = FollowedFile(log)
    file.before()
    with log.open("a") as old:
        log.rename(log.with_suffix(".1"))
        assert list(file.news()) == []
        old.write("last\n")
    log.write_text("first\n")
    assert list(file.news()) == ["last", "first"]
    file.close()


def test_a_file_that_is_not_there_yet_is_followed_once_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = tmp_path / "sshd.log"
    file = FollowedFile(path)
    assert (file.before(), list(file.news()), list(file.news())) == ([], [], [])
    path.write_text("first\n")
    assert list(file.news()) == ["first"]
    assert len(caplog.records) == 1
    file.close()
