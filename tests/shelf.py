"""A shelf of books behind HTTP, for the plugin `samples.outside:Fill`."""

from __future__ import annotations

import json

from connecthub.integrations.sandbox.messages import Reply, Request, json_reply
from connecthub.integrations.sandbox.server import Sandbox

HANDLER = "samples.outside:Fill"


class ShelfSandbox(Sandbox):
    """Tells its titles, and takes more."""

    def __init__(self) -> None:
        super().__init__()
        self.titles = ["Emma"]

    def answer(self, request: Request) -> Reply:
        """`GET /books`, `POST /books`."""
        if request.method == "POST":
            self.titles.append(json.loads(request.body)["title"])
        return json_reply(self.titles)
