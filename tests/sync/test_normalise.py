"""One way to write phones, names and e-mail addresses."""

from __future__ import annotations

import pytest

from extensions.sync_oa_to_didi.normalise import mask_phone, usable_email, usable_name, usable_phone


@pytest.mark.parametrize(
    ("written", "usable"),
    [
        ("19900000001", "19900000001"),
        (" 199 0000 0001 ", "19900000001"),
        ("199-0000-0001", "19900000001"),
        ("+86 19900000001", "19900000001"),
        ("+8619900000001", "19900000001"),
        ("86-199 0000 0001", "19900000001"),
        ("0086 199 0000 0001", "19900000001"),
        ("\uff11\uff19\uff19\uff10\uff10000001", "19900000001"),
        ("199\u20110000\u20110001", "19900000001"),
        ("+1 (555) 010-1234", "+1 5550101234"),
        ("+15550101234", "+1 5550101234"),
        ("00852 5550 0101", "+852 55500101"),
        ("+44 20 5550 0101", "+44 2055500101"),
        ("+7-555-010-12-34", "+7 5550101234"),
        ("+86 12345", ""),
        ("010-55500101", ""),
        ("19900000001/19900000002", ""),
        ("1990000000", ""),
        ("+852 1", ""),
        ("none", ""),
        ("", ""),
    ],
)
def test_a_phone_is_written_as_didi_takes_it(written: str, usable: str) -> None:
    assert usable_phone(written) == usable
    assert usable_phone(usable) == usable


@pytest.mark.parametrize(
    ("written", "usable"),
    [(" A@Example.com ", "A@Example.com"), ("a@b@c", ""), ("a b@c", ""), ("", ""), (f"{'a' * 60}@b.cn", "")],
)
def test_an_address_that_didi_would_refuse_is_none(written: str, usable: str) -> None:
    assert usable_email(written) == usable


def test_a_name_is_trimmed_and_cut() -> None:
    assert usable_name(" \u3000张 三 ") == "张 三"
    assert usable_name("长" * 60) == "长" * 50
    assert usable_name(f"{'长' * 49} 名字") == "长" * 49


@pytest.mark.parametrize(
    ("phone", "masked"), [("19900000001", "199****0001"), ("+1 5550101234", "+1 55****1234"), ("123", "****"), ("", "")]
)
def test_a_log_shows_no_whole_phone(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked
