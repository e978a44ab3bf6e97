"""compose.yaml and its overlay, read as Compose reads them: tags, variables, commands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.deploy import ROOT

COMPOSE = ROOT / "compose.yaml"
OVERLAY = ROOT / "compose.dev.yaml"
ENV_EXAMPLE = ROOT / "deploy/compose.env.example"

_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<kind>:-|:\?)(?P<word>[^}]*))?\})")


class Loader(yaml.SafeLoader):
    """Knows the tags of Compose."""


def _plain(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode), node
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", _plain)


def read(path: Path) -> dict[str, Any]:
    """The file as it is written, anchors and merges resolved."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def services() -> dict[str, dict[str, Any]]:
    """The services of compose.yaml, with variables as they are written."""
    return read(COMPOSE)["services"]


def filled_in(value: Any, variables: Mapping[str, str]) -> Any:
    """What Compose makes of a value: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `$$`."""
    if isinstance(value, dict):
        return {key: filled_in(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [filled_in(each, variables) for each in value]
    if not isinstance(value, str):
        return value

    def replaced(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        given = variables.get(found["name"], "")
        if not given and found["kind"] == ":?":
            raise ValueError(found["word"])
        return given or (found["word"] or "" if found["kind"] == ":-" else "")

    assert "$" not in _VARIABLE.sub("", value), f"Compose does not take {value!r}"
    return _VARIABLE.sub(replaced, value)


def seconds(text: str) -> float:
    """A duration such as `60s` or `1m30s`."""
    found = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", text)
    assert found, text
    return 60 * int(found[1] or 0) + int(found[2] or 0)
