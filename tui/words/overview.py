"""The Overview."""

WORDS: dict[str, tuple[str, str]] = {}
