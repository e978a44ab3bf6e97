"""`pg_dump` and `pg_restore`: where they are, how they hear of the database, what they say when they fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from connecthub.core.config import Settings
from connecthub.errors import ConfigError, DatabaseError

WAIT_SECONDS = 0.2
FOLDER = "PG_BINDIR"
"""Variable that names the folder with PostgreSQL's programs, where PATH has others or none."""
_REMEDY = f"install postgresql-client of the server's version, or set {FOLDER} to the folder that has it"
_LEFT_OUT = ("fallback_application_name", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval")
"""Parameters that no variable carries and that a dump can do without."""


def find_program(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The program of that name; raises ConfigError where there is none."""
    folder = environ.get(FOLDER)
    found = shutil.which(name, path=folder or environ.get("PATH"))
    if found is None:
        raise ConfigError(f"no {name} in {folder or 'PATH'}; {_REMEDY}")
    return Path(found)


def connection_variables(url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a program that is to reach the database of DB_URL: no argument, so no process list, has a
    part of it. This process's own settings are not handed on."""
    from psycopg.pq import Conninfo
    from sqlalchemy import make_url
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

    variables = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
    _, parameters = PGDialect_psycopg().create_connect_args(make_url(url))
    given: dict[str, str] = {}
    for name, value in parameters.items():
        if variable := variables.get(name):
            given[variable.decode()] = str(value)
        elif name not in (*_LEFT_OUT, "tcp_user_timeout"):
            raise ConfigError(f"DB_URL has {name}, which no variable hands to pg_dump; write a DB_URL without it")
    kept = {name: value for name, value in environ.items() if name.lower() not in Settings.model_fields}
    return {**kept, "LC_ALL": "C", **given}


def run_program(
    program: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    on_wait: Callable[[], None] = lambda: None,
) -> None:
    """Run a program to its end, with a call to `on_wait` now and then; raises DatabaseError where it fails."""
    with tempfile.TemporaryFile() as said:
        command = [str(program), *arguments]
        with _started(command, environment, subprocess.DEVNULL, said) as process:
            while True:
                try:
                    process.wait(WAIT_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    on_wait()
        _check(program, process.returncode, said)


@contextmanager
def output_of(program: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[IO[bytes]]:
    """Give what a program writes while it writes it; raises DatabaseError at the end where it failed."""
    with tempfile.TemporaryFile() as said:
        command = [str(program), *arguments]
        with _started(command, environment, subprocess.PIPE, said) as process:
            assert process.stdout is not None
            yield process.stdout
        _check(program, process.returncode, said)


@contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str], output: int, said: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not go on where we do not."""
    with subprocess.Popen(
        command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=said
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def _check(program: Path, code: int, said: IO[bytes]) -> None:
    if code == 0:
        return
    said.seek(0)
    lines = [line.strip() for line in said.read(1 << 16).decode(errors="replace").splitlines() if line.strip()]
    words = "; ".join(line.removeprefix(f"{program.name}: ").removeprefix("error: ") for line in lines[:3])
    remedy = f"; {_REMEDY}" if "version" in words else ""
    raise DatabaseError(f"{program.name} failed: {words or f'exit code {code}'}{remedy}")
