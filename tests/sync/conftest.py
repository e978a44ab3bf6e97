"""Stand-ins of a company of sixty, before and after its first sync."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sync.pair import Pair, pair


@pytest.fixture
def company() -> Iterator[Pair]:
    """An OA with sixty people, and a DiDi without any."""
    with pair() as both:
        yield both


@pytest.fixture
def synced(company: Pair) -> Pair:
    """The same after a first sync, from which superiors are left out to save time."""
    company.params["superiors"] = False
    company.settled()
    return company
