"""What is told of a plugin's models, with the line that is to be mended."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, Field, HttpUrl, SecretStr

from connecthub.jobs import BaseJob
from connecthub.testing.models import problems_of


class Sound(BaseJob):
    class Params(BaseModel):
        base_url: HttpUrl
        pages: int = Field(default=3, alias="pageCount")
        token_url: str = ""

    class Secrets(BaseModel):
        user_name: str
        password: SecretStr
        sign_key: SecretStr | None = None

    examples: ClassVar = {"one": {"base_url": "https://oa.example.com", "pageCount": 2}}

    def run(self, params: Params, secrets: Secrets) -> None: ...


class Plain(BaseJob):
    def run(self, params: Any, secrets: Any) -> None: ...


class BadDefault(Plain):
    class Params(BaseModel):
        pages: int = Field(default=0, ge=1)  # line of bad default


class BadExample(Plain):
    class Params(BaseModel):
        pages: int

    examples: ClassVar = {"few": {"pages": "few"}}  # line of bad example


class NoJsonExample(Plain):
    examples: ClassVar = {"set": {"names": {1, 2}}}  # line of an example that is no JSON


class PlainPassword(Plain):
    class Secrets(BaseModel):
        oa_password: str  # line of a plain password


class Nested(Plain):
    class Secrets(BaseModel):
        class Account(BaseModel):
            client_secret: str | None = None  # line of a nested secret

        account: Account


class SecretDefault(Plain):
    class Secrets(BaseModel):
        password: SecretStr = SecretStr("changeme")  # line of a default


class SecretParam(Plain):
    class Params(BaseModel):
        api_key: str  # line of a secret among params


class NoForm(Plain):  # line of no form
    class Params(BaseModel, arbitrary_types_allowed=True):
        call: BaseJob


def line(comment: str) -> str:
    """Where a comment stands in this file."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return f"{__file__}:{next(n for n, text in enumerate(lines, 1) if text.endswith(f'# line of {comment}'))}"


@pytest.mark.parametrize("plugin", [Sound, Plain])
def test_sound_models_have_no_problem(plugin: type[BaseJob]):
    assert problems_of(plugin) == []


@pytest.mark.parametrize(
    ("plugin", "comment", "words"),
    [
        (BadDefault, "bad default", "the default of Params.pages breaks"),
        (BadExample, "bad example", "example 'few' breaks the model: params.pages"),
        (NoJsonExample, "an example that is no JSON", "example 'set' is no JSON"),
        (PlainPassword, "a plain password", "oa_password is a plain text"),
        (Nested, "a nested secret", "account.client_secret is a plain text"),
        (SecretDefault, "a default", "password has a default"),
        (SecretParam, "a secret among params", "put it in Secrets"),
        (NoForm, "no form", "has no JSON schema"),
    ],
)
def test_a_problem_is_told_with_its_line(plugin: type[BaseJob], comment: str, words: str):
    ((where, text),) = problems_of(plugin)
    assert where == line(comment)
    assert words in text
