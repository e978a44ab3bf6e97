"""`connecthub db import`: jobs and logs of the web-admin version."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from connecthub.control.old_jobs import Survey
    from connecthub.control.session import Session
    from connecthub.db.old_system import OldSystem

URL_MAX = 4096
VARIABLE = "OLD_DB_URL"


@click.command("import")
@click.option(
    "--from", "source", metavar="URL", help=f"The old database: a URL without password, @FILE, - or {VARIABLE}."
)
@click.option("--key", required=True, metavar="FILE", help="The old Fernet key: a file with one key per line.")
@click.option("--limit-logs", type=click.IntRange(0), metavar="N", help="Only the newest N logs of each job.")
@click.option("--dry-run", is_flag=True, help="Only show what is there.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def import_(source: str | None, key: str, limit_logs: int | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Copy jobs and logs of the web-admin version, which is only read. The jobs arrive disabled.

    First it shows what is there and what can be used; then it asks. Once more, it copies what is new since.

    \b
    Examples:
      connecthub db import --from sqlite:////srv/old/app.db --key /srv/old/fernet.key
      connecthub db import --from @old-url.txt --key old.key --limit-logs 1000
    """
    from connecthub.cli.session import session
    from connecthub.errors import ConfigError

    if as_json and not (yes or dry_run):
        raise ConfigError("--json shows nothing before it would ask; add --dry-run or --yes")
    url = _url(source)
    with session() as opened:
        from connecthub.cli.import_report import answer, show
        from connecthub.control.actions import allow
        from connecthub.control.old_jobs import count_expired, survey
        from connecthub.db.old_system import OldSystem

        allow(opened.database, opened.actor, "db.import")
        old = OldSystem(url)
        office, settings = opened.office, opened.settings
        found = survey(office, old, _old_keys(key), settings.timezone, limit_logs)
        count_expired(found, office.now(), settings.log_retention_days)
        if not as_json:
            show(found, settings.timezone, settings.log_retention_days)
        nothing_new = not found.new_jobs and not found.logs
        if dry_run or nothing_new:
            if as_json:
                answer(found, jobs=0, logs=0, not_ended=0)
            return
        if not yes:
            from connecthub.cli.questions import ask

            ask(f"copy {len(found.new_jobs)} jobs and {len(found.logs)} logs to {settings.instance_name}?")
        _copy(opened, old, found, as_json)


def _url(source: str | None) -> str:
    from connecthub.core.redact import mask_url
    from connecthub.errors import ConfigError

    ways = f"write @FILE, - to pipe it, or set {VARIABLE}"
    if source is None:
        if not (url := os.environ.get(VARIABLE, "").strip()):
            raise ConfigError(f"--from is missing; name the old database: a URL without password, or {ways}")
        return url
    if source == "-":
        return _first_line(sys.stdin.read(URL_MAX))
    if source.startswith("@"):
        try:
            return _first_line(Path(source[1:]).read_text(encoding="utf-8")[:URL_MAX])
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise ConfigError(f"--from: {source!r} cannot be read: {why}; name another file") from None
    if mask_url(source) != source:
        raise ConfigError(f"--from takes no URL with a password, which other users could read; {ways}")
    return source


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _old_keys(path: str) -> Any:
    from connecthub.errors import KeyFileError
    from connecthub.security.key_ring import KeyRing

    if not os.path.lexists(path):
        raise KeyFileError(f"--key: no file {path!r}; write the old system's Fernet key into one, one key per line")
    return KeyRing.load(Path(path))


def _copy(opened: Session, old: OldSystem, found: Survey, as_json: bool) -> None:
    from connecthub.cli.import_report import answer
    from connecthub.cli.output import say
    from connecthub.control.importing import import_jobs, import_logs

    added = import_jobs(opened.office, opened.actor, found)
    if added and not as_json:
        say(f"{added} jobs added, all disabled")
    progress = _Progress(len(found.logs))
    copied, not_ended = import_logs(
        opened.office, opened.actor, old, found, opened.settings.log_max_bytes, progress.tell
    )
    if as_json:
        answer(found, jobs=added, logs=copied, not_ended=not_ended)
        return
    say(f"{copied} logs copied{f'; {not_ended} left out, of runs that have not ended there' if not_ended else ''}")
    ready = [job.settings.name for job in found.new_jobs if not job.problems and job.was_enabled is not False]
    if ready:
        say("stop the old beat first, then enable them here:")
        say(f"connecthub job enable {shlex.join(ready)}")


class _Progress:
    """Says on stderr how far it is, every few thousand logs."""

    EVERY = 2000

    def __init__(self, whole: int) -> None:
        self._whole = whole
        self._next = 0

    def tell(self, looked_at: int) -> None:
        """Say it where enough is new."""
        if looked_at >= self._next:
            click.echo(f"logs: {looked_at} of {self._whole}", err=True)
            self._next = looked_at + self.EVERY
