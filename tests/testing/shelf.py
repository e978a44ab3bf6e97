"""A service for tests of the kit, and a client of it that is as short as one can be."""

from __future__ import annotations

from typing import ClassVar, Unpack

from connecthub.integrations.base import BaseClient, ClientOptions
from connecthub.integrations.sandbox.messages import Reply, Request, json_reply
from connecthub.integrations.sandbox.server import Sandbox


class Shelf(Sandbox):
    """Answers with the path."""

    service = "shelf"

    def answer(self, request: Request) -> Reply:
        return json_reply({"path": request.path})

    def expire_tokens(self) -> None:
        """It has none."""

    def start_over(self, profile: str, seed: int) -> None:
        """It keeps nothing."""


class ShelfClient(BaseClient):
    """Signs in nowhere."""

    system: ClassVar[str] = "Shelf"

    def __init__(self, base_url: str, **options: Unpack[ClientOptions]) -> None:
        super().__init__(base_url, **options)
