"""Operators and their SSH keys: questions and acts of an admin."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING

from tui.acts import Tally, told
from tui.data.opened import Opened
from tui.rows import Done
from tui.rows_operators import OperatorRow
from tui.spans import Page

if TYPE_CHECKING:
    from connecthub.control.forms import Form
    from connecthub.control.operators import Register


class Operators(Opened):
    """Who may come over SSH; each act is written to what sshd reads on this host."""

    def operators(self) -> Page[OperatorRow]:
        """All, by name; raises Forbidden to all but admins."""
        from connecthub.control.standing import operators_for
        from tui.shown_places import operator_row

        found = operators_for(self._database, self._actor)
        return Page([operator_row(each, self._actor.key_id) for each in found], False, self.now())

    def operator(self, name: str) -> OperatorRow:
        """One of them; raises NotFound, Forbidden."""
        from connecthub.errors import NotFound

        for row in self.operators().rows:
            if row.given_name == name:
                return row
        raise NotFound(f"operator {name!r} is gone")

    def operator_form(self, name: str | None) -> Form:
        """The form of a person, or of a new one."""
        texts = {"operator": "", "role": "viewer", "language": "", "key": ""}
        if name is not None:
            row = self.operator(name)
            texts |= {"operator": row.name, "role": row.role, "language": row.language}
        return _form(texts)

    def key_form(self) -> Form:
        """The form of a further key."""
        return _form({"key": ""})

    def told_keys(self, text: str) -> list[str]:
        """What a pasted public key is, a line each; raises ConfigError."""
        from connecthub.control.public_keys import parse_public_keys
        from connecthub.core.safe_text import safe_text

        return [safe_text(f"{key.fingerprint} {key.comment}".rstrip()) for key in parse_public_keys(text)]

    def add_operator(self, name: str, role: str, language: str, key: str) -> Done:
        """Let somebody in."""
        from connecthub.control.actor import Role
        from connecthub.control.operators import add_operator
        from connecthub.control.public_keys import parse_public_keys

        add_operator(self._register, self._actor, name, Role(role), parse_public_keys(key), language)
        return told(f"operator {name} is added", self._undo("operator.add", name))

    def edit_operator(self, name: str, role: str | None, language: str | None) -> Done:
        """Give somebody another role or language; what is None stays."""
        from connecthub.control.actor import Role
        from connecthub.control.operators import edit_operator

        edit_operator(self._register, self._actor, name, role=Role(role) if role else None, language=language)
        return told(f"operator {name} is saved")

    def set_operators_enabled(self, names: Sequence[str], enabled: bool, reason: str | None = None) -> Done:
        """Let people in, or no more."""
        from connecthub.control.actions import ACTIONS
        from connecthub.control.operators import set_operator_enabled

        register, tally = self._register, Tally()

        def switch(name: str) -> None:
            set_operator_enabled(register, self._actor, name, enabled, reason)
            tally.lines.append(f"operator {name} is {'enabled' if enabled else 'disabled'}")
            tally.changed.append(name)

        return tally.each(names, switch).done(ACTIONS["operator.enable" if enabled else "operator.disable"].undo)

    def remove_operator(self, name: str, reason: str | None = None) -> Done:
        """Remove somebody and all their keys."""
        from connecthub.control.operators import remove_operator

        remove_operator(self._register, self._actor, name, reason)
        return told(f"operator {name} is removed; what they did stays in the audit trail")

    def add_operator_key(self, name: str, key: str) -> Done:
        """Give somebody further keys."""
        from connecthub.control.operators import add_key
        from connecthub.control.public_keys import parse_public_keys

        keys = parse_public_keys(key)
        add_key(self._register, self._actor, name, *keys)
        return told(f"operator {name} has the key {', '.join(each.fingerprint for each in keys)}")

    def remove_operator_key(self, name: str, fingerprint: str, reason: str | None = None) -> Done:
        """Take a key from somebody."""
        from connecthub.control.operators import remove_key

        remove_key(self._register, self._actor, name, fingerprint, reason)
        return told(f"operator {name} has the key {fingerprint} no more")

    @property
    def _register(self) -> Register:
        from connecthub.control.operators import Register

        self._check()
        return Register(self._database, self._session.settings)

    def _undo(self, action: str, name: str) -> str:
        from connecthub.control.actions import ACTIONS

        return (ACTIONS[action].undo or "").format(name=quote(name))


def _form(texts: dict[str, str]) -> Form:
    from connecthub.control.forms import Form

    return Form(None, (), (), texts, {})
