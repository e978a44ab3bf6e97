"""The key file and the keys in it."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from connecthub.errors import KeyFileError
from connecthub.security.fernet import describe_secret_cfg, open_secrets, seal
from connecthub.security.key_ring import KeyRing, check_fingerprint, create_key_file
from tests.unit.conftest import legacy, new_key, write_keys

CANARY = "canary-9d41"
SECRETS: dict[str, Any] = {"user_name": "anna", "password": CANARY, "nested": {"pins": [1, 2.5, None, True, "密码"]}}


def refused(path: Path) -> str:
    """Return the one line with which a key file is refused."""
    with pytest.raises(KeyFileError) as raised:
        KeyRing.load(path)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)
    return str(raised.value)


def test_a_created_key_file_is_for_this_user_only_and_holds_one_key(tmp_path: Path) -> None:
    path = tmp_path / "data" / "fernet.key"
    mask = os.umask(0)
    try:
        create_key_file(path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(KeyRing.load(path).fingerprints) == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_key_file_is_never_overwritten(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="is there already and never overwritten"):
        create_key_file(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_link_into_nowhere_is_not_followed_to_create_a_key(tmp_path: Path) -> None:
    (tmp_path / "fernet.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError, match="is there already"):
        create_key_file(tmp_path / "fernet.key")
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_file_that_cannot_be_created_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(KeyFileError, match=r"fernet\.key cannot be created: File exists; set FERNET_KEY_PATH"):
        create_key_file(tmp_path / "data" / "fernet.key")


def test_of_many_that_create_the_file_at_once_one_does_and_all_read_its_key(tmp_path: Path) -> None:
    path = tmp_path / "fernet.key"
    barrier = threading.Barrier(8)
    found: list[str] = []
    created: list[bool] = []

    def start() -> None:
        barrier.wait()
        try:
            create_key_file(path)
            created.append(True)
        except KeyFileError:
            created.append(False)
        found.append(KeyRing.load(path).fingerprint)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(created) == [False] * 7 + [True]
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_missing_key_file_is_told_with_its_place(tmp_path: Path) -> None:
    assert refused(tmp_path / "fernet.key").startswith(f"no key file at {tmp_path}/fernet.key; copy it here")


def test_a_key_file_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path / ("x" * 300)).endswith("cannot be read: File name too long; let this user own it")


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_key_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert refused(path) == f"{path} is empty; restore it from its copy"


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda key: key[:-1], "has 43 characters instead of 44"),
        (lambda key: key[:20], "has 20 characters instead of 44"),
        (lambda key: key + "A", "has 45 characters instead of 44"),
        (lambda key: "*" + key[1:], "has characters of no key"),
        (lambda key: key[:20] + "\0" + key[21:], "has characters of no key"),
        (lambda key: "-----BEGIN PRIVATE KEY-----", "has 27 characters instead of 44"),
    ],
)
def test_a_damaged_key_is_told_by_its_line(path: Path, key: str, damage: Callable[[str], str], what: str) -> None:
    damaged = damage(key)
    write_keys(path, key, damaged)
    line = refused(path)
    assert f"{path}, line 2 is no Fernet key: it {what}" in line
    assert damaged not in line


def test_blank_lines_and_ends_of_lines_from_windows_do_no_harm(path: Path, key: str) -> None:
    path.write_bytes(f"\r\n{key}\r\n\r\n{new_key()}".encode())
    assert len(KeyRing.load(path).fingerprints) == 2


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622, 0o610])
def test_a_key_file_open_to_others_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)
    assert refused(path) == f"{path} is open to other users (mode {mode:04o}); run `chmod 600 {path}`"


def test_a_symbolic_link_is_refused(tmp_path: Path, path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    assert refused(link) == f"{link} is a symbolic link; set FERNET_KEY_PATH to the file itself"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_another_user_is_refused(path: Path) -> None:
    os.chown(path, 65534, -1)
    assert refused(path) == f"{path} belongs to user 65534; run `chown 0 {path}`"


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refused(tmp_path / "pipe").endswith("is no regular file; set FERNET_KEY_PATH to the key file")
    assert refused(tmp_path).endswith("is no regular file; set FERNET_KEY_PATH to the key file")


def test_the_first_key_seals_and_every_key_opens(path: Path, key: str) -> None:
    second = new_key()
    write_keys(path, second, key)
    ring = KeyRing.load(path)
    assert open_secrets(ring, 42, legacy(key, SECRETS)) == SECRETS
    assert json.loads(Fernet(second).decrypt(seal(ring, 42, SECRETS))) == {"v": 1, "job": 42, "secrets": SECRETS}
    assert ring.fingerprint == ring.fingerprints[0]


def test_a_fingerprint_is_of_the_key_and_tells_nothing_of_it(
    ring: KeyRing, path: Path, key: str, tmp_path: Path
) -> None:
    same = KeyRing.load(write_keys(tmp_path / "copy", key))
    other = KeyRing.load(write_keys(tmp_path / "other", new_key()))
    assert ring.fingerprint == same.fingerprint != other.fingerprint
    assert len(ring.fingerprint) == 16
    assert int(ring.fingerprint, 16)
    assert repr(ring) == f"KeyRing('{path}', {ring.fingerprint})"


def test_the_key_in_use_must_be_in_the_file(ring: KeyRing, path: Path) -> None:
    check_fingerprint(ring, None)
    check_fingerprint(ring, ring.fingerprint)
    with pytest.raises(KeyFileError) as raised:
        check_fingerprint(ring, "0123456789abcdef")
    assert str(raised.value).startswith(
        f"{path} holds key {ring.fingerprint}, but the database uses key 0123456789abcdef; copy"
    )


def test_a_file_that_changes_is_read_anew(ring: KeyRing, path: Path, key: str) -> None:
    second = new_key()
    token = legacy(second, SECRETS)
    assert describe_secret_cfg(ring, 42, token) == "unreadable with this key"
    write_keys(path, key, second)
    assert open_secrets(ring, 42, token) == SECRETS
    assert len(ring.fingerprints) == 2


def test_a_file_that_is_replaced_by_one_of_the_same_size_is_read_anew(
    ring: KeyRing, path: Path, tmp_path: Path
) -> None:
    second = new_key()
    write_keys(tmp_path / "next", second).replace(path)
    assert open_secrets(ring, 42, legacy(second, SECRETS)) == SECRETS


def test_a_file_that_becomes_unusable_is_logged_once_and_the_keys_stay(
    ring: KeyRing, path: Path, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = seal(ring, 42, SECRETS)
    with caplog.at_level(logging.WARNING):
        for damage in (lambda: path.write_text(key[:20]), path.unlink):
            damage()
            assert open_secrets(ring, 42, token) == SECRETS
            assert open_secrets(ring, 42, token) == SECRETS
    assert len(caplog.messages) == 2
    assert "line 1 is no Fernet key" in caplog.messages[0]
    assert "no key file at" in caplog.messages[1]
    assert key[:20] not in caplog.text
    write_keys(path, key)
    assert open_secrets(ring, 42, token) == SECRETS
    assert len(caplog.messages) == 2


def test_signing_keys_differ_by_key_and_by_purpose(path: Path, key: str) -> None:
    write_keys(path, key, new_key())
    ring = KeyRing.load(path)
    keys = [*ring.signing_keys(b"bell"), *ring.signing_keys(b"other")]
    assert len(set(keys)) == 4
    assert {len(each) for each in keys} == {32}
    assert KeyRing.load(path).signing_keys(b"bell") == ring.signing_keys(b"bell")


def test_no_repr_shows_a_key_or_a_secret(ring: KeyRing, key: str) -> None:
    ring.fingerprints  # noqa: B018
    shown = repr(ring) + repr(vars(ring))
    assert key not in shown
    assert key[:-1] not in shown
