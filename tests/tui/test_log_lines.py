"""The lines of a log: levels, filter, search and rows, without a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connecthub.core.safe_text import display_width, safe_text
from tui.log_lines import CUT, LEVELS, OPENED, LogLines, Search, lay_out, window
from tui.log_window import LogWindow

AT = "2026-11-24T09:00:00.123Z"
MIXED = st.text(st.one_of(st.characters(), st.sampled_from("ab 中文\uff0c\u0301\u202e\x1b\t\r\n")), max_size=200)


def lines_of(text: str) -> LogLines:
    lines = LogLines()
    lines.set_text(text)
    return lines


def shown(lines: LogLines) -> list[str]:
    return [lines.texts[lines.line_at(position)] for position in range(lines.shown)]


@given(MIXED, st.integers(2, 30))
def test_wrapping_loses_and_doubles_nothing_and_keeps_to_the_width(raw: str, width: int):
    layout = lay_out(raw, width)
    rows = [layout.text[slice(*layout.span(row))] for row in range(len(layout.starts))]
    assert "".join(rows) == layout.text == safe_text(raw)
    assert all(display_width(row) <= width for row in rows)
    assert all(layout.row_of(layout.starts[row]) == row for row in range(len(rows)))


@given(MIXED, st.integers(0, 40), st.integers(2, 30))
def test_a_window_holds_what_stands_wholly_in_its_columns(raw: str, left: int, width: int):
    text = safe_text(raw)
    blank, start, end = window(text, left, width)
    assert blank in (0, 1)
    assert blank + display_width(text[start:end]) <= width
    if start < end:
        assert display_width(text[:start]) == left + blank
    cut = end < len(text) and display_width(text) >= left + width
    assert not cut or blank + display_width(text[start : end + 1]) > width


@given(st.lists(MIXED, max_size=8))
def test_a_log_that_comes_in_pieces_is_the_log_whole(pieces: list[str]):
    at_once, by_pieces = lines_of("".join(pieces)), LogLines()
    by_pieces.set_least(LEVELS["WARNING"])
    at_once.set_least(LEVELS["WARNING"])
    for piece in pieces:
        by_pieces.add_text(piece)
    assert by_pieces.texts == at_once.texts
    assert shown(by_pieces) == shown(at_once)


@pytest.mark.parametrize("end", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_only_a_line_feed_ends_a_line(end: str):
    assert lines_of(f"one{end}still one\ntwo\n").texts == [f"one{end}still one", "two"]


def test_a_filter_shows_whole_records():
    log = f"{AT} DEBUG a: 1\n{AT} ERROR a: 2\n    Traceback\n    {AT} DEBUG a: forged\n{AT} INFO a: 3\n"
    lines = lines_of(log + f"{AT} Level 35 a: 4\n{AT} NOTICE a: 5\n{AT} CRITICAL a: 6\n")
    lines.set_least(LEVELS["ERROR"])
    assert [text[-6:] for text in shown(lines)] == ["R a: 2", "ceback", "forged", "L a: 6"]
    lines.set_least(LEVELS["WARNING"])
    assert [text[-4:] for text in shown(lines)][-2:] == ["a: 4", "a: 6"]
    lines.set_least(LEVELS["INFO"])
    assert [lines.line_at(position) for position in range(lines.shown)] == [1, 2, 3, 4, 5, 6, 7]


def test_what_comes_later_passes_the_same_filter():
    lines = lines_of(f"{AT} ERROR a: 1\n{AT} INF")
    lines.set_least(LEVELS["ERROR"])
    lines.add_text(f"O a: 2\n    more of 2\n{AT} ERROR a: 3\n    more of 3\n")
    assert [text[-4:] for text in shown(lines)] == ["a: 1", "a: 3", "of 3"]


@pytest.mark.parametrize(
    ("text", "line", "matches"),
    [
        ("timeout", "Read TIMEOUT", True),
        ("Timeout", "Read TIMEOUT", False),
        ("timeout", "读取 TIMEOUT", True),
        ("超时", "读取超时", True),
        ("größe", "GRÖSSE GRÖßE", True),
        ("a.c", "abc", False),
        ("[/]", "[/]", True),
    ],
)
def test_a_search_minds_case_only_if_it_has_an_upper_case_letter(text: str, line: str, matches: bool):
    assert Search(text).matches(line) is matches


def test_a_hit_is_marked_where_it_stands_in_the_safe_text():
    search = Search("TIME".lower())
    text = safe_text("\x1b]2;time\x07 Time")
    assert [text[slice(*span)] for span in search.spans(text, 0, len(text))] == ["time", "Time"]
    assert Search("\x1b]").first(text) == (0, 2)


@pytest.mark.parametrize(
    ("length", "width", "end"),
    [
        (CUT, 0, "x"),
        (CUT + 600, 0, "…+600 B"),
        (90_000, 0, "…+84 KB"),
        (90_000, 80, "x"),
        (OPENED + 2**21, 80, "…+2 MB"),
    ],
)
def test_a_long_line_is_cut_unless_it_is_wrapped(length: int, width: int, end: str):
    text = lay_out("x" * length, width).text
    assert text.endswith(end)
    assert len(text) <= max(CUT, OPENED * (width > 0)) + 8


def test_a_cut_line_never_ends_in_half_a_character():
    assert all(unicodedata.category(char) != "Cs" for char in lay_out("\ud83d" * (CUT + 5), 0).text)


def test_a_window_keeps_its_text_at_the_top_when_rows_change():
    log = LogWindow()
    log.set_text("".join(f"{line} " + "中" * 200 + "\n" for line in range(100)))
    log.scroll(100)
    text, _, start, _ = log.piece(log.visible()[0])
    for width in (33, 120, 80):
        log.resize(width, 10)
        again, _, first, end = log.piece(log.visible()[0])
        assert again == text
        assert first <= start < end
        start = first


def test_a_window_gone_through_by_rows_shows_each_row_once():
    log = LogWindow()
    log.resize(20, 5)
    log.set_text("".join("行" * (line % 17) + "\n" for line in range(60)))
    seen = log.visible()
    while log.scroll(5):
        seen += [place for place in log.visible() if place not in seen]
    assert seen == [(p, row) for p in range(60) for row in range(len(lay_out(log.lines.texts[p], 20).starts))]
    while log.scroll(-1):
        pass
    assert log.visible() == seen[:5]


def window_of(text: str, *, running: bool) -> LogWindow:
    log = LogWindow()
    log.running = running
    log.set_text(text)
    return log


def rows_of(log: LogWindow) -> list[str]:
    return [text[start:end] for text, _, start, end in map(log.piece, log.visible())]


def test_a_pause_at_the_end_holds_what_is_in_view_until_it_is_followed_again():
    log = window_of("row\n" * 50, running=True)
    log.toggle_follow()
    assert log.add_text("new\n") is None
    assert (rows_of(log)[-1], log.following, log.state.new_lines) == ("row", False, 1)
    log.toggle_follow()
    assert (rows_of(log)[-1], log.following, log.state.new_lines) == ("new", True, 0)


def test_a_log_that_has_ended_opens_at_its_start_and_is_not_followed():
    log = window_of("first\n" + "row\n" * 50, running=False)
    assert log.add_text("new\n") is None
    assert rows_of(log)[0] == "first"
    log.to_end()
    assert (rows_of(log)[-1], log.following) == ("new", False)


def test_a_hit_pauses():
    log = window_of("row\n" * 50 + "hit\n", running=True)
    log.look_for("hit")
    assert log.find(backwards=False)
    log.add_text("new\n")
    assert (rows_of(log)[-1], log.following) == ("hit", False)


def test_a_hit_far_to_the_side_comes_into_view():
    log = window_of("中" * 900 + "needle" + "文" * 900 + "\n", running=False)
    log.look_for("needle")
    for _ in range(2):
        log.find(backwards=False)
        assert any("needle" in row for row in rows_of(log))
        log.toggle_wrap()
    log.find(backwards=False)
    assert any("needle" in row for row in rows_of(log))


def test_what_the_filter_hides_is_neither_found_nor_painted():
    log = window_of(f"{AT} DEBUG a: needle\n{AT} INFO a: 2\n", running=True)
    log.next_level()
    log.look_for("needle")
    assert not log.find(backwards=False)
    assert log.add_text(f"{AT} DEBUG a: needle\n") is None
    assert log.add_text(f"{AT} INFO a: 3\n") == 1


def test_a_text_that_is_replaced_by_its_like_leaves_one_on_the_same_line():
    log = LogWindow()
    log.replace_text("".join(f"{line}\n" for line in range(100)))
    assert rows_of(log)[0] == "0"
    log.scroll(40)
    log.replace_text("".join(f"line {line}\n" for line in range(90)))
    assert rows_of(log)[0] == "line 40"
    log.look_for("line 45")
    log.find(backwards=False)
    log.replace_text("line 0\nline 1\n")
    assert (rows_of(log), log.state.line) == (["line 0", "line 1"], 1)
    log.replace_text("")
    assert (rows_of(log), log.state.line) == ([], 0)
