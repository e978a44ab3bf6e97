"""DidiSandbox: a stand-in for 滴滴企业版's open platform: sign-in, members, departments and what they refer to, rides.

It has no approvals and no encrypted bodies. The rules are those of DiDi's documents (开放平台); where these
are silent, what it does is marked as assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, Literal

from connecthub.core.clock import WaitingClock
from connecthub.integrations.didi.signature import Algorithm
from connecthub.integrations.sandbox.didi.checks import (
    App,
    Tokens,
    check_grant,
    check_grant_type,
    check_sender,
    parameters,
)
from connecthub.integrations.sandbox.didi.departments import Departments, shown_department
from connecthub.integrations.sandbox.didi.journal import facts_of
from connecthub.integrations.sandbox.didi.member_fields import LEGAL_ENTITIES, REGULATIONS, ROLES
from connecthub.integrations.sandbox.didi.members import Members
from connecthub.integrations.sandbox.didi.orders import Orders
from connecthub.integrations.sandbox.didi.planted import plant, plant_orders
from connecthub.integrations.sandbox.didi.refusals import Refused
from connecthub.integrations.sandbox.didi.values import page, text_of
from connecthub.integrations.sandbox.messages import Reply, Request, json_reply
from connecthub.integrations.sandbox.organisation import Organisation, generate
from connecthub.integrations.sandbox.server import Sandbox

COMPANY = "1125900000000001"
SHANGHAI = timezone(timedelta(hours=8))
WRITE_GAP = 0.15
"""Seconds between the writes of a company."""
AUTHORIZE = "/river/Auth/authorize"
ADD_DEPARTMENT = "/river/BudgetCenter/add"

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Route:
    """One resource of the interface."""

    method: str
    handle: Callable[[Params], Any]
    writes: bool = False


class DidiSandbox(Sandbox):
    """One company and one app, whose credentials are the defaults; all time is `clock`'s.

    `existing="some"`: people, departments and rides of before the first sync, made from `organisation` (default:
    the small one); `planted` has their ids. Off the beaten track: `signature="sha256"`; `single_active_token` (a new
    token ends the old one); `root_envelope` (errno beside the token); `loose_types` (numbers as text, `null` or `[]`
    for what is empty); `allowed_ip`, `entrusted`, `granted` (False: refused).
    """

    service: ClassVar[str] = "didi"

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        clock: WaitingClock | None = None,
        existing: Literal["none", "some"] = "none",
        organisation: Organisation | None = None,
        client_id: str = "sandbox-client",
        client_secret: str = "sandbox-client-secret",
        sign_key: str = "sandbox-sign-key",
        company_id: str = COMPANY,
        signature: Algorithm = "md5",
        single_active_token: bool = False,
        root_envelope: bool = False,
        loose_types: bool = False,
        token_seconds: int = 1800,
        allowed_ip: bool = True,
        entrusted: bool = True,
        granted: bool = True,
        department_limit: int = 2000,
    ) -> None:
        super().__init__(port, host, clock=clock)
        secrets = (client_id, client_secret, sign_key, company_id)
        self._app = App(*secrets, signature, allowed_ip, entrusted, granted)
        self._tokens = Tokens(self.clock, token_seconds, single_active_token)
        self._root_envelope = root_envelope
        self._loose = loose_types
        self._department_limit = department_limit
        self._existing = existing
        self._requests = 0
        if organisation:
            self.beginning = (organisation.profile, organisation.seed)
        self._fill(organisation)

    def members_now(self) -> list[dict[str, Any]]:
        """Return all members as the list shows them, those who have left included."""
        with self._lock:
            self._members.settle()
            return self._members.rows()

    def departments_now(self) -> list[dict[str, Any]]:
        """Return the departments and projects in use."""
        with self._lock:
            return [dict(row) for row in self._departments.rows()]

    def plant_member(self, **fields: Any) -> str:
        """Add a member as a person does in the console, with any of the list's fields; returns the id."""
        with self._lock:
            return self._members.plant(**fields)

    def plant_department(self, name: str, out_budget_id: str = "") -> str:
        """Add a department as a person does in the console; returns the id."""
        with self._lock:
            return self._departments.plant(name, out_budget_id)

    def plant_order(self, member_id: str, created: datetime, **fields: Any) -> str:
        """Add a ride that a member has ordered at `created`, with any of the list's fields; returns the id.

        Raises KeyError for an unknown member.
        """
        with self._lock:
            return self._orders.plant(self._members.row(member_id), created, **fields)

    def issue_token(self, client_id: str) -> str:
        """Hand out a token of any client, as if it had signed in."""
        with self._lock:
            return self._tokens.issue(client_id)

    def expire_tokens(self) -> None:
        """Forget all tokens, as if their time were over."""
        with self._lock:
            self._tokens.expire()

    def state(self) -> dict[str, Any]:
        """Return members, departments and rides, for the control plane."""
        with self._lock:
            orders = self._orders.rows()
        return {"members": self.members_now(), "departments": self.departments_now(), "orders": orders}

    def start_over(self, profile: str, seed: int) -> None:
        """Go back to the beginning; what was added by hand is made from the organisation of this profile."""
        organisation = generate(profile, seed)
        self._fill(organisation if self._existing == "some" else None)
        self.expire_tokens()

    def journal_facts(self, request: Request) -> dict[str, Any]:
        """Return operation, key and whether it writes."""
        route = self._routes.get(request.path)
        return facts_of(request, writes=route is not None and route.writes)

    def errno_reply(self, errno: int, errmsg: str, data: Any) -> Reply:
        """Return an error in the service's envelope."""
        return self._envelope(errno, errmsg, {} if data is None else {"data": data})

    def answer(self, request: Request) -> Reply:
        """Answer as DiDi does: status 200 and an errno, whatever went wrong."""
        route = self._routes.get(request.path)
        if route is None:
            return Reply(404, b"Not Found")
        self._members.settle()
        try:
            params = parameters(request, route.method)
            check_sender(self._app, params, self.clock, signs_in=request.path == AUTHORIZE)
            if request.path == AUTHORIZE:
                return self._authorize(params)
            check_grant(self._app, params, self._tokens)
            if route.writes:
                self._check_pace(request)
            data = route.handle(params)
        except Refused as refused:
            return self.errno_reply(refused.errno, refused.errmsg, refused.data)
        return self._envelope(0, "SUCCESS", {"data": _loosened(data) if self._loose else data})

    def _fill(self, organisation: Organisation | None) -> None:
        """Set up an empty company, or one in which somebody was at work."""
        self._departments = Departments(self._department_limit)
        self._members = Members(self._departments, self._now)
        self._orders = Orders(self._now)
        self._last_write: float | None = None
        self._routes = self._all_routes()
        self.planted: dict[str, list[str]] = {}
        if self._existing == "some":
            self.planted = plant(self._members, self._departments, organisation or generate("small"))
            self.planted["order"] = plant_orders(self._orders, self._members, self._now())

    def _now(self) -> datetime:
        return self.clock.now().astimezone(SHANGHAI)

    def _all_routes(self) -> dict[str, Route]:
        members = self._members
        return {
            AUTHORIZE: Route("POST", lambda params: None),
            "/river/Member/single": Route("POST", members.add, writes=True),
            "/river/Member/edit": Route("POST", members.edit, writes=True),
            "/river/Member/del": Route("POST", members.remove, writes=True),
            "/river/Member/get": Route("GET", members.listed),
            "/river/Member/detail": Route("GET", members.detail),
            "/river/Member/getQuota": Route("GET", members.quota),
            ADD_DEPARTMENT: Route("POST", self._add_department, writes=True),
            "/river/BudgetCenter/edit": Route("POST", self._edit_department, writes=True),
            "/river/BudgetCenter/del": Route("POST", self._close_department, writes=True),
            "/river/BudgetCenter/get": Route("GET", self._list_departments),
            "/river/Order/get": Route("GET", self._orders.listed),
            "/open-apis/v1/order/list": Route("POST", self._orders.numbers),
            "/river/Role/get": Route("GET", lambda params: ROLES),
            "/river/Regulation/get": Route("GET", lambda params: REGULATIONS),
            "/river/LegalEntity/get": Route(
                "GET", lambda params: {"total": len(LEGAL_ENTITIES), "records": page(LEGAL_ENTITIES, params)}
            ),
        }

    def _authorize(self, params: Params) -> Reply:
        """Hand out a token, without an envelope."""
        check_grant_type(params)
        lasts = self._tokens.seconds
        token = {
            "access_token": self._tokens.issue(self._app.client_id),
            "expires_in": str(lasts) if self._loose else lasts,
            "token_type": "Bearer",
            "scope": "",
        }
        return self._envelope(0, "SUCCESS", token) if self._root_envelope else json_reply(token)

    def _check_pace(self, request: Request) -> None:
        """Refuse a write less than 150 ms after the last one (the code is assumed), and an addition of a department
        while another one goes on (code and words are assumed)."""
        flights = self.in_flight
        place = next(place for place, flight in enumerate(flights) if flight.request is request)
        if request.path == ADD_DEPARTMENT and any(each.request.path == ADD_DEPARTMENT for each in flights[:place]):
            raise Refused(500, "部门添加失败，请不要并发操作")
        arrived = flights[place].arrived
        if self._last_write is not None and arrived - self._last_write < WRITE_GAP - 1e-9:
            raise Refused(10003, "请求过于频繁")
        self._last_write = arrived

    def _add_department(self, params: Params) -> dict[str, Any]:
        return self._departments.add(params, self._members.leaders(params))

    def _edit_department(self, params: Params) -> None:
        self._departments.edit(params, self._members.leaders(params))

    def _close_department(self, params: Params) -> None:
        self._departments.close(params, self._members.occupied())

    def _list_departments(self, params: Params) -> dict[str, Any]:
        """Return a page of those that the filters find."""
        rows = self._departments.rows()
        for name in ("type", "id", "out_budget_id"):
            if text := text_of(params, name):
                rows = [row for row in rows if str(row[name]) == text]
        name, exact = text_of(params, "name"), text_of(params, "is_exact_name") == "1"
        rows = [row for row in rows if (row["name"] == name if exact and name else name in row["name"])]
        counts = self._members.count_by_department()
        shown = [shown_department(row, counts.get(row["id"], 0), self._members.name_of) for row in page(rows, params)]
        return {"total": len(rows), "records": shown}

    def _envelope(self, errno: int, errmsg: str, more: Mapping[str, Any]) -> Reply:
        code = str(errno) if self._loose else errno
        self._requests += 1
        return json_reply({"errno": code, "errmsg": errmsg, **more, "request_id": f"sandbox-{self._requests:06d}"})


def _loosened(data: Any) -> Any:
    """Return an answer as some versions write it: a total as text, `null` or an empty list for what is empty."""
    if isinstance(data, dict) and "records" in data:
        return {**data, "total": str(data["total"])} if data["records"] else []
    return data or None
