"""What all screens share: the lines around them, questions asked off the event loop, acts that are confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from tui.keymap import KEYS, Key, bindings, key_of
from tui.screens.asking import AskingScreen
from tui.terminal import LEAST_HEIGHT, LEAST_WIDTH
from tui.widgets.bars import Banner, Header, HintBar, StatusLine
from tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui.data import Data
    from tui.rows import Done

R = TypeVar("R")

COPY_MAX = 50_000
"""Characters: terminals take some 74 KB of base64."""


class CenterScreen(AskingScreen):
    """A screen of the control center. `scopes` names the lines of the keymap that hold on it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("screen")
    scopes: ClassVar[tuple[str, ...]] = ("screen",)

    def __init__(self) -> None:
        super().__init__()
        self.at: datetime | None = None
        """When the data on the screen was read, by the database's clock."""

    def compose(self) -> ComposeResult:
        """Header, what the screen is about, the lines below."""
        yield Header()
        yield Banner()
        yield from self.content()
        yield Prompt()
        yield StatusLine()
        yield HintBar()

    def content(self) -> ComposeResult:
        """What the screen is about."""
        raise NotImplementedError

    def title_line(self) -> str:
        """What the screen shows, for the header."""
        raise NotImplementedError

    def load(self) -> None:
        """Ask for what the screen shows; called once the installation is open, and again at each refresh."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Show the same, with times shown in another way."""
        raise NotImplementedError

    def retitle(self) -> None:
        """Show the same in another language."""
        raise NotImplementedError

    def command_line(self) -> str:
        """The command that shows the same."""
        raise NotImplementedError

    def way_back(self) -> str:
        """The command after `:` that leads here again; none where a session does not begin here."""
        return ""

    def unsaved_edit(self) -> tuple[int | None, Mapping[str, str]] | None:
        """A job's number, None for a new one, and the texts that are not saved; the next session is offered them."""
        return None

    def on_mount(self) -> None:
        """Paint the lines around, and load as soon as that is possible."""
        self.tell_lines()
        if self.center.data is not None:
            self.load()

    def on_screen_resume(self) -> None:
        """Be up to date when it is seen again."""
        self.tell_lines()
        if self.center.data is not None and self.is_mounted:
            self.load()

    def tell_lines(self) -> None:
        """Paint header, banner and hints anew."""
        center, words = self.center, self.center.words
        facts = center.facts
        right = words("header.of", time=center.times.clock(self.at)) if self.at else facts.zone
        lock = words("header.read_only") if facts.read_only else ""
        who = words("header.who", name=facts.actor, role=facts.role) if facts.remote else ""
        self.query_one(Header).tell([self.title_line(), facts.instance, who, lock, facts.database], right)
        self.query_one(Banner).text = center.problem or self._too_small()
        hints = self.hints()
        self.query_one(HintBar).tell([(key.shown, words(f"key.{key.id}")) for key in hints])

    def hints(self) -> list[Key]:
        """The lines of the keymap that stand in the hint bar; the last one always does."""
        return [*(key for key in self.keys() if key.hint and self.fits(key.id)), key_of("app.help")]

    def on_screen_suspend(self) -> None:
        """What was said is over once another screen is in front."""
        if isinstance(self.app.screen, CenterScreen) and self.app.screen is not self:
            self.say("")

    def on_resize(self) -> None:
        """Other lines fit."""
        self.tell_lines()

    def _too_small(self) -> str:
        """What a screen of this size lacks; the list stays."""
        width, height = self.app.size
        if width >= LEAST_WIDTH and height >= LEAST_HEIGHT:
            return ""
        return self.center.words("too_small", width=width, height=height)

    def keys(self) -> list[Key]:
        """The lines of the keymap that hold here."""
        keys = [key for key in KEYS if key.id.partition(".")[0] in self.scopes and self._allows(key)]
        own = {key.action for key in keys if not key.id.startswith("screen.")}
        return [key for key in keys if not (key.id.startswith("screen.") and key.action in own)]

    # acts

    def confirm(
        self,
        question: str,
        names: Sequence[str],
        act: Callable[[Data], Done],
        *,
        typed: str = "",
        then: Callable[[Done], None] | None = None,
    ) -> None:
        """Ask, and act if the answer is yes; from 21 things on, or with `typed`, something has to be typed."""
        self._confirm(question, names, lambda data, _: act(data), typed, then, asks_why=False)

    def confirm_why(
        self,
        question: str,
        names: Sequence[str],
        act: Callable[[Data, str | None], Done],
        *,
        typed: str = "",
        then: Callable[[Done], None] | None = None,
    ) -> None:
        """Ask as `confirm` does, and for a reason, which may stay away."""
        self._confirm(question, names, act, typed, then, asks_why=True)

    def _confirm(
        self,
        question: str,
        names: Sequence[str],
        act: Callable[[Data, str | None], Done],
        typed: str,
        then: Callable[[Done], None] | None,
        *,
        asks_why: bool,
    ) -> None:
        from tui.screens.dialogs import TYPED_FROM, Confirm, ConfirmTyped, Reason

        words = self.center.words
        if not names:
            self.say(words("ask.nothing"))
            return
        wanted = typed or (str(len(names)) if len(names) >= TYPED_FROM else "")
        if wanted:
            dialog = ConfirmTyped(words, question, names, wanted, asks_why=asks_why)
        else:
            dialog = Confirm(words, question, names, asks_why=asks_why)

        def answered(yes: bool | None) -> None:
            if yes:
                reason = Reason.of(dialog)
                self.wait_for(lambda data: act(data, reason), then or self.done)

        self.app.push_screen(dialog, answered)

    def done(self, done: Done) -> None:
        """Say what an act did, how to undo it, and what it did not; then look again."""
        words = self.center.words
        told = (
            [words("done.more", line=done.lines[0], count=len(done.lines) - 1)]
            if len(done.lines) > 1
            else list(done.lines)
        )
        told += [words("done.refused", reason=reason) for reason in done.refused[:3]]
        if done.undo and done.lines and not self.center.facts.remote:  # it is a command for a shell on the host
            told.append(words("done.undo", how=done.undo))
        self.say(" · ".join(told))
        self.load()
        if done.opened is not None:
            self.center.open_log(done.opened)

    # keys that all have

    def action_back(self) -> None:
        """One step back; at the first screen nothing."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def action_reload(self) -> None:
        """Look again."""
        self.load()

    def action_copy(self) -> None:
        """Send the command line for what is on the screen to the terminal's clipboard."""
        self.copy(self.command_line())

    def copy(self, text: str) -> None:
        """Send a text to the terminal's clipboard; whether it takes it, only the terminal knows."""
        self.app.copy_to_clipboard(text[:COPY_MAX])
        self.say(self.center.words("copied", text=text))

    def action_menu(self) -> None:
        """Let one choose among the acts that fit."""
        from tui.screens.dialogs import Menu

        words = self.center.words
        entries = [
            (key.id.partition(".")[2], key.shown, words(f"key.{key.id}"))
            for key in sorted(self.keys(), key=lambda key: key.id.startswith(("screen.", "list.")))  # its own first
            if key.id.partition(".")[2] != "menu" and self.fits(key.id)
        ]

        async def chosen(action: str | None) -> None:
            if action is not None:
                await self.run_action(action)

        self.app.push_screen(Menu(words("title.menu"), entries), chosen)

    def fits(self, key_id: str) -> bool:
        """Whether an act makes sense on what is chosen."""
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for what the person may not do do not exist."""
        if not self.app.is_running:
            return True
        return all(self._allows(key) for key in KEYS if key.action == action and key.id.split(".")[0] in self.scopes)

    def _allows(self, key: Key) -> bool:
        return self.center.facts.allows(act=key.act, admin=key.admin)

    # prompts

    @on(Prompt.Left)
    def _left_prompt(self, message: Prompt.Left) -> None:
        self.close_prompt()

    def close_prompt(self) -> None:
        """Give the keys back to the list."""
        self.query_one(Prompt).close()
        self.focus_main()

    def focus_main(self) -> None:
        """Focus what takes the keys."""
        raise NotImplementedError

    def open_command(self) -> None:
        """Ask for a command."""
        self.query_one(Prompt).open("command", ":", "", self.center.words("prompt.command"))

    @on(Prompt.Entered)
    def _entered(self, message: Prompt.Entered) -> None:
        if message.purpose == "command":
            message.stop()
            self.close_prompt()
            self.center.obey(message.text)
