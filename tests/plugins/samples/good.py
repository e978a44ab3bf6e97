"""Plugins that behave."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from connecthub.jobs import BaseJob


class Hello(BaseJob):
    """Greets."""

    class Params(BaseModel):
        name: str = "world"

    examples = {"you": {"name": "you"}}  # noqa: RUF012

    def run(self, params: Params, secrets: Any) -> dict[str, Any]:
        self.log.info("hello %s", params.name)
        return {"greeted": params.name}


class Chatty(BaseJob):
    """Says something in every way there is, numbered in order."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> None:
        self.log.info("say 1")
        print("say 2")
        os.write(1, b"say 3\n")
        print("say 4", file=sys.stderr)
        os.write(2, b"say 5\n")
        logging.getLogger("some.library").warning("say 6")
        subprocess.run(["echo", "say 7"], check=True)
        warnings.warn("say 8", stacklevel=1)
        sys.stdout.buffer.write(b"say 9\n")
        self.log.error("say 10\nwith a second line")
        print("say 11, no line end", end="")
        if params.get("die"):
            os.kill(os.getpid(), 9)


class Secretive(BaseJob):
    """Tries to tell its secrets in several spellings."""

    class Secrets(BaseModel):
        password: SecretStr

    def run(self, params: dict[str, Any], secrets: Secrets) -> dict[str, Any]:
        import base64
        import json
        import urllib.parse

        value = secrets.password.get_secret_value()
        print(value)
        print(urllib.parse.quote(value, safe=""))
        print(base64.b64encode(value.encode()).decode())
        print(json.dumps(value))
        os.write(1, value[:4].encode())
        os.write(1, value[4:].encode() + b"\n")
        self.log.info("masked by itself: %s", secrets.password)
        if params.get("raise"):
            raise ValueError(f"the password is {value}")
        return {"password": value}


class Context(BaseJob):
    """Returns what it knows of its run and its process."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
        context = self.context
        self.progress(1, 4, "a quarter")
        return {
            "job": context.job,
            "log_id": context.log_id,
            "scheduled_for": context.scheduled_for.isoformat() if context.scheduled_for else None,
            "attempt": context.attempt,
            "key": context.idempotency_key,
            "seconds_left": context.seconds_left(),
            "environment": sorted(os.environ),
            "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
            "argv": Path("/proc/self/cmdline").read_bytes().decode().split("\0"),
            "params": params,
            "secrets": sorted(secrets),
        }


class Sleeper(BaseJob):
    """Writes its pid to a file and sleeps."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> None:
        self.log.info("asleep")
        Path(params["pid_file"]).write_text(str(os.getpid()))
        time.sleep(float(params.get("seconds", 600)))
