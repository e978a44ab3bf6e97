"""Why the stand-in for DiDi Enterprise refuses a call: an errno and its words, as the real service has them."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """An answer with an errno; `data` goes with it unless it is None."""

    def __init__(self, errno: int, errmsg: str, data: Any = None) -> None:
        super().__init__(errno, errmsg)
        self.errno = errno
        self.errmsg = errmsg
        self.data = data


def bad_parameter(name: str, why: str = "") -> Refused:
    """Return the refusal of a parameter's value (10003)."""
    return Refused(10003, f"参数错误 {name}{' ' + why if why else ''}")
