"""The OA's people as DiDi should have them, by employee number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connecthub.integrations.seeyon.records import Member
from extensions.sync_oa_to_didi.normalise import NAME_MAX, NUMBER_MAX, usable_email, usable_name, usable_phone
from extensions.sync_oa_to_didi.reading import OaReading
from extensions.sync_oa_to_didi.remarks import Remarks
from extensions.sync_oa_to_didi.settings import MembersParams
from extensions.sync_oa_to_didi.tree import Tree


@dataclass(frozen=True, slots=True)
class WantedMember:
    """A member that DiDi should have; what is empty the OA does not say, and DiDi keeps what it has."""

    number: str
    """The employee number: the OA's code."""
    name: str
    phone: str = ""
    email: str = ""
    department: str = ""
    """The key of the department."""
    superiors: tuple[str, ...] = ()
    """Employee numbers of the heads, of whom one is the superior; empty where there is none."""
    on_top: bool = False
    """A head with no head above."""


@dataclass(frozen=True)
class People:
    """The OA's people."""

    wanted: Mapping[str, WantedMember]
    """By employee number."""
    left: frozenset[str]
    """Numbers that only people have who the OA says have left."""
    known: frozenset[str]
    """Every number that the OA knows, whoever has it."""
    active: int
    """How many active people the OA has, those with a conflict included."""
    external: frozenset[str] = frozenset()
    """Numbers of active external people (外部人员) who are not synced."""


def wanted_people(oa: OaReading, tree: Tree, params: MembersParams, remarks: Remarks) -> People:
    """Read off the OA who should be a member; a person who cannot be keyed is a conflict."""
    persons = [each for each in oa.members if each.person]
    active = [each for each in persons if each.active]
    ours = [each for each in active if each.unit_id in oa.unit_ids and (each.internal or params.external_people)]
    keyed = _with_own_number(ours, active, remarks)
    wanted = {number: _wanted(each, tree, params, remarks) for number, each in keyed.items()}
    if params.superiors:
        wanted = _with_superiors(wanted, keyed, oa.heads, tree)
    here = {each.code for each in active}
    known = {each.code for each in oa.members} | oa.elsewhere
    external = set() if params.external_people else {each.code for each in active if not each.internal}
    left = {each.code for each in persons if not each.active} - here - {""}
    return People(
        wanted, frozenset(left), frozenset(known - {""}), len(active), frozenset(external - wanted.keys() - {""})
    )


def _with_own_number(persons: Sequence[Member], everyone: Iterable[Member], remarks: Remarks) -> dict[str, Member]:
    """Return the persons that have a usable number of their own, by that number."""
    shared = Counter(each.code for each in everyone)
    keyed: dict[str, Member] = {}
    for each in persons:
        if not each.code:
            remarks.conflict("", each.name, f"no employee number (OA login {each.login_name}); set one in the OA")
        elif len(each.code) > NUMBER_MAX:
            remarks.conflict(
                each.code[:NUMBER_MAX], each.name, f"an employee number of more than {NUMBER_MAX} characters"
            )
        elif shared[each.code] > 1:
            remarks.conflict(
                each.code, each.name, f"{shared[each.code]} people have this employee number; mend it in the OA"
            )
        elif not usable_name(each.name):
            remarks.conflict(each.code, "", "no name; set one in the OA")
        else:
            keyed[each.code] = each
    return keyed


def _wanted(person: Member, tree: Tree, params: MembersParams, remarks: Remarks) -> WantedMember:
    """Return what DiDi should have of one person, and tell what of it is not usable."""
    name = usable_name(person.name)
    phone = usable_phone(person.phone)
    email = usable_email(person.email) if params.emails else ""
    department = tree.departments.get(person.department_id)
    if len(person.name) > NAME_MAX:
        remarks.note(person.code, name, f"the name is cut to the {NAME_MAX} characters that DiDi takes")
    if person.phone and not phone:
        remarks.conflict(person.code, name, "the phone is no number that DiDi takes; left out, mend it in the OA")
    if person.email and params.emails and not email:
        remarks.conflict(person.code, name, "the e-mail address is none that DiDi takes; left out, mend it in the OA")
    if not department:
        text = f"the department ({person.department_id or 'none'}) is closed, unknown or without a place"
        remarks.conflict(person.code, name, f"{text}; assign the person to another one in the OA")
    return WantedMember(person.code, name, phone, email, department.key if department else "")


def _with_superiors(
    wanted: Mapping[str, WantedMember], keyed: Mapping[str, Member], heads: Mapping[str, tuple[str, ...]], tree: Tree
) -> dict[str, WantedMember]:
    """Add who may be each person's superior: the nearest heads above of whom the person is none.

    A head who cannot be keyed is passed over, and yet nobody below is on top.
    """
    numbers = {person.id: number for number, person in keyed.items()}
    numbered = {key: tuple(numbers[each] for each in ids if each in numbers) for key, ids in heads.items()}
    leading = {each for ids in heads.values() for each in ids}
    found: dict[str, WantedMember] = {}
    for number, member in wanted.items():
        person = keyed[number]
        line = list(_line(person.department_id, tree))
        above = (numbered[each] for each in line if numbered.get(each) and number not in numbered[each])
        others = any(heads.get(each) and person.id not in heads[each] for each in line)
        on_top = bool(line) and person.id in leading and not others
        found[number] = replace(member, superiors=next(above, ()), on_top=on_top)
    return found


def _line(department_id: str, tree: Tree) -> Iterator[str]:
    """Climb from a department to the top; nothing where it has no place."""
    while department := tree.departments.get(department_id):
        yield department_id
        department_id = department.oa_parent_id
