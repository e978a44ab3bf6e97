"""One way to write a fact, so that what the OA says and what DiDi says can be compared."""

from __future__ import annotations

import re
import unicodedata

NAME_MAX = 50
DEPARTMENT_NAME_MAX = 200
NUMBER_MAX = 32
EMAIL_MAX = 64
KEY_MAX = 64

MAINLAND = re.compile(r"1\d{10}")
PUNCTUATION = re.compile(r"[\s().\-\u2010-\u2015]")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
COUNTRY_CODE = re.compile(r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}")
"""No code begins like another one (ITU E.164)."""


def usable_phone(text: str) -> str:
    """Return a phone as DiDi takes it: 11 digits, or `+<country code> <number>` overseas; empty where it is none.

    Spaces, dashes, brackets and the country code of mainland China go.
    """
    digits = PUNCTUATION.sub("", unicodedata.normalize("NFKC", text))
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    for prefix in ("+86", "86"):
        if MAINLAND.fullmatch(digits.removeprefix(prefix)):
            return digits.removeprefix(prefix)
    if not re.fullmatch(r"\+[1-9]\d{6,14}", digits) or digits.startswith("+86"):
        return ""
    country = COUNTRY_CODE.match(digits, 1)
    return f"+{country[0]} {digits[country.end() :]}" if country else ""


def usable_email(text: str) -> str:
    """Return an e-mail address as it is written, trimmed; empty where it is none that DiDi would take."""
    trimmed = text.strip()
    return trimmed if EMAIL.fullmatch(trimmed) and len(trimmed) <= EMAIL_MAX else ""


def usable_name(text: str, longest: int = NAME_MAX) -> str:
    """Return a name trimmed, cut to what DiDi takes; what was cut is the caller's to tell."""
    return text.strip()[:longest].strip()


def mask_phone(phone: str) -> str:
    """Return a phone for a log: its four digits before the last four are masked."""
    return f"{phone[:-8]}****{phone[-4:]}" if len(phone) >= 8 else "****" if phone else ""
