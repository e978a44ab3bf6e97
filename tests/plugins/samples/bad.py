"""Plugins that misbehave, one way each."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
import time
from abc import abstractmethod
from typing import Any

from connecthub.jobs import BaseJob
from connecthub.runner.protocol import Frame


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


class Odd(BaseJob):
    """Reports what is hard to store, and finishes its work."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> Any:
        return getattr(self, params["do"])(secrets)

    def calls(self, secrets: Any) -> None:
        odd: list[dict[str, Any]] = [
            {"ms": "abc"},
            {"at": 1e30, "ms": float("nan")},
            {"attempt": "two", "bytes": 10**30, "status": 1e40},
            {"bytes": [1], "path": "x" * 100_000, "system": "\x00" * 200, "error": object()},
            {"note": f"add {secrets['password']} \x00" + "n" * 100_000},
            {},
        ]
        for record in odd:
            self.context.reporter.call(record)

    def progresses(self, secrets: Any) -> None:
        self.progress(float("nan"), float("inf"), "\x00\udc80" * 5000)
        self.progress(secrets["password"], object(), secrets["password"])  # pyright: ignore[reportArgumentType]

    def records(self, secrets: Any) -> None:
        for created in (1e300, float("inf"), -5.0, "x"):
            record = logging.makeLogRecord(
                {"created": created, "msg": "kept", "levelno": 20, "name": f"n\x00\nfake {secrets}"}
            )
            record.levelname = "LEVEL\x00\n2026-01-01T00:00:00.000Z INFO connecthub: forged"
            self.log.handle(record)
        logging.getLogger(f"client.{secrets['password']}").info("named")

    def long_record(self, secrets: Any) -> None:
        self.log.info("L" * 100_000)

    def forged_version(self, secrets: Any) -> None:
        self.context.reporter.send(Frame.VERSION, {"version": "v\x00" * 300})  # pyright: ignore[reportAttributeAccessIssue]

    def garbage_after_log(self, secrets: Any) -> None:
        for number in range(50):
            self.log.info("line %d", number)
        os.write(3, b"\xff" * 64)
        time.sleep(0.3)

    def many_calls(self, secrets: Any) -> None:
        for number in range(3000):
            self.context.reporter.call({"path": f"/{number}"})

    def logs_in_handler(self, secrets: Any) -> None:
        def handle(*_: Any) -> None:
            self.log.info("from the handler")

        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        for _ in range(200):
            self.log.info("x" * 60_000)
        signal.setitimer(signal.ITIMER_REAL, 0)

    def tells_late(self, secrets: Any) -> Any:
        password = secrets["password"]
        self.log.info("done")
        return {"pad": "p" * 65_500, "secret": password * 20, password: 1234, "pin": secrets["pin"]}

    def raises_late(self, secrets: Any) -> None:
        raise ValueError("e" * 3_990 + secrets["password"] * 10)

    def exits_when_stopped(self, secrets: Any) -> None:
        def stop(*_: Any) -> None:
            raise SystemExit("stopped")

        signal.signal(signal.SIGTERM, stop)
        time.sleep(600)

    def time_left(self, secrets: Any) -> Any:
        return self.context.seconds_left()


class Huge(BaseJob):
    """Says a hundred megabytes."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> None:
        self.log.info("first line")
        getattr(self, params["do"])()
        self.log.info("last line")

    def raw_lines(self) -> None:
        block = (b"x" * 99 + b"\n") * 10_000
        for _ in range(100):
            os.write(1, block)

    def raw_line(self) -> None:
        for _ in range(100):
            os.write(1, b"y" * 1_000_000)

    def printed_line(self) -> None:
        print("z" * 100_000_000)

    def one_record(self) -> None:
        self.log.info("w" * 100_000_000)


class Meddler(BaseJob):
    """Meddles with its process, and does its work all the same."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> Any:
        getattr(self, params["do"])()
        return "done"

    def replaces_stdout(self) -> None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        print("unheard")
        sys.stdout.close()
        sys.stderr = None
        self.log.info("still heard")

    def removes_handlers(self) -> None:
        logging.getLogger().handlers.clear()
        logging.getLogger().disabled = True
        print("printed all the same")

    def closes_stdout(self) -> None:
        os.close(1)
        os.close(2)
        self.log.info("still heard")

    def changes_folder_and_environment(self) -> None:
        os.chdir("/")
        os.environ.clear()
        os.umask(0o777)

    def raises_recursion_limit(self) -> None:
        sys.setrecursionlimit(10**6)

    def kills_parent(self) -> None:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(600)
