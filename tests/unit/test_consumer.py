"""The worker's second way to its work."""

from __future__ import annotations

from connecthub.tasks.consumer import LOOK_SECONDS, DatabaseLook


class Rows:
    """Rows that wait, and how often somebody looked."""

    def __init__(self, count: int) -> None:
        self.waiting = list(range(count))
        self.looks = 0

    def find(self, limit: int) -> list[int]:
        self.looks += 1
        found, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return found


def test_a_full_look_is_followed_by_the_next_at_once():
    rows, now = Rows(5), [100.0]
    look = DatabaseLook(rows.find, 2, lambda: now[0])
    assert [look.next_row() for _ in range(6)] == [0, 1, 2, 3, 4, None]
    assert rows.looks == 3


def test_an_empty_look_is_not_repeated_before_its_time():
    rows, now = Rows(0), [100.0]
    look = DatabaseLook(rows.find, 2, lambda: now[0])
    assert [look.next_row() for _ in range(10)] == [None] * 10
    assert rows.looks == 1
    now[0] += LOOK_SECONDS
    look.next_row()
    assert rows.looks == 2
