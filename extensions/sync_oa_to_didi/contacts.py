"""Contacts of the OA's people at DiDi: `settle_contacts` decides which phone and e-mail address each member gets.

It tells, too, in which order phones are passed on, and who does not get what the OA says, and why. Who may have a
value that several want or somebody has is the rule in holders.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from connecthub.integrations.didi.records import LEFT, Member
from extensions.sync_oa_to_didi.didi_side import DidiSide
from extensions.sync_oa_to_didi.holders import Settled, settle
from extensions.sync_oa_to_didi.normalise import usable_phone
from extensions.sync_oa_to_didi.people import People, WantedMember
from extensions.sync_oa_to_didi.remarks import Remarks

SOME = 3
"""So many of those who share a value are named."""


@dataclass(frozen=True)
class Contacts:
    """The members with the contacts that they can have."""

    members: Mapping[str, WantedMember]
    """By employee number; phone and e-mail are empty where DiDi shall keep what it has."""
    turns: Mapping[str, int]
    """By employee number: in ascending order, each phone is free when it is given to another member."""
    parked: Mapping[str, int]
    """By employee number: who takes the spare phone for a moment, so that a ring of members can pass theirs on."""
    strangers: frozenset[str]
    """Numbers of new people whose phone or address a member has whom the OA does not know: perhaps they are one."""


def settle_contacts(people: People, didi: DidiSide, spare_phone: str, remarks: Remarks) -> Contacts:
    """Decide who gets which phone and e-mail address, and tell who does not.

    `spare_phone`: a number that nobody has, with which members can swap theirs; empty: swaps are conflicts.
    """
    wanted = people.wanted
    spare = usable_phone(spare_phone)
    numbers = {_who(number, didi): number for number in wanted}
    movers = [who for who in numbers if who not in didi.members or didi.members[who].status != LEFT]
    phones = {who: phone for who in movers if (phone := wanted[numbers[who]].phone)}
    emails = {who: email.lower() for who in movers if (email := wanted[numbers[who]].email)}
    by_phone, hint = _settle_phones(phones, spare, didi)
    by_email = settle(emails, didi.emails, rings=False)
    claimants = {who: wanted[number] for who, number in numbers.items()}
    for what, wants, settled, more in (("phone", phones, by_phone, hint), ("e-mail address", emails, by_email, "")):
        _tell_shared(what, wants, settled, claimants, remarks)
        for who, holder in settled.held.items():
            text = f"DiDi has the {what} with {_described(didi.members[holder])}; "
            if _is_stranger(holder, didi, people) and who not in didi.members:
                text += "nobody is added: if they are one person, give that member this number at DiDi"
            else:
                text += f"it is left out until it is free there{more}"
            remarks.conflict(claimants[who].number, claimants[who].name, text)
    return Contacts(
        members={
            number: replace(
                wanted[number],
                phone="" if by_phone.denied(who) else wanted[number].phone,
                email="" if by_email.denied(who) else wanted[number].email,
            )
            for who, number in numbers.items()
        },
        turns={numbers[who]: turn for who, turn in by_phone.turns.items()},
        parked={numbers[who]: turn for who, turn in by_phone.parked.items()},
        strangers=frozenset(
            numbers[who]
            for settled in (by_phone, by_email)
            for who, holder in settled.held.items()
            if who not in didi.members and _is_stranger(holder, didi, people)
        ),
    )


def _settle_phones(phones: Mapping[str, str], spare: str, didi: DidiSide) -> tuple[Settled, str]:
    """Decide who gets which phone, and say what members who swap theirs lack; empty where they lack nothing.

    Who has the spare phone, as after a swap that was cut off, is the first to get another one.
    """
    if not spare:
        return settle(phones, didi.phones, rings=False), "; members who swap phones need spare_phone"
    if (holder := didi.phones.get(spare)) is None:
        return settle(phones, didi.phones, rings=True), ""
    first = {who: phones[who] for who in (holder,) if who in phones}
    settled = settle({**first, **phones}, didi.phones, rings=False)
    if holder in settled.turns:
        return settle({**first, **phones}, didi.phones, rings=True), ""
    return settled, f"; members who swap phones need spare_phone, which {_described(didi.members[holder])} has"


def _who(number: str, didi: DidiSide) -> str:
    """Return the id of the member with this number; a new one has none and stands for himself."""
    there = didi.numbered.get(number)
    return there.id if there else f"new {number}"


def _is_stranger(holder: str, didi: DidiSide, people: People) -> bool:
    """Tell whether the OA knows nobody with the number of this member, or he has none."""
    return didi.members[holder].employee_number not in people.known


def _described(member: Member) -> str:
    number = member.employee_number or "without an employee number"
    return f"{member.realname} ({number}{', has left' if member.status == LEFT else ''})"


def _tell_shared(
    what: str,
    wants: Mapping[str, str],
    settled: Settled,
    claimants: Mapping[str, WantedMember],
    remarks: Remarks,
) -> None:
    """Tell of each value that several want, and of who keeps it."""
    disputed = {wants[who] for who in settled.shared}
    claims: dict[str, list[str]] = defaultdict(list)
    for who, value in wants.items():
        if value in disputed:
            claims[value].append(who)
    for claiming in claims.values():
        for who in claiming:
            others = [claimants[other].number for other in claiming[: SOME + 1] if other != who][:SOME]
            more = f" and {len(claiming) - 1 - SOME} more" if len(claiming) - 1 > SOME else ""
            kept = "is left out" if who in settled.shared else "stays, for DiDi has it already"
            text = f"the {what} is also that of {', '.join(others)}{more} in the OA and {kept}; mend it in the OA"
            remarks.conflict(claimants[who].number, claimants[who].name, text)
