"""Logging of the framework's own processes: a line per record, as text or as JSON, and a rotating file per process."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from connecthub.core.config import Settings
from connecthub.core.log_context import RunContextFilter
from connecthub.core.safe_text import safe_text
from connecthub.errors import ConfigError

_FILE_BYTES = 10 * 1024 * 1024
_FILE_BACKUPS = 5

# At INFO httpx logs whole URLs, tokens included, SQLAlchemy each statement, Huey and Alembic what nobody asks for.
_QUIET = ("alembic", "httpx", "httpcore", "huey", "sqlalchemy.engine")


def configure_logging(settings: Settings, process: str, stream: TextIO | None) -> None:
    """Send every log record to the stream, if there is one, and, with LOG_TO_FILE, to `DATA_DIR/logs/PROCESS.log`.

    Doing it again replaces what the last call installed. Processes that run side by side need different names: one
    rotating file shared by several loses lines. Raises ConfigError where the file cannot be written.
    """
    close_logging()
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    handlers: list[_StreamHandler | _FileHandler] = [] if stream is None else [_StreamHandler(stream)]
    if settings.log_to_file:
        handlers.append(_file_handler(settings.data_dir / "logs" / f"{process}.log"))
    formatter = JsonFormatter(process) if settings.log_format == "json" else TextFormatter(process)
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(formatter)
        handler.addFilter(RunContextFilter())
        root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))


def _file_handler(path: Path) -> _FileHandler:
    try:
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _FileHandler(path, maxBytes=_FILE_BYTES, backupCount=_FILE_BACKUPS, encoding="utf-8")
    except OSError as error:
        remedy = "set another DATA_DIR or LOG_TO_FILE=off"
        raise ConfigError(f"{path} cannot be written: {error.strerror}; {remedy}") from None


def close_logging() -> None:
    """Take away and close what `configure_logging` installed."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _StreamHandler | _FileHandler):
            root.removeHandler(handler)
            handler.close()


class TextFormatter(logging.Formatter):
    """`2026-11-24T13:00:00.123Z INFO worker connecthub.tasks: message [job=3 log=17]`; a traceback is indented."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line; whatever could act on a terminal, also a line break in the message, is visible."""
        where = f"{_time(record)} {record.levelname} {self._process} {record.name}"
        ids = [f"{name}={value}" for name, value in _run_ids(record, "job", "log").items()]
        suffix = f" [{' '.join(ids)}]" if ids else ""
        lines = [safe_text(f"{where}: {_message(record)}{suffix}")]
        if trace := _traceback(self, record):
            lines += [f"    {line}" for line in safe_text(trace, newlines=True).split("\n")]
        return "\n".join(lines)


class JsonFormatter(logging.Formatter):
    """One JSON object per line, in ASCII, so that no control character reaches a terminal either."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON; `job_id`, `log_id` and `exception` only where there are any."""
        fields: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "process": self._process,
            "logger": record.name,
            "message": _message(record),
            **_run_ids(record, "job_id", "log_id"),
        }
        if trace := _traceback(self, record):
            fields["exception"] = trace
        return json.dumps(fields, default=safe_text)


class _LossyHandler(logging.Handler):
    def handleError(self, record: logging.LogRecord) -> None:
        """Lose the line: a full disk or a closed pipe must not stop the work, nor print the record's arguments raw."""


class _StreamHandler(_LossyHandler, logging.StreamHandler[TextIO]):
    pass


class _FileHandler(_LossyHandler, RotatingFileHandler):
    pass


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:
        return f"{safe_text(record.msg)} <its arguments do not fit: {type(error).__name__}>"


def _run_ids(record: logging.LogRecord, job: str, log: str) -> dict[str, object]:
    ids = {job: getattr(record, "job_id", None), log: getattr(record, "log_id", None)}
    return {name: value for name, value in ids.items() if value is not None}


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    parts = [
        record.exc_text or (formatter.formatException(record.exc_info) if record.exc_info else ""),
        formatter.formatStack(record.stack_info) if record.stack_info else "",
    ]
    return "\n".join(part for part in parts if part)
