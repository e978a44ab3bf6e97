"""Plugins that misbehave, one way each."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from abc import abstractmethod
from typing import Any

from connecthub.jobs import BaseJob


class UnprintableError(Exception):
    """Cannot even be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Bad(BaseJob):
    """Does what `params["do"]` names."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> Any:
        return getattr(self, params["do"])()

    def raises(self) -> None:
        raise ValueError("no such unit")

    def os_exit(self) -> None:
        os._exit(0)

    def segfault(self) -> None:
        ctypes.string_at(0)

    def system_exit(self) -> None:
        raise SystemExit("bye")

    def keyboard_interrupt(self) -> None:
        raise KeyboardInterrupt

    def generator_exit(self) -> None:
        raise GeneratorExit

    def unprintable(self) -> None:
        raise UnprintableError

    def kill_self(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def kill_group(self) -> None:
        os.killpg(0, signal.SIGKILL)

    def recursion(self) -> None:
        self.recursion()

    def no_json(self) -> Any:
        return {"when": lambda: None}

    def nan(self) -> Any:
        return {"ratio": float("nan")}

    def deep(self) -> Any:
        value: Any = []
        for _ in range(100_000):
            value = [value]
        return value

    def unprintable_result(self) -> Any:
        return UnprintableError()

    def large_result(self) -> Any:
        return {"rows": "x" * 200_000}

    def nul_and_surrogates(self) -> None:
        self.log.info("nul \x00 and surrogate \udc80")
        os.write(1, b"bytes \xff\x00\n")
        sys.stdout.write("printed \udcff\n")

    def leaves_thread(self) -> None:
        threading.Thread(target=time.sleep, args=(600,)).start()

    def daemon(self) -> None:
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.close(read)
                os.write(write, str(os.getpid()).encode())
                os.close(write)
                time.sleep(600)
            os._exit(0)
        os.close(write)
        self.log.info("daemon %s", os.read(read, 20).decode())

    def endless(self) -> None:
        sum(iter(int, 1))

    def stubborn(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            try:
                time.sleep(600)
            except BaseException:
                self.log.info("swallowed")

    def stopped(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    def closes_everything(self) -> None:
        os.closerange(0, 256)

    def garbles_channel(self) -> None:
        os.write(3, b"\x00\x00\x00\x05garbage, not a frame at all")
        time.sleep(0.2)

    def reads_stdin(self) -> Any:
        return {"stdin": sys.stdin.read()}

    def deaf_logger(self) -> None:
        self.log.info("%d arguments", "not a number")


class Abstract(BaseJob):
    """Has no run of its own."""

    @abstractmethod
    def run(self, params: Any, secrets: Any) -> None: ...


class NoJob:
    """Inherits nothing."""
