"""Moving, paging, marks and refreshes in the keyset table, over a list of a million numbers."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.tui.numbers import MILLION, PAGE, Numbers, drive
from tui.spans import Side
from tui.widgets.table import KeysetTable


def test_the_cursor_goes_by_arrows_and_by_letters() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        await pilot.press("down", "j", "j", "up", "k")
        assert app.current() == 1
        await pilot.press("k", "k", "k")
        assert app.current() == 0
        assert app.moved == [0, 1, 2, 3, 2, 1, 0]
        await pilot.press("j", "enter")
        assert app.opened == [1]

    drive(Numbers(), script)


def test_a_cursor_that_leaves_the_view_takes_it_along_by_half_a_page() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        for _ in range(22):
            app.table.action_down()
        assert app.column()[0] == 0
        await pilot.press("j")
        assert (app.current(), app.column()[0]) == (23, 12)
        for _ in range(12):
            app.table.action_up()
        assert (app.current(), app.column()[0]) == (11, 0)

    drive(Numbers(), script)


def test_paging_down_shows_each_row_once_and_holds_a_bounded_window() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        for page in range(24):
            assert app.column() == list(range(page * 23, page * 23 + 23))
            assert app.current() == page * 23
            app.table.action_page_down()
            await pilot.pause()
            assert app.table.held() <= 300
        assert not app.table.at_start
        assert len(app.asked) == len({(wanted.side, wanted.key) for wanted in app.asked})
        for page in range(24, 0, -1):
            assert app.column()[0] == page * 23
            app.table.action_page_up()
            await pilot.pause()
            assert app.table.held() <= 300
        assert app.current() == 0
        assert app.table.at_start

    drive(Numbers(window=300), script)


def test_g_and_shift_g_go_to_the_ends_of_the_list() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+f", "pageup", "pagedown", "ctrl+b", "G")
        assert (app.current(), app.column()[-1]) == (MILLION - 1, MILLION - 1)
        await pilot.press("pageup", "end")
        assert app.current() == MILLION - 1
        assert [wanted.side for wanted in app.asked] == [Side.LAST]
        await pilot.press("g")
        assert app.column() == list(range(23))
        await pilot.press("j", "home")
        assert app.current() == 0
        assert [wanted.side for wanted in app.asked] == [Side.LAST, Side.FIRST]

    drive(Numbers(), script)


def test_a_short_list_ends_at_its_last_row() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        await pilot.press("G", "j", "pagedown")
        assert app.current() == 29
        assert app.column()[-1] == 29
        await pilot.press("g", "k", "pageup")
        assert app.current() == 0
        assert app.asked == []

    drive(Numbers(30), script)


def test_a_page_down_past_what_is_there_is_finished_when_rows_come() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        app.holds_back = True
        for _ in range(12):
            app.table.action_page_down()
        await pilot.pause()
        assert app.column()[-1] == PAGE - 1
        assert len(app.asked) == 1
        app.answer()
        assert app.column()[0] == 8 * 23
        assert app.current() == 8 * 23
        await pilot.press("pagedown", "up")
        assert app.current() == 9 * 23 - 1

    drive(Numbers(), script)


def test_a_move_back_gives_up_what_was_left_of_a_move() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        app.holds_back = True
        for _ in range(9):
            app.table.action_page_down()
        await pilot.press("up")
        before = app.current()
        app.answer()
        assert app.current() == before

    drive(Numbers(), script)


def test_a_window_smaller_than_some_screens_does_not_ask_in_circles() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        for _ in range(15):
            app.table.action_page_down()
            await pilot.pause()
        assert app.column()[0] == 15 * 59
        assert len(app.asked) <= 15 * 59 // PAGE + 2

    drive(Numbers(window=10), script, size=(80, 60))


def test_marks_stand_in_the_gutter_and_outlive_paging() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        assert app.table.chosen_keys() == [0]
        await pilot.press("j", "space", "space", "k", "space", "space")
        assert [line[0] for line in app.text()[1:6]] == [" ", "*", " ", "*", ">"]
        assert app.counts == [1, 2, 1, 2]
        await pilot.press("G", "space")
        assert app.table.marked == {1, 3, MILLION - 1}
        assert app.table.chosen_keys() == [MILLION - 1, 1, 3]
        await pilot.press("g")
        assert app.table.chosen_rows() == [1, 3, MILLION - 1]
        app.table.clear_marks()
        await pilot.pause()
        assert app.counts[-1] == 0
        assert app.table.chosen_keys() == [0]

    drive(Numbers(), script)


def test_a_new_list_has_no_marks() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        await pilot.press("space", "j")
        app.begin()
        assert app.table.marked == set()
        assert app.current() == 0

    drive(Numbers(), script)


def test_a_refresh_keeps_cursor_view_and_marks_with_their_rows() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        await pilot.press(*["pagedown"] * 3, "space", "space", "k")
        assert (app.current(), app.column()[0]) == (70, 69)
        app.table.refreshed([-2, -1, *(n for n in range(PAGE) if n != 69)], True)
        assert (app.current(), app.column()[0]) == (70, 70)
        assert app.table.marked == {70}
        app.table.refreshed([n for n in range(PAGE) if n != 70], True)
        assert (app.current(), app.column()[0]) == (71, 71)
        await pilot.pause()
        assert app.counts == [1, 2, 1, 0]
        assert app.moved[-1] == 71

    drive(Numbers(), script)


def test_a_refresh_keeps_marks_that_were_pushed_out_at_the_end() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        await pilot.press("space")
        app.table.show_start(range(5), True)
        await pilot.press("G", "g")
        app.table.show_start(range(1, 5), True)
        app.table.refreshed([1, 2, 3], True)
        assert app.table.marked == {0}

    drive(Numbers(), script)


def test_a_refresh_that_finds_nothing_goes_to_the_end_of_what_there_is() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        await pilot.press("G")
        app.numbers = range(1000)
        app.table.refreshed([], False)
        await pilot.pause()
        assert app.current() == 999

    drive(Numbers(), script)


def test_each_key_has_an_id_and_a_sentence() -> None:
    for binding in KeysetTable.BINDINGS:
        assert not isinstance(binding, tuple)
        assert binding.id
        assert binding.id.startswith("table.")
        assert binding.tooltip.endswith(".")
