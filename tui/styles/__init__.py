"""Where the styles are."""

from __future__ import annotations

import os


def style(name: str) -> str:
    """The path of a style file: Textual reads a relative one from the folder of whichever class inherits it."""
    return os.path.join(os.path.dirname(__file__), f"{name}.tcss")
