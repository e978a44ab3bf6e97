"""The log files of the background, read as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from connecthub.errors import NothingHere
from connecthub.service.background_logs import STDERR_LOG, BackgroundLogs


def line(second: int, text: str) -> str:
    """A line as the processes write it."""
    return f"2026-11-24T12:00:{second:02}.000Z INFO x: {text}\n"


def texts(lines: list[str]) -> list[str]:
    """What stands behind the colon."""
    return [each.rpartition(": ")[2] for each in lines]


def test_the_last_lines_of_all_stand_in_the_order_of_their_times(tmp_path: Path):
    (tmp_path / "scheduler.log").write_text(line(1, "one") + line(4, "four") + line(5, "five"))
    (tmp_path / "worker.log").write_text(line(2, "two") + line(3, "three") + "    a traceback\n" + line(6, "six"))
    (tmp_path / "other.log").write_text(line(9, "not ours"))
    logs = BackgroundLogs(tmp_path)
    assert texts(logs.last(100)) == ["one", "two", "three", "    a traceback", "four", "five", "six"]
    logs.close()
    for process, expected in {"scheduler": ["four", "five"], "worker": ["    a traceback", "six"]}.items():
        logs = BackgroundLogs(tmp_path, process)
        assert texts(logs.last(2)) == expected
        logs.close()


def test_json_lines_are_ordered_too(tmp_path: Path):
    (tmp_path / "scheduler.log").write_text('{"time": "2026-11-24T12:00:02.000Z", "message": "b"}\n')
    (tmp_path / "worker-2.log").write_text('{"time": "2026-11-24T12:00:01.000Z", "message": "a"}\n')
    logs = BackgroundLogs(tmp_path)
    assert [each[-3:-1] for each in logs.last(5)] == ['a"', 'b"']
    logs.close()


def test_lines_of_the_files_before_count_as_well(tmp_path: Path):
    for number, name in enumerate(("worker.log.2", "worker.log.1", "worker.log")):
        (tmp_path / name).write_text(line(2 * number, f"{2 * number}") + line(2 * number + 1, f"{2 * number + 1}"))
    logs = BackgroundLogs(tmp_path)
    assert texts(logs.last(5)) == ["1", "2", "3", "4", "5"]
    assert logs.new() == []
    logs.close()


def test_a_long_file_is_read_from_its_end(tmp_path: Path):
    (tmp_path / "worker.log").write_text("".join(line(number % 60, f"{number}") for number in range(5000)))
    logs = BackgroundLogs(tmp_path)
    assert texts(logs.last(3)) == ["4997", "4998", "4999"]
    logs.close()


def test_no_line_is_lost_or_doubled_where_the_file_is_turned_over(tmp_path: Path):
    path = tmp_path / "worker.log"
    path.write_text(line(1, "one") + "2026-11-24T12:00:02.000Z INFO x: tw")
    logs = BackgroundLogs(tmp_path)
    assert texts(logs.last(10)) == ["one"]
    with path.open("a") as file:
        file.write("o\n" + line(3, "three"))
        path.rename(tmp_path / "worker.log.1")
        file.write(line(4, "four"))
    path.write_text(line(5, "five"))
    (tmp_path / "scheduler.log").write_text(line(6, "a new file"))
    assert texts(logs.new()) == ["two", "three", "four", "five", "a new file"]
    assert logs.new() == []
    logs.close()


def test_what_was_written_beside_the_logs_has_the_time_of_its_file(tmp_path: Path):
    (tmp_path / "worker.log").write_text(line(1, "long ago"))
    (tmp_path / STDERR_LOG).write_text("connecthub: the key is missing\n")
    logs = BackgroundLogs(tmp_path)
    assert logs.last(5)[-1] == "connecthub: the key is missing"
    logs.close()


def test_nothing_where_nothing_was_logged_is_said(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NothingHere, match=r"no logs in .*; `connecthub up --detach`"):
            BackgroundLogs(folder).last(5)
