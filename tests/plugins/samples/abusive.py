"""Plugins that take too much, or lie about what they did."""

from __future__ import annotations

import atexit
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from typing import Any

from connecthub.jobs import BaseJob, Retry
from connecthub.runner.protocol import Frame


class Interrupted(BaseException):
    """What `except Exception` does not catch."""


class Abusive(BaseJob):
    """Does what `params["do"]` names."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> Any:
        return getattr(self, params["do"])(params)

    def aborts(self, params: Any) -> None:
        os.abort()

    def exits_well(self, params: Any) -> None:
        sys.exit(0)

    def base_exception(self, params: Any) -> None:
        raise Interrupted("not an Exception")

    def swallows_all(self, params: Any) -> None:
        while True:
            try:
                time.sleep(600)
            except BaseException:
                self.log.info("swallowed")

    def deaf(self, params: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open(params["pid_file"], "w") as file:
            file.write(str(os.getpid()))
        time.sleep(600)

    def handles_stop(self, params: Any) -> str:
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.pause()
        return "tidied up"

    def deaf_children(self, params: Any) -> None:
        code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(flush=True)\ntime.sleep(600)"
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
        assert child.stdout is not None
        child.stdout.readline()
        self.log.info("child %d", child.pid)
        time.sleep(600)

    def many_daemons(self, params: Any) -> None:
        read, write = os.pipe()
        for _ in range(20):
            if os.fork() == 0:
                os.setsid()
                os.write(write, b".")
                time.sleep(600)
            os.read(read, 1)

    def threads_and_exit_handlers(self, params: Any) -> str:
        threading.Thread(target=time.sleep, args=(600,)).start()
        atexit.register(time.sleep, 600)
        return "done"

    def memory_bomb(self, params: Any) -> None:
        held = []
        while True:
            held.append(bytearray(16 << 20))

    def large_file(self, params: Any) -> None:
        with open(params["path"], "wb") as file:
            while True:
                file.write(b"x" * (1 << 16))

    def open_files(self, params: Any) -> None:
        held = []
        while True:
            held.append(open(os.devnull))  # noqa: SIM115

    def tells_limits(self, params: Any) -> dict[str, int]:
        return {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in ("AS", "FSIZE", "NOFILE")}

    def cycle(self, params: Any) -> Any:
        found: list[Any] = []
        found.append(found)
        return found

    def fifty_megabytes(self, params: Any) -> str:
        return "x" * 50_000_000

    def deep_json(self, params: Any) -> None:
        json.loads("[" * 200_000)

    def network_hang(self, params: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            client.recv(1)

    def forges_answer(self, params: Any) -> None:
        self._write_frame(Frame.ANSWER, params["answer"])
        os._exit(0)

    def forges_nonsense(self, params: Any) -> None:
        os.write(3, struct.pack("!IB", 3, Frame.ANSWER) + b"[1]")
        os._exit(0)

    def asks_for_retry(self, params: Any) -> None:
        try:
            raise ConnectionError("the other side is closed for the night")
        except ConnectionError as error:
            raise Retry("closed", after=params["after"]) from error

    def breaks_retry(self, params: Any) -> None:
        wish = Retry("soon", after=1)
        wish.after = "x" * 10_000_000  # pyright: ignore[reportAttributeAccessIssue]
        raise wish

    def _write_frame(self, kind: Frame, payload: Any) -> None:
        body = json.dumps(payload).encode()
        os.write(3, struct.pack("!IB", len(body), kind) + body)
