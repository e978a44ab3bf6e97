"""A run that is no one's: the launcher goes a child's way before it serves, so that each child finds it gone.

Caches are filled then, code is specialised, and what the way writes to lies together on few pages: a page that a child
is the first to touch is copied for it.
"""

from __future__ import annotations

import os
import socket
import sys

from connecthub.errors import RunnerError
from connecthub.runner.child import Channel, answer_over
from connecthub.runner.protocol import Frame, FrameReader, Request, encode

TIMES = 20
MODULE = f"{__name__}.job"


def warm_up(channel: Channel) -> None:
    """Run the plugin of `job.py` some times, in this process, with `channel`; raises RunnerError where it fails."""
    import_path = sys.path[:]
    read, write = os.pipe()
    os.set_blocking(read, False)
    try:
        for _ in range(TIMES):
            _run_once(channel, read)
    finally:
        sys.path[:] = import_path
        os.close(read)
        os.close(write)


def _run_once(channel: Channel, pipe: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(encode(Frame.REQUEST, _request().to_json()))
        answer_over(theirs, channel, pipe, pipe)
        channel.disconnect()
        *_, (kind, answer) = FrameReader().feed(ours.recv(1 << 16))
    if kind is not Frame.ANSWER or answer["status"] != "succeeded":
        raise RunnerError(f"the launcher's own first run failed: {answer.get('error', answer)}")
    del sys.modules[MODULE]


def _request() -> Request:
    return Request("run", f"{MODULE}:WarmUp", (__name__,), sys.path[0], params={}, secrets={}, timeout=60.0)
