"""The settings: malformed, of no stack, misspelt, or readable by others while they hold passwords."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

from connecthub.core.config import Settings, unknown_keys
from connecthub.core.redact import mask_url
from connecthub.errors import ConfigError
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Finding, command, from_error, problems_or, some, warning, wrong

_NEXT_MISTAKE = re.compile(r"; (?=[A-Z_]+[=:])")
_SECRET_NAME = re.compile(r"(?i)(?:pass(?:word|wd)?|secret|token|_key)$")


def look(context: Context) -> list[Finding]:
    """Read them again as a process would."""
    if isinstance(context.given, ConfigError):
        return [_mistake(text) for text in _NEXT_MISTAKE.split(str(context.given))]
    found = _stack(context.given)
    ignored: list[str] = []
    if context.env_file is not None and context.env_file.exists():
        file = context.env_file.absolute()
        found += judge_mode(file, file.stat().st_mode, secret_keys(file.read_text("utf-8")))
        ignored = unknown_keys(file)
        found += judge_unknown(file, ignored)
    beside = f"; ignored in .env: {some(ignored)}" if ignored else ""
    return problems_or(found, f"valid: the {context.given.stack} stack, instance {context.given.instance_name}{beside}")


def _stack(given: Settings) -> list[Finding]:
    try:
        given.check_stack()
    except ConfigError as error:
        return [from_error(error)]
    return []


def _mistake(text: str) -> Finding:
    """A mistake as `load_settings` tells it: the setting, and what to write."""
    if "; " in text:
        return from_error(ConfigError(text))
    setting, _, remedy = text.partition(": ")
    return wrong(f"{setting}: {remedy}", f"correct {setting.partition('=')[0]} in .env or in the environment")


def judge_unknown(file: Path, ignored: Sequence[str]) -> list[Finding]:
    """A key that looks like one of ours is misspelt; any other may be there for another program."""
    known = [name.upper() for name in Settings.model_fields]
    found: list[Finding] = []
    for key in ignored:
        close = difflib.get_close_matches(key.upper(), known, n=1, cutoff=0.8)
        if close and re.fullmatch(r"\w+", key):
            rename = command("sed", "-i", rf"s/\<{key}\>/{close[0]}/", file)
            found.append(warning(f"{key} in {file} is no setting and is ignored; {close[0]} is one", f"run {rename}"))
    return found


def judge_mode(file: Path, mode: int, secrets: Sequence[str]) -> list[Finding]:
    """Whether everybody on this host may read the passwords in it."""
    if not mode & 0o007 or not secrets:
        return []
    names = some(secrets)
    return [wrong(f"{file} is open to other users and holds {names}", f"run {command('chmod', 'o-rwx', file)}")]


def secret_keys(text: str) -> list[str]:
    """The keys of an `.env` whose values are secrets: by their names, or as URLs with a password."""
    pairs = [line.split("=", 1) for line in text.splitlines() if "=" in line and not line.lstrip().startswith("#")]
    named = [(key.strip().removeprefix("export ").strip(), value.strip()) for key, value in pairs]
    return [key for key, value in named if value and (_SECRET_NAME.search(key) or mask_url(value) != value)]
