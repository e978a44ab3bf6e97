"""DidiClient: 滴滴企业版, the open platform's "river" interface: members, departments and what they refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Unpack

import httpx
from pydantic import HttpUrl, SecretStr

from connecthub.errors import ConfigError, IntegrationError
from connecthub.integrations.base import BaseClient, ClientOptions
from connecthub.integrations.call import Outgoing, Pace, Response
from connecthub.integrations.didi import answers
from connecthub.integrations.didi.data import ids_of, list_of, new_id, one_of, page_of, token_in
from connecthub.integrations.didi.records import DEPARTMENT, PROJECT, Department, LegalEntity, Member, Regulation, Role
from connecthub.integrations.didi.requests import (
    batches,
    flat,
    member_data,
    member_key,
    named,
    required,
    secret_of,
    short,
)
from connecthub.integrations.didi.signature import Algorithm, json_text, sendable, signature
from connecthub.integrations.errors import BusinessError
from connecthub.integrations.failures import http_date
from connecthub.integrations.fields import AnyRecord
from connecthub.integrations.pages import Page, read_whole
from connecthub.integrations.token import Token

DIDI_URL = "https://api.es.xiaojukeji.com"
WRITE_INTERVAL = 0.16
"""Seconds between the writes of a company: DiDi asks for 0.15 at least."""
EVERY_STATUS = "1,4,6"
FORM = "application/x-www-form-urlencoded"


class DidiClient(BaseClient):
    """Signs in on first need and signs each attempt anew; corrects its time once by DiDi's where DiDi finds it wrong.

    Writes of a company are sent 0.16 s apart, over all workers, and those of one client one after the other.
    """

    system: ClassVar[str] = "DiDi Enterprise"

    def __init__(
        self,
        client_id: str,
        client_secret: str | SecretStr,
        sign_key: str | SecretStr,
        company_id: str,
        *,
        base_url: str | HttpUrl = DIDI_URL,
        signature: Algorithm = "md5",
        **options: Unpack[ClientOptions],
    ) -> None:
        """The first four are the app's, from DiDi's console; `signature` is how its security settings say to sign."""
        if signature not in ("md5", "sha256"):
            raise ConfigError(f"signature {signature!r} is unknown; write md5 or sha256")
        super().__init__(base_url, **options)
        self._client_id = client_id.strip()
        self._client_secret = secret_of(client_secret)
        self._sign_key = secret_of(sign_key)
        self._company_id = company_id.strip()
        self._algorithm: Algorithm = signature
        self._clock_offset = 0.0
        """Seconds that DiDi's clock is ahead of ours."""
        host = httpx.URL(self.base_url).netloc.decode("ascii")
        self._pace = Pace(f"didi:{host}:{self._company_id}", WRITE_INTERVAL)

    # Members

    def members(self, *, status: str = EVERY_STATUS) -> list[Member]:
        """Return the company's members whole; `status`: 1 normal, 4 left, 6 no phone bound, joined by commas."""
        return self._pages("river/Member/get", Member, "members", {"status": status})

    def find_members(
        self,
        *,
        phone: str | None = None,
        employee_number: str | None = None,
        email: str | None = None,
        status: str = EVERY_STATUS,
    ) -> list[Member]:
        """Return the members who have all that is given, those who have left included."""
        filters = named("a member", phone=phone, employee_number=employee_number, email=email)
        return self._pages("river/Member/get", Member, "members found", {**filters, "status": status})

    def member(
        self, *, member_id: str | None = None, employee_number: str | None = None, phone: str | None = None
    ) -> Member | None:
        """Return one member in detail, without a status; None where there is none."""
        key = named("a member", member_id=member_id, employee_number=employee_number, phone=phone)
        try:
            response = self.request("GET", "river/Member/detail", params=key)
        except BusinessError as error:
            if error.code == answers.NO_SUCH_MEMBER:
                return None
            raise
        return one_of(response, Member, "the member")

    def add_member(self, data: Mapping[str, Any], *, send_message: bool = False) -> str | None:
        """Add a member, with an SMS to the phone if `send_message`, and return the id; None where a dry run held it
        back.

        `data` needs `realname`, and `phone`, or `employee_number` with `member_type` 1, or `email` with 2; it may have
        the others of these, `out_budget_id` or `budget_center_id` (the department), `role_ids` and `regulation_id`
        (joined by `_`; this needs `use_company_money` 1), `total_quota`, `immediate_superior_employee_number`, ...

        Raises ValueError for what is missing; AlreadyExists where phone, number or e-mail is taken, also by one who has
        left; BusinessError; ResultUnknown.
        """
        required("a new member", data, ["realname", member_key(data)])
        fields = {"data": member_data(data), "send_message": int(send_message)}
        note = f"add member {short(data.get('employee_number'), 'without a number')}"
        return new_id(self._write("river/Member/single", fields, note))

    def edit_member(
        self, data: Mapping[str, Any], *, member_id: str | None = None, employee_number: str | None = None
    ) -> None:
        """Change what `data` has and leave the rest; an empty text clears some fields and leaves others.

        Raises AlreadyExists where a new phone, number or e-mail is taken; BusinessError; ResultUnknown.
        """
        key = named("a member", member_id=member_id, employee_number=employee_number)
        note = f"edit member {short(data.get('employee_number') or employee_number or member_id)}"
        self._write("river/Member/edit", {**key, "data": member_data(data)}, note)

    def remove_members(self, *, member_ids: Sequence[str] = (), employee_numbers: Sequence[str] = ()) -> list[str]:
        """Let members have left (离职), for good; returns their ids, none where a dry run held it back.

        More than a hundred are removed in several calls: after an error, those of earlier calls are gone.
        """
        by_id, by_number = batches(member_ids), batches(employee_numbers)
        removed: list[str] = []
        for batch in by_id:
            removed += self._remove({"member_id": "_".join(batch)}, batch)
        for batch in by_number:
            removed += self._remove({"employee_number": json_text(batch)}, batch)
        return removed

    def _remove(self, fields: Mapping[str, Any], batch: Sequence[str]) -> list[str]:
        more = f" and {len(batch) - 5} more" if len(batch) > 5 else ""
        note = f"remove {'member' if len(batch) == 1 else 'members'} {', '.join(map(short, batch[:5]))}{more}"
        return ids_of(self._write("river/Member/del", fields, note))

    # Departments and projects

    def departments(self) -> list[Department]:
        """Return the departments in use, whole; a closed one is not among them."""
        return self._budget_centers("departments", {"type": DEPARTMENT})

    def projects(self) -> list[Department]:
        """Return the projects in use, whole."""
        return self._budget_centers("projects", {"type": PROJECT})

    def find_departments(self, *, out_budget_id: str | None = None, name: str | None = None) -> list[Department]:
        """Return the departments in use with this key of the company's own, or exactly this name."""
        filters: dict[str, Any] = named("a department", out_budget_id=out_budget_id, name=name)
        if name:
            filters["is_exact_name"] = 1
        return self._budget_centers("departments found", {"type": DEPARTMENT, **filters})

    def add_department(self, fields: Mapping[str, Any]) -> str | None:
        """Add a department, or a project with `type` 2, and return the id; None where a dry run held it back.

        `fields` needs `name`, `out_budget_id` (the company's own key; a project may go without), `budget_cycle` (0 no
        limit, 1 month, 2 quarter, 3 year) and `total_quota` (whole yuan; 0 none); it may have `parent_id` or
        `out_parent_id`, `leader_employee_id`, ... Lists and objects go out as JSON text.

        Raises ValueError for what is missing; BusinessError; ResultUnknown.
        """
        key = [] if str(fields.get("type")) == str(PROJECT) else ["out_budget_id"]
        required("a new department", fields, ["name", *key, "budget_cycle", "total_quota"])
        note = f"add department {short(fields.get('out_budget_id') or fields.get('name'))}"
        return new_id(self._write("river/BudgetCenter/add", {"type": DEPARTMENT, **flat(fields)}, note))

    def edit_department(
        self, fields: Mapping[str, Any], *, id: str | None = None, out_budget_id: str | None = None
    ) -> None:
        """Change what `fields` has and leave the rest. Raises BusinessError; ResultUnknown."""
        key = named("a department", id=id, out_budget_id=out_budget_id)
        note = f"edit department {short(out_budget_id or fields.get('out_budget_id') or id)}"
        self._write("river/BudgetCenter/edit", {"type": DEPARTMENT, **flat(fields), **key}, note)

    def close_department(self, *, id: str | None = None, out_budget_id: str | None = None) -> None:
        """Take a department out of use (停用), for good: no call opens it again."""
        key = named("a department", id=id, out_budget_id=out_budget_id)
        note = f"close department {short(out_budget_id or id)}"
        self._write("river/BudgetCenter/del", {"type": DEPARTMENT, **key}, note)

    # What members refer to

    def roles(self) -> list[Role]:
        """Return the roles that members can have."""
        return self._list("river/Role/get", Role, "roles")

    def regulations(self) -> list[Regulation]:
        """Return the regulations (用车制度), stopped ones too."""
        return self._list("river/Regulation/get", Regulation, "regulations")

    def legal_entities(self) -> list[LegalEntity]:
        """Return the legal entities of the company, whole."""
        return self._pages("river/LegalEntity/get", LegalEntity, "legal entities", {})

    # How a call is made

    def _budget_centers(self, what: str, filters: Mapping[str, Any]) -> list[Department]:
        return self._pages("river/BudgetCenter/get", Department, what, filters)

    def _list(self, path: str, model: type[AnyRecord], what: str) -> list[AnyRecord]:
        """Read a list that comes in one answer; that there is nothing is believed at the second time."""
        return list_of(self.request("GET", path), model, what) or list_of(self.request("GET", path), model, what)

    def _pages(self, path: str, model: type[AnyRecord], what: str, filters: Mapping[str, Any]) -> list[AnyRecord]:
        """Read a paged list whole. Raises ProtocolError where it changes at each reading."""

        def fetch(offset: int, length: int) -> Page:
            params = {**filters, "offset": offset, "length": length}
            return page_of(self.request("GET", path, params=params), model, what)

        return read_whole(fetch, lambda record: record.id, f"{self.system}: {what}")

    def _write(self, path: str, fields: Mapping[str, Any], note: str) -> Response:
        return self.request("POST", path, json=fields, note=note, pace=self._pace)

    def sign(self, outgoing: Outgoing, token: SecretStr) -> Outgoing:
        """Add who we are, when, and the signature: to the body where there is one, else to the query."""
        fields = outgoing.params if outgoing.json is None else outgoing.json
        who = {"access_token": token.get_secret_value(), "company_id": self._company_id}
        signed = self._signed({**(fields or {}), **who})
        if outgoing.json is None:
            return replace(outgoing, params=signed, headers={**outgoing.headers, "Content-Type": FORM})
        return replace(outgoing, json=signed)

    def fetch_token(self) -> Token:
        """Sign in. Raises AuthError, PermissionDenied or ClockSkew where the app or this machine is refused."""
        call = self._call("POST", answers.AUTHORIZE, writes=False)
        response = self._exchange.run(call, self._authorization)
        if answers.is_clock_refusal(response):
            self._correct_clock(response)
            response = self._exchange.run(call, self._authorization)
        if error := answers.failure(response):
            raise error
        return token_in(response)

    def temporary(self, response: Response) -> IntegrationError | None:
        """Return the error of an answer that another attempt may mend: also errno 500, and too many calls."""
        return answers.temporary(response)

    def failure(self, response: Response) -> IntegrationError | None:
        """Return the error of any other answer that is no success, by its errno."""
        return answers.failure(response)

    def mend(self, response: Response, token: SecretStr) -> bool:
        """Drop a token that was refused, or correct the clock; the replay is signed anew."""
        if answers.readable_errno(response) == answers.TOKEN_REFUSED:
            self.drop_token(token)
            return True
        if answers.is_clock_refusal(response):
            self._correct_clock(response)
            return True
        return False

    def _authorization(self) -> Outgoing:
        secret = self._client_secret.get_secret_value()
        return Outgoing(json=self._signed({"client_secret": secret, "grant_type": "client_credentials"}))

    def _signed(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return `fields` with our id, the time by DiDi's clock, in seconds, and the signature."""
        now = self._hooks.clock.now().timestamp() + self._clock_offset
        sent = sendable({**fields, "client_id": self._client_id, "timestamp": int(now)})
        return {**sent, "sign": signature(sent, self._sign_key.get_secret_value(), self._algorithm)}

    def _correct_clock(self, response: Response) -> None:
        """Go by the clock of the machine that answered, if it tells its time."""
        if date := http_date(response.headers.get("date", "")):
            ours = response.received_at or self._hooks.clock.now()
            self._clock_offset = (date - ours).total_seconds()
