"""The one door for outside text: what may go to a terminal, and what may go into a database.

Whatever a terminal would act on, reorder or hide is replaced by something visible; nothing is dropped, no markup read.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate

_MAX_MARKS = 8
_TAB = " " * 4

# Printable ASCII, everyday CJK and full-width forms pass at once; whatever else comes is looked at one by one.
_UNUSUAL = re.compile("[^ -~\u3001-\u3029\u3041-\u3096\u30a0-\u30ff\u4e00-\u9fff\uff01-\uff5e]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# Invisible although their category says letter, mark or unassigned: grapheme joiner, Hangul and Khmer fillers,
# Mongolian selectors, and the ranges that Unicode keeps for more of the same.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\uffa0\ufdd0-\ufdef\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


def safe_text(text: object, *, newlines: bool = False) -> str:
    """Return the text with everything that could act on a terminal made visible, such as `␛` or `⟨U+202E⟩`.

    With `newlines` a line feed stays and a tab becomes four spaces; otherwise they are shown as `␊` and `␉`.
    An object that cannot be printed becomes `<unprintable Foo>`. Doing it twice changes nothing.
    """
    try:
        plain = str(text)
    except Exception:
        plain = f"<unprintable {type(text).__name__}>"
    return _UNUSUAL.sub(lambda found: _visible(found[0], newlines), plain)


def display_width(text: str) -> int:
    """Return the columns that a safe text takes on a terminal: CJK and emoji two, combining marks none."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def fit(text: str, width: int) -> str:
    """Return the text, made safe, in exactly `width` columns: padded with spaces or cut with `…`."""
    # Of any nine characters at least one takes a column, so that the rest of a huge text is never looked at.
    text = safe_text(text[: (_MAX_MARKS + 1) * (max(width, 0) + 1)])
    if (columns := display_width(text)) > width:
        text, columns = _cut(text, width)
    return text + " " * (width - columns)


def storable(text: str) -> str:
    r"""Return the text with what a database refuses made visible: NUL as `\x00`, a lone surrogate as `\udc80`."""
    return _UNSTORABLE.sub(lambda found: r"\x00" if found[0] == "\x00" else rf"\u{ord(found[0]):04x}", text)


def _visible(run: str, newlines: bool) -> str:
    shown: list[str] = []
    marks = 0
    for char in run:
        marks = marks + 1 if _is_mark(char) else 0
        if newlines and char in "\n\t":
            shown.append(_TAB if char == "\t" else char)
        elif marks > _MAX_MARKS or _is_unsafe(char):
            shown.append(_spelled(char))
        else:
            shown.append(char)
    return "".join(shown)


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me")


def _is_unsafe(char: str) -> bool:
    noncharacter = ord(char) & 0xFFFE == 0xFFFE
    return (
        noncharacter
        or unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
        or _INVISIBLE.match(char) is not None
    )


def _spelled(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def _char_width(char: str) -> int:
    if _is_mark(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def _cut(text: str, width: int) -> tuple[str, int]:
    if width <= 0:
        return "", 0
    ends = [0, *accumulate(map(_char_width, text))]
    kept = bisect_right(ends, width - 1) - 1
    return text[:kept] + "…", ends[kept] + 1
