"""DiDi's signature: the vector of its documents, one of its SDK, and what follows from the rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connecthub.integrations.didi.signature import digest, json_text, sendable, sign_string, signature

KEY = "sign_key1"
SIGN_IN = {
    "client_id": "client_id1",
    "client_secret": "client_secret1",
    "grant_type": "client_credentials",
    "timestamp": 1566477389,
}
CALL = {
    "access_token": "token1",
    "client_id": "client_id1",
    "company_id": "1125900000000001",
    "timestamp": 1566477389,
}
DATA = '{"phone":"11000001234","realname":"张三","employee_number":"D1001"}'

VECTORS = {
    "V1 of the documents": (
        {**SIGN_IN, "phone": "11000001234"},
        "c52b8bac5e980da9ac557db412c20580",
        "6f296c236346659f6351d548e3ec4260ac9847b117a1cc9428fd709a5976a8c5",
    ),
    "V3 a sign-in": (
        SIGN_IN,
        "088edd74e2bd5f815f476dbd158be7f8",
        "b07d412898267c8d1040de1eb2005404dff7011e80ba3c4a7205af00f1c8f5d4",
    ),
    "V4 a query, its value trimmed and not encoded": (
        {**CALL, "length": 100, "offset": 0, "realname": " 张三 "},
        "14f25d6bcf36cbe20f9d64247c1d5d6d",
        "98c591bc5e76216ac61d5a35359ba047a74bbe34652d0deaf437c0a9196aee04",
    ),
    "V5 an object as JSON text": (
        {**CALL, "data": DATA},
        "8c8c98ca30fd94f14cbb9bcaddd8e717",
        "817e95b171a1a39740d924dd81821d0e67e11213166f94153168b79ee7d14670",
    ),
    "V6 an empty text stays": (
        {"a": 1, "b": 2, "c": ""},
        "9e9ad2d6d27f26ef91ed9fa8e92cc609",
        "2c778508bc7fa23a68159ebfa002f04023024663645bb54b43e903c6668ce0c7",
    ),
    "V7 None is dropped": (
        {"a": 1, "b": 2, "c": None},
        "aa9227cdf3d8c67e1d0706b56be721e2",
        "2130e93545242da77e87ee9a8fbe8d961f0bd5b0cb7de98cee8cf8265f19ccef",
    ),
    "V8 a list as JSON text": (
        {**CALL, "employee_number": json_text(["D1001", "D1002"])},
        "12485c4788ff2647986ec92d1bd565fd",
        "567891a4c3d84ffb80a00a0b40014bb96b8b20e86c3cb0495348f68ff1c9460c",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_signatures_are_those_of_the_vectors(name: str) -> None:
    params, md5, sha256 = VECTORS[name]
    assert signature(params, KEY) == md5
    assert signature(params, KEY, "sha256") == sha256


def test_the_digest_alone_is_that_of_the_sdk() -> None:
    """V2 is the official Java SDK's own test, which has no key."""
    assert digest(sign_string({"a": "1", "b": "2", "c": "3"})) == "ce788ff9145c2260534889c454d437b8"


def test_the_key_is_sorted_among_the_names_and_a_sign_is_left_out() -> None:
    assert sign_string({**SIGN_IN, "phone": "11000001234", "sign_key": KEY, "sign": "old"}) == (
        "client_id=client_id1&client_secret=client_secret1&grant_type=client_credentials&phone=11000001234"
        "&sign_key=sign_key1&timestamp=1566477389"
    )


def test_member_data_is_the_text_of_the_vector() -> None:
    assert json_text({"phone": "11000001234", "realname": "张三", "employee_number": "D1001"}) == DATA


def test_half_a_character_is_sent_as_json_escapes() -> None:
    text = json_text({"realname": "张\ud800"})
    assert json.loads(text) == {"realname": "张\ud800"}
    assert len(signature({"data": text}, KEY)) == 32


@pytest.mark.parametrize("value", [["D1001"], {"a": 1}, True, 1.5])
def test_what_sdks_sign_differently_is_not_signed(value: Any) -> None:
    with pytest.raises(TypeError, match=r"parameter data is a \w+; give text"):
        sendable({"data": value})


@pytest.mark.parametrize("blank", [" ", "\t\r\n", "\x00", "\u3000", "\xa0"])
def test_values_are_sent_as_they_are_signed(blank: str) -> None:
    assert sendable({"realname": f"{blank}张 三{blank}"}) == {"realname": "张 三"}


def test_the_order_of_the_parameters_changes_nothing() -> None:
    params, md5, _ = VECTORS["V5 an object as JSON text"]
    assert signature(dict(reversed(params.items())), KEY) == md5
