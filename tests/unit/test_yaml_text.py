"""YAML that comes back as it was written, whatever stands in it, and that no terminal acts on."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from connecthub.control.yaml_text import Document, dump
from connecthub.core.safe_text import safe_text
from connecthub.errors import ConfigError

ODD = [
    *("yes", "no", "on", "y", "~", "null", "true", "2026-11-24", "02:00", "12:30:45", "007", "0o17", "0x1F", "1e5"),
    *("+5", "1_000", ".inf", ".5", "", " x", "x ", "  a\n b", "\n  a", "a\n", "a\n\n", "a \nb", "\ta\n", "# c", "a: b"),
    *("- x", "<<", "=", "a\r\nb", "\x85", "\u2028", "\u202eabc", "中文\n多行", "'\"", "| x", "> x", "---\nx", "%x"),
    *("@a", "`b", "\ud800", "\x00", "\x1b[31m", "é" + "\u0301" * 12, "&a b", "*a", "!!int 1", "{a: 1}", "[", "a,b"),
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
TEXTS = st.sampled_from(ODD)
VALUES = st.recursive(
    LEAVES | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(text: str) -> Any:
    document = Document(text)
    return document.root and document.value(document.root)


@given(st.dictionaries(TEXTS | st.text(), VALUES, max_size=3))
def test_what_is_written_is_read_as_it_was(value: dict[str, Any]):
    text = dump(value)
    assert json.dumps(read(text)) == json.dumps(value)
    assert safe_text(text, newlines=True) == text


def test_every_odd_text_comes_back_and_other_programs_read_it_as_text():
    value = {"texts": ODD, "keys": dict.fromkeys(ODD, 1)}
    text = dump(value)
    assert read(text) == value
    assert yaml.safe_load(text) == value


def test_numbers_are_what_json_has_and_the_rest_are_texts():
    written = "a: 12\nb: -0.5\nc: 1e3\nd: 007\ne: 02:00\nf: 2026-11-24\ng: yes\nh: 12345678901234567890123\ni: null\n"
    assert read(written) == {
        **{"a": 12, "b": -0.5, "c": 1000.0, "d": "007", "e": "02:00", "f": "2026-11-24"},
        **{"g": "yes", "h": 12345678901234567890123, "i": None},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x [1]\nb: *x", "line 2: after * a name repeats another part; write it out, or in quotes"),
        ("a: 1\nb: {c: 1, c: 2}", "line 2: 'c' stands in line 2 already; keep one"),
        ("a: 1\n1: 2", "line 2: a key is no text; write it in quotes"),
        ("? [1]\n: 2", "line 1: a key is no text; write it in quotes"),
        ("a: *geheim", "line 1: after * a name repeats another part"),
        ("a: !geheim", "line 1: ! begins a tag, and this one is not known here; write the text in quotes"),
        ("a: !g!geheim x", "line 1: ! begins a tag"),
        ("a:\n  b: 1\n c: 2", "line 3: "),
        ("a: !!python/object/apply:os.system [x]", "line 1: "),
        ("a: !!timestamp 2026-11-24", "line 1: "),
        ("[" * 2000, "nested too deep"),
        ("a: " + "9" * 5000, "write fewer digits"),
        ("a: \x1b[31m", "character 3 "),
        ("a: 1\n---\nb: 2", "line 2: "),
    ],
)
def test_what_is_refused_names_its_line_and_no_value(text: str, problem: str):
    with pytest.raises(ConfigError) as refused:
        read(text)
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "geheim" not in str(refused.value)
