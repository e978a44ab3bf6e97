"""Canaries are found in every form in which a secret gets about."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Callable
from typing import Literal

import pytest
from pydantic import BaseModel, HttpUrl, SecretStr

from connecthub.core.redact import Redactor
from connecthub.testing.canaries import CanarySecrets, canary, found_in, leaves, spellings

SECRET = canary(1)
FORMS: dict[str, tuple[str, Callable[[str], str]]] = {
    "plain": ("plain", str),
    "all of a URL": ("URL-quoted", lambda text: urllib.parse.quote(text, safe="")),
    "path of a URL": ("URL-quoted", urllib.parse.quote),
    "form": ("URL-quoted", urllib.parse.quote_plus),
    "URL in a URL": ("URL-quoted", lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""))),
    "JSON": ("JSON", json.dumps),
    "JSON in JSON": ("JSON", lambda text: json.dumps(json.dumps({"password": text}))),
    "Python": ("Python", lambda text: repr(text + "'\"")),
    "bytes": ("Python", lambda text: repr(text.encode())),
    "HTML": ("HTML", html.escape),
    "hex": ("hexadecimal", lambda text: text.encode().hex()),
    "HEX": ("hexadecimal", lambda text: text.encode().hex().upper()),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_found_and_named(name: str):
    form, write = FORMS[name]
    assert found_in(f"x={write(SECRET)}&", {"password": SECRET, "other": canary(2)}) == [("password", form)]


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_found_wherever_the_secret_begins_in_the_data(encode: Callable[[bytes], bytes]):
    for before in range(4):
        for after in range(4):
            text = encode(b"u" * before + SECRET.encode() + b"\xff" * after).decode()
            assert found_in(text, {"password": SECRET}) == [("password", "base64")]


def test_the_masking_of_a_run_knows_every_form():
    redactor = Redactor.from_secrets({"password": SECRET})
    texts = [text for forms in spellings(SECRET).values() for text in forms]
    assert [text for text in texts if found_in(redactor.redact(f"[{text}]"), {"password": SECRET})] == []


def test_nothing_is_found_where_nothing_is():
    assert found_in("canary of another mine, 4711", {"password": SECRET}) == []


class Account(BaseModel):
    user: str
    password: SecretStr


class Secrets(BaseModel):
    account: Account
    more: list[SecretStr]
    port: int | None = None
    kind: Literal["a", "b"]
    address: HttpUrl
    short: str = "x" * 3
    on: bool


def test_canaries_fit_the_model_that_they_are_made_for():
    made = CanarySecrets(Secrets.model_json_schema()).values
    given = Secrets.model_validate(made)
    assert given.account.password.get_secret_value() == canary(2)
    found = leaves(made)
    assert set(found) == {"account.user", "account.password", "more.0", "port", "kind", "address", "short"}
    assert len(set(found.values())) == len(found)
