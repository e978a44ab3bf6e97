"""SeeyonSession: signed in to Seeyon; what all its calls have in common."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar, Literal, Unpack
from urllib.parse import quote

from pydantic import HttpUrl, SecretStr

from connecthub.errors import IntegrationError
from connecthub.integrations.base import BaseClient, ClientOptions, checked_base_url
from connecthub.integrations.bodies import is_html
from connecthub.integrations.call import Call, Outgoing, Response
from connecthub.integrations.errors import AuthError, ServerError
from connecthub.integrations.seeyon.answers import failure_after_sign_in, failure_of
from connecthub.integrations.seeyon.records import BoundUser
from connecthub.integrations.seeyon.sign_in import GRANT, bound_user, sign_in, sign_in_failure, token_refused
from connecthub.integrations.token import Token

TokenForm = Literal["post", "get"]
NUMBERS_AS_TEXT = {"option.n_a_s": "1"}
SECRET_PARTS = ("/rest/token/", "/telephone/")
"""What follows them in a path is shown to nobody."""


class SeeyonSession(BaseClient):
    """Signs in on first need, sends the token as a header, and signs in anew once where a call refuses it.

    A token that idled out (after 15 minutes without a call; other versions were seen to wait longer) is found out by
    its refusal: nothing has happened then, and the clock of this side need not know what the version's window is.
    """

    system: ClassVar[str] = "Seeyon A8/G6 REST"

    def __init__(
        self,
        base_url: str | HttpUrl,
        user_name: str,
        password: str | SecretStr,
        login_name: str | None = None,
        *,
        numbers_as_text: bool = False,
        token_form: TokenForm = "post",
        check_counts: bool = True,
        **options: Unpack[ClientOptions],
    ) -> None:
        """`base_url` is the OA's address, with or without /seeyon or /seeyon/rest; `user_name` is a REST user, no OA
        login; `login_name` is the OA login that the token acts for (V6.0 and later).

        `numbers_as_text`: have numbers sent as text, where something between cuts 64-bit numbers. `token_form`: "get"
        is for versions without the POST form; it puts the password into the OA's access log. `check_counts`: compare
        each list with its count where the version has one.
        """
        super().__init__(rest_url(checked_base_url(str(base_url))), **options)
        self._user_name = user_name
        self._password = password if isinstance(password, SecretStr) else SecretStr(password)
        self._login_name = login_name
        self._bound_user: BoundUser | None = None
        self._extra_headers = NUMBERS_AS_TEXT if numbers_as_text else {}
        self._token_form: TokenForm = token_form
        self._check_counts = check_counts
        self._no_counts: set[str] = set()

    @property
    def bound_user(self) -> BoundUser | None:
        """The OA login that the token acts for; None before the sign-in, without one, and where the version is
        silent."""
        return self._bound_user

    def bind(self, login_name: str) -> BoundUser | None:
        """Let this token, and those after it, act for an OA login. Raises AuthError where there is no such login."""
        token = self._tokens.get()
        call = self._call("PUT", "token", writes=False)
        outgoing = Outgoing(json={"loginName": login_name, "token": token.get_secret_value()})
        response = self._exchange.run(call, partial(self.sign, outgoing, token))
        if self.mend(response, token):
            before, self._login_name = self._login_name, login_name
            try:
                self.authenticate()
            except IntegrationError:
                self._login_name = before
                raise
            return self._bound_user
        if error := self.failure(response):
            raise error
        user = bound_user(response, response.json() if response.content.strip() else None)
        if user is None:
            raise unknown_login(call, login_name)
        self._login_name, self._bound_user = login_name, user
        return user

    def fetch_token(self) -> Token:
        """Sign in. Raises AuthError where the user, the login name or this machine is refused."""
        call, outgoing = self._get_form() if self._token_form == "get" else self._post_form()
        try:
            response = self._exchange.run(call, lambda: outgoing)
        except ServerError as error:
            if error.status == 500:  # V9.0 NEXT: so it answers a machine whose IP address is not bound
                words = "the OA fails (look into its own log), or it does not take this user from this machine"
                raise AuthError(f"{call} answered 500 each time: {words}; {GRANT}") from error
            raise
        if error := self.failure(response):
            raise error
        told = sign_in(response)
        if self._login_name and told.tells_user and told.bound_user is None:
            raise unknown_login(call, self._login_name)
        self._bound_user = told.bound_user
        return Token(SecretStr(told.token))

    def sign(self, outgoing: Outgoing, token: SecretStr) -> Outgoing:
        """Send the token as a header."""
        headers = {**self._extra_headers, **outgoing.headers, "token": token.get_secret_value()}
        return replace(outgoing, headers=headers)

    def failure(self, response: Response) -> IntegrationError | None:
        """Return the error of an answer, refusals with status 200 included."""
        return sign_in_failure(response) if is_sign_in(response.call) else failure_of(response)

    def mend(self, response: Response, token: SecretStr) -> bool:
        """Drop a token that was refused, also by a page where a read's JSON was due; the replay fetches a new one."""
        page = is_html(response.content) and response.status == 200 and not response.call.writes
        if not page and not token_refused(response):
            return False
        self.drop_token(token)
        return True

    def failure_again(self, response: Response) -> IntegrationError | None:
        """A call that a fresh token does not open is not granted."""
        return failure_after_sign_in(response)

    def _post_form(self) -> tuple[Call, Outgoing]:
        payload = {"userName": self._user_name, "password": self._password.get_secret_value()}
        if self._login_name:
            payload["loginName"] = self._login_name
        return self._call("POST", "token", writes=False), Outgoing(json=payload)

    def _get_form(self) -> tuple[Call, Outgoing]:
        user, password = quote(self._user_name, safe=""), quote(self._password.get_secret_value(), safe="")
        params = {"loginName": self._login_name} if self._login_name else None
        return self._call("GET", f"token/{user}/{password}"), Outgoing(params)

    def shown_path(self, path: str) -> str:
        """Return `path` without passwords and phone numbers."""
        for part in SECRET_PARTS:
            head, found, rest = path.partition(part)
            if found and rest != "ticket":
                return f"{head}{part}..."
        return path


def is_sign_in(call: Call) -> bool:
    """Tell a sign-in from the other calls; PUT binds a login to a token."""
    return call.method != "PUT" and call.path.endswith(("/rest/token", "/rest/token/..."))


def unknown_login(call: Call, login_name: str) -> AuthError:
    """Return the error of a token that is bound to nobody."""
    return AuthError(
        f"{call}: the OA knows no login {login_name!r}, so the token acts for nobody; "
        "check login_name: an OA login, no REST user and no employee number"
    )


def rest_url(base_url: str) -> str:
    """Complete the address of an OA, without a closing slash, to that of its REST interface."""
    if base_url.endswith("/seeyon/rest"):
        return base_url
    return f"{base_url}/rest" if base_url.endswith("/seeyon") else f"{base_url}/seeyon/rest"
