"""A new job: of which plugin, and filled in from which of its examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.screens.base import CenterScreen
from tui.screens.dialogs import Menu


def new_job(screen: CenterScreen, handler: str = "") -> None:
    """Ask what is not known yet, then open the form."""
    if handler:
        screen.ask(lambda data: data.examples(handler), lambda found: _pick_example(screen, handler, found), "pick")
    else:
        pick_plugin(screen, lambda chosen: new_job(screen, chosen))


def pick_plugin(screen: CenterScreen, then: Callable[[str], None]) -> None:
    """Look for plugins, which takes a moment, and let one be chosen."""
    words = screen.center.words

    def show(answer: tuple[Sequence[tuple[str, str]], int]) -> None:
        found, broken = answer
        screen.say(words("pick.broken", count=broken) if broken else "" if found else words("empty.pick"))
        if not found:
            return
        entries = [(handler, "", f"{handler}  {doc}") for handler, doc in found]
        screen.app.push_screen(
            Menu(words("title.pick_plugin"), entries), lambda chosen: None if chosen is None else then(chosen)
        )

    screen.say(words("pick.looking"))
    screen.ask(lambda data: data.handlers(), show, "pick")


def _pick_example(screen: CenterScreen, handler: str, found: Sequence[str]) -> None:
    from tui.screens.edit import EditScreen

    words = screen.center.words

    def chosen(name: str | None) -> None:
        if name is not None:
            example = found[int(name)] if name else None
            screen.app.push_screen(EditScreen(lambda data: data.new_form(handler, example)))

    if not found:
        chosen("")
        return
    entries = [*((str(number), "", name) for number, name in enumerate(found)), ("", "", words("pick.none"))]
    screen.app.push_screen(Menu(words("pick.example"), entries), chosen)
