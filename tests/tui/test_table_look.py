"""What the keyset table paints, and where."""

from __future__ import annotations

from typing import Any

import pytest
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from connecthub.core.safe_text import display_width
from tests.tui.numbers import PAGE, Numbers, drive
from tui.widgets.columns import Column, layout


def test_a_heading_and_rows_stand_in_columns() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        text = app.text()
        assert text[0] == f" {'RUN':8} {'NAME':47} {'STATUS':9} {'TAGS':12}"
        assert text[1] == f">{0:<8} {'job 0':47} {'● ok':9} {'a,b':12}"
        assert text[23].startswith(" 22 ")
        assert {display_width(line) for line in text} == {80}
        assert app.current() == 0
        assert app.moved == [0]

    drive(Numbers(), script)


def test_only_what_changed_is_painted() -> None:
    painted: list[Any] = []

    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        refresh = app.table.refresh

        def spy(*regions: Any, **options: Any) -> Any:
            painted.extend(regions or ["all"])
            return refresh(*regions, **options)

        app.table.refresh = spy
        app.table.refreshed(range(PAGE), True)
        assert painted == []
        app.naming = lambda number: "other" if number == 5 else f"job {number}"
        app.table.redraw()
        assert painted == [(10, 6, 47, 1)]
        painted.clear()
        await pilot.press("down")
        assert painted == [(0, 1, 80, 1), (0, 2, 80, 1)]

    drive(Numbers(), script)


def test_a_chinese_name_takes_two_columns_a_letter() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        for line in app.text()[1:]:
            assert display_width(line) == 80
            assert display_width(line[: line.index("●")]) == 58
        assert app.text()[3].startswith(" 2        夜间同步夜间同步 ")
        assert "…  ● ok" in app.text()[23] or "… ● ok" in app.text()[23]

    drive(Numbers(name=lambda number: "夜间同步" * number), script)


def test_markup_in_a_cell_is_shown_as_it_is() -> None:
    names = ["[/]", "[b]bold[/b]", "[@click=app.quit]x", "[link=http://x", "\x1b[31mred"]

    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        text = app.text()
        assert [line[10:40].rstrip() for line in text[1:5]] == names[:4]
        assert text[5][10:40].rstrip() == "␛[31mred"
        assert len({len(line) for line in text}) == 1

    drive(Numbers(5, name=names.__getitem__), script)


def test_a_narrow_table_does_without_some_columns() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        assert app.text()[0] == f" {'RUN':8} {'NAME':20} STATUS   "
        await pilot.resize_terminal(14, 24)
        assert app.text()[0] == f" {'RUN':8} NAME"
        assert app.text()[1].startswith(">0        ")

    drive(Numbers(), script, size=(40, 24))


def test_columns_go_by_their_drop_and_what_is_left_is_shared() -> None:
    columns = [Column("a", 5, grows=True), Column("b", 5, drop=2), Column("c", 5, drop=1), Column("d", 5, grows=True)]
    assert [place.column for place in layout(columns, 24)] == [0, 1, 2, 3]
    assert [place.column for place in layout(columns, 23)] == [0, 2, 3]
    assert [(place.column, place.x, place.width) for place in layout(columns, 17)] == [(0, 1, 8), (3, 10, 7)]
    assert [place.width for place in layout(columns, 3)] == [2]
    assert layout(columns, 0) == []


def test_a_resize_keeps_the_cursor_in_view() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        for _ in range(20):
            app.table.action_down()
        await pilot.resize_terminal(60, 8)
        assert app.current() == 20
        assert len(app.column()) == 7
        await pilot.resize_terminal(200, 60)
        assert app.current() == 20
        assert len(app.column()) == 59

    drive(Numbers(), script)


@pytest.mark.parametrize("size", [(80, 24), (1, 1)])
def test_an_empty_list_says_why(size: tuple[int, int]) -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        app.table.show_loading()
        assert [line.strip() for line in app.text()[1:] if line.strip()] == (["…"] if size[1] > 1 else [])
        app.table.show([], False)
        app.table.show_empty("no [job] yet: press n")
        shown = [line for line in app.text()[1:] if line.strip()]
        if size[0] == 80:
            assert shown == ["no [job] yet: press n".rjust(50).ljust(80)]
        await pilot.press("j", "pagedown", "g", "G", "space", "enter")
        assert app.table.cursor_row() is None
        assert app.table.chosen_keys() == []
        assert app.opened == app.counts == []

    drive(Numbers(0), script, size)


def test_the_mouse_moves_opens_and_scrolls() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        await pilot.click("#list", offset=(5, 0))
        await pilot.click("#list", offset=(5, 4))
        assert (app.current(), app.opened) == (3, [])
        await pilot.click("#list", offset=(20, 4))
        assert app.opened == [3]
        for _ in range(2):
            app.table.post_message(MouseScrollDown(app.table, 5, 5, 0, 1, 0, False, False, False))
        await pilot.pause()
        assert (app.current(), app.column()[0]) == (6, 6)

    drive(Numbers(), script)


def test_other_columns_are_shown_at_once() -> None:
    async def script(app: Numbers, pilot: Pilot[None]) -> None:
        look = app.table.look()
        app.table.set_columns([Column("编号", 8), Column("作业", 60)])
        assert app.text()[0].rstrip() == f" 编号{'':4} 作业"
        assert app.table.look() == look

    drive(Numbers(), script)
