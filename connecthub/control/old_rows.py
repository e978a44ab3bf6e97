"""What stands in the columns of an old system, made into what we have; whatever it is, nothing here crashes."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
import warnings
from datetime import UTC, datetime
from typing import Any

from connecthub.control.job_settings import check_params
from connecthub.core.safe_text import storable
from connecthub.db.tables import NAME_MAX
from connecthub.errors import ConfigError

CONFIG_MAX = 1024 * 1024
"""Characters of params."""
ERROR_MAX = 500
_NOT_YET = {"running", "started", "pending", "queued", "received", "retry", "waiting"}
_BAD = {"failed", "failure", "fail", "error", "errored", "crashed", "timeout", "timed_out"}
_YES, _NO = {"1", "true", "t", "yes", "y", "on"}, {"0", "false", "f", "no", "n", "off"}
_NO_TRACEBACK = {"", "none", "null", '""'}


def text(cell: Any) -> str:
    """The text of a cell, fit for a database."""
    if cell is None:
        return ""
    return storable(bytes(cell).decode(errors="replace") if isinstance(cell, bytes | memoryview) else str(cell))


def instant(cell: Any) -> datetime | None:
    """The instant in a cell, without a zone in UTC; None where there is none."""
    written = text(cell).strip()
    try:
        if re.fullmatch(r"\d{9,13}(\.\d+)?", written):  # seconds or milliseconds since 1970
            seconds = float(written)
            return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        at = datetime.fromisoformat(written)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def truth(cell: Any) -> bool | None:
    """Yes or no; None where the cell says neither."""
    word = text(cell).strip().lower()
    return True if word in _YES else False if word in _NO else None


def params(cell: Any) -> dict[str, Any]:
    """The settings in a cell: a JSON object, also one written as JSON text or as Python prints it.

    Raises ConfigError where it is none.
    """
    written = text(cell).strip()
    value: object = _parsed(written) if written else {}
    if isinstance(value, str):  # JSON text in a JSON column
        value = _parsed(value.strip()) if value.strip() else {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError("public_cfg is no JSON object; set the params anew")
    try:
        plain = json.loads(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        raise ConfigError("public_cfg holds what JSON does not know; set the params anew") from None
    check_params(plain)
    return plain


def _parsed(written: str) -> object:
    if len(written) > CONFIG_MAX:
        raise ConfigError(f"public_cfg holds more than {CONFIG_MAX} characters; set the params anew")
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python does not know
            return ast.literal_eval(written)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise ConfigError("public_cfg is no JSON object; set the params anew") from None


def secret_text(cell: Any) -> str:
    """What stands for the secrets: a token or JSON, taken out of the JSON text that a JSON column makes of a token."""
    written = text(cell).strip()
    if written.startswith('"'):
        try:
            inside = json.loads(written)
        except (ValueError, RecursionError):
            return written
        return inside.strip() if isinstance(inside, str) else written
    return "" if written in ("null", "None") else written


def job_name(cell: Any, handler: str, old_id: str) -> str:
    """The name of a job: its own, or its plugin's class and its number; not checked for being taken."""
    shown = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char for char in text(cell)
    )
    name = " ".join(shown.split())[: NAME_MAX - 20].strip()
    if not name:
        class_name = re.split(r"[.:]", handler)[-1]
        name = f"{class_name[:60] if class_name.isidentifier() else 'job'}-{_short(old_id)}"
    return f"job-{name}" if name.isdigit() else name


def _short(old_id: str) -> str:
    return re.sub(r"[^0-9A-Za-z_-]", "", old_id)[:36] or "x"


def free_name(name: str, taken: set[str]) -> str:
    """The name, with the first number behind it that makes it one of its own."""
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}-{number}"
    return free


def has_not_ended(status: Any, traceback: str, finished_at: datetime | None) -> bool:
    """Whether a run of the old system was still to end."""
    return text(status).strip().lower() in _NOT_YET and not traceback and finished_at is None


def traceback_of(written: str) -> str:
    """The traceback; empty where what stands there says that there is none."""
    return "" if written.strip().lower() in _NO_TRACEBACK else written


def error_of(traceback: str, status: Any) -> str | None:
    """The cause in a line: a traceback's last; None where the run succeeded."""
    if traceback:
        return traceback.rstrip().splitlines()[-1].strip()[:ERROR_MAX] or "no cause given"
    word = text(status).strip()
    return f"{word}, without a traceback" if word.lower() in _BAD else None


def joined(head: str, tail: str, left_out: int, max_bytes: int) -> str:
    """A text from its two ends, of which `max_bytes` at most are kept, and a line that says how much is missing."""
    start, end = head.encode(), tail.encode()
    half = max_bytes // 2
    if left_out == 0 and len(start) + len(end) <= max_bytes:
        return head + tail
    if not tail:
        start, end = start[:half], start[half:]
    kept_start, kept_end = start[:half], end[-half:]
    missing = left_out + len(start) + len(end) - len(kept_start) - len(kept_end)
    note = f"\n    … about {missing} bytes of log left out: over LOG_MAX_BYTES …\n"
    return kept_start.decode(errors="ignore") + note + kept_end.decode(errors="ignore")
