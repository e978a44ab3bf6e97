"""Filters as people type them: words, and `key:value` among them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connecthub.control.job_reading import found
from connecthub.core.safe_text import storable
from connecthub.core.times import parse_time
from connecthub.db import overview
from connecthub.db.audit import AuditFilter, audit_id_at
from connecthub.db.browsing import ENDED, JobFilter, id_at
from connecthub.db.log_reading import LogFilter
from connecthub.db.tables import Status, Trigger
from connecthub.errors import ConfigError

BAD = "bad"
"""All that did not succeed."""
JOB_STATUSES = (*ENDED, BAD, Status.QUEUED, Status.RUNNING, "enabled", "disabled", "error")
LOG_STATUSES = (*Status, BAD)
SLACK = timedelta(minutes=10)
"""By so much the order of numbers and that of times may differ: long transactions, a database's clock set back."""
_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_KEY = re.compile("([a-z]+)[:：](.*)", re.DOTALL)
"""With the colon of a Chinese input method too."""


def job_filter(text: str) -> JobFilter:
    """Which jobs a text asks for: `status:` and `tag:`, and words; raises ConfigError."""
    terms, words = split(text, ("status", "tag"))
    return JobFilter(tuple(words), terms.get("tag"), _one_of("status", terms.get("status"), JOB_STATUSES))


def log_filter(connection: Connection, text: str, zone: str) -> LogFilter:
    """Which JobLogs a text asks for: `job:`, `status:`, `trigger:`, `dry:` (yes or no), `since:` and `until:`, the rest
    a text that they hold; times are of `zone`. Raises ConfigError, NotFound."""
    terms, words = split(text, ("job", "status", "trigger", "dry", "since", "until"))
    dry = _one_of("dry", terms.get("dry"), ("yes", "no"))
    status = _one_of("status", terms.get("status"), LOG_STATUSES)
    now: datetime = overview.now(connection)
    since, until = (parse_time(terms[key], zone, now) if key in terms else None for key in ("since", "until"))
    return LogFilter(
        job_id=found(connection, terms["job"]).id if "job" in terms else None,
        status=None if status == BAD else status,
        bad=status == BAD,
        trigger=_one_of("trigger", terms.get("trigger"), tuple(Trigger)),
        dry=None if dry is None else dry == "yes",
        since=since,
        until=until,
        from_id=id_at(connection, since - SLACK) if since else None,
        before_id=id_at(connection, until + SLACK) if until else None,
        text=" ".join(words) or None,
    )


def audit_filter(connection: Connection, text: str, zone: str) -> AuditFilter:
    """Which acts a text asks for: `by:`, `action:`, `target:`, `since:`, `via:` and `result:`, the rest words that they
    hold; times are of `zone`. Raises ConfigError."""
    terms, words = split(text, ("by", "action", "target", "since", "via", "result"))
    since = parse_time(terms["since"], zone, overview.now(connection)) if "since" in terms else None
    chosen = AuditFilter(
        terms.get("by"),
        terms.get("action"),
        terms.get("target"),
        since,
        via=terms.get("via"),
        result=terms.get("result"),
        words=tuple(words),
    )
    return bounded(connection, chosen)


def bounded(connection: Connection, chosen: AuditFilter) -> AuditFilter:
    """The filter with the act from which on a time counts."""
    if chosen.since is None:
        return chosen
    return replace(chosen, from_id=audit_id_at(connection, chosen.since - SLACK))


def split(text: str, keys: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The values of the keys, and the other words. Double quotes hold a word together: `job:"month end"`; a word that
    begins with one is no key. A key without a value does not count yet; ConfigError where one stands twice."""
    terms: dict[str, str] = {}
    words: list[str] = []
    for written in _WORD.findall(storable(text)):
        plain = written.replace('"', "")
        term = _KEY.fullmatch(plain)
        if term is None or term[1] not in keys or written.startswith('"'):
            words += [plain] if plain else []
        elif term[1] in terms:
            raise ConfigError(f"{term[1]}: stands twice, with {terms[term[1]]!r} and {term[2]!r}; leave one out")
        elif term[2]:
            terms[term[1]] = term[2]
    return terms, words


def _one_of(what: str, value: str | None, known: Sequence[str]) -> str | None:
    if value is not None and value not in known:
        raise ConfigError(f"no {what} {value!r}; there are {', '.join(known)}")
    return value
