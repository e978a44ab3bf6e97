"""A JobLog whole, without reading its log; its log, from any chunk on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connecthub.db import log_reading
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import NotFound

_FRAME = re.compile(
    r'[ |+]*File "(?P<path>[^"\n]+)", line (?P<line>\d+), in (?P<name>[^\n]+)(?:\n[ |]+(?P<code>[^\n]*))?'
)


@dataclass(frozen=True)
class LogView:
    """One JobLog and what belongs to it."""

    row: AnyRow
    """All columns but `run_log`."""
    chain: Sequence[AnyRow]
    """The run and its retries, the oldest first."""
    call_count: int
    """Of its calls to outside systems that are kept."""


@dataclass(frozen=True)
class LogText:
    """What a log has after a chunk, and how far the run is."""

    text: str
    last_chunk: int
    row: AnyRow
    """`status` and `progress`."""


def view_log(database: Database, log_id: int) -> LogView:
    """A JobLog without its log; raises NotFound."""
    with database.read() as connection:
        row = log_reading.get_log_without_text(connection, log_id)
        if row is None:
            raise _unknown(log_id)
        chain = log_reading.list_chain(connection, row.root_id or row.id)
        return LogView(row, chain, log_reading.count_calls(connection, log_id))


def read_calls(database: Database, log_id: int) -> Sequence[AnyRow]:
    """The calls of a run to outside systems in order, as many as are kept of one: the first and the newest."""
    with database.read() as connection:
        return log_reading.list_calls(connection, log_id)


def read_log(database: Database, log_id: int, after: int = -1) -> LogText:
    """A log after chunk number `after`; of a run that has ended with the rest, so that nothing more comes.

    Raises NotFound.
    """
    with database.read() as connection:
        row = log_reading.log_state(connection, log_id)  # first: once it has ended, no chunk is added
        if row is None:
            raise _unknown(log_id)
        written = log_reading.chunks_after(connection, log_id, after)
    text = "".join([*(piece for _, piece in written), row.run_log or ""])
    return LogText(text, written[-1][0] if written else after, row)


def plugin_frame(traceback: str, handler: str) -> str:
    """The last frame of a traceback that is in the plugin's own package: `extensions/x/job.py:31 in run: code`.

    Empty where there is none.
    """
    module = handler.partition(":")[0]
    package = (module.rpartition(".")[0] or module).replace(".", "/") + "/"
    told = ""
    for frame in _FRAME.finditer(traceback):
        before, inside, path = frame["path"].rpartition(f"/{package}")
        if inside and "site-packages" not in before:
            code = (frame["code"] or "").strip()
            told = f"{package}{path}:{frame['line']} in {frame['name']}{f': {code}' if code else ''}"
    return told


def _unknown(log_id: int) -> NotFound:
    return NotFound(f"no JobLog {log_id}; `connecthub log list` shows the newest")
