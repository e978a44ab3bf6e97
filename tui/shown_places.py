"""Workers, queues, plugins and acts as screens are given them: plain, and with every text made safe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connecthub.core.safe_text import safe_text
from tui.rows_operators import KeyRow, OperatorRow
from tui.rows_places import ActRow, FieldRow, PluginRow, QueueRow, WorkerRow
from tui.shown import first_line

if TYPE_CHECKING:
    from connecthub.control.form_fields import Field
    from connecthub.control.operators import Operator
    from connecthub.control.plugin_reading import Plugin
    from connecthub.control.queues import Queue, Worker


def worker_row(worker: Worker) -> WorkerRow:
    """A worker process. While it lives its last sign is not shown: nothing but that would change on the screen."""
    row = worker.row
    return WorkerRow(
        id=row.id,
        name=safe_text(f"{row.host}:{row.pid}"),
        queue=safe_text(row.queue),
        busy=row.busy,
        threads=row.threads,
        started_at=row.started_at,
        lost_at=row.seen_at if row.lost else None,
        lacks_key=worker.lacks_key,
    )


def queue_row(queue: Queue) -> QueueRow:
    """A queue."""
    return QueueRow(
        name=safe_text(queue.name),
        waiting=queue.waiting,
        waiting_since=queue.waiting_since,
        later=queue.later,
        running=queue.running,
        workers=queue.workers,
        unserved=queue.unserved,
    )


def plugin_row(plugin: Plugin) -> PluginRow:
    """A plugin, or what is in its place."""
    from connecthub.control.form_fields import one_line

    return PluginRow(
        handler=safe_text(plugin.handler),
        name=safe_text(plugin.handler if plugin.module else plugin.handler.rpartition(":")[2]),
        version=safe_text(plugin.version),
        jobs=plugin.jobs,
        headline=first_line(plugin.error or plugin.doc),
        doc=safe_text(plugin.doc, newlines=True),
        params=_fields(plugin.params),
        secrets=_fields(plugin.secrets),
        examples=[safe_text(f"{name}: {one_line(each)}") for name, each in plugin.examples.items()],
        broken=plugin.broken,
        asked=plugin,
    )


def act_row(row: Any) -> ActRow:
    """A row of the audit trail."""
    from connecthub.control.audit_reading import detail_lines

    return ActRow(
        id=row.id,
        at=row.at,
        actor=safe_text(row.actor),
        role=safe_text(row.role),
        via=safe_text(row.via),
        action=safe_text(row.action),
        kind=safe_text(row.target_kind),
        target_id=row.target_id,
        target=safe_text(row.target_name),
        detail=[safe_text(line) for line in detail_lines(row.detail)],
        result=safe_text(row.result),
        fingerprint=safe_text(row.fingerprint or ""),
        address=safe_text(row.address or ""),
        reason=safe_text(row.reason or ""),
    )


def operator_row(operator: Operator, own_key: int | None) -> OperatorRow:
    """A person; `own_key` is the number of the key that this session came with."""
    row = operator.row
    keys = [
        KeyRow(safe_text(key.fingerprint), safe_text(key.comment), key.created_at, key.id == own_key)
        for key in operator.keys
    ]
    return OperatorRow(row.name, safe_text(row.name), safe_text(row.role), safe_text(row.language), row.enabled, keys)


def _fields(fields: Sequence[Field] | None) -> list[FieldRow] | None:
    if fields is None:
        return None
    return [
        FieldRow(
            name=safe_text(field.name),
            kind=field.kind,
            needed=field.needed,
            default=safe_text(field.default),
            choices=[safe_text(choice) for choice in field.choices],
            doc=safe_text(field.doc),
        )
        for field in fields
    ]
