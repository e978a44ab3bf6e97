"""A key file with one key, for tests of secrets at rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from connecthub.security.key_ring import KeyRing


def write_keys(path: Path, *keys: str) -> Path:
    """Write a key file that only this user can read."""
    path.touch(mode=0o600)
    path.write_text("".join(f"{key}\n" for key in keys))
    return path


def new_key() -> str:
    """A key that no other test has."""
    return Fernet.generate_key().decode()


def legacy(key: str, value: object) -> str:
    """A token as the old system made it: without the envelope."""
    return Fernet(key).encrypt(json.dumps(value).encode()).decode()


@pytest.fixture
def key() -> str:
    """A key."""
    return new_key()


@pytest.fixture
def path(tmp_path: Path, key: str) -> Path:
    """A key file with one key."""
    return write_keys(tmp_path / "fernet.key", key)


@pytest.fixture
def ring(path: Path) -> KeyRing:
    """The keys of that file."""
    return KeyRing.load(path)
