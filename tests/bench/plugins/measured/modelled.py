"""The same with models for params and secrets."""

from __future__ import annotations

import time

from pydantic import BaseModel, HttpUrl, SecretStr

from connecthub.jobs import BaseJob

from .lines import say_twenty


class Modelled(BaseJob):
    """Logs twenty lines with its times."""

    class Params(BaseModel):
        base_url: HttpUrl = HttpUrl("http://localhost")
        pages: int = 3

    class Secrets(BaseModel):
        user_name: str = "user"
        password: SecretStr = SecretStr("")

    def run(self, params: Params, secrets: Secrets) -> None:
        say_twenty(self.log, IMPORT_ENDED)


IMPORT_ENDED = time.monotonic()
