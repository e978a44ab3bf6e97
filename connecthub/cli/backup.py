"""`connecthub backup` and `connecthub restore`: the database in a file, and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connecthub.service.settling import Restored

NAMES_MAX = 10
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=_PATH)
@click.option("--with-key", "key_copy", type=_PATH, metavar="KEYFILE", help="Copy the key too, to a file apart.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def backup(file: Path, key_copy: Path | None, force: bool, as_json: bool) -> None:
    """Copy the database, as it is at one moment, to FILE while schedulers and workers go on.

    On SQLite it is a SQLite file, on PostgreSQL an archive of pg_dump (from PG_BINDIR, or else PATH). It has jobs,
    JobLogs, operators and the audit trail, and never the key. The queue needs no backup: its messages only name rows.

    \b
    Examples:
      connecthub backup /backup/connecthub-2026-11-24
      connecthub backup /backup/connecthub-2026-11-24 --with-key /safe/fernet.key
    """
    from dataclasses import asdict

    from connecthub.cli.output import print_json, say
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.service.backup import make_backup

        with _Progress("copied") as told:
            made = make_backup(
                opened.settings,
                opened.database,
                opened.actor,
                file,
                key_copy=key_copy,
                force=force,
                on_progress=told.tell,
            )
        key_path = opened.settings.fernet_key_path
    if as_json:
        print_json(asdict(made))
        return
    say(f"{file}: {made.jobs} jobs, {made.job_logs} JobLogs, {size(made.bytes)}, in {made.seconds:.1f} s")
    if made.key_copy is not None:
        say(f"its key {made.key} is copied to {made.key_copy}: keep that apart from it")
    elif made.key is not None:
        say(f"its secrets are under key {made.key}, which is not in it: keep a copy of {key_path} apart")


@click.command()
@click.argument("file", type=_PATH)
@click.option("--key", "key_file", type=_PATH, metavar="KEYFILE", help="Its key, where the key file is not here yet.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def restore(file: Path, key_file: Path | None, yes: bool, as_json: bool) -> None:
    """Fill an empty installation from FILE, which `connecthub backup` wrote; it is created where there is none.

    All of it comes back or nothing. Its jobs are disabled until you enable them, its open runs end, its alerts are not
    sent. A file of an older version is brought up to date.

    \b
    Examples:
      connecthub restore /backup/connecthub-2026-11-24 --key /safe/fernet.key
      connecthub restore /backup/connecthub-2026-11-24 --yes --json
    """
    from dataclasses import asdict

    from connecthub.cli.output import print_json
    from connecthub.cli.questions import ask
    from connecthub.control.actor import local_actor
    from connecthub.core.config import load_settings
    from connecthub.core.logging import configure_logging
    from connecthub.db.engine import Database
    from connecthub.errors import Refused, RunFailed
    from connecthub.service.restore import restore as fill

    settings = load_settings()
    settings.check_stack()
    if not settings.db_migrate:
        raise Refused("DB_MIGRATE is off; run `DB_MIGRATE=on connecthub restore` with an account that may make tables")
    configure_logging(settings.model_copy(update={"log_to_file": False}), "cli", sys.stderr)
    if not yes:
        ask(f"Fill {Database(settings.database_url).name} of {settings.instance_name} from {file}?")
    with _Progress("read") as told:
        restored = fill(settings, local_actor(), file, key_file, told.tell)
    if as_json:
        print_json(asdict(restored))
    else:
        _tell(restored)
    if restored.unreadable:
        raise RunFailed(f"{len(restored.unreadable)} secrets cannot be read; set them anew")


def _tell(restored: Restored) -> None:
    import shlex

    from connecthub.cli.output import say

    when = "" if restored.as_of is None else f" as of {restored.as_of:%Y-%m-%d %H:%M:%S} UTC"
    say(f"restored{when}: {restored.jobs} jobs, {restored.job_logs} JobLogs")
    ended = {"waited and are cancelled": restored.cancelled, "went on and have crashed": restored.crashed}
    for what, count in ended.items():
        if count:
            say(f"{count} runs {what}")
    if restored.alerts:
        say(f"{restored.alerts} alerts were owed and are not sent")
    for what in restored.unreadable:
        say(f"cannot be read: {what}")
    if restored.disabled:
        named = " ".join(shlex.quote(name) for name in restored.disabled[:NAMES_MAX])
        more = len(restored.disabled) - NAMES_MAX
        say("all jobs are disabled; when nothing else runs them any more, enable those that were:")
        say(f"  connecthub job enable {named}")
        if more > 0:
            say(f"  and {more} more: `connecthub audit list --action db.restore` has their names")


def size(count: int) -> str:
    """Bytes for people."""
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


class _Progress:
    """Tells at a terminal how far it is, and wipes that away at the end."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._shown = ""

    def tell(self, done: int, total: int | None) -> None:
        """Say how much is done: a share, or bytes where nobody knows of how much."""
        text = f"{size(done)} {self._word}" if total is None else f"{100 * done // max(total, 1)} % {self._word}"
        if text != self._shown and sys.stderr.isatty():
            click.echo(f"\r{text:<20}", nl=False, err=True)
            self._shown = text

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            click.echo(f"\r{'':<20}\r", nl=False, err=True)
