"""SSH public keys as people hand them in: one line, without options."""

from __future__ import annotations

import base64
import hashlib
import struct
import unicodedata
from dataclasses import dataclass

from connecthub.errors import ConfigError

_PARTS = {
    "ssh-ed25519": 2,
    "sk-ssh-ed25519@openssh.com": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "sk-ecdsa-sha2-nistp256@openssh.com": 4,
    "ssh-rsa": 3,
}
"""Of so many strings a key of each type is made, the first of which is the type."""
TYPES = tuple(_PARTS)
_POINT_BYTES = {"nistp256": 65, "nistp384": 97, "nistp521": 133}
_ED25519_BYTES = 32
RSA_BITS_MIN = 2048
RSA_BITS_MAX = 16_384
TEXT_MAX = 65_536
COMMENT_MAX = 200
_SHOWN = 60
"""Characters of a first word that an error repeats; what is longer may be anything, a part of a private key too."""


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
    if "PRIVATE KEY" in text or "\nPrivate-Lines:" in text:
        raise ConfigError("this is a private key, which stays with its owner; give the file that ends in .pub")
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if line.strip() and line.lstrip()[0] != "#"]
    if not lines:
        raise ConfigError("there is no public key in it; give the file that ends in .pub")
    found = [_parse(line) for line in lines]
    return list({key.fingerprint: key for key in found}.values())


def _parse(line: str) -> PublicKey:
    words = line.split(None, 2)
    kind = words[0]
    if kind not in TYPES:
        named = repr(kind) if len(kind) <= _SHOWN else f"a word of {len(kind)} characters"
        raise ConfigError(
            f"{named} is no type of key; give the line of the .pub file, without options before it: {', '.join(TYPES)}"
        )
    try:
        blob = base64.b64decode(words[1], validate=True)
        parts = _parts(blob)
        whole = _is_whole(kind, parts)
    except (IndexError, ValueError, struct.error):
        whole, blob, parts = False, b"", []
    if not whole:
        raise ConfigError(f"the key after {kind} is cut or garbled; copy the whole line of the .pub file")
    if kind == "ssh-rsa":
        _check_rsa_bits(int.from_bytes(parts[2]).bit_length())
    comment = words[2] if len(words) > 2 else ""
    visible = "".join(char for char in comment if unicodedata.category(char)[0] != "C")
    return PublicKey(f"{kind} {base64.b64encode(blob).decode()}", visible.strip()[:COMMENT_MAX])


def _parts(blob: bytes) -> list[bytes]:
    """The strings that a key is made of (RFC 4251, 5); IndexError or struct.error where it is cut."""
    parts, at = [], 0
    while at < len(blob):
        (size,) = struct.unpack_from(">I", blob, at)
        if at + 4 + size > len(blob):
            raise IndexError
        parts.append(blob[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def _is_whole(kind: str, parts: list[bytes]) -> bool:
    if len(parts) != _PARTS[kind] or parts[0] != kind.encode():
        return False
    if "ed25519" in kind:
        return len(parts[1]) == _ED25519_BYTES
    if "ecdsa" in kind:
        curve = parts[1].decode("ascii")
        return curve in kind and len(parts[2]) == _POINT_BYTES.get(curve) and parts[2][0] == 4
    exponent, modulus = parts[1:]  # both positive, the modulus odd
    return bool(exponent and modulus) and exponent[0] < 0x80 and modulus[0] < 0x80 and modulus[-1] % 2 == 1


def _check_rsa_bits(bits: int) -> None:
    if not RSA_BITS_MIN <= bits <= RSA_BITS_MAX:
        what = "short" if bits < RSA_BITS_MIN else "long"
        raise ConfigError(f"an RSA key of {bits} bits is too {what}; make one with `ssh-keygen -t ed25519`")
