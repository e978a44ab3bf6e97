"""Workers and queues, plugins, the audit trail."""

WORDS: dict[str, tuple[str, str]] = {}
