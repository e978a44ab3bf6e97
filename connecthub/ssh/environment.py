"""The environment of a session: a fixed list, made anew. What else came in is dropped, whoever let it in.

sshd passes on only what its AcceptEnv names, and that is what keeps `LD_…` and `PYTHON…` away, which have done their
work before this program runs. Settings come from the `.env` of the session's folder alone.
"""

from __future__ import annotations

import os
import pwd
import re
import time
from collections.abc import Mapping

FIXED = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LC_CTYPE": "C.UTF-8",
    "PYTHONUTF8": "1",
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_DISABLE_KITTY_KEY": "1",
}
KEPT = {
    "TERM": re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,63}"),
    "COLORTERM": re.compile(r"[A-Za-z0-9-]{1,32}"),
    "NO_COLOR": re.compile(r"[A-Za-z0-9]{1,32}"),
    "SSH_CONNECTION": re.compile(r"[0-9A-Za-z.:%]+(?: [0-9A-Za-z.:%]+){3}"),
}
"""What is kept of what came, and of which form it has to be."""


def fresh_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a session, of what sshd gave it."""
    kept = {name: given[name] for name, form in KEPT.items() if form.fullmatch(given.get(name, ""))}
    account = pwd.getpwuid(os.getuid())
    wanted = next((given[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if given.get(name)), "")
    language = "zh_CN.UTF-8" if wanted.lower().startswith("zh") else "C.UTF-8"
    return {**FIXED, "LANG": language, "HOME": account.pw_dir, "USER": account.pw_name, **kept}


def set_environment(variables: Mapping[str, str]) -> None:
    """Make these the environment of this process, and of those that it starts."""
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
