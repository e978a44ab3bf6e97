"""A plugin that reads and writes an outside system, as real ones do."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from connecthub.integrations.base import BaseClient
from connecthub.jobs import BaseJob


class Shelf(BaseClient):
    """A client of a shelf of books."""

    system = "Shelf"

    def titles(self) -> list[str]:
        return self.get_json("/books")

    def add(self, title: str) -> Any:
        return self.request("POST", "/books", json={"title": title}, note=f"add {title}").json()


class Fill(BaseJob):
    """Adds the books that the shelf lacks; its plan says which."""

    class Params(BaseModel):
        base_url: str
        books: list[str]
        fail: bool = False

    def run(self, params: Params, secrets: Any) -> dict[str, Any]:
        with self.client(Shelf, base_url=params.base_url) as shelf:
            there = shelf.titles()
            missing = [title for title in params.books if title not in there]
            self.log.info("%d missing", len(missing))
            for title in missing:
                shelf.add(title)
        if params.fail:
            raise ValueError("the shelf is full")
        return {"plan": [{"act": "add", "title": title} for title in missing], "added": len(missing)}
