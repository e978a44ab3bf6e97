"""The door to terminals and databases: hostile text becomes visible text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connecthub.core.safe_text import display_width, fit, safe_text, storable

HOSTILE = st.text(
    st.one_of(
        st.characters(codec=None, categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me")),
        st.characters(codec=None),
        st.sampled_from("\x1b\x9b\u202e\u2066\u200b\ufeff\udc80\u0301中👉a ⟨⟩"),
    )
)
FORBIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def assert_harmless(text: str, allowed: str = "") -> None:
    for char in text:
        assert char in allowed or unicodedata.category(char) not in FORBIDDEN_CATEGORIES, repr(char)
        assert not 0xE0000 <= ord(char) <= 0xE0FFF
        assert not 0xFDD0 <= ord(char) <= 0xFDEF
        assert ord(char) & 0xFFFE != 0xFFFE
    text.encode("utf-8")


@given(HOSTILE)
@settings(derandomize=True, max_examples=500)
def test_nothing_that_a_terminal_acts_on_gets_through(text: str):
    assert_harmless(safe_text(text))
    assert_harmless(safe_text(text, newlines=True), allowed="\n")


@given(HOSTILE)
@settings(derandomize=True, max_examples=500)
def test_doing_it_twice_changes_nothing(text: str):
    assert safe_text(safe_text(text)) == safe_text(text)
    assert safe_text(safe_text(text, newlines=True), newlines=True) == safe_text(text, newlines=True)


def test_every_character_of_unicode_is_made_harmless():
    for plane in range(17):
        assert_harmless(safe_text("".join(map(chr, range(plane * 0x10000, (plane + 1) * 0x10000)))))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", "␛[31mred␇"),
        ("a\nb\tc\r\x00\x7f", "a␊b␉c␍␀␡"),
        ("\x9b2J\x85", "⟨U+009B⟩2J⟨U+0085⟩"),
        ("abc\u202egpj.exe", "abc⟨U+202E⟩gpj.exe"),
        ("a\u200bb\u2060\ufeff\u061c", "a⟨U+200B⟩b⟨U+2060⟩⟨U+FEFF⟩⟨U+061C⟩"),
        ("line\u2028paragraph\u2029", "line⟨U+2028⟩paragraph⟨U+2029⟩"),
        ("\udc80\uffff\ue000", "⟨U+DC80⟩⟨U+FFFF⟩⟨U+E000⟩"),
        ("x\U000e0041\U000e01ef", "x⟨U+E0041⟩⟨U+E01EF⟩"),
        ("👨\u200d👩", "👨⟨U+200D⟩👩"),
        ("\u00ad\u3164\u115f", "⟨U+00AD⟩⟨U+3164⟩⟨U+115F⟩"),
    ],
)
def test_what_would_act_or_hide_is_shown(text: str, shown: str):
    assert safe_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain ~ text",
        "致远 OA → 滴滴企业版\uff0c\uff08全角\uff09",
        "naïve cafe\u0301",
        "❤️ 👉",
        "\u3000\u00a0",
        "𠮷",
    ],
)
def test_honest_text_stays_as_it_is(text: str):
    assert safe_text(text) == text


@pytest.mark.parametrize("text", ["[/]", "[INFO]", "[@click=app.quit]x[/]", "[link=http://x", r"\[b]"])
def test_markup_is_not_read(text: str):
    assert safe_text(text) == text


def test_line_feeds_and_tabs_stay_where_they_are_wanted():
    assert safe_text("a\n\tb\r\n", newlines=True) == "a\n    b␍\n"


def test_a_flood_of_combining_marks_is_capped_and_the_rest_shown():
    assert safe_text("a" + "\u0301" * 10) == "a" + "\u0301" * 8 + "⟨U+0301⟩" * 2
    assert safe_text("\u0301" * 8 + "b" + "\u0301" * 8) == "\u0301" * 8 + "b" + "\u0301" * 8


def test_objects_are_printed_and_those_that_cannot_be_are_named():
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("\x1b[2J")

    class NoText:
        def __str__(self) -> str:
            return 3  # pyright: ignore[reportReturnType]

    assert safe_text(12) == "12"
    assert safe_text(None) == "None"
    assert safe_text(Broken()) == "<unprintable Broken>"
    assert safe_text(NoText()) == "<unprintable NoText>"
    assert safe_text(type("Evil\x1b", (Broken,), {})()) == "<unprintable Evil␛>"


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("abc", 3), ("中文", 4), ("\uff41", 2), ("👉", 2), ("cafe\u0301", 4), ("①", 1), ("❤️", 1)],
)
def test_cjk_and_emoji_take_two_columns_and_marks_none(text: str, columns: int):
    assert display_width(text) == columns


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("ab", 4, "ab  "),
        ("abcd", 4, "abcd"),
        ("abcde", 4, "abc…"),
        ("中文字", 6, "中文字"),
        ("中文字", 5, "中文…"),
        ("中文字", 4, "中… "),
        ("cafe\u0301s", 5, "cafe\u0301s"),
        ("cafe\u0301s!", 5, "cafe\u0301…"),
        ("中", 1, "…"),
        ("a\nb", 3, "a␊b"),
        ("abc", 0, ""),
        ("abc", -1, ""),
    ],
)
def test_a_text_is_fitted_into_its_column(text: str, width: int, fitted: str):
    assert fit(text, width) == fitted


@given(HOSTILE, st.integers(0, 40))
@settings(derandomize=True, max_examples=300)
def test_a_fitted_text_takes_exactly_its_columns(text: str, width: int):
    assert display_width(fit(text, width)) == width
    assert_harmless(fit(text, width))


@given(HOSTILE)
@settings(derandomize=True, max_examples=300)
def test_what_is_storable_encodes_holds_no_nul_and_stays(text: str):
    stored = storable(text)
    assert "\x00" not in stored
    assert stored.encode("utf-8").decode("utf-8") == stored
    assert storable(stored) == stored


def test_what_a_database_refuses_is_shown_and_the_rest_kept():
    assert storable("a\x00b\udc80\ud83d中\x1b\n") == "a\\x00b\\udc80\\ud83d中\x1b\n"
