"""Reading a paged list whole: rows may shift while it is read, and a total may be wrong, missing or the page's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from connecthub.integrations.errors import ProtocolError

PASSES = 4
"""How often a list that changes while it is read is read anew."""
PAGES_MAX = 2_000


@dataclass(frozen=True)
class Page:
    """One page: its rows, and how many rows the list has in all; None where the system does not say."""

    rows: list[Any]
    total: int | None


def read_whole(
    fetch: Callable[[int, int], Page], key: Callable[[Any], str], what: str, *, length: int = 100
) -> list[Any]:
    """Read all pages of a list; `fetch` takes an offset, a multiple of `length`, and `length`; `key` is a row's id.

    A reading is whole if no row came twice and each page promised as many rows as there were. Where the pages promise
    nothing of the whole (no total, each page's own, an empty list), two readings in a row have to meet the same rows,
    for nothing is more dangerous than an answer that is wrong and looks complete. Raises ProtocolError where no reading
    is whole.
    """
    before: set[str] | None = None
    rows, totals = {}, set()
    for _ in range(PASSES):
        pages = _pages(fetch, key, what, length)
        rows = {key(row): row for page in pages for row in page.rows}
        totals = {page.total for page in pages} - {None}
        none_twice = sum(len(page.rows) for page in pages) == len(rows)
        if rows and none_twice and totals == {len(rows)}:
            return list(rows.values())
        promise_nothing = none_twice and all(page.total in (None, len(page.rows)) for page in pages)
        if promise_nothing and before == rows.keys():
            return list(rows.values())
        before = set(rows) if promise_nothing else None
    raise ProtocolError(
        f"{what}: the list changed during each of {PASSES} readings, or is not sent whole (the last one met "
        f"{len(rows)} different rows, where {_listed(totals)} were promised); try again when nobody edits it"
    )


def _pages(fetch: Callable[[int, int], Page], key: Callable[[Any], str], what: str, length: int) -> list[Page]:
    """Read until a page is short or brings nothing new; such a page counts as the first one only, for past the end a
    service may say anything."""
    pages: list[Page] = []
    known: set[str] = set()
    for number in range(PAGES_MAX):
        page = fetch(number * length, length)
        new = {key(row) for row in page.rows} - known
        if new or not pages:
            pages.append(page)
        if len(page.rows) < length or not new:
            return pages
        known |= new
    raise ProtocolError(f"{what}: more than {PAGES_MAX} pages of {length} rows; the list has no end")


def _listed(totals: Iterable[int | None]) -> str:
    return " or ".join(sorted(map(str, totals))) or "no number"
