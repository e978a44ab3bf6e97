"""The fields of a form: every value can be written on one line of plain characters, and is read as it was."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connecthub.control.form_fields import Field, many_lines, model_fields, read, read_values, written
from connecthub.errors import ConfigError
from tests.plugins.samples.tally import Tally

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def is_plain(text: str) -> bool:
    return not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for char in text)


@given(VALUES)
def test_a_json_value_is_read_as_it_was_written(value: Any):
    text = written(Field("params.x", "json"), value)
    assert is_plain(text)
    assert read(Field("params.x", "json"), text) == value


@given(st.text(max_size=30))
def test_a_text_is_read_as_it_was_written(value: str):
    text = written(Field("params.x", "text"), value)
    assert is_plain(text)
    assert read(Field("params.x", "text"), text) == value


@given(st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_is_read_as_it_was_written(value: float | None):
    for kind in ("number", "json"):
        assert read(Field("params.x", kind), written(Field("params.x", kind), value)) == value


@given(st.lists(st.text(min_size=1, max_size=6) | st.text("ab '\"\\", min_size=1, max_size=6), max_size=4))
def test_words_are_read_as_they_were_written(value: list[str]):
    assert is_plain(written(Field("tags", "list"), value))
    assert read(Field("tags", "list"), written(Field("tags", "list"), value)) == value


def test_a_choice_of_yes_and_no_is_a_truth_value():
    field = Field("enabled", "choice", choices=("yes", "no"))
    assert [written(field, value) for value in (True, False)] == ["yes", "no"]
    assert [read(field, text) for text in ("yes", "no")] == [True, False]


def test_a_model_says_which_fields_there_are():
    fields = {field.name: field for field in model_fields("params", Tally.Params.model_json_schema())}
    assert {name: field.kind for name, field in fields.items()} == {
        "city": "text",
        "people": "integer",
        "pause": "number",
        "order": "choice",
        "strict": "choice",
        "tags": "json",
    }
    assert [name for name, field in fields.items() if field.needed] == ["city"]
    assert fields["city"].doc == "which city"
    assert fields["order"].choices == ("up", "down")
    assert fields["people"].default == "3"


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("integer", "3x", "'3x' is no whole number"),
        ("number", "soon", "'soon' is no number"),
        ("json", "{", "'{' is no JSON"),
        ("list", 'a "b', "is no list of words"),
        ("text", '"half', "is no text in double quotes"),
    ],
)
def test_what_cannot_be_read_is_named(kind: str, text: str, told: str):
    with pytest.raises(ConfigError, match=re.escape(told)):
        read(Field("x", kind), text)


def test_empty_texts_are_no_values_and_what_is_wrong_is_told_by_path():
    fields = [Field("params.a", "integer"), Field("params.b", "integer"), Field("params.c", "text")]
    values, wrong = read_values(fields, {"params.a": "1", "params.b": "b"})
    assert values == {"params.a": 1}
    assert list(wrong) == ["params.b"]


def test_json_on_lines_has_nothing_that_a_terminal_acts_on():
    assert all(map(is_plain, many_lines({"a\x1b": ["\u202e", "名"]}).split("\n")))
