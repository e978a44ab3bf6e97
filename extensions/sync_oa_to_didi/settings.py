"""What the sync of members is set up with."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, model_validator

from connecthub.integrations.didi import DIDI_URL
from extensions.sync_oa_to_didi.normalise import usable_phone


class MembersParams(BaseModel):
    """Where both systems are, what is synced, and how much may change at once."""

    model_config = ConfigDict(extra="forbid")

    oa_base_url: HttpUrl = Field(description="Address of the OA, with or without /seeyon/rest.")
    oa_login_name: str = Field("", description="OA login that the REST user acts for, where the OA asks for one.")
    oa_ca_file: str = Field("", description="Certificate (PEM) of the authority that signed the OA's certificate.")
    oa_timeout_seconds: float = Field(
        60, gt=0, le=600, description="How long the OA may be silent; a list of a whole unit takes it a while."
    )
    unit_ids: list[str] = Field([], description="Ids of the OA's units (单位) to sync; empty: all that are enabled.")
    read_members_by: Literal["unit", "department"] = Field(
        "unit", description="Read people a whole unit at once, or by department where a unit is too large for the OA."
    )
    check_counts: bool = Field(
        True, description="Compare the OA's lists with its own counts; off only where its version counts differently."
    )
    external_people: bool = Field(False, description="Sync also people whom the OA marks as external (外部人员).")
    didi_base_url: HttpUrl = Field(HttpUrl(DIDI_URL), description="Address of DiDi's open platform.")
    company_id: str = Field(min_length=1, description="The company's id at DiDi: 16 digits.")
    signature: Literal["md5", "sha256"] = Field(
        "md5", description="How calls are signed: as the app's security settings at DiDi say (开发配置)."
    )
    department_key: Literal["id", "code"] = Field(
        "id", description="What of an OA department becomes DiDi's out_budget_id; never change it after the first sync."
    )
    emails: bool = Field(True, description="Sync e-mail addresses.")
    superiors: bool = Field(
        True,
        description="Set each member's superior to the head of the department (部门主管), of the one above for a head.",
    )
    member_type: Literal["phone", "number"] = Field(
        "phone", description="What identifies a new member; who has no phone is always identified by employee number."
    )
    use_company_money: bool = Field(True, description="A new member may ride at the company's cost.")
    regulation_ids: list[str] = Field([], description="Ids of the rules (用车制度) that a new member gets.")
    role_ids: list[str] = Field([], description="Ids of the roles that a new member gets; empty: an employee.")
    leavers: Literal["dismiss", "remove", "keep"] = Field(
        "dismiss",
        description="What becomes of people who left: dismiss at midnight (can be undone until then), remove (final), "
        "or keep.",
    )
    spare_phone: str = Field(
        "", description="A number of the company's own that no DiDi member has, to swap the phones of two members."
    )
    max_leavers: int = Field(50, ge=0, description="More leavers than this stop the run before its first write.")
    max_leavers_share: float = Field(
        0.10,
        ge=0,
        le=1,
        description="A larger share of the DiDi members with a number leaving stops the run likewise; five may leave "
        "anyway, of a tiny company half.",
    )
    max_closings: int = Field(
        20, ge=0, description="More departments to close than this stop the run; DiDi cannot open them again."
    )
    min_oa_share: float = Field(
        0.80,
        ge=0,
        le=1,
        description="Fewer active OA people than this share of the DiDi members with a number stop the run. With "
        "unit_ids, both shares are of the members whose number these units' people have, and of those in these units' "
        "departments at DiDi.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.regulation_ids and not self.use_company_money:
            raise ValueError("regulation_ids need use_company_money; switch it on or leave the rules out")
        if self.spare_phone and not usable_phone(self.spare_phone):
            raise ValueError("spare_phone is no phone number; write 11 digits, or +<country code> <number>")
        return self


class MembersSecrets(BaseModel):
    """A REST user of the OA, and an app of DiDi's open platform."""

    model_config = ConfigDict(extra="forbid")

    oa_user_name: str = Field(description="A REST user of the OA (信息集成配置, REST用户管理), no OA login.")
    oa_password: SecretStr = Field(description="The REST user's password.")
    client_id: str = Field(description="The app's client_id (AppKey) at DiDi.")
    client_secret: SecretStr = Field(description="The app's client_secret.")
    sign_key: SecretStr = Field(description="The app's sign_key.")
