"""Field types: what systems send for the same fact ends as one Python value, or is refused without being quoted."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from connecthub.integrations.call import Call, Response
from connecthub.integrations.errors import ProtocolError, ResultUnknown
from connecthub.integrations.fields import (
    Flag,
    Id,
    Number,
    OptionalId,
    Record,
    Text,
    count_in,
    record_of,
    records_of,
    without_halves,
)

BEYOND_FLOAT = -5476327415902942726


@pytest.mark.parametrize(
    ("kind", "sent", "read"),
    [
        (Id, BEYOND_FLOAT, "-5476327415902942726"),
        (Id, "-5476327415902942726", "-5476327415902942726"),
        (Id, 2**63 - 1, "9223372036854775807"),
        (Id, " D1001 ", "D1001"),
        (Id, 0, "0"),
        (OptionalId, None, ""),
        (OptionalId, " ", ""),
        (OptionalId, -1, "-1"),
        (Text, None, ""),
        (Text, "  张三\r\n", "张三"),
        (Text, 1001, "1001"),
        (Number, "78", 78),
        (Number, " -3 ", -3),
        (Number, BEYOND_FLOAT, BEYOND_FLOAT),
        (Flag, True, True),
        (Flag, 0, False),
        (Flag, 1, True),
        (Flag, "0", False),
        (Flag, "1", True),
        (Flag, "True", True),
        (Flag, "false", False),
    ],
)
def test_what_is_sent_in_different_dress_is_read_as_one_value(kind: Any, sent: Any, read: Any) -> None:
    value = TypeAdapter(kind).validate_python(sent)
    assert (value, type(value)) == (read, type(read))


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        *[(Id, sent) for sent in (1.0, -5.476327415902943e18, True, None, "", "  ", [1], {"id": 1})],
        *[(OptionalId, sent) for sent in (1.5, False, ["1"])],
        *[(Text, sent) for sent in (1.5, True, ["x"], {})],
        *[(Number, sent) for sent in (1.0, "1.0", "1e3", "1_000", "١٢", "", None, True, "9" * 5000)],
        *[(Flag, sent) for sent in (2, "2", "yes", "", None, 1.0)],
    ],
)
def test_what_might_be_anything_is_refused(kind: Any, sent: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(sent)


class Person(Record):
    id: Id
    age: Number = 0
    phone: Text = ""
    department: OptionalId = Field("", alias="departmentId")


def answer(*, writes: bool = False) -> Response:
    call = Call("Test", "oa.example.com", "GET", "http://oa.example.com/x", "/x", writes, not writes)
    return Response(call, 200, {}, b"")


def test_a_record_keeps_the_fields_that_its_model_does_not_name() -> None:
    person = record_of(answer(), Person, {"id": BEYOND_FLOAT, "departmentId": 7, "shoeSize": 43}, "the person")
    assert (person.id, person.department, person.model_extra) == ("-5476327415902942726", "7", {"shoeSize": 43})


@pytest.mark.parametrize("value", [{}, {"id": 1.5}, None, [], "text", {"id": 1, "age": "13800001234"[:7] + "x"}])
def test_a_record_that_cannot_be_read_is_an_error_that_quotes_no_value(value: Any) -> None:
    with pytest.raises(ProtocolError, match="/x: the person cannot be read") as caught:
        record_of(answer(), Person, value, "the person")
    assert "1380000" not in str(caught.value)
    assert "1.5" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "says"),
    [(None, "null"), ({}, "an object"), ("", "text"), (0, "a number"), (1.5, "a number"), (False, "a truth value")],
)
def test_what_is_no_list_is_never_an_empty_one(value: Any, says: str) -> None:
    with pytest.raises(ProtocolError, match=f"answered with {says} where a list of people was due"):
        records_of(answer(), Person, value, "people")


def test_one_bad_entry_spoils_a_list() -> None:
    with pytest.raises(ProtocolError, match="entry 1 of people cannot be read"):
        records_of(answer(), Person, [{"id": 1}, None, {"id": 2}], "people")


def test_an_unreadable_answer_to_a_write_leaves_its_result_unknown() -> None:
    with pytest.raises(ResultUnknown):
        records_of(answer(writes=True), Person, None, "people")


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        ("78", 78),
        (999_999_999, 999_999_999),
        *[(value, None) for value in (-1, "-1", 10**9, "9" * 5_000, "", " 1", "\u0661", True, 1.0, None, [], {})],
    ],
)
def test_a_count_is_a_number_of_up_to_nine_digits_or_nothing(value: Any, count: int | None) -> None:
    assert count_in(value) == count


def test_half_a_character_becomes_a_whole_one() -> None:
    assert without_halves(" 张\ud83d ") == "张\ufffd"
    assert without_halves("张😀") == "张😀"
