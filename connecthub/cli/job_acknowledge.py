"""`connecthub job acknowledge`: somebody has seen that a job fails."""

from __future__ import annotations

import click


@click.command()
@click.argument("job")
@click.option("--note", help="What you know or do about it, for the others: one line.")
@click.option("--undo", is_flag=True, help="Take it back.")
def acknowledge(job: str, note: str | None, undo: bool) -> None:
    """Say that you have seen that the newest run of a job did not succeed.

    `connecthub status` and the Overview leave it out then, until a later run does not succeed either.

    \b
    Examples:
      connecthub job acknowledge nightly --note 'their server is down until noon'
      connecthub job acknowledge nightly --undo
    """
    import shlex

    from connecthub.cli.output import say
    from connecthub.cli.session import session
    from connecthub.errors import ConfigError

    if undo == (note is not None):
        raise ConfigError("give either --note or --undo; see `connecthub job acknowledge --help`")
    with session() as opened:
        from connecthub.control.acknowledging import acknowledge, take_back

        if note is None:
            done = take_back(opened.database, opened.actor, job)
            say(f"run {done.log_id} of job {done.job_name} is acknowledged no more")
        else:
            done = acknowledge(opened.database, opened.actor, job, note)
            how = f"connecthub job acknowledge {shlex.quote(job)} --undo"
            say(f"run {done.log_id} of job {done.job_name} is acknowledged; `{how}` takes it back")
