"""Which key does what: one table, from which bindings, hint bar, help and the menu of acts are made.

Reads are lower case, acts are capital letters; `e` leads to a form, which is an act only once it is saved. A full-width
form of a Chinese input method counts as the plain key.
What a key is called stands in `words/` under `key.<id>`.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True)
class Key:
    """One line of the table."""

    id: str
    """`scope.act`; a screen's action is `action_<act>`."""
    keys: str
    """Textual's names, separated by commas; the first is the one that is shown."""
    shown: str
    """As a person reads it."""
    act: bool = False
    """Whether it changes something, or leads to a form that does: it is left out where nothing may be changed."""
    admin: bool = False
    """Whether only an admin may do it: it is left out for others."""
    hint: bool = True
    """Whether it stands in the hint bar."""

    @property
    def action(self) -> str:
        """The act without its scope."""
        return self.id.partition(".")[2]


KEYS = (
    Key("app.show_overview", "1,１", "1", hint=False),
    Key("app.show_jobs", "2,２", "2", hint=False),
    Key("app.show_logs", "3,３", "3", hint=False),
    Key("app.show_workers", "4,４", "4", hint=False),
    Key("app.show_plugins", "5,５", "5", hint=False),
    Key("app.show_audit", "6,６", "6", hint=False),
    Key("app.show_operators", "7,７", "7", hint=False),
    Key("app.command", "colon,fullwidth_colon", ":", hint=False),
    Key("app.help", "question_mark,fullwidth_question_mark", "?"),
    Key("app.time", "t", "t", hint=False),
    Key("app.quit", "q", "q", hint=False),
    Key("screen.back", "escape", "Esc", hint=False),
    Key("screen.menu", "full_stop,fullwidth_full_stop,ideographic_full_stop", "."),
    Key("screen.copy", "y", "y", hint=False),
    Key("screen.reload", "r", "r", hint=False),
    Key("list.filter", "slash,fullwidth_solidus", "/"),
    Key("overview.acknowledge", "A", "A", act=True),
    Key("overview.retry", "R", "R", act=True),
    Key("jobs.sort", "s", "s"),
    Key("jobs.logs", "o,l,right", "o"),
    Key("jobs.edit", "e", "e", act=True),
    Key("jobs.run", "S", "S", act=True),
    Key("jobs.retry", "R", "R", act=True),
    Key("jobs.enable", "E", "E", act=True),
    Key("jobs.disable", "D", "D", act=True),
    Key("jobs.new", "N", "N", act=True),
    Key("jobs.copy_job", "C", "C", act=True, hint=False),
    Key("jobs.run_with", "P", "P", act=True, hint=False),
    Key("jobs.delete", "X", "X", act=True, admin=True, hint=False),
    Key("logs.failures", "f", "f"),
    Key("logs.retry", "R", "R", act=True),
    Key("logs.retry_matching", "M", "M", act=True, hint=False),
    Key("logs.cancel", "X", "X", act=True),
    Key("log.search", "slash,fullwidth_solidus", "/"),
    Key("log.facts", "i", "i"),
    Key("log.plan", "p", "p"),
    Key("log.calls", "o", "o"),
    Key("log.copy_line", "c", "c", hint=False),
    Key("log.retry", "R", "R", act=True),
    Key("log.cancel", "X", "X", act=True),
    Key("text.search", "slash,fullwidth_solidus", "/"),
    Key("form.next", "down,enter", "↓"),
    Key("form.previous", "up", "↑"),
    Key("form.back", "escape,q", "Esc"),
    Key("job.logs", "o", "o"),
    Key("job.edit", "e", "e", act=True),
    Key("job.revisions", "u", "u"),
    Key("job.run", "S", "S", act=True),
    Key("job.retry", "R", "R", act=True),
    Key("job.enable", "E", "E", act=True),
    Key("job.disable", "D", "D", act=True),
    Key("job.run_with", "P", "P", act=True, hint=False),
    Key("job.delete", "X", "X", act=True, admin=True, hint=False),
    Key("revisions.take_back", "T", "T", act=True),
    Key("plugins.new", "N", "N", act=True),
    Key("operators.edit", "e", "e", act=True, admin=True),
    Key("operators.new", "N", "N", act=True, admin=True),
    Key("operators.enable", "E", "E", act=True, admin=True),
    Key("operators.disable", "D", "D", act=True, admin=True),
    Key("operators.remove", "X", "X", act=True, admin=True, hint=False),
    Key("operator.add_key", "N", "N", act=True, admin=True),
    Key("operator.remove_key", "X", "X", act=True, admin=True),
)
_BY_ID = {key.id: key for key in KEYS}


def key_of(key_id: str) -> Key:
    """One line of the table."""
    return _BY_ID[key_id]


def bindings(*scopes: str) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """The bindings of whoever has these scopes: `bindings("screen", "list", "jobs")`."""
    return [
        Binding(key.keys, key.id.partition(".")[2], key.id, id=key.id, show=key.hint)
        for scope in scopes
        for key in KEYS
        if key.id.partition(".")[0] == scope
    ]
