"""read_whole, over lists that shift, shrink, repeat and lie: whole, or an error."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connecthub.integrations import pages
from connecthub.integrations.errors import ProtocolError
from connecthub.integrations.pages import Page, read_whole

LENGTH = 3
Totals = Callable[[int, int], int | None]
"""The total that a page says, by the rows of the whole list and its own."""


class Listing:
    """A paged list; `changes` are made to it after so many pages."""

    def __init__(self, size: int, totals: Totals, changes: dict[int, Callable[[list[str]], object]] | None = None):
        self.rows = [f"row {number}" for number in range(size)]
        self.totals = totals
        self.changes = changes or {}
        self.asked: list[int] = []

    def fetch(self, offset: int, length: int) -> Page:
        assert (offset % length, length) == (0, LENGTH)
        if change := self.changes.get(len(self.asked)):
            change(self.rows)
        self.asked.append(offset)
        rows = self.rows[offset : offset + length]
        return Page(rows, self.totals(len(self.rows), len(rows)))

    def read(self) -> list[str]:
        return read_whole(self.fetch, str, "rows", length=LENGTH)


def of_all(whole: int, page: int) -> int:
    return whole


def of_all_and_none_past_the_end(whole: int, page: int) -> int:
    return whole if page else 0


def of_the_page(whole: int, page: int) -> int:
    return page


def missing(whole: int, page: int) -> None:
    return None


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 6, 7, 9])
@pytest.mark.parametrize("totals", [of_all, of_all_and_none_past_the_end, of_the_page, missing])
def test_a_list_that_stands_still_is_read_whole(size: int, totals: Totals) -> None:
    listing = Listing(size, totals)
    assert listing.read() == listing.rows


@pytest.mark.parametrize(
    ("size", "totals", "asked"),
    [
        (4, of_all, [0, 3]),
        (6, of_all, [0, 3, 6]),  # a full page says nothing of the end
        (6, of_all_and_none_past_the_end, [0, 3, 6]),
        (2, of_the_page, [0]),  # the page's rows and the list's are the same
        (4, of_the_page, [0, 3, 0, 3]),
        (4, missing, [0, 3, 0, 3]),
        (0, of_all, [0, 0]),
        (0, missing, [0, 0]),
    ],
)
def test_where_the_pages_promise_nothing_of_the_whole_it_is_read_twice(
    size: int, totals: Totals, asked: list[int]
) -> None:
    listing = Listing(size, totals)
    listing.read()
    assert listing.asked == asked


def added_before(rows: list[str]) -> None:
    rows.insert(0, "added")


def taken_before(rows: list[str]) -> None:
    del rows[0]


def swapped(rows: list[str]) -> None:
    """One goes and one comes: the total stays, and the second page starts with a row of the first."""
    del rows[-1]
    rows.insert(0, "added")


def emptied(rows: list[str]) -> None:
    rows.clear()


@pytest.mark.parametrize("change", [added_before, taken_before, swapped, emptied])
@pytest.mark.parametrize("totals", [of_all, of_all_and_none_past_the_end, missing])
@pytest.mark.parametrize("when", [1, 2])
def test_a_list_that_shifts_while_it_is_read_is_read_again(
    change: Callable[[list[str]], object], totals: Totals, when: int
) -> None:
    listing = Listing(8, totals, {when: change})
    assert sorted(listing.read()) == sorted(listing.rows)
    assert listing.asked.count(0) >= 2


@pytest.mark.parametrize("totals", [of_all, missing, of_the_page])
def test_a_list_that_never_stands_still_is_an_error(totals: Totals) -> None:
    listing = Listing(40, totals, dict.fromkeys(range(1, 50, 2), taken_before))
    with pytest.raises(ProtocolError, match="rows: the list changed during each of 4 readings"):
        listing.read()


@pytest.mark.parametrize("lie", [1, -1, 100])
def test_a_total_that_is_wrong_every_time_is_an_error(lie: int) -> None:
    with pytest.raises(ProtocolError, match=f"met 7 different rows, where {7 + lie} were promised"):
        Listing(7, lambda whole, page: whole + lie).read()


def test_an_empty_list_that_promises_rows_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="met 0 different rows, where 5 were promised"):
        Listing(0, lambda whole, page: 5).read()


def test_a_list_that_is_empty_only_once_is_not_empty() -> None:
    listing = Listing(0, of_all, {1: lambda rows: rows.append("late")})
    assert listing.read() == ["late"]


def test_a_list_that_repeats_its_last_page_for_ever_ends() -> None:
    rows = [str(number) for number in range(6)]
    assert read_whole(lambda offset, length: Page(rows[min(offset, 3) :][:3], 6), str, "rows", length=3) == rows


def test_a_row_that_is_sent_twice_and_counted_twice_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="met 1 different rows, where 2 were promised"):
        read_whole(lambda offset, length: Page(["same", "same"], 2), str, "rows", length=3)


def test_a_list_without_an_end_is_given_up() -> None:
    asked: list[int] = []

    def fetch(offset: int, length: int) -> Page:
        asked.append(offset)
        return Page([str(offset)], None)

    with pytest.raises(ProtocolError, match="rows: more than 2000 pages of 1 rows; the list has no end"):
        read_whole(fetch, str, "rows", length=1)
    assert len(asked) == pages.PAGES_MAX
