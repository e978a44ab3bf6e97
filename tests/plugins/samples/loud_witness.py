"""A witness that says something and may fail."""

from __future__ import annotations

from typing import Any

from samples.witness import Witness


class LoudWitness(Witness):
    """Logs a line, leaves its trace and works for a while; with `fails` it then raises."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> None:
        self.log.info("at work")
        super().run(params, secrets)
        if params.get("fails"):
            raise RuntimeError("this one fails")
