"""Bodies as they come: their encoding, and what a reader would see of a page. Pure: bytes in, text out."""

from __future__ import annotations

import html
import re

from connecthub.core.safe_text import safe_text

LOOKED_AT = 20_000
"""Bytes of a page that are looked at."""
EXCERPT = 200
"""Characters of it that are shown."""

CHARSET = re.compile(r"charset=\W*([\w-]+)", re.IGNORECASE)
HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"<[^>]*(?:>|\Z)")
OUTER = b"\xef\xbb\xbf \t\r\n"
"""What may stand before a body: a BOM, blanks, line ends."""
LIKE_A_TOKEN = re.compile(r"[A-Za-z0-9_+/=%-]{20,}")


def is_html(content: bytes) -> bool:
    """Tell whether a body is a page: it begins with a tag."""
    return begins_with(content, b"<")


def begins_with(content: bytes, *starts: bytes) -> bool:
    """Tell whether a body begins with one of `starts`, past a BOM, blanks and line ends."""
    return content.lstrip(OUTER).startswith(starts)


def charset_of(content_type: str) -> str:
    """Return the charset that a header declares, in lower case; empty where it declares none."""
    declared = CHARSET.search(content_type)
    return declared[1].lower() if declared else ""


def decoded(content: bytes, charset: str) -> str | None:
    """Return a body as text; None where no reading of it makes sense.

    UTF-8 with or without BOM. GBK and its kin, all read as GB18030, where `charset` declares them, and where the bytes
    are no UTF-8, unless they evidently were and are damaged: one garbled byte must not turn every name into another.
    """
    declared_gb = charset.startswith("gb")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None if not declared_gb and _is_damaged_utf8(content) else _as_gb18030(content)
    if declared_gb and not text.isascii() and not any(char >= "\u0800" for char in text):
        return _as_gb18030(content)  # a short text in GBK may be valid UTF-8 by chance, but no Chinese one then
    return text


def excerpt(content: bytes, charset: str) -> str:
    """Return what a reader sees first of a page, safe to show: no markup, no script, nothing that looks like a token;
    empty where there is nothing to see."""
    begin = content[:LOOKED_AT]
    text = begin.decode("gb18030" if charset.startswith("gb") else "utf-8", "replace").removeprefix("\ufeff")
    visible = html.unescape(TAG.sub(" ", HIDDEN.sub(" ", text)))
    words = LIKE_A_TOKEN.sub("…", safe_text(" ".join(visible.split())))
    return words if len(words) <= EXCERPT else f"{words[:EXCERPT].rstrip()}…"


def _as_gb18030(content: bytes) -> str | None:
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        return None


def _is_damaged_utf8(content: bytes) -> bool:
    """Tell whether bytes that are no UTF-8 were: its Chinese characters outweigh what is broken.

    Text in GBK has next to none of them, for they need three bytes in a row that GBK rarely has.
    """
    text = content.decode("utf-8", "surrogateescape")
    broken = sum("\udc80" <= char <= "\udcff" for char in text)
    whole = sum(char >= "\u0800" and not "\udc80" <= char <= "\udcff" for char in text)
    return 3 * whole >= broken
