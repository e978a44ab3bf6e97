"""What DiDi Enterprise keeps: members, departments and projects, roles, regulations, legal entities.

Field names are DiDi's own, but for the ones that differ between its answers (`member_id`, `regulation_id`, ...).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from connecthub.integrations.fields import Id, Number, OptionalId, Record, Text

NORMAL = 1
LEFT = 4
NO_PHONE = 6
"""The states of a member (`status`)."""

DEPARTMENT = 1
PROJECT = 2
"""The types of a budget centre (`type`)."""

TOP = "0"
"""What a department at the top has for a parent."""


def _amount(value: Any) -> Any:
    """Money as text: `"0.00"`, `0` and `0.5` are all sent."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("is no amount")
    return str(value).strip()


def _optional_number(value: Any) -> Any:
    return None if value is None or value == "" else value


def _ids(value: Any) -> Any:
    """Ids as an array, or as one text joined by `_` or `,`; empty where there are none."""
    if isinstance(value, str):
        return [part for part in value.replace(",", "_").split("_") if part.strip()]
    return [] if value is None else value


Amount = Annotated[str, BeforeValidator(_amount)]
"""In yuan, as it was sent; empty for none."""
OptionalNumber = Annotated[Number | None, BeforeValidator(_optional_number)]
"""None where there is none."""
Ids = Annotated[tuple[Id, ...], BeforeValidator(_ids)]


class Member(Record):
    """A member (员工); a detail has no `status`, and none of the two has a superior but by phone."""

    id: Id = Field(validation_alias=AliasChoices("id", "member_id"))
    phone: Text = ""
    realname: Text = ""
    employee_number: Text = ""
    email: Text = ""
    status: Number = 0
    """1 normal, 4 left, 6 no phone bound; 0 where the answer does not say."""
    system_role: OptionalNumber = None
    """0 member, 1 administrator, 2 super administrator."""
    role_ids: Ids = ()
    regulation_ids: Ids = Field((), validation_alias=AliasChoices("regulation_id", "regulation_ids"))
    budget_center_id: OptionalId = ""
    """The department."""
    out_budget_id: OptionalId = ""
    con_department_ids: Ids = ()
    project_ids: Ids = ()
    immediate_superior_phone: Text = ""
    immediate_superior_eid: Text = ""
    total_quota: Amount = ""
    available_quota: Amount = ""
    use_company_money: OptionalNumber = None
    is_remark: OptionalNumber = None
    legal_entity_id: OptionalId = ""
    out_legal_entity_id: OptionalId = ""
    rank_id: OptionalId = ""
    out_rank_id: OptionalId = ""
    set_dismiss_time: Text = ""
    """The day from which the member will have left, yyyy-MM-dd; empty: none is set."""
    dismiss_time: Text = ""


class Department(Record):
    """A budget centre (成本中心): a department (`type` 1) or a project (`type` 2)."""

    id: Id
    name: Text = ""
    type: Number
    out_budget_id: OptionalId = ""
    """The company's own key."""
    parent_id: OptionalId = ""
    """"0" or empty at the top."""
    out_parent_id: OptionalId = ""
    leader_id: Text = ""
    """Ids of members, joined by `,`; the first is the major one."""
    member_num: OptionalNumber = None
    member_used: OptionalNumber = None
    budget_cycle: OptionalNumber = None
    total_quota: Amount = ""
    legal_entity_id: Text = ""

    @property
    def leader_ids(self) -> tuple[str, ...]:
        """The leaders, the major one first."""
        return tuple(part.strip() for part in self.leader_id.split(",") if part.strip())


class Role(Record):
    """A role (角色) that members have."""

    id: Id
    name: Text = ""
    alias: Text = ""


class Regulation(Record):
    """A regulation (用车制度) that says what members may ride."""

    id: Id = Field(validation_alias=AliasChoices("regulation_id", "id"))
    name: Text = Field("", validation_alias=AliasChoices("regulation_name", "name"))
    status: OptionalNumber = Field(None, validation_alias=AliasChoices("regulation_status", "status"))
    """0 stopped, 1 normal, 2 deleted, 3 run out."""


class LegalEntity(Record):
    """A legal entity (公司主体) of the company."""

    id: Id = Field(validation_alias=AliasChoices("legal_entity_id", "id"))
    name: Text = ""
    out_legal_entity_id: OptionalId = ""
    parent_id: OptionalId = ""
    status: OptionalNumber = None
    """0 stopped, 1 in use."""
