"""What Seeyon tells of its organisation, one record each; ids are text, times stay in epoch milliseconds.

Source of the field names: open.seeyon.com, 组织模型管理, and clients in the wild. A field that a version does not send
has the value of the ordinary case: an entry is enabled, not deleted, in service, a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import ConfigDict, Field, model_validator

from connecthub.integrations.fields import Flag, Id, Number, OptionalId, Record, Text

IN_SERVICE = 1
"""`state` of a member who works here; 2: has left."""


class Entry(Record):
    """An entry of the organisation; as text it shows who it is, and neither phone nor e-mail."""

    ordinary: ClassVar[tuple[str, ...]] = ("enabled", "isDeleted", "isGroup")
    """Fields in which null means the ordinary case."""

    id: Id
    name: Text
    code: Text = ""
    enabled: Flag = True

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {key: given for key, given in value.items() if given is not None or key not in cls.ordinary}

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield from (("id", self.id), ("name", self.name), ("code", self.code))


class Unit(Entry):
    """A unit (单位): a company; in a group also the group itself."""

    parent_id: OptionalId = Field("", alias="superior")
    """-1 for the topmost one."""
    path: Text = ""
    group: Flag = Field(False, alias="isGroup")


class Department(Entry):
    """A department; the parent of a first-level one is its unit."""

    unit_id: OptionalId = Field("", alias="orgAccountId")
    parent_id: OptionalId = Field("", alias="superior")
    path: Text = ""
    """Digits, four more at each level: parents sort before their children."""
    deleted: Flag = Field(False, alias="isDeleted")

    @property
    def active(self) -> bool:
        """Enabled and not deleted."""
        return self.enabled and not self.deleted


class Member(Entry):
    """A person, or an account that is none; `code` is the employee number (工号)."""

    ordinary = (*Entry.ordinary, "state", "isInternal", "isVirtual", "isAdmin")

    login_name: Text = Field("", alias="loginName")
    unit_id: OptionalId = Field("", alias="orgAccountId")
    department_id: OptionalId = Field("", alias="orgDepartmentId")
    post_id: OptionalId = Field("", alias="orgPostId")
    level_id: OptionalId = Field("", alias="orgLevelId")
    deleted: Flag = Field(False, alias="isDeleted")
    state: Number = IN_SERVICE
    phone: Text = Field("", alias="telNumber")
    """As Seeyon has it, spaces, dashes and +86 included."""
    email: Text = Field("", alias="emailAddress")
    internal: Flag = Field(True, alias="isInternal")
    virtual: Flag = Field(False, alias="isVirtual")
    admin: Flag = Field(False, alias="isAdmin")

    @model_validator(mode="before")
    @classmethod
    def _from_properties(cls, value: Any) -> Any:
        """Some versions have phone and e-mail among the properties only."""
        if not isinstance(value, Mapping) or not isinstance(more := value.get("properties"), Mapping):
            return value
        phone = value.get("telNumber") or more.get("telnumber")
        email = value.get("emailAddress") or more.get("emailaddress")
        return {**value, "telNumber": phone, "emailAddress": email}

    @property
    def active(self) -> bool:
        """Enabled, not deleted and in service."""
        return self.enabled and not self.deleted and self.state == IN_SERVICE

    @property
    def person(self) -> bool:
        """Somebody of flesh and blood: neither a virtual account nor an administrator's."""
        return not self.virtual and not self.admin


class Post(Entry):
    """A post (岗位) of a unit."""

    unit_id: OptionalId = Field("", alias="orgAccountId")


class Level(Entry):
    """A level (职务级别) of a unit."""

    unit_id: OptionalId = Field("", alias="orgAccountId")


class Heads(Record):
    """Who leads a department: ids of members."""

    heads: tuple[str, ...] = ()
    """部门主管."""
    supervisors: tuple[str, ...] = ()
    """部门分管领导."""


class BoundUser(Record):
    """The OA login that a token acts for; what else comes with it, such as its session's id, is not kept."""

    model_config = ConfigDict(extra="ignore")

    id: Id
    name: Text = ""
    login_name: Text = Field("", alias="loginName")
    unit_id: OptionalId = Field("", alias="loginAccount")


class Written(Record):
    """What became of one entry of a batch."""

    code: str
    """SUCCESS, or Seeyon's own word for what is wrong: MEMBER_REPEAT_CODE."""
    ok: bool
    id: str = ""
    """Empty where the entry has none, as one that was refused."""
    name: str = ""
