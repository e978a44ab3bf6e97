"""Public keys as they are given on a command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connecthub.errors import ConfigError

if TYPE_CHECKING:
    from connecthub.control.public_keys import PublicKey


def read_keys(files: Sequence[str]) -> list[PublicKey]:
    """The keys of `.pub` files, each once; `-` is standard input. Raises ConfigError, which names the file."""
    found: dict[str, PublicKey] = {}
    for file in dict.fromkeys(files):
        found |= {key.fingerprint: key for key in _keys_of(file)}
    return list(found.values())


def _keys_of(file: str) -> list[PublicKey]:
    from connecthub.control.public_keys import TEXT_MAX, parse_public_keys

    named = "standard input" if file == "-" else repr(file)
    try:
        if file == "-":
            text = sys.stdin.read(TEXT_MAX + 1)
        else:
            with Path(file).open(encoding="utf-8") as opened:
                text = opened.read(TEXT_MAX + 1)
        return parse_public_keys(text)
    except OSError as error:
        raise ConfigError(f"{named} cannot be read: {error.strerror}; name another file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{named} is no UTF-8 text; give the file that ends in .pub") from None
    except ConfigError as error:
        raise ConfigError(f"{named}: {error}") from None
