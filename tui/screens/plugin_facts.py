"""What is known of a plugin, as a text."""

from __future__ import annotations

from collections.abc import Sequence

from tui.rows_places import FieldRow, PluginRow
from tui.words import Words


def plugin_text(words: Words, row: PluginRow) -> str:
    """What a plugin says of itself, and what its settings are."""
    blocks = [_head(words, row), row.doc or words("plugin.no_doc")]
    blocks.append("\n".join([f"== {words('plugin.params')}", *_fields(words, row.params)]))
    blocks.append("\n".join([f"== {words('plugin.secrets')}", *_fields(words, row.secrets)]))
    if row.examples:
        blocks.append("\n".join([f"== {words('plugin.examples')}", *row.examples]))
    return "\n\n".join(blocks)


def broken_text(words: Words, row: PluginRow, reason: str, traceback: str) -> str:
    """Why a plugin cannot be used, with its own part of the traceback."""
    blocks = [_head(words, row), reason or words("plugin.well_now")]
    if traceback:
        blocks.append(f"== {words('plugin.traceback')}\n{traceback}")
    return "\n\n".join(blocks)


def _head(words: Words, row: PluginRow) -> str:
    facts = [(words("plugin.handler"), row.handler), (words("plugin.version"), row.version)]
    facts.append((words("plugin.jobs"), str(row.jobs)))
    return "\n".join(f"{name}: {value}" for name, value in facts if value)


def _fields(words: Words, fields: Sequence[FieldRow] | None) -> list[str]:
    if fields is None:
        return [words("plugin.any")]
    return [line for field in fields for line in _field(words, field)] or [words("plugin.none")]


def _field(words: Words, field: FieldRow) -> list[str]:
    facts = [words(f"plugin.kind.{field.kind}"), *([", ".join(field.choices)] if field.choices else [])]
    if field.needed:
        facts.append(words("plugin.needed"))
    else:
        facts.append(words("plugin.default", value=field.default) if field.default else words("plugin.optional"))
    return [f"{field.name}: {' · '.join(facts)}", *([f"    {line}" for line in field.doc.splitlines()])]
