"""`connecthub job export`: jobs as YAML, to be kept in git."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from connecthub.control.session import Session


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "whole", is_flag=True, help="All jobs: the same as without a name.")
@click.option("-o", "--output", metavar="FILE", help="Write to this file instead of the terminal.")
def export(names: tuple[str, ...], whole: bool, output: str | None) -> None:
    """Write jobs as YAML, as `connecthub job apply` reads it; of secrets only which are set.

    \b
    Examples:
      connecthub job export -o jobs.yaml
      connecthub job export nightly hourly
    """
    from connecthub.cli.session import session
    from connecthub.core.safe_text import safe_text
    from connecthub.errors import ConfigError

    if names and whole:
        raise ConfigError(f"--all and names ({', '.join(names)}) do not go together; leave out one of them")
    with session() as opened:
        from connecthub.control.applying import all_jobs
        from connecthub.control.job_files import export_jobs
        from connecthub.control.job_reading import show_job

        rows = {row.id: row for row in (show_job(opened.database, name) for name in names)}
        listed = list(rows.values()) if names else all_jobs(opened.database)
        text = export_jobs(listed, lambda row: _secret_names(opened, row), opened.settings.instance_name)
    if output is None:
        click.echo(safe_text(text, newlines=True), nl=False)
    else:
        _write(output, text)
        jobs = "1 job" if len(listed) == 1 else f"{len(listed)} jobs"
        click.echo(safe_text(f"{jobs} written to {output}"), err=True)


def _secret_names(opened: Session, row: Any) -> list[str] | None:
    from connecthub.control.jobs import secret_fields
    from connecthub.errors import KeyFileError, SecretUnreadable

    if row.secret_cfg is None:
        return []
    try:
        return list(secret_fields(opened.keys, row))
    except (SecretUnreadable, KeyFileError):
        return None


def _write(output: str, text: str) -> None:
    from pathlib import Path

    from connecthub.errors import ConfigError

    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{output!r} cannot be written: {error.strerror}; name another file") from None
