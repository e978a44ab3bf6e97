"""SSH public keys as people hand them in: one line, without options."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
import unicodedata
from dataclasses import dataclass

from connecthub.errors import ConfigError

TYPES = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)
RSA_BITS_MIN = 2048
TEXT_MAX = 16_384
COMMENT_MAX = 200


@dataclass(frozen=True)
class PublicKey:
    """A key that is one: `text` is its type and its base64, as they are written to authorized_keys."""

    text: str
    comment: str

    @property
    def fingerprint(self) -> str:
        """SHA256:… as `ssh-keygen -l` prints it."""
        return fingerprint_of(self.text)


def fingerprint_of(text: str) -> str:
    """The fingerprint of `type base64`: SHA-256 of the blob, base64 without padding (ssh-keygen(1), -E)."""
    blob = base64.b64decode(text.split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def parse_public_keys(text: str) -> list[PublicKey]:
    """The keys of a `.pub` file, one a line, blank lines and `#` lines left out; raises ConfigError."""
    if len(text) > TEXT_MAX:
        raise ConfigError(f"{len(text)} characters are no public key; give the file that ends in .pub")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise ConfigError("there is no public key in it; give the file that ends in .pub")
    return [_parse(line) for line in lines]


def _parse(line: str) -> PublicKey:
    if "PRIVATE KEY" in line:
        raise ConfigError("this is a private key, which stays with its owner; give the file that ends in .pub")
    words = line.split(None, 2)
    if words[0] not in TYPES:
        raise ConfigError(f"{words[0][:40]!r} is no type of key; a line begins with one of {', '.join(TYPES)}")
    blob, parts = b"", []
    try:
        blob = base64.b64decode(words[1], validate=True)
        parts = _parts(blob)
        right = parts[0] == words[0].encode()
    except (IndexError, binascii.Error, struct.error):
        right = False
    if not right:
        raise ConfigError(f"the key after {words[0]} is cut or garbled; copy the whole line of the .pub file")
    if words[0] == "ssh-rsa" and (bits := int.from_bytes(parts[2]).bit_length()) < RSA_BITS_MIN:
        raise ConfigError(f"an RSA key of {bits} bits is too short; make one with `ssh-keygen -t ed25519`")
    comment = words[2] if len(words) > 2 else ""
    visible = "".join(char for char in comment if unicodedata.category(char)[0] != "C")
    return PublicKey(f"{words[0]} {base64.b64encode(blob).decode()}", visible.strip()[:COMMENT_MAX])


def _parts(blob: bytes) -> list[bytes]:
    """The strings that a key is made of (RFC 4253, 6.6), at least two; IndexError or struct.error where it is cut."""
    parts, at = [], 0
    while at < len(blob):
        (size,) = struct.unpack_from(">I", blob, at)
        if at + 4 + size > len(blob):
            raise IndexError
        parts.append(blob[at + 4 : at + 4 + size])
        at += 4 + size
    if len(parts) < (3 if parts[:1] == [b"ssh-rsa"] else 2):
        raise IndexError
    return parts
