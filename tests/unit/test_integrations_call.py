"""Bodies as they come: BOM, CRLF, GBK, HTML, NaN, cut short, garbled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connecthub.integrations.call import Call, Response, text_body
from connecthub.integrations.errors import ProtocolError, ResultUnknown

PEOPLE = {"rows": [{"name": "张伟示例", "dept": "综合管理部"}, {"name": "李娜", "dept": "陆家嘴办事处"}]}
TEXT = json.dumps(PEOPLE, ensure_ascii=False)


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
        (b'\xef\xbb\xbf\r\n{"a":\r\n1}', "application/json", {"a": 1}),
        (b'{"a": "stray\r\nline end"}', "application/json", {"a": "stray\r\nline end"}),
        (b"-5476327415902942726", "", -5476327415902942726),
        (TEXT.encode("gbk"), "text/html; charset=GBK", PEOPLE),
        (TEXT.encode("gb18030"), 'application/json;Charset="gb2312"', PEOPLE),
        (TEXT.encode(), "application/json;charset=GBK", PEOPLE),
        (TEXT.encode(), "application/json;charset=iso-8859-1", PEOPLE),
        (TEXT.encode("gbk"), "application/json", PEOPLE),
        (TEXT.encode("gbk"), "", PEOPLE),
        (TEXT.encode("gbk"), "application/json;charset=UTF-8", PEOPLE),
        ('{"name": "示例"}'.encode("gbk"), "application/json", {"name": "示例"}),
        ('{"name": "陆"}'.encode("gbk"), "application/json;charset=gbk", {"name": "陆"}),  # valid UTF-8 by chance
    ],
)
def test_json_is_read_in_every_dress_it_comes_in(content: bytes, content_type: str, value: Any) -> None:
    assert answer(content, content_type).json() == value


@settings(deadline=None)
@given(st.data(), st.sampled_from(["application/json", "application/json;charset=UTF-8", ""]))
def test_a_garbled_byte_never_turns_the_whole_body_into_another(data: st.DataObject, content_type: str) -> None:
    whole = bytearray(TEXT.encode())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    try:
        read = text_body(answer(bytes(whole), content_type))
    except ProtocolError:
        return
    assert sum(char not in TEXT for char in read) <= 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty body"),
        (b"\r\n", "an empty body"),
        (b'{"a": ', "no JSON at character 5"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b"[-Infinity]", "-Infinity is no JSON number"),
        (TEXT.encode()[:-20] + b"\xff" + TEXT.encode()[-20:], "text that is no utf-8; it was damaged on its way"),
        (b'{"a": "\xff"}', "text that is no utf-8"),
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


PAGE = """<!DOCTYPE html>
<html><head><title>系统登录</title><style>body { color: red }</style>
<script>var session = "0123456789abcdef";</script></head>
<body class="x"><!-- build 7 --><h1>Your session&nbsp;has ended</h1>
<p>Ticket 5f0e2f6a-3a8e-4a54-9a7e-0c1f5d1f7a11 &amp; key 0123456789abcdefABCDEF==, at oa.example.com</p>
<a href="/login?token=secret">Sign in</a>"""
SEEN = "系统登录 Your session has ended Ticket … & key …, at oa.example.com Sign in"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PAGE.encode(), "text/html"),
        (PAGE.encode("gbk"), "text/html;charset=GBK"),
        (PAGE.encode() + b"<script>" + b"secret " * 10_000, "text/html"),
    ],
)
def test_of_a_page_its_first_visible_words_are_quoted(content: bytes, content_type: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        answer(content, content_type).json()
    assert f" an HTML page ({SEEN!r}) where JSON was due" in str(caught.value)


def test_of_a_long_page_two_hundred_characters_are_quoted() -> None:
    with pytest.raises(ProtocolError) as caught:
        answer(b"<p>" + b"word " * 5_000).json()
    assert f"({' '.join(['word'] * 40)!r}".rstrip("'") + "…'" in str(caught.value)


def test_the_body_and_the_query_are_in_no_message_and_no_repr() -> None:
    response = answer(b'{"password": "secret"')
    with pytest.raises(ProtocolError) as caught:
        response.json()
    assert "secret" not in f"{caught.value!r} {response!r} {response.call!r}"


def test_an_unreadable_answer_to_a_write_leaves_its_result_unknown() -> None:
    with pytest.raises(ResultUnknown, match="it may have taken effect"):
        answer(b"<html>", writes=True).json()


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text()), min_size=1), st.data())
def test_a_list_cut_short_is_never_a_shorter_list(value: list[Any], data: st.DataObject) -> None:
    whole = json.dumps(value, ensure_ascii=False).encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ProtocolError):
        answer(whole[:cut]).json()
