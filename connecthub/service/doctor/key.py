"""The key: its file is safe and holds the key in use, and it reads what is sealed."""

from __future__ import annotations

import os
from collections.abc import Sequence

from connecthub.alerts.notify import url_purpose
from connecthub.control.installation import open_keys
from connecthub.core.config import Settings
from connecthub.db import jobs
from connecthub.db.alert_channels import list_channels
from connecthub.db.types import AnyRow
from connecthub.errors import SecretUnreadable
from connecthub.security.fernet import READABLE, SecretState, describe_secret_cfg
from connecthub.security.key_ring import KeyRing
from connecthub.security.sealed_text import open_text
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Finding, NotChecked, command, ok, problems_or, some, warning, wrong
from connecthub.service.doctor.places import account_name, owner_of_data

SECRETS_MAX = 1_000_000


def look(context: Context) -> list[Finding]:
    """Load the key file as every process does; without a database only the file itself is looked at."""
    settings = context.settings
    _refuse_root(settings)
    try:
        database = context.database
    except NotChecked as why:
        keys = KeyRing.load(settings.fernet_key_path)
        return [ok(f"{_held(keys)}; whether it is the one in use was not checked: {why}")]
    keys = open_keys(settings, database)
    with database.read() as connection:
        sealed = jobs.sealed_after(connection, 0, SECRETS_MAX)
        channels = list_channels(connection)
    states = {row.name: describe_secret_cfg(keys, row.id, row.secret_cfg) for row in sealed}
    found = judge_secrets(states) + judge_channels([row.name for row in channels if not _reads(keys, row)])
    return problems_or(found, f"{_held(keys)}, and reads the secrets of {len(states)} jobs")


def _reads(keys: KeyRing, channel: AnyRow) -> bool:
    try:
        open_text(keys, url_purpose(channel.name), channel.sealed_url)
    except SecretUnreadable:
        return False
    return True


def _held(keys: KeyRing) -> str:
    return f"{keys.path} holds {', '.join(keys.fingerprints)}"


def _refuse_root(settings: Settings) -> None:
    """Root takes the key of no other account, so the file's own checks would tell of root and not of the service."""
    owner = owner_of_data(settings)
    if os.geteuid() == 0 and owner:
        again = command("runuser", "-u", account_name(owner), "--", "connecthub", "doctor", "key")
        raise NotChecked(f"this is root, and the key is for {account_name(owner)}; run {again}")


def judge_secrets(states: dict[str, SecretState]) -> list[Finding]:
    """Secrets that no key here reads, and those that are not encrypted at all."""
    found = [
        wrong(
            f"the secrets of job {name} are {state}",
            f"add the key that they are under to the key file, or set them anew: "
            f"{command('connecthub', 'job', 'edit', name, '--replace-secrets', '--secrets', '-')}",
        )
        for name, state in states.items()
        if state not in READABLE
    ]
    plain = [name for name, state in states.items() if state == SecretState.PLAIN_JSON]
    if plain:
        seal = "run `connecthub key add`, then `connecthub key rotate`"
        found.append(warning(f"the secrets of {some(plain)} stand in the database in clear", seal))
    return found


def judge_channels(lost: Sequence[str]) -> list[Finding]:
    """Channels of alerts whose URL no key here reads: nothing is sent to them."""
    return [
        wrong(
            f"the URL of alert channel {name} is unreadable with this key",
            f"add the key that it is under to the key file, or run "
            f"{command('connecthub', 'alert', 'channel', 'remove', name)} and add it anew",
        )
        for name in lost
    ]
