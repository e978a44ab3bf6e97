"""The form of a job, its secrets, its revisions, runs with other settings."""

WORDS: dict[str, tuple[str, str]] = {}
