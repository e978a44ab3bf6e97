"""Public keys as people hand them in: the fingerprint of `ssh-keygen`, and nothing that could become an option."""

from __future__ import annotations

import base64
import shutil
import struct
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connecthub.control.authorized_keys import lines
from connecthub.control.public_keys import COMMENT_MAX, TEXT_MAX, PublicKey, parse_public_keys
from connecthub.errors import ConfigError

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFbbXcN1wMNjG/VhS7Yf1xUrMWUKaJQ4XuJAy7FurFa+"
TYPE, BLOB = ED25519.split()
needs_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


def row(text: str) -> Any:
    """A key as the database has it."""
    return SimpleNamespace(id=7, public_key=text)


def key_of(*parts: bytes, kind: str | None = None) -> str:
    """A key line of these strings."""
    blob = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return f"{kind or parts[0].decode()} {base64.b64encode(blob).decode()}"


def keygen(path: Path, *options: str) -> tuple[str, str]:
    """A fresh key's `.pub`, and its fingerprint by ssh-keygen."""
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "carol laptop", "-f", str(path), *options], check=True)
    listed = subprocess.run(["ssh-keygen", "-lf", f"{path}.pub"], check=True, capture_output=True, text=True)
    return Path(f"{path}.pub").read_text(), listed.stdout.split()[1]


@needs_keygen
def test_the_fingerprint_is_that_of_ssh_keygen(tmp_path: Path):
    for options in (
        ("-t", "ed25519"),
        ("-t", "ecdsa", "-b", "256"),
        ("-t", "ecdsa", "-b", "521"),
        ("-t", "rsa", "-b", "2048"),
    ):
        text, fingerprint = keygen(tmp_path / "-".join(options[1:]), *options)
        (key,) = parse_public_keys(text)
        assert (key.fingerprint, key.comment) == (fingerprint, "carol laptop")
        assert text.startswith(f"{key.text} carol")


@needs_keygen
def test_ssh_reads_the_lines_that_are_made_of_keys_and_of_odd_folders(tmp_path: Path):
    folders = [Path("/srv/x"), Path('/srv/a "b" \\c'), Path("/srv/it's; rm -rf #"), Path("/srv/数据 \\")]
    for folder in folders:
        made = lines([row(ED25519)], folder, Path("/opt/connect hub"))
        (tmp_path / "authorized_keys").write_text(made)
        listed = subprocess.run(
            ["ssh-keygen", "-lf", str(tmp_path / "authorized_keys")], check=True, capture_output=True, text=True
        )
        assert listed.stdout.split()[1] == PublicKey(ED25519, "").fingerprint
        option = made.splitlines()[1].partition('command="')[2].rpartition('" ')[0]
        words = subprocess.run(
            ["sh", "-c", option.replace('\\"', '"').replace("exec", "printf '%s|'", 1)], capture_output=True, text=True
        )
        assert words.stdout == f"/opt/connect hub|ssh|session|7|--folder|{folder}|"


@pytest.mark.parametrize("folder", ["/srv/a\nb", "/srv/\x1b[2J", "/srv/\udcff"])
def test_a_folder_that_would_break_the_line_is_refused(folder: str):
    with pytest.raises(ConfigError, match="rename that folder"):
        lines([row(ED25519)], Path(folder), Path("/opt/connecthub"))


def test_several_keys_stand_in_one_file_each_once_beside_remarks():
    other = key_of(b"ssh-ed25519", b"x" * 32)
    text = f"\ufeff# of carol\n\n{ED25519} one\r\n  {other}\n{ED25519} again\n"
    assert [key.text for key in parse_public_keys(text)] == [ED25519, other]


@pytest.mark.parametrize(
    ("comment", "kept"),
    [
        ('a "quoted" \\ one', 'a "quoted" \\ one'),
        ("esc\x1b]52;c;x\x07\u202eaped", "esc]52;c;xaped"),
        ("n\0ul", "nul"),
        ("x" * 999, "x" * COMMENT_MAX),
        (f'{TYPE} {BLOB} command="sh"', f'{TYPE} {BLOB} command="sh"'),
        ("", ""),
    ],
)
def test_a_comment_is_made_harmless_and_never_gets_into_the_file(comment: str, kept: str):
    (key,) = parse_public_keys(f"{ED25519}\t{comment}\n")
    assert (key.text, key.comment) == (ED25519, kept)
    assert lines([row(key.text)], Path("/srv"), Path("/c")).splitlines()[1].endswith(f'" {ED25519}')


RSA = b"ssh-rsa", b"\1\0\1"
CURVE = b"ecdsa-sha2-nistp256"
REFUSED = {
    "options": (f'command="sh" {ED25519}', """'command="sh"' is no type of key"""),
    "an option": (f"restrict {ED25519}", "'restrict' is no type of key"),
    "a second line": (f'{ED25519}\ncommand="sh" {ED25519}', "is no type of key"),
    "a line of another kind": (f"{ED25519} a\u2028no-pty {ED25519}", "'no-pty' is no type of key"),
    "a carriage return": (f"{ED25519}\rpty {ED25519}", "'pty' is no type of key"),
    "an escape": (f"\x1b[2J{ED25519}", r"'\x1b[2Jssh-ed25519' is no type"),
    "a private key": ("-----BEGIN OPENSSH PRIVATE KEY-----\nc4nary\n", "this is a private key"),
    "a private key after a public one": (
        f"{ED25519}\n-----BEGIN RSA PRIVATE KEY-----\nc4nary",
        "this is a private key",
    ),
    "a private key without its head": ("c4nary" * 20, "a word of 120 characters is no type"),
    "PuTTY's": ("PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nc4nary", "this is a private key"),
    "DSA": (key_of(b"ssh-dss", b"p", b"q", b"g", b"y"), "'ssh-dss' is no type of key"),
    "a certificate": (
        key_of(b"ssh-ed25519-cert-v01@openssh.com", b"n", b"k"),
        "'ssh-ed25519-cert-v01@openssh.com' is no type",
    ),
    "no base64": (TYPE, "cut or garbled"),
    "cut base64": (ED25519[:-3], "cut or garbled"),
    "a cut key": (ED25519[:-12], "cut or garbled"),
    "NUL in base64": (f"{ED25519[:30]}\0{ED25519[30:]}", "cut or garbled"),
    "no ASCII": (f"{TYPE} ÄÖÜ{BLOB}", "cut or garbled"),
    "garbage after the key": (key_of(b"ssh-ed25519", b"x" * 32, b"garbage"), "cut or garbled"),
    "half a string after the key": (
        f"{TYPE} {base64.b64encode(base64.b64decode(BLOB) + bytes(3)).decode()}",
        "cut or garbled",
    ),
    "garbage behind base64": (f"{ED25519}==garbage", "cut or garbled"),
    "a short key": (key_of(b"ssh-ed25519", b"x" * 31), "cut or garbled"),
    "another type inside": (key_of(b"ssh-dss", b"x" * 32, kind=TYPE), "cut or garbled"),
    "another curve inside": (key_of(CURVE, b"nistp521", b"\4" + b"x" * 132), "cut or garbled"),
    "no point": (key_of(CURVE, b"nistp256", b"\4"), "cut or garbled"),
    "a packed point": (key_of(CURVE, b"nistp256", b"\2" + b"x" * 64), "cut or garbled"),
    "a curve of no letters": (key_of(CURVE, b"\xff", b"\4"), "cut or garbled"),
    "short RSA": (key_of(*RSA, b"\0\xff" + b"\xff" * 127), "an RSA key of 1024 bits is too short"),
    "vast RSA": (key_of(*RSA, b"\0" + b"\xff" * 2050), "an RSA key of 16400 bits is too long"),
    "negative RSA": (key_of(*RSA, b"\xff" * 256), "cut or garbled"),
    "RSA without a number": (key_of(*RSA, b""), "cut or garbled"),
    "nothing": ("", "no public key in it"),
    "remarks only": ("# none\n\n", "no public key in it"),
    "a book": ("x" * (TEXT_MAX + 1), "are no public key"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_public_key_is_refused_and_none_of_a_private_one_repeated(text: str, said: str):
    with pytest.raises(ConfigError) as refused:
        parse_public_keys(text)
    assert said in str(refused.value)
    assert "c4nary" not in str(refused.value)
    assert str(refused.value).isprintable()
