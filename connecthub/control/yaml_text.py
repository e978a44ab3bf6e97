"""YAML that says what JSON can say: texts, finite numbers, true and false, null, lists, mappings with texts as keys.

Read without YAML's surprises: `yes`, `02:00`, `007` and `2026-11-24` are texts, nothing is repeated by reference, no
key stands twice. Written so that other programs read the same: what they might take for something else is quoted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from connecthub.core.safe_text import safe_text
from connecthub.errors import ConfigError

_TAG = "tag:yaml.org,2002:"
_PLAIN = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
)
"""What an unquoted word is, unless it is a text: tag, pattern, first characters."""


class _Loader(yaml.SafeLoader):
    """Builds plain values only, and says where something else stands."""

    yaml_implicit_resolvers = {}  # noqa: RUF012
    yaml_constructors = {  # noqa: RUF012
        tag: build
        for tag, build in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.removeprefix(_TAG) in ("null", "bool", "int", "float", "str", "seq", "map")
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse a reference: a few lines of them can stand for more than any memory holds."""
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()
            raise _problem("after * a name repeats another part; write it out, or in quotes", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping whose keys are texts, each once."""
        _check_keys(node)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """Writes one line per value where it can, and never a reference."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write out what occurs twice."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of a list below their key."""
        super().increase_indent(flow, False)

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        """Escape whatever is not ASCII in a text that could act on a terminal."""
        kept, self.allow_unicode = self.allow_unicode, safe_text(text) == text
        super().write_double_quoted(text, split)
        self.allow_unicode = kept


for _kind in (_Loader, _Dumper):
    for _name, _pattern, _first in _PLAIN:
        _kind.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"(?:{_pattern})\Z"), _first)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if safe_text(text, newlines=True) != text:
        style = '"'
    elif "\n" in text:
        style = "|"
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump(value: dict[str, Any]) -> str:
    """The YAML text of plain values, in the order in which they stand; long lines are not folded."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)


class Document:
    """A YAML text, read into nodes that know their line; `value` turns one into what it says.

    Every ConfigError here begins with the line.
    """

    def __init__(self, text: str) -> None:
        with _in_words():
            self._loader = _Loader(text)
            self.root = self._loader.get_single_node()

    def value(self, node: yaml.Node) -> Any:
        """The plain value of a node; raises ConfigError."""
        with _in_words():
            return self._loader.construct_object(node, deep=True)


def entries(node: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """The entries of a mapping: key → nodes of key and value; raises ConfigError, which begins with the line."""
    if not isinstance(node, yaml.MappingNode):
        raise _problem("names with values are expected here, such as `name: value`", node.start_mark)
    _check_keys(node)
    return {key.value: (key, value) for key, value in node.value}


def line_of(node: yaml.Node) -> int:
    """The line in which a node begins, the first being 1."""
    return node.start_mark.line + 1


def _check_keys(node: yaml.MappingNode) -> None:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
            raise _problem("a key is no text; write it in quotes", key.start_mark)
        if key.value in seen:
            raise _problem(f"{key.value!r} stands in line {seen[key.value]} already; keep one", key.start_mark)
        seen[key.value] = line_of(key)


def _problem(text: str, mark: Any) -> ConfigError:
    return ConfigError(f"line {mark.line + 1}: {text}")


@contextmanager
def _in_words() -> Iterator[None]:
    """Tell what YAML itself refuses by its line; no value is quoted, it may be a secret."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        told = f"{error.problem}; mend the YAML there"
        if " tag " in told:
            told = "! begins a tag, and this one is not known here; write the text in quotes"
        raise (_problem(told, mark) if mark else ConfigError(told)) from None
    except yaml.reader.ReaderError as error:
        raise ConfigError(f"character {error.position} is {error.reason}; write it as an escape in quotes") from None
    except RecursionError:
        raise ConfigError("it is nested too deep; write fewer levels") from None
    except ValueError:
        raise ConfigError("a number in it cannot be read; write fewer digits, or quotes around it") from None
