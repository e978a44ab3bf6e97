"""The log view as a person sees it: rows of text, keys, and what it says of where one stands."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.pilot import Pilot
from textual.strip import Strip

from connecthub.core.safe_text import display_width
from tui.log_window import LogState, Searched
from tui.widgets import log_view
from tui.widgets.log_view import LogView

STYLES = Path(log_view.__file__).parent.parent / "styles" / "log_view.tcss"
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


class CountingView(LogView):
    """Counts the rows that are made."""

    painted = 0

    def render_line(self, y: int) -> Strip:
        self.painted += 1
        return super().render_line(y)


class Bench(App[None]):
    """An app of nothing but a log."""

    CSS_PATH = STYLES

    def __init__(self) -> None:
        super().__init__()
        self.view = CountingView()
        self.states: list[LogState] = []

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.focus()

    def on_log_view_state_changed(self, message: LogView.StateChanged) -> None:
        self.states.append(message.state)

    def strips(self) -> list[Strip]:
        return self.view.render_lines(self.view.size.region)

    def rows(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.strips()]


Act = Callable[[Bench, Pilot[None]], Awaitable[None]]


def show(act: Act, size: tuple[int, int] = (80, 24)) -> None:
    """Run `act` in a terminal of that size."""

    async def run() -> None:
        app = Bench()
        async with app.run_test(size=size) as pilot:
            await act(app, pilot)

    asyncio.run(run())


def record(number: int, level: str = "INFO", text: str = "row") -> str:
    return f"2026-11-24T09:00:00.123Z {level} demo: {text} {number}\n"


def log_of(count: int) -> str:
    return "".join(record(number) for number in range(1, count + 1))


def reversed_text(app: Bench) -> list[str]:
    return [part.text for strip in app.strips() for part in strip if part.style and part.style.reverse]


def test_a_short_log_shows_its_lines_from_the_top():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        app.view.set_text(log_of(2))
        await pilot.pause()
        assert app.rows()[:3] == [record(1).rstrip(), record(2).rstrip(), ""]
        await pilot.press("j", "G", "pagedown")
        assert app.view.state.line == 1
        assert app.view.line_text() == record(1).rstrip()

    show(act)


def test_an_empty_log_says_so_and_takes_every_key():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        app.view.empty_text = "还没有日志 [/]"
        await pilot.press(*"jkgGnNwvfhl", "space", "b", "home", "end", "left", "right")
        app.view.set_text("")
        assert app.rows() == ["还没有日志 [/]"] + [""] * 23
        assert not app.view.search("x")
        assert app.view.state.total == app.view.state.line == 0
        assert app.view.line_text() == ""

    show(act)


def test_a_hundred_thousand_lines_open_and_end():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        app.view.set_text(log_of(100_000))
        await pilot.pause()
        assert app.rows()[0].endswith("row 1")
        assert app.view.painted < 100
        await pilot.press("G")
        assert app.rows()[-1].endswith("row 100000")
        await pilot.press("pageup", "k")
        assert app.rows()[-1].endswith("row 99976")
        await pilot.press("g", "space", "j")
        assert app.rows()[0].endswith("row 25")
        assert app.states[-1].line == 25
        assert app.states[-1].total == 100_000

    show(act)


def test_the_wheel_scrolls_three_rows():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        app.view.set_text(log_of(100))
        await pilot._post_mouse_events([events.MouseScrollDown], app.view, button=0)
        assert app.view.state.line == 4

    show(act)


def test_a_running_log_is_followed_until_one_goes_up_and_again_from_its_end():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        app.view.running = True
        app.view.set_text(log_of(50))
        assert app.rows()[-1].endswith("row 50")
        app.view.add_text(record(51))
        assert app.rows()[-1].endswith("row 51")
        await pilot.press("k")
        assert not app.states[-1].following
        app.view.add_text(record(52) + record(53))
        assert app.rows()[-1].endswith("row 50")
        assert app.view.state.new_lines == 2
        await pilot.press("G")
        assert app.rows()[-1].endswith("row 53")
        assert (app.states[-1].following, app.states[-1].new_lines) == (True, 0)
        await pilot.press("k", "j")
        assert app.view.following
        app.view.running = False
        assert not app.view.following

    show(act)


def test_lines_that_come_out_of_view_paint_nothing():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        app.view.running = True
        app.view.set_text(log_of(100))
        await pilot.press("g")
        await pilot.pause()
        app.view.painted = 0
        app.view.add_text(record(101))
        await pilot.pause()
        assert app.view.painted == 0
        assert app.states[-1].new_lines == 1

    show(act)


def test_lines_that_fit_below_paint_only_themselves():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        app.view.running = True
        app.view.set_text(log_of(5))
        await pilot.pause()
        app.view.painted = 0
        app.view.add_text(record(6) + "2026-11-24T09")
        await pilot.pause()
        assert app.view.painted == 19
        app.view.add_text(":00:00.123Z INFO demo: the rest\n")
        await pilot.pause()
        assert app.view.painted == 19 + 18
        assert app.rows()[6].endswith("demo: the rest")

    show(act)


def test_chinese_wraps_at_whole_characters_or_goes_sideways():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        line = "x" + "中" * 60
        app.view.set_text(line + "\nend\n")
        assert app.rows()[:3] == ["x" + "中" * 39, "中" * 21, "end"]
        assert all(display_width(strip.text) == 80 for strip in app.strips())
        await pilot.press("w")
        assert app.rows()[:2] == ["x" + "中" * 39, "end"]
        await pilot.press("l")
        assert app.rows()[:2] == [" " + "中" * 39, ""]
        await pilot.press("right", "right", "right", "right")
        assert app.rows()[0] == " " + "中" * 30
        await pilot.press("h", "left", "left", "left")
        assert app.rows()[:2] == ["x" + "中" * 39, "end"]
        assert not app.states[-1].wrap

    show(act)


def test_the_filter_goes_through_the_levels_and_one_stands_on_the_same_line():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        levels = ("DEBUG", "INFO", "WARNING", "ERROR")
        app.view.set_text("".join(record(n, levels[n % 4]) + f"    more of {n}\n" for n in range(400)))
        app.view.search("row 200")
        for level, first, shown in (("INFO", 201, 600), ("WARNING", 202, 400), ("ERROR", 203, 200), ("", 200, 800)):
            await pilot.press("v")
            assert (app.states[-1].level, app.states[-1].shown) == (level, shown)
            assert app.rows()[0].endswith(f"row {first}")
            assert app.rows()[1] == f"    more of {first}"
        assert app.view.line_text().endswith("row 200")

    show(act)


def test_a_search_goes_on_back_and_around_and_marks_its_hits():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        app.view.set_text(
            log_of(40) + record(41, text="需要 Needle") + log_of(40) + record(82, text="needle") + log_of(40)
        )
        assert app.view.search("needle")
        assert app.view.state.line == 41
        assert reversed_text(app) == ["Needle"]
        assert app.rows()[8].endswith("Needle 41")
        await pilot.press("n")
        assert app.view.line_text() == record(82, text="needle").rstrip()
        assert app.states[-1].searched == Searched("needle", found=True, around=False)
        await pilot.press("n")
        assert (app.states[-1].line, app.states[-1].searched) == (41, Searched("needle", True, around=True))
        await pilot.press("N")
        assert (app.states[-1].line, app.states[-1].searched) == (82, Searched("needle", True, around=True))
        assert app.view.search("Needle", backwards=True)
        assert app.view.state.line == 41
        assert not app.view.search("nowhere")
        assert app.view.state.searched == Searched("nowhere", found=False, around=False)
        app.view.search("")
        assert app.view.state.searched is None
        assert reversed_text(app) == []

    show(act)


@pytest.mark.parametrize("key", ["G", "w"])
def test_hostile_lines_come_out_as_visible_characters(key: str):
    hostile = [
        "\x1b[31mred",
        "\x1b]52;c;cm0gLXJm\x07",
        "\x9b2J\x9d0;title\x9c",
        "a\u202eb\u2066c\u200bd",
        "tab\there",
        "over\rwritten",
        "[red]x[/] [@click=app.quit]y[/]",
    ]

    async def act(app: Bench, pilot: Pilot[None]) -> None:
        app.view.set_text("\n".join(hostile))
        await pilot.press(key)
        rows = app.rows()
        assert rows[:3] == ["␛[31mred", "␛]52;c;cm0gLXJm␇", "⟨U+009B⟩2J⟨U+009D⟩0;title⟨U+009C⟩"]
        assert rows[3:7] == ["a⟨U+202E⟩b⟨U+2066⟩c⟨U+200B⟩d", "tab␉here", "over␍written", hostile[6]]
        assert not any(CONTROL.search(part.text) for strip in app.strips() for part in strip)
        assert all(part.style is None or not part.style.meta for strip in app.strips() for part in strip)

    show(act)


def test_levels_and_times_have_styles_and_the_text_stays_whole():
    async def act(app: Bench, pilot: Pilot[None]) -> None:
        app.view.set_text(record(1) + record(2, "WARNING") + record(3, "ERROR") + "    Traceback\n")
        info, warning, error, more = (
            [(part.text.rstrip(), part.style) for part in strip if part.text.strip() and part.style]
            for strip in app.strips()[:4]
        )
        assert info[0][0] == warning[0][0] == "2026-11-24T09:00:00.123Z"
        assert info[1][1].color != warning[1][1].color != error[1][1].color
        assert error[1][1].bold
        assert more[0][1] == error[1][1]

    show(act)


def test_every_binding_has_an_id_and_a_sentence():
    for binding in LogView.BINDINGS:
        assert isinstance(binding, Binding)
        assert binding.id == f"log.{binding.action}"
        assert binding.tooltip.endswith(".")
        assert callable(getattr(LogView, f"action_{binding.action}"))
