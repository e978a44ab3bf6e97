"""Why a person acts, in their own words: the audit trail keeps it."""

from __future__ import annotations

from connecthub.control.job_settings import check_name

REASON_MAX = 500
"""Characters."""


def check_reason(reason: str | None) -> None:
    """Refuse a reason that is empty, too long or not one line of visible characters; raises ConfigError."""
    if reason is not None:
        check_name("reason", reason, most=REASON_MAX)
