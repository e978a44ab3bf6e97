"""Bodies as they come: BOM, CRLF, GBK, HTML, NaN, cut short."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connecthub.integrations.call import Call, Response
from connecthub.integrations.errors import ProtocolError, ResultUnknown


def call(*, writes: bool = False) -> Call:
    return Call("Test", "oa.example.com", "GET", "http://oa.example.com/x?token=secret", "/x", writes, not writes)


def answer(content: bytes, content_type: str = "application/json", *, writes: bool = False) -> Response:
    return Response(call(writes=writes), 200, {"content-type": content_type}, content)


@pytest.mark.parametrize(
    ("content", "content_type", "value"),
    [
        (b'{"a": 1}', "application/json", {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', "application/json", {"a": 1}),
        (b"\r\n[1]\r\n\r\n", "application/json", [1]),
        (b"-5476327415902942726", "", -5476327415902942726),
        ('{"name": "示例"}'.encode("gbk"), "text/html; charset=GBK", {"name": "示例"}),
        ('{"name": "示例"}'.encode("gb18030"), 'application/json;Charset="gb2312"', {"name": "示例"}),
        ('{"name": "示例"}'.encode(), "application/json;charset=GBK", {"name": "示例"}),
    ],
)
def test_json_is_read_in_every_dress_it_comes_in(content: bytes, content_type: str, value: Any) -> None:
    assert answer(content, content_type).json() == value


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty body"),
        (b"\r\n", "an empty body"),
        (b'{"a": ', "no JSON at character 5"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b"[-Infinity]", "-Infinity is no JSON number"),
        ('{"name": "示例"}'.encode("gbk"), "no utf-8"),
        (b"[" * 100_000, "no JSON"),
        (b"<html><head><title>\r\n Sign \x1b[31min </title>", "an HTML page ('Sign ␛[31min') where JSON was due"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE html>", "an HTML page where JSON was due"),
    ],
)
def test_what_is_no_json_is_said_in_one_line(content: bytes, says: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        answer(content).json()
    message = str(caught.value)
    assert message.startswith("Test at oa.example.com: GET /x answered 200 with ")
    assert says in message
    assert "\n" not in message


def test_the_body_and_the_query_are_in_no_message_and_no_repr() -> None:
    response = answer(b'{"password": "secret"')
    with pytest.raises(ProtocolError) as caught:
        response.json()
    assert "secret" not in f"{caught.value!r} {response!r} {response.call!r}"


def test_an_unreadable_answer_to_a_write_leaves_its_result_unknown() -> None:
    with pytest.raises(ResultUnknown, match="it may have taken effect"):
        answer(b"<html>", writes=True).json()


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text()), min_size=1), st.data())
def test_a_list_cut_short_is_never_a_shorter_list(value: list[Any], data: st.DataObject) -> None:
    whole = json.dumps(value, ensure_ascii=False).encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ProtocolError):
        answer(whole[:cut]).json()
