"""What a session leaves for the next one: per person, for a day, once, and unread by others."""

from __future__ import annotations

from pathlib import Path

from tui.kept import KEPT_SECONDS, Kept, keep, kept_of

NOW = 1_800_000_000.0
LEFT = Kept("logs status:failed", 7, {"params.city": "Bonn"})


def test_the_next_session_of_the_same_person_is_offered_it(tmp_path: Path):
    keep(tmp_path, "alice", LEFT, NOW)
    assert kept_of(tmp_path, "bob", NOW + 1) is None
    assert kept_of(tmp_path, "alice", NOW + 1) == LEFT


def test_an_edit_stays_until_it_is_taken_up(tmp_path: Path):
    keep(tmp_path, "alice", LEFT, NOW)
    keep(tmp_path, "alice", Kept("jobs"), NOW + 60)
    assert kept_of(tmp_path, "alice", NOW + 61) == Kept("jobs", 7, LEFT.texts)
    assert kept_of(tmp_path, "alice", NOW + KEPT_SECONDS) == Kept("jobs", 7)
    keep(tmp_path, "alice", Kept("jobs"), NOW + 62, taken_up=True)
    assert kept_of(tmp_path, "alice", NOW + 63) == Kept("jobs")


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
    kept = path.read_text()
    for text in ("", "[]", '"x"', "{}", kept.replace('"Bonn"', "3"), kept.replace("Bonn", "\\u001b]0;x")):
        path.write_text(text)
        assert kept_of(tmp_path, "alice", NOW) is None


def test_what_is_too_large_is_not_kept(tmp_path: Path):
    keep(tmp_path, "alice", Kept("jobs", None, {"params": "x" * 2_000_000}), NOW)
    assert kept_of(tmp_path, "alice", NOW) is None
