"""The key file and the keys in it.

No error here holds a key; none has a cause or context that does.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import hmac
import logging
import os
import re
import secrets as random
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from connecthub.errors import KeyFileError

logger = logging.getLogger(__name__)

_KEY_FILE_MAX = 64 * 1024
"""Bytes of a key file; anything longer is none."""

_KEY = re.compile(rb"[A-Za-z0-9_-]{43}=")


@dataclass(frozen=True, repr=False)
class _Keys:
    """What one reading of the file gave; `seen` is the state of the file that it was read from."""

    seen: tuple[int, ...]
    raw: tuple[bytes, ...]
    fernet: MultiFernet
    fingerprints: tuple[str, ...]


class KeyRing:
    """The keys of a key file, one a line, the first the one that seals; read anew whenever the file changes.

    A file that has become unusable is logged, and the keys that were read last stay in use.
    """

    def __init__(self, path: Path, keys: _Keys) -> None:
        self.path = path
        self._keys = keys
        self._refused: tuple[int, ...] | None = None

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read a key file; raises KeyFileError where it is missing, unsafe or holds anything but keys."""
        return cls(path, _read_keys(path))

    def __repr__(self) -> str:
        return f"KeyRing({str(self.path)!r}, {', '.join(self._keys.fingerprints)})"

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the key that seals: 16 hexadecimal digits."""
        return self.fingerprints[0]

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The fingerprints of all keys, in the order of the file."""
        return self._current().fingerprints

    def signing_keys(self, purpose: bytes) -> list[bytes]:
        """Derive 32 bytes from each key, in the order of the file, that are good for this purpose only."""
        return [hmac.digest(key, purpose, "sha256") for key in self._current().raw]

    def encrypt(self, text: str, fingerprint: str | None = None) -> str:
        """Make a token under the key of that fingerprint, the first where None; KeyFileError where it is not here."""
        return self._fernet(fingerprint or self.fingerprint).encrypt(text.encode()).decode()

    def is_under(self, token: str, fingerprint: str) -> bool:
        """Whether a token is one of that key's."""
        try:
            self._fernet(fingerprint).decrypt(token.encode())
        except (InvalidToken, ValueError):
            return False
        return True

    def decrypt(self, token: str) -> bytes | None:
        """Read a token under any of the keys; None where none of them can."""
        try:
            return self._current().fernet.decrypt(token.encode())
        except (InvalidToken, ValueError):
            return None

    def _fernet(self, fingerprint: str) -> Fernet:
        keys = self._current()
        if fingerprint not in keys.fingerprints:
            held = ", ".join(keys.fingerprints)
            raise KeyFileError(
                f"{self.path} holds key {held}, not {fingerprint}, which is in use; copy its key file here"
            )
        return Fernet(base64.urlsafe_b64encode(keys.raw[keys.fingerprints.index(fingerprint)]))

    def _current(self) -> _Keys:
        seen = _state_of(self.path)
        if seen not in (self._keys.seen, self._refused):
            try:
                self._keys = _read_keys(self.path)
            except KeyFileError as error:
                logger.warning("the key file has changed; the keys read before stay in use: %s", error)
                self._refused = seen
        return self._keys


def create_key_file(path: Path) -> None:
    """Create a key file with one new key, mode 0600, and its missing folder with 0700; it appears whole or not at all.

    Raises KeyFileError where a file is there already, which is never overwritten, or where it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{random.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write_draft(draft, Fernet.generate_key() + b"\n")
            os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        if os.path.lexists(path):
            raise KeyFileError(f"{path} is there already and never overwritten; move it away first") from None
        raise KeyFileError(f"{path} cannot be created: {error.strerror}; set FERNET_KEY_PATH") from None


def add_key(path: Path) -> str:
    """Add a new key at the end of a key file and return its fingerprint; the file is replaced whole, or stays.

    Raises KeyFileError where the file cannot be used or written.
    """
    _read_keys(path)
    content = path.read_bytes()
    content += b"" if content.endswith(b"\n") else b"\n"
    draft = path.with_name(f".{path.name}.{random.token_hex(8)}")
    try:
        _write_draft(draft, content + Fernet.generate_key() + b"\n")
        os.replace(draft, path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise KeyFileError(f"{path} cannot be written: {error.strerror}; nothing was added") from None
    return KeyRing.load(path).fingerprints[-1]


def _write_draft(draft: Path, content: bytes) -> None:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def check_fingerprint(ring: KeyRing, stored: str | None) -> None:
    """Raise KeyFileError unless the key in use, whose fingerprint the database keeps, is in the file."""
    if stored is not None and stored not in ring.fingerprints:
        held = ", ".join(ring.fingerprints)
        raise KeyFileError(
            f"{ring.path} holds key {held}, but the database uses key {stored}; "
            "copy its key file here or set FERNET_KEY_PATH"
        )


def _read_keys(path: Path) -> _Keys:
    content, seen = _read_file(path)
    raw = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        key = line.strip()
        if not key:
            continue
        if not _KEY.fullmatch(key):
            length = f"has {len(key)} characters instead of 44" if len(key) != 44 else "has characters of no key"
            raise KeyFileError(f"{path}, line {number} is no Fernet key: it {length}; restore the file from its copy")
        raw.append(base64.urlsafe_b64decode(key))
    if not raw:
        raise KeyFileError(f"{path} is empty; restore it from its copy")
    fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in raw])
    return _Keys(seen, tuple(raw), fernet, tuple(hashlib.sha256(key).hexdigest()[:16] for key in raw))


def _read_file(path: Path) -> tuple[bytes, tuple[int, ...]]:
    """Return content and state of a key file that only this user can have written or read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        remedy = "copy it here, set FERNET_KEY_PATH, or make a first one with `connecthub key init`"
        raise KeyFileError(f"no key file at {path}; {remedy}") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise KeyFileError(f"{path} is a symbolic link; set FERNET_KEY_PATH to the file itself") from None
        raise KeyFileError(f"{path} cannot be read: {error.strerror}; let this user own it") from None
    try:
        about = os.fstat(descriptor)
        _refuse_unsafe(path, about)
        return os.read(descriptor, _KEY_FILE_MAX), _state(about)
    finally:
        os.close(descriptor)


def _refuse_unsafe(path: Path, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise KeyFileError(f"{path} is no regular file; set FERNET_KEY_PATH to the key file")
    if about.st_uid not in (os.geteuid(), 0):
        raise KeyFileError(f"{path} belongs to user {about.st_uid}; run `chown {os.geteuid()} {path}`")
    if about.st_mode & 0o077:
        mode = stat.S_IMODE(about.st_mode)
        raise KeyFileError(f"{path} is open to other users (mode {mode:04o}); run `chmod 600 {path}`")


def _state_of(path: Path) -> tuple[int, ...]:
    try:
        return _state(os.lstat(path))
    except OSError:
        return ()


def _state(about: os.stat_result) -> tuple[int, ...]:
    return about.st_dev, about.st_ino, about.st_size, about.st_ctime_ns  # ctime: any change, of mode and owner too


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
