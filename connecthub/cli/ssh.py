"""`connecthub ssh`: the way in over SSH."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connecthub.control.actor import Actor
    from connecthub.core.config import Settings
    from connecthub.ssh.session import Program

PORT = click.IntRange(1, 65535)


@click.group()
def ssh() -> None:
    """The way in over SSH: one account for all, one key and one role for each person."""


@ssh.command("session", hidden=True)
@click.argument("key_id", metavar="KEY-ID", type=click.IntRange(1, 2**63 - 1))
@click.option("--folder", type=click.Path(path_type=Path), default=Path("."), help="Where the settings' .env stands.")
def session_(key_id: int, folder: Path) -> None:
    """Hold a session: what sshd starts for a key, as a line of authorized_keys pins it.

    \b
    Example:
      connecthub ssh session 7 --folder /srv/connecthub
    """
    from connecthub.ssh.arrival import arrive

    arrival = arrive(key_id, folder)  # before all that is heavy, or reads the environment

    from connecthub.core.config import load_settings
    from connecthub.ssh.session import hold_session

    sys.exit(hold_session(arrival, load_settings(environ={}), _program()))


def _program() -> Program:
    from connecthub.cli.main import report, run
    from connecthub.cli.output import say
    from connecthub.ssh.session import Program

    def open_screen(authorize: Callable[[], Actor], language: str) -> int:
        from connecthub.cli.tui import open_center

        return open_center(authorize=authorize, language=language)

    return Program(run, open_screen, report, say)


@ssh.command()
@click.option("--once", is_flag=True, help="Write it now, and leave.")
@click.option(
    "--sshd-log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where that sshd logs to: what it refuses by itself, such as tunnels, is left in the audit trail.",
)
def sync(once: bool, sshd_log: Path | None) -> None:
    """Keep the file that sshd reads in step with the database: every ten seconds, until it is stopped.

    While the database is away the file stays as it is, and what is to go into the audit trail is kept. It runs beside
    sshd, as the account of the sessions, in the folder whose .env has their settings.

    \b
    Examples:
      connecthub ssh sync
      connecthub ssh sync --sshd-log /var/log/connecthub-sshd.log
      connecthub ssh sync --once
    """
    from connecthub.cli.output import say
    from connecthub.cli.session import session
    from connecthub.control.authorized_keys import authorized_keys_file, publish
    from connecthub.ssh.sync import keep_in_step, session_folder
    from connecthub.ssh.tunnels import following

    if once and sshd_log is not None:
        raise click.UsageError("--sshd-log is followed until the command is stopped; leave it or --once out")
    if not once:
        with _process("ssh-sync") as (settings, stop), following(settings, sshd_log, stop):
            keep_in_step(settings, session_folder(settings, Path.cwd()), stop.wait)
        return
    with session() as opened:
        settings = opened.settings
        changed = publish(settings, opened.database, session_folder(settings, Path.cwd()))
    say(f"{authorized_keys_file(settings)} {'is written anew' if changed else 'was right already'}")


@ssh.command()
@click.option("--port", type=PORT, default=2222, show_default=True, help="Where sshd listens.")
@click.option("--no-strict-modes", is_flag=True, help="Let sshd take files on a way that others may change.")
def serve(port: int, no_strict_modes: bool) -> None:
    """Run an sshd of this account, and `sync` beside it, until Ctrl-C: for a container or a trial.

    Its files stand in DATA_DIR/ssh; a host key is made where there is none.

    \b
    Examples:
      connecthub ssh serve
      connecthub ssh serve --port 2200
    """
    import os

    from connecthub.errors import ConfigError
    from connecthub.ssh.server import own_instance
    from connecthub.ssh.server import serve as run_server
    from connecthub.ssh.sync import session_folder

    if os.geteuid() == 0:
        raise ConfigError("root serves nobody here; run it as the account of the data, or see `connecthub ssh install`")
    with _process("ssh-serve") as (settings, stop):
        instance = own_instance(settings, port, strict_modes=not no_strict_modes)
        click.echo(f"ssh -p {port} {instance.account}@HOST; Ctrl-C stops it", err=True)
        run_server(settings, instance, session_folder(settings, Path.cwd()), stop)


@ssh.command()
@click.option("--port", type=PORT, default=2222, show_default=True, help="Where it will listen.")
@click.option("--user", "account", default="connecthub", show_default=True, help="The one account of all sessions.")
@click.option(
    "--host-key",
    type=click.Path(path_type=Path),
    default=Path("/etc/connecthub/ssh_host_ed25519_key"),
    show_default=True,
    help="Its host key.",
)
@click.option("--write", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
@click.option("--yes", is_flag=True, help="Do not ask before a file is replaced.")
def install(port: int, account: str, host_key: Path, file: Path | None, yes: bool) -> None:
    """Print the sshd_config of an sshd beside the host's own, and say on stderr what else this host needs.

    \b
    Examples:
      connecthub ssh install
      connecthub ssh install --port 2200 --write /etc/connecthub/sshd_config
    """
    from dataclasses import replace

    from connecthub.control.authorized_keys import authorized_keys_file
    from connecthub.core.config import load_settings
    from connecthub.ssh.sshd_config import DEFAULT

    settings = load_settings()
    where = {"authorized_keys": authorized_keys_file(settings), "host_key": host_key.absolute()}
    instance = replace(DEFAULT, port=port, account=account, **where)
    if file is None:
        click.echo(instance.config(), nl=False)
    else:
        _write(file, instance.config(), yes)
    from connecthub.core.safe_text import safe_text
    from connecthub.ssh.checks import check_host

    for each in check_host(settings, instance, Path.cwd(), file or Path("/etc/connecthub/sshd_config")):
        click.echo(safe_text(f"{'!' if each.remedy else '·'} {each.needed}"), err=True)
        if each.remedy:
            click.echo(safe_text(f"    {each.remedy}"), err=True)
    click.echo("· `connecthub ssh sync` runs beside it, as that account, in this folder", err=True)


def _write(file: Path, text: str, yes: bool) -> None:
    from connecthub.cli.output import say
    from connecthub.cli.questions import ask
    from connecthub.errors import ConfigError

    try:
        if file.exists() and file.read_text(encoding="utf-8") != text and not yes:
            ask(f"replace {file}?")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}; run it as root, or name another") from None
    say(f"{file} is written")


@contextmanager
def _process(name: str) -> Iterator[tuple[Settings, threading.Event]]:
    """The settings of a process that goes on, and what is set when it is to stop."""
    import signal

    from connecthub.core.config import load_settings
    from connecthub.core.lock_file import own_name
    from connecthub.core.logging import configure_logging
    from connecthub.service.supervisor import leave_with_parent

    leave_with_parent()
    settings = load_settings()
    settings.check_stack()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as held:
        if settings.log_to_file:
            name = held.enter_context(own_name(settings.data_dir / "logs", name))
        configure_logging(settings, name, sys.stderr)
        yield settings, stop
