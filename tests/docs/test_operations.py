"""docs/operations.md names commands, settings and files that are there, and says the same in both languages."""

from __future__ import annotations

import re

import pytest

from connecthub.core.config import Settings
from tests.docs import ROOT, blocks, calls, refusal

ENGLISH, CHINESE = (
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("operations.md", "operations.zh-CN.md")
)
BOTH = pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["English", "Chinese"])
OF_OTHERS = {"COMPOSE_FILE", "BASE_IMAGE", "DEBIAN_MIRROR", "PIP_INDEX_URL", "POSTGRES_IMAGE", "REDIS_IMAGE"}
OF_OTHERS |= {"CONNECTHUB_UID", "CONNECTHUB_GID", "SSH_PORT", "PG_BINDIR", "ALTER_ROLE"}
"""Of compose.yaml, and of the programs of PostgreSQL."""


def test_both_languages_have_the_same_commands() -> None:
    assert blocks(CHINESE) == blocks(ENGLISH)
    assert len(blocks(ENGLISH, "sh")) > 5


@BOTH
def test_every_command_that_it_names_is_there(text: str) -> None:
    as_account = text.replace("runuser -u connecthub -- ", "").replace("docker compose exec worker ", "")
    found = calls(re.sub(r" [<|].*|  +#.*|…`", lambda each: "`" if each[0] == "…`" else "", as_account))
    assert {call[0] for call in found if call} >= {
        "scheduler",
        "worker",
        "ssh",
        "operator",
        "doctor",
        "backup",
        "alert",
    }
    assert [refusal(call) for call in found if call and refusal(call)] == []


@BOTH
def test_every_setting_that_it_names_is_there(text: str) -> None:
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)) - OF_OTHERS
    assert named >= {"DB_URL", "REDIS_URL", "DB_MIGRATE", "SSH_SESSIONS", "DRAIN_SECONDS"}
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


@BOTH
def test_every_file_that_it_names_is_there(text: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", text)
    shipped = re.findall(r"(?<![\w/])(?:/opt/connecthub/)?(deploy/[\w./@-]+\w)", text)
    assert links
    assert shipped
    assert [link for link in links if not (ROOT / "docs" / link).is_file()] == []
    assert [path for path in shipped if not (ROOT / path).exists()] == []
