"""What a session is given: a fixed list, whatever came in."""

from __future__ import annotations

from pathlib import Path

import pytest

from connecthub.core.config import Settings
from connecthub.ssh.arrival import presented_key
from connecthub.ssh.environment import fresh_environment

POISON = {
    "DB_URL": "sqlite:////tmp/other",
    "db_url": "sqlite:////tmp/other",
    "LD_PRELOAD": "/tmp/x.so",
    "PYTHONPATH": "/tmp",
    "TEXTUAL_DRIVER": "os:system",
    "_CONNECTHUB_COMPLETE": "bash_source",
    "TZ": "Asia/Tokyo",
    "TERMINFO": "/tmp",
    "PAGER": "sh",
    "BASH_ENV": "/tmp/x",
    "HOME": "/tmp",
    "PATH": "/tmp",
}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPq+x0gxf3urm6bKykcF0UCdTGR7cxUIFhFWkRok3OxV"


def test_nothing_of_a_poisoned_environment_is_left():
    fresh = fresh_environment({**POISON, **{name.upper(): "x" for name in Settings.model_fields}})
    assert set(fresh) <= {
        *("PATH", "HOME", "USER", "LANG", "LC_CTYPE"),
        *("PYTHONUTF8", "TEXTUAL_ANIMATIONS", "TEXTUAL_DISABLE_KITTY_KEY"),
    }
    assert "/tmp" not in fresh.values()


def test_what_a_terminal_needs_is_kept():
    kept = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1", "SSH_CONNECTION": "::1 5 10.0.0.2 22"}
    assert kept.items() <= fresh_environment(kept).items()


@pytest.mark.parametrize("term", ["../../x", "a\nb", "", "x" * 65, "xterm;id", "\x1b"])
def test_a_terminal_of_no_fit_name_is_none(term: str):
    assert "TERM" not in fresh_environment({"TERM": term})


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ({"LC_ALL": "zh_CN.UTF-8"}, "zh_CN.UTF-8"),
        ({"LC_CTYPE": "zh_TW.Big5"}, "zh_CN.UTF-8"),
        ({"LC_ALL": "../../etc"}, "C.UTF-8"),
        ({}, "C.UTF-8"),
    ],
)
def test_of_a_locale_only_the_language_is_taken(given: dict[str, str], language: str):
    fresh = fresh_environment(given)
    assert (fresh["LANG"], fresh["LC_CTYPE"]) == (language, "C.UTF-8")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"publickey {KEY}\n", True),
        (f"password\npublickey {KEY}\n", True),
        ("password\n", False),
        ("publickey\n", False),
        ("publickey ssh-ed25519 AAAAA\n", False),
        ("", False),
    ],
)
def test_the_key_is_the_one_that_sshd_names(tmp_path: Path, text: str, found: bool):
    (tmp_path / "auth").write_text(text)
    fingerprint = "SHA256:5mj5FnZzGtmfyJRlBoP9CgAZqanDyTmLoyWBMaH8aU4" if found else None
    assert presented_key({"SSH_USER_AUTH": str(tmp_path / "auth")}) == fingerprint


def test_where_sshd_names_no_key_there_is_none(tmp_path: Path):
    assert presented_key({}) is None
    assert presented_key({"SSH_USER_AUTH": str(tmp_path / "gone")}) is None
