"""Keeping the file that sshd reads in step with the database, and the settings that its sessions find."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from connecthub.control.authorized_keys import authorized_keys_file, publish
from connecthub.control.installation import open_database
from connecthub.core.config import Settings, load_settings
from connecthub.db.engine import Database
from connecthub.errors import ConfigError, DatabaseError

logger = logging.getLogger(__name__)

SYNC_SECONDS = 10.0


def keep_in_step(
    settings: Settings, folder: Path, wait: Callable[[float], bool], seconds: float = SYNC_SECONDS
) -> None:
    """Write the file anew every so many seconds, until `wait` (an event's) says that it is time to stop.

    While the database is away the file stays as it is: who could come in last still can. Raises ConfigError where the
    file cannot be written at all.
    """
    database: Database | None = None
    away = False
    while True:
        try:
            if database is None:
                database = open_database(settings)
            changed = publish(settings, database, folder)
        except DatabaseError as error:
            if not away:
                logger.error("%s stays as it is: %s", authorized_keys_file(settings), error)
            away = True
        else:
            if changed or away:
                logger.info("%s is %s", authorized_keys_file(settings), "written anew" if changed else "in step again")
            away = False
        if wait(seconds):
            break
    if database is not None:
        database.dispose()


def session_folder(settings: Settings, folder: Path) -> Path:
    """The folder whose `.env` gives a session these settings: `folder`, where that is so.

    sshd hands no session the environment of this process. Where settings come from there, they are written to
    `DATA_DIR/ssh/settings/.env`, which this account alone can read. Raises ConfigError where that cannot be done.
    """
    made = settings.data_dir / "ssh" / "settings"
    path = made / ".env"
    if load_settings(folder / ".env", {}) == settings:
        with suppress(OSError):  # of a time when that was not so
            path.unlink()
        return folder
    text = "# Written by ConnectHub from the environment of `connecthub ssh`, for sessions.\n" + "".join(
        f"{name.upper()}={_quoted(value)}\n" for name, value in settings if value is not None
    )
    try:
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
        other = path.with_suffix(f".{os.getpid()}")
        with open(os.open(other, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        other.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; give this account the folder") from None
    if load_settings(path, {}) != settings:
        raise ConfigError(f"settings of the environment hold what no .env can, such as ${{…}}; write {folder / '.env'}")
    return made


def _quoted(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
