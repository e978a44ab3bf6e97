"""`Retry`: what a plugin raises to be tried again."""

from __future__ import annotations

import re
from typing import Any

import pytest

from connecthub.jobs import Retry


@pytest.mark.parametrize("after", [0, 1.5, 86_400])
def test_a_wish_keeps_its_message_and_its_seconds(after: float):
    wish = Retry("closed for the night", after=after)
    assert (str(wish), wish.after) == ("closed for the night", after)


@pytest.mark.parametrize("after", [-1, float("nan"), float("inf"), "60", None, True])
def test_what_is_no_number_of_seconds_is_refused_by_its_value(after: Any):
    told = re.escape(f"Retry(after={after!r}): write a number of seconds, 0 or more")
    with pytest.raises(ValueError, match=f"^{told}$"):
        Retry("soon", after=after)
