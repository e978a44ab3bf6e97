"""A plugin whose every word is meant for the terminal of whoever reads it."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import Any

from pydantic import BaseModel, ConfigDict

from connecthub.jobs import BaseJob

CONTROLS = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
SEQUENCES = (
    "\x1b]0;owned\x07",
    "\x1b]2;owned\x1b\\",
    "\x9d0;owned\x9c",
    "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;b3duZWQ=\x07",
    "\x1b[2J\x1b[H",
    "\x1b[6n",
    "\x1b[?1049l",
    "\x9b31m",
    "\x1bP+q544e\x1b\\",
    "\x90+q544e\x9c",
    "\x1bc",
    "\r[2K forged",
)
INVISIBLE = (
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    "\u200b\u200c\u200d\u2060\ufeff\xad\U000e0041\u2028\u2029\u115f\u3164"
)
SURROGATES = "\ud800 \udc80 \udfff"
HOSTILE = "begin " + CONTROLS + "".join(SEQUENCES) + INVISIBLE + SURROGATES + " end"
NAME = HOSTILE.replace("\0", "").replace(SURROGATES, "")
"""What of it Python takes as the name of a class."""


class Hostile(BaseJob):
    """Says all of it in every way there is, then returns it or raises it."""

    class Params(BaseModel):
        """Anything unknown is refused, by its name."""

        model_config = ConfigDict(extra="forbid")
        fail: bool = False

    def run(self, params: Params, secrets: Any) -> dict[str, Any]:
        self.log.info("logged %s", HOSTILE)
        logging.getLogger(f"source {HOSTILE}").warning("from a source of that name")
        warnings.warn(f"warned {HOSTILE}", stacklevel=1)
        print("printed", HOSTILE)
        print("printed", HOSTILE, file=sys.stderr)
        os.write(1, b"raw " + HOSTILE.encode("utf-8", "surrogatepass") + bytes(range(256)) + b"\n")
        self.progress(1, 2, HOSTILE)
        if params.fail:
            raise type(NAME, (Exception,), {})(HOSTILE)
        return {HOSTILE: HOSTILE}
