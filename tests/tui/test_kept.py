"""What a session leaves for the next one: per person, for a day, once, and unread by others."""

from __future__ import annotations

from pathlib import Path

from tui.kept import KEPT_SECONDS, Kept, keep, kept_of

NOW = 1_800_000_000.0
LEFT = Kept("logs status:failed", 7, {"params.city": "Bonn"})


def test_the_next_session_of_the_same_person_is_offered_it_once(tmp_path: Path):
    keep(tmp_path, "alice", LEFT, NOW)
    assert kept_of(tmp_path, "bob", NOW + 1) is None
    assert kept_of(tmp_path, "alice", NOW + 1) == LEFT
    assert kept_of(tmp_path, "alice", NOW + 2) is None


def test_after_a_day_it_is_gone(tmp_path: Path):
    keep(tmp_path, "alice", LEFT, NOW)
    assert kept_of(tmp_path, "alice", NOW + KEPT_SECONDS) is None


def test_nobody_else_can_read_it(tmp_path: Path):
    keep(tmp_path, "alice/../../etc", LEFT, NOW)
    (path,) = (tmp_path / "sessions").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_session_is_no_session(tmp_path: Path):
    keep(tmp_path, "alice", LEFT, NOW)
    (path,) = (tmp_path / "sessions").iterdir()
    for text in ("", "[]", "{}", '{"at": "x"}', '{"at": 1, "other": 2}'):
        path.write_text(text)
        assert kept_of(tmp_path, "alice", NOW) is None


def test_what_is_too_large_is_not_kept(tmp_path: Path):
    keep(tmp_path, "alice", Kept("jobs", None, {"params": "x" * 2_000_000}), NOW)
    assert kept_of(tmp_path, "alice", NOW) is None
