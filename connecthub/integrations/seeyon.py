"""SeeyonClient: 致远 OA, the "A8/G6 REST" interface under /seeyon/rest (not the gateway of the V8 cloud platform)."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

from pydantic import HttpUrl, SecretStr

from connecthub.integrations.base import BaseClient, ClientOptions, checked_base_url
from connecthub.integrations.call import Response, json_body, text_body
from connecthub.integrations.errors import AuthError, ProtocolError, ServerError
from connecthub.integrations.failures import refusal

TOKEN = re.compile(r"[0-9A-Za-z_-]{16,128}")
IDENTIFIER = re.compile(r"-?[0-9]+")
INVALID_TOKEN = "Invalid token"
INVALID_TOKEN_CODE = "1010"
GRANT = (
    "in Seeyon's REST users (信息集成配置, REST用户管理) grant the resource to this user, "
    "and bind this machine's IP address or switch the IP check off"
)


class SeeyonClient(BaseClient):
    """Signs in on first need, sends the token as a header, and signs in anew once where a call refuses it."""

    system: ClassVar[str] = "Seeyon A8/G6 REST"
    auth_remedy: ClassVar[str] = GRANT

    def __init__(
        self,
        base_url: str | HttpUrl,
        user_name: str,
        password: str | SecretStr,
        login_name: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        """`base_url` is the OA's address, with or without /seeyon or /seeyon/rest; `user_name` is a REST user, no OA
        login; `login_name` is the OA login that the token acts for."""
        super().__init__(rest_url(checked_base_url(str(base_url))), **options)
        self._user_name = user_name
        self._password = password if isinstance(password, SecretStr) else SecretStr(password)
        self._login_name = login_name
        self._token: SecretStr | None = None
        self._lock = threading.Lock()

    def authenticate(self) -> SecretStr:
        """Fetch a token and use it from now on. Raises AuthError where the user or this machine is refused."""
        with self._lock:
            self._token = self._fetch_token()
            return self._token

    def units(self) -> list[dict[str, Any]]:
        """Return the units (单位), ids as text: signed 64-bit numbers. Raises ProtocolError for anything else."""
        return self._organisation("orgAccounts")

    def auth_headers(self) -> Mapping[str, str]:
        """Return the token's header; one thread fetches it, the others wait for it."""
        with self._lock:
            self._token = self._token or self._fetch_token()
            return {"token": self._token.get_secret_value()}

    def is_auth_error(self, response: Response) -> bool:
        """Tell whether the token was refused: 401, the words "Invalid token", or code 1010, with any status."""
        if response.status == 401:
            return True
        if len(response.content) > 4096:
            return False
        try:
            answer = json_body(response)
        except ProtocolError:
            return response.content.strip().startswith(INVALID_TOKEN.encode())
        if not isinstance(answer, dict):
            return isinstance(answer, str) and answer.startswith(INVALID_TOKEN)
        return str(answer.get("code")) == INVALID_TOKEN_CODE or str(answer.get("message")).startswith(INVALID_TOKEN)

    def refresh_auth(self, failed: Mapping[str, str]) -> None:
        """Drop the token that failed, unless another thread has replaced it already."""
        with self._lock:
            if self._token and self._token.get_secret_value() == failed.get("token"):
                self._token = None

    def _fetch_token(self) -> SecretStr:
        """Sign in; the caller holds the lock."""
        payload = {"userName": self._user_name, "password": self._password.get_secret_value()}
        if self._login_name:
            payload["loginName"] = self._login_name
        call = self._call("POST", "token", writes=False)
        try:
            response = self._exchange.run(call, None, payload, {})
        except ServerError as error:
            if error.status == 500:
                raise AuthError(f"{call} answered 500; {GRANT}") from error
            raise
        if response.status in (401, 403):
            raise AuthError(f"{call} answered {response.status}; {GRANT}")
        if error := refusal(response):
            raise error
        token = token_in(response)
        self._hooks.on_secret(token)
        return SecretStr(token)

    def _organisation(self, path: str) -> list[dict[str, Any]]:
        """Read a list of the organisation; anything but a list of objects with ids is an error, never an empty list."""
        response = self.request("GET", path)
        entries = response.json()
        if not isinstance(entries, list):
            kind = type(entries).__name__
            raise ProtocolError(f"{response.call} answered {response.status} with {kind} where a list was due; {GRANT}")
        for number, entry in enumerate(entries):
            if not isinstance(entry, dict) or not _is_identifier(entry.get("id")):
                raise ProtocolError(
                    f"{response.call}: entry {number} of the list has no id; check the system's version"
                )
        return [_with_text_ids(entry) for entry in entries]


def rest_url(base_url: str) -> str:
    """Complete the address of an OA, without a closing slash, to that of its REST interface."""
    if base_url.endswith("/seeyon/rest"):
        return base_url
    return f"{base_url}/rest" if base_url.endswith("/seeyon") else f"{base_url}/seeyon/rest"


def token_in(response: Response) -> str:
    """Return the token of a sign-in's answer: JSON with an id, or bare text. Raises AuthError, ProtocolError."""
    text = text_body(response)
    answer = text if TOKEN.fullmatch(text) or text == "-1" else json_body(response)
    token = str(answer.get("id")) if isinstance(answer, dict) else str(answer)
    if token == "-1":
        raise AuthError(
            f"user name or password refused by {response.call}; check both in Seeyon's REST users "
            "(信息集成配置, REST用户管理): an OA login does not work here"
        )
    if not TOKEN.fullmatch(token):
        raise ProtocolError(
            f"{response.call} answered {response.status} without a token; check base_url and the system's version"
        )
    return token


def _is_identifier(value: Any) -> bool:
    """Tell whether `value` is a whole number, or one as text."""
    return type(value) is int or (isinstance(value, str) and bool(IDENTIFIER.fullmatch(value)))


def _with_text_ids(entry: dict[str, Any]) -> dict[str, Any]:
    """Return `entry` with each id as text."""
    return {
        key: str(value) if type(value) is int and (key in ("id", "superior") or key.endswith("Id")) else value
        for key, value in entry.items()
    }
