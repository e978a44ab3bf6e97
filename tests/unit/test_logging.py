"""Logging of the framework's processes: the lines, the ids of a run, the files and the quiet libraries."""

from __future__ import annotations

import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connecthub.core.clock import Clock, FixedClock, SystemClock
from connecthub.core.config import Settings
from connecthub.core.log_context import run_context
from connecthub.core.logging import JsonFormatter, TextFormatter, close_logging, configure_logging

log = logging.getLogger("connecthub.test")


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root, quiet = logging.getLogger(), [logging.getLogger(name) for name in ("httpx", "httpcore", "sqlalchemy.engine")]
    before = root.level, [logger.level for logger in quiet]
    yield
    close_logging()
    root.setLevel(before[0])
    for logger, level in zip(quiet, before[1], strict=True):
        logger.setLevel(level)


def start(**values: object) -> io.StringIO:
    stream = io.StringIO()
    configure_logging(Settings.model_validate(values), "worker", stream)
    return stream


def test_a_text_line_has_time_level_process_logger_and_message():
    stream = start()
    log.info("claimed %d of %s", 3, "致远")
    found = re.fullmatch(r"(.{23}Z) INFO worker connecthub\.test: claimed 3 of 致远\n", stream.getvalue())
    assert found is not None
    assert datetime.fromisoformat(found[1]).utcoffset() == timedelta(0)


def test_a_time_is_utc_with_milliseconds():
    stream = start()
    record = log.makeRecord(log.name, logging.INFO, "", 0, "x", (), None)
    record.created = datetime(2026, 11, 24, 13, 0, 0, 123_000, UTC).timestamp()
    log.handle(record)
    assert stream.getvalue().startswith("2026-11-24T13:00:00.123Z INFO")


def test_records_inside_a_run_carry_its_job_and_log():
    stream = start()
    with run_context(3, 17):
        log.info("inside")
        with run_context(4, None):
            log.info("deeper")
        log.info("back")
    log.info("outside")
    tails = [line.partition("connecthub.test: ")[2] for line in stream.getvalue().splitlines()]
    assert tails == ["inside [job=3 log=17]", "deeper [job=4]", "back [job=3 log=17]", "outside"]


def test_a_run_marks_the_records_of_its_own_thread_only():
    stream = start(log_format="json")
    with run_context(3, 17):
        other = threading.Thread(target=log.info, args=("elsewhere",))
        other.start()
        other.join()
    assert "job_id" not in json.loads(stream.getvalue())


def test_what_a_call_gives_as_extra_stays():
    stream = start(log_format="json")
    with run_context(3, 17):
        log.info("x", extra={"log_id": 18})
    assert json.loads(stream.getvalue())["log_id"] == 18


def test_a_json_line_has_the_same_facts():
    stream = start(log_format="json")
    with run_context(3, 17):
        log.warning("bad\n\x1b[2J\x7f\x9b\u202e")
    text = stream.getvalue()
    assert text.isascii()
    assert text[:-1].isprintable()
    found = json.loads(text)
    assert datetime.fromisoformat(found.pop("time")).tzinfo is not None
    assert found == {
        "level": "WARNING",
        "process": "worker",
        "logger": "connecthub.test",
        "message": "bad\n\x1b[2J\x7f\x9b\u202e",
        "job_id": 3,
        "log_id": 17,
    }


def test_outside_text_can_neither_act_on_a_terminal_nor_forge_a_line():
    stream = start()
    log.info("name: %s", "x\n2026-01-01T00:00:00.000Z INFO worker forged: \x1b]52;c;aGk=\x07\u202e")
    assert stream.getvalue().count("\n") == 1
    assert "x␊2026-01-01T00:00:00.000Z INFO worker forged: ␛]52;c;aGk=␇⟨U+202E⟩" in stream.getvalue()


def fail(password: str) -> None:
    raise ValueError("first\n2026-01-01T00:00:00.000Z INFO forged\x1b[2J")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_is_there_without_local_variables(form: str):
    stream = start(log_format=form)
    try:
        fail("c4nary-" + "pa55word")
    except ValueError:
        log.exception("it broke")
    text = stream.getvalue()
    assert "Traceback (most recent call last)" in text
    assert "ValueError: first" in text
    assert "c4nary-pa55word" not in text
    assert "\x1b" not in text


def test_the_lines_of_a_traceback_are_indented():
    stream = start()
    try:
        fail("")
    except ValueError:
        log.exception("it broke", stack_info=True)
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("it broke")
    assert all(line.startswith("    ") for line in rest)
    assert "    2026-01-01T00:00:00.000Z INFO forged␛[2J" in rest
    assert "    Stack (most recent call last):" in rest


def test_arguments_that_do_not_fit_lose_no_line():
    record = log.makeRecord(log.name, logging.INFO, "", 0, "%d items of %s\x1b", ("many",), None)
    shown = "%d items of %s␛ <its arguments do not fit: TypeError>"
    assert TextFormatter("worker").format(record).endswith(shown)
    assert json.loads(JsonFormatter("worker").format(record))["message"] == shown


def test_a_closed_stream_stops_nobody_and_prints_nothing(capsys: pytest.CaptureFixture[str]):
    start().close()
    log.info("to nowhere: %s", "c4nary")
    assert capsys.readouterr() == ("", "")


def test_a_stream_that_cannot_encode_a_character_escapes_it():
    with io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True) as stream:
        configure_logging(Settings(), "worker", stream)
        log.info("致远")
        assert b"worker connecthub.test: \\u81f4\\u8fdc\n" in stream.buffer.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


def test_levels_below_the_setting_are_left_out():
    stream = start(log_level="WARNING")
    log.info("no")
    log.warning("yes")
    assert [line.split(": ")[1] for line in stream.getvalue().splitlines()] == ["yes"]


@pytest.mark.parametrize("name", ["httpx", "httpcore.connection", "sqlalchemy.engine.Engine"])
def test_libraries_that_log_urls_and_statements_are_quiet_below_warning(name: str):
    stream = start(log_level="DEBUG")
    logging.getLogger(name).info("GET https://h/?token=c4nary")
    assert stream.getvalue() == ""
    logging.getLogger(name).warning("trouble")
    assert "trouble" in stream.getvalue()
    stream = start(log_level="ERROR")
    logging.getLogger(name).warning("trouble")
    assert stream.getvalue() == ""


def test_configuring_again_replaces_the_last_time():
    first = start()
    second = start()
    log.info("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def test_other_handlers_are_left_alone():
    other = logging.StreamHandler(io.StringIO())
    logging.getLogger().addHandler(other)
    try:
        start()
        close_logging()
        assert other in logging.getLogger().handlers
    finally:
        logging.getLogger().removeHandler(other)


def test_each_process_has_its_own_file(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "data", log_to_file=True)
    for process in ("worker", "scheduler"):
        configure_logging(settings, process, io.StringIO())
        log.info("from %s 致远", process)
    close_logging()
    for process in ("worker", "scheduler"):
        text = (tmp_path / f"data/logs/{process}.log").read_text(encoding="utf-8")
        assert text.endswith(f" INFO {process} connecthub.test: from {process} 致远\n")
        assert text.count("\n") == 1


def test_without_log_to_file_nothing_is_created(tmp_path: Path):
    start(data_dir=tmp_path / "data")
    log.info("x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_grows_is_rotated(tmp_path: Path):
    configure_logging(Settings(data_dir=tmp_path, log_to_file=True), "worker", io.StringIO())
    for _ in range(11):
        log.info("x" * 1024 * 1024)
    close_logging()
    files = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert files == ["worker.log", "worker.log.1"]


def test_the_systems_clock_is_aware_utc_and_never_runs_back():
    clock: Clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() <= clock.monotonic()


def test_a_fixed_clock_moves_only_when_it_is_told_to():
    clock = FixedClock(datetime(2026, 11, 24, 21, tzinfo=UTC) - timedelta(hours=8))
    clock.advance(90)
    assert clock.now() == datetime(2026, 11, 24, 13, 1, 30, tzinfo=UTC)
    assert clock.monotonic() == 90
    clock.set(datetime(2026, 1, 1, tzinfo=UTC))
    assert (clock.now().year, clock.monotonic()) == (2026, 90)
    with pytest.raises(ValueError, match="has no zone; give an aware datetime"):
        clock.set(datetime(2026, 1, 1))  # noqa: DTZ001
