"""A plugin with every kind of field, that fails for what its params say."""

from __future__ import annotations

import time
from typing import Any, Literal

from pydantic import BaseModel, Field, SecretStr

from connecthub.jobs import BaseJob


class Tally(BaseJob):
    """Count people of a city."""

    class Params(BaseModel):
        city: str = Field(description="which city")
        people: int = 3
        pause: float = 0.0
        order: Literal["up", "down"] = "up"
        strict: bool = False
        tags: list[str] = []

    class Secrets(BaseModel):
        token: SecretStr

    examples = {"berlin": {"city": "Berlin", "people": 13}}  # noqa: RUF012

    def run(self, params: Params, secrets: Secrets) -> dict[str, Any]:
        if not secrets.token.get_secret_value():
            raise ValueError("no token")
        for number in range(1, params.people + 1):
            self.progress(number, params.people, "people")
            self.log.info("counted %d of %s", number, params.city)
            time.sleep(params.pause)
        if params.people == 13:
            raise ValueError("13 people are one too many")
        return {"people": params.people}
