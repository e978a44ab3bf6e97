"""Pages of a list that is at hand whole: put together they are the list."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tui.spans import Page, Side, Span, stretch

AT = datetime(2026, 11, 28, tzinfo=UTC)
ROWS = [2, 3, 5, 8, 13, 21, 34]


def page(side: Side, key: int | None = None) -> Page[int]:
    return stretch(ROWS, lambda row: row, Span(side, key, limit=3), AT)


@pytest.mark.parametrize(
    ("asked", "rows", "more"),
    [
        (page(Side.FIRST), [2, 3, 5], True),
        (page(Side.LAST), [13, 21, 34], True),
        (page(Side.AFTER, 8), [13, 21, 34], False),
        (page(Side.AFTER, 4), [5, 8, 13], True),
        (page(Side.AFTER, 34), [], False),
        (page(Side.BEFORE, 8), [2, 3, 5], False),
        (page(Side.BEFORE, 21), [5, 8, 13], True),
        (page(Side.FROM, 9), [13, 21, 34], False),
        (page(Side.FROM, 3), [3, 5, 8], True),
    ],
)
def test_a_page_has_the_rows_on_its_side_of_the_key(asked: Page[int], rows: list[int], more: bool):
    assert (list(asked.rows), asked.more, asked.at) == (rows, more, AT)
