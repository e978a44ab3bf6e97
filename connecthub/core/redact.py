r"""Masking of secrets in text, in whatever spelling they come.

A secret is searched for as a pattern in which each character may be written plainly, percent-encoded, escaped as JSON,
Python or HTML do, or escaped up to three times over; and in base64 and hexadecimal. A pattern runs only where the
secret's longest plain piece, its anchor, occurs in the text, so that a line without secrets costs little.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

MASK = "***"

_SHORT = 4
_MIN_LINE = 8
_MIN_BASE64 = 6
_NAMED_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_PADDING = "(?:=|%3[Dd]){0,2}"
_URLSAFE = {"+": "-", "/": "_"}

_USERINFO = re.compile(r"(?<=://)([^/?#@:[]*):(?:[^/?#]*@|(?!\d*(?:[/?#]|$)).*@)", re.DOTALL)
_SECRET_QUERY = re.compile(
    r"([?&;#](?:[\w.-]*(?:token|secret|passw(?:or)?d|pwd)|(?:[\w.-]*[_.-])?(?:sign|signature|key)|(?:api|app|access)_?key)=)[^&#]*",
    re.IGNORECASE,
)


class Redactor:
    """Replaces every secret that was added, in any of its forms, by `***`."""

    def __init__(self) -> None:
        self._forms: dict[str, _Form] = {}
        self._longest = 0

    @classmethod
    def from_secrets(cls, secrets: Mapping[str, object]) -> Redactor:
        """Build one from nested settings: every text and number in them is a secret, their keys are not."""
        redactor = cls()
        for value in _leaves(secrets):
            redactor.add(value)
        return redactor

    def add(self, value: str) -> None:
        """Treat the value as a secret from now on, and each of its lines of 8 characters or more; blanks are none."""
        pieces = {
            value,
            value.strip(),
            *(line.strip() for line in value.splitlines() if len(line.strip()) >= _MIN_LINE),
        }
        added = {form.source: form for piece in pieces if piece.strip() for form in _forms(piece)}
        self._forms = self._forms | added
        self._longest = max((form.width for form in self._forms.values()), default=0)

    @property
    def longest(self) -> int:
        """The most characters that a form can take: who cuts a long text keeps this much back."""
        return self._longest

    def redact(self, text: str) -> str:
        """Return the text with every form of every secret replaced."""
        spans = sorted(
            found.span()
            for form in self._forms.values()
            if form.anchor in text
            for found in form.pattern.finditer(text)
        )
        if not spans:
            return text
        pieces: list[str] = []
        done = 0
        for start, end in spans:
            if start >= done:
                pieces += text[done:start], MASK
            done = max(done, end)
        return "".join([*pieces, text[done:]])


def mask_url(url: str) -> str:
    """Return the URL with its password and secret-looking query values (token, sign, key, …) replaced by `***`."""
    return _SECRET_QUERY.sub(rf"\1{MASK}", _USERINFO.sub(rf"\1:{MASK}@", url))


class _Form:
    """One way to spell a secret: its pattern, a plain piece that every match holds, and the longest match's length."""

    def __init__(self, source: str, anchor: str, width: int) -> None:
        self.source = source
        self.anchor = anchor
        self.width = width

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.source)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _forms(value: str) -> Iterator[_Form]:
    source, width = _spelled(value, twins={})
    if len(value) < _SHORT:
        yield _Form(rf"(?<!\w){source}(?!\w)", _anchor(value), width)
        return
    yield _Form(source, _anchor(value), width)
    data = value.encode("utf-8", "surrogatepass")
    for digits in (data.hex(), data.hex().upper()):
        yield _Form(digits, digits, len(digits))
    yield from _base64_forms(data)


def _base64_forms(data: bytes) -> Iterator[_Form]:
    """The data alone, and as it looks inside longer data: the six-bit groups depend on where it begins there."""
    alone = base64.b64encode(data).decode().rstrip("=")
    source, width = _spelled(alone, _URLSAFE)
    yield _Form(rf"(?<![\w+/-]){source}(?![\w+/-]){_PADDING}", _anchor(alone), width + 6)
    for offset in range(3):
        coded = base64.b64encode(bytes(offset) + data).decode()
        inner = coded[-(-8 * offset // 6) : 8 * (offset + len(data)) // 6]
        if len(inner) >= _MIN_BASE64:
            source, width = _spelled(inner, _URLSAFE)
            shared = "[A-Za-z0-9+/_-]?"
            before, after = shared if offset else "", shared if 8 * (offset + len(data)) % 6 else ""
            yield _Form(rf"{before}{source}{after}{_PADDING}", _anchor(inner), width + 8)


def _anchor(value: str) -> str:
    return max(re.findall("[A-Za-z0-9]+", value), key=len, default="")


def _spelled(value: str, twins: Mapping[str, str]) -> tuple[str, int]:
    """Return a pattern for every spelling of the value and its greatest length; `twins` are further spellings."""
    source, width = "", 0
    for part in re.findall(r"[A-Za-z0-9]+|\\+|[^A-Za-z0-9\\]", value):
        if part.isascii() and part.isalnum():
            source += part
            width += len(part)
        elif part[0] == "\\":
            source += rf"(?:\\{{{len(part)},{8 * len(part)}}}|(?:%(?:25){{0,2}}5[Cc]){{{len(part)}}})"
            width += 8 * len(part)
        else:
            spellings = _spellings(part) | ({twins[part]: 1} if part in twins else {})
            source += f"(?:{'|'.join(spellings)})"
            width += max(spellings.values())
    return source, width


def _spellings(char: str) -> dict[str, int]:
    """Return the patterns of one character that is neither letter, digit nor backslash, with their greatest lengths."""
    data = char.encode("utf-8", "surrogatepass")
    units = char.encode("utf-16-be", "surrogatepass").hex(" ", 2).split()
    found = {
        "".join(rf"%(?:25){{0,2}}(?i:{byte:02x})" for byte in data): 7 * len(data),
        "".join(rf"\\{{1,8}}x(?i:{byte:02x})" for byte in data): 11 * len(data),
        "".join(rf"\\{{1,8}}u(?i:{unit})" for unit in units): 13 * len(units),
        rf"\\{{1,8}}x(?i:{ord(char):02x})": 11,
        rf"\\{{1,8}}U(?i:{ord(char):08x})": 17,
    }
    if char in _NAMED_ESCAPES:
        found[rf"\\{{1,8}}{_NAMED_ESCAPES[char]}"] = 9
    if char == " ":
        found |= {r"\+": 1, "%(?:25){0,2}2[Bb]": 7}
    if (entity := html.escape(char)) != char:
        found |= {re.escape(entity): len(entity), f"&#{ord(char)};": 5}
    found[rf"\\{{0,7}}{re.escape(char)}"] = 8  # last: `&amp;` and `%25` begin with the plain character
    return found
