"""Every word on a screen, in English and Chinese: a table per theme, one way to ask for a word.

States and commands stay English in both: they are looked up and grepped.
"""

from __future__ import annotations

import os

from tui.words import access, acting, editing, key_names, lists, overview, places, runs

LANGUAGES = ("en", "zh")

_TABLE: dict[str, tuple[str, str]] = {
    **lists.WORDS,
    **runs.WORDS,
    **acting.WORDS,
    **editing.WORDS,
    **overview.WORDS,
    **places.WORDS,
    **access.WORDS,
    **key_names.WORDS,
}


def language_of(environment: dict[str, str] | None = None) -> str:
    """The language that UI_LANG, LC_ALL or LANG asks for: `zh` or `en`."""
    given = os.environ if environment is None else environment
    wanted = next((value for name in ("UI_LANG", "LC_ALL", "LANG") if (value := given.get(name))), "")
    return "zh" if wanted.lower().startswith("zh") else "en"


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"

    def __call__(self, key: str, **values: object) -> str:
        """The words under a key, with the values in their places; raises KeyError for an unknown key."""
        text = _TABLE[key][LANGUAGES.index(self.language)]
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Whether there are words under a key."""
        return key in _TABLE


def keys() -> list[str]:
    """All keys of the table."""
    return list(_TABLE)


def translations(key: str) -> tuple[str, str]:
    """The words under a key, English and Chinese."""
    return _TABLE[key]
