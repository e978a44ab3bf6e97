"""What `plugin show` says of the fields of a plugin's models."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from connecthub.cli.plugin_fields import fields_text


class Colour(StrEnum):
    """An enum, which a schema has as a reference."""

    RED = "red"
    BLUE = "blue\x1b"


class Params(BaseModel):
    """One field of each kind."""

    unit: str = Field(description="Which one.\nOf all.")
    leavers: Literal["keep", "remove"] = Field("keep", description="What becomes of them.")
    colour: Colour = Colour.RED
    ids: list[str] = []
    dry: bool = False
    share: float | None = 0.1
    note: str | None = None
    password: SecretStr


def test_a_field_is_told_with_its_choices_and_its_default():
    assert fields_text(Params.model_json_schema()).splitlines() == [
        "unit: string",
        "    Which one.",
        "    Of all.",
        'leavers: one of "keep", "remove", may be left out, default "keep"',
        "    What becomes of them.",
        'colour: one of "red", "blue\\u001b", may be left out, default "red"',
        "    An enum, which a schema has as a reference.",
        "ids: array of string, may be left out, default []",
        "dry: boolean, may be left out, default false",
        "share: number, may be left out, default 0.1",
        "note: string, may be left out",
        "password: string",
    ]


def test_without_a_model_any_object_will_do():
    assert fields_text(None) == "any JSON object"
