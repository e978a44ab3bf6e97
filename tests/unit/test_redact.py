"""Redaction: no spelling of a canary is left in any text."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connecthub.core.redact import Redactor, mask_url

# A secret of stars only could not be told from the mask.
SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=4).filter(
    lambda text: text == text.strip()
)
CONTEXTS = st.text(st.characters(codec="utf-8"))


def redactor(*secrets: str) -> Redactor:
    found = Redactor()
    for secret in secrets:
        found.add(secret)
    return found


def lower_percent(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def spellings(secret: str) -> Iterator[str]:
    data = secret.encode()
    yield secret
    for quoted in (quote(secret), quote(secret, safe=""), quote_plus(secret), quote(secret, safe="!$&'()*,;:@=~")):
        yield from (quoted, lower_percent(quoted), quote(quoted, safe=""))
    for escaped in (
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        repr(secret),
        ascii(secret),
        repr(data),
    ):
        yield from (escaped.removeprefix("b")[1:-1], json.dumps(escaped.removeprefix("b")[1:-1])[1:-1])
    yield from (html.escape(secret), html.escape(secret, quote=False))
    yield from (data.hex(), data.hex().upper())
    for coded in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()):
        yield from (coded, coded.rstrip("="), quote(coded, safe=""), json.dumps(coded).replace("/", r"\/")[1:-1])


@given(SECRETS, CONTEXTS, CONTEXTS)
@settings(derandomize=True, max_examples=200, deadline=None)
def test_no_spelling_of_a_secret_is_left_in_any_surrounding(secret: str, before: str, after: str):
    mask = redactor(secret)
    for form in spellings(secret):
        for text in (form, f"{before} {form} {after}"):
            assert "***" in mask.redact(text), form
            assert form not in mask.redact(text)


@given(SECRETS, CONTEXTS, CONTEXTS)
@settings(derandomize=True, max_examples=200, deadline=None)
def test_a_plain_secret_is_found_without_any_gap_around_it(secret: str, before: str, after: str):
    assert secret not in redactor(secret).redact(before + secret + after)


@given(SECRETS.filter(lambda text: len(text.encode()) >= 5), st.binary(), st.binary())
@settings(derandomize=True, max_examples=200, deadline=None)
def test_a_secret_inside_longer_base64_is_found_at_every_alignment(secret: str, before: bytes, after: bytes):
    mask = redactor(secret)
    for code in (base64.b64encode, base64.urlsafe_b64encode):
        text = code(before + secret.encode() + after).decode()
        masked = mask.redact(text)
        assert "***" in masked
        for piece in masked.split("***"):
            for start in range(4):
                whole = piece[start:]
                decoded = base64.urlsafe_b64decode((whole[: len(whole) // 4 * 4]).replace("+", "-").replace("/", "_"))
                assert secret.encode() not in decoded or secret.encode() in before + after


@given(SECRETS)
@settings(derandomize=True, max_examples=200, deadline=None)
def test_no_form_is_longer_than_longest(secret: str):
    mask = redactor(secret)
    assert all(len(form) <= mask.longest for form in spellings(secret))


@given(SECRETS, CONTEXTS)
@settings(derandomize=True, max_examples=200, deadline=None)
def test_redacting_twice_changes_nothing(secret: str, context: str):
    mask = redactor(secret)
    assert mask.redact(mask.redact(context + secret)) == mask.redact(context + secret)


@pytest.mark.parametrize("user", ["a", "ab", "abc"])
def test_basic_authentication_is_caught(user: str):
    header = base64.b64encode(f"{user}:hunter2".encode()).decode()
    masked = redactor("hunter2").redact(f"Authorization: Basic {header}")
    assert masked.startswith("Authorization: Basic ")
    assert masked.endswith("***")
    assert header[-8:] not in masked


def test_a_line_reads_on_around_the_mask():
    mask = redactor('p@ss w"rd')
    assert mask.redact('login bob p@ss w"rd ok') == "login bob *** ok"
    assert mask.redact("GET /?pw=p%40ss+w%22rd&x=1") == "GET /?pw=***&x=1"
    assert mask.redact('{"pw": "p@ss w\\"rd"}') == '{"pw": "***"}'


def test_the_longest_secret_wins_and_overlapping_ones_leave_nothing():
    assert redactor("token", "token-of-bob").redact("x token-of-bob y token z") == "x *** y *** z"
    assert redactor("abcdef", "defxyz").redact("<abcdefxyz>") == "<***>"


def test_each_long_line_of_a_secret_counts_by_itself():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\r\nshort\n"
    mask = redactor(key)
    assert mask.redact("read MIIEvQIBADANBg only") == "read *** only"
    assert mask.redact("short") == "short"
    assert mask.redact(f"all: {key!r}") == "all: '***'"


def test_surrounding_blanks_of_a_secret_do_not_hide_it():
    assert redactor(" hunter2\n").redact("pw=hunter2;") == "pw=***;"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("pin 7a.", "pin ***."),
        ("a7a", "a7a"),
        ("7ab", "7ab"),
        ("7a7a 7a", "7a7a ***"),
        ("_7a", "_7a"),
        ("(7a)", "(***)"),
    ],
)
def test_a_value_under_four_characters_counts_as_a_whole_word_only(text: str, masked: str):
    assert redactor("7a").redact(text) == masked


def test_from_four_characters_on_a_value_counts_inside_words_too():
    assert redactor("abc").redact("xabcx abc") == "xabcx ***"
    assert redactor("abcd").redact("xabcdx abcd") == "x***x ***"


def test_blank_values_mask_nothing():
    mask = redactor("", " ", "\n\t")
    assert mask.redact(" a \n\t ") == " a \n\t "
    assert mask.longest == 0


def test_nested_settings_give_their_values_and_keep_their_keys():
    mask = Redactor.from_secrets(
        {"user_name": "robot-1", "list": ["list-item", {"deep": 20261124}], "ratio": 0.125, "flag": True, "none": None}
    )
    text = "user_name robot-1 list-item deep 20261124 0.125 flag True none None"
    assert mask.redact(text) == "user_name *** *** deep *** *** flag True none None"


def test_without_secrets_every_text_stays():
    assert Redactor.from_secrets({}).redact("anything at all") == "anything at all"


def test_a_redactor_shows_no_secret_of_its_own():
    mask = redactor("c4nary-pa55word")
    assert "c4nary" not in f"{mask!r} {mask}"


@pytest.mark.parametrize("secret", ["\\" * 12, '"' * 12, "%" * 12, '\\"' * 8, "    x    y", "密" * 12])
def test_an_awkward_secret_is_looked_for_in_an_awkward_line_without_blowing_up(secret: str):
    mask = redactor(f"{secret}Z")
    for piece in ("\\", "%25", '\\"', " ", "\\x5c", "%E5", "\\\\u5bc6"):
        line = f"Z{piece * 4_000}"
        assert mask.redact(line) == line


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://:hunter2@h:6379/0", "redis://:***@h:6379/0"),
        ("postgresql://bob:hun%40ter@h/d?sslmode=require", "postgresql://bob:***@h/d?sslmode=require"),
        ("postgresql://bob:hun@ter2@h/d", "postgresql://bob:***@h/d"),
        ("postgresql://bob:hun/ter2@h/d", "postgresql://bob:***@h/d"),
        ("postgresql:///d?password=hunter2&host=/run", "postgresql:///d?password=***&host=/run"),
        ("https://h:8080/a?mail=a@b.c", "https://h:8080/a?mail=a@b.c"),
        ("redis://[::1]:6379/0?x=a@b", "redis://[::1]:6379/0?x=a@b"),
        ("https://h/a?access_token=t&sign=s&x=1#token=t", "https://h/a?access_token=***&sign=***&x=1#token=***"),
        (
            "https://h/a?client_secret=s&appKey=k&api-key=k&KEY=k",
            "https://h/a?client_secret=***&appKey=***&api-key=***&KEY=***",
        ),
        ("https://h/a?design=1&monkey=2&page=3", "https://h/a?design=1&monkey=2&page=3"),
        ("https://h/a?token=", "https://h/a?token=***"),
        ("sqlite:////srv/x.db", "sqlite:////srv/x.db"),
        ("", ""),
    ],
)
def test_passwords_and_secret_looking_values_of_a_url_are_masked(url: str, masked: str):
    assert mask_url(url) == masked
