"""People whom DiDi has and the OA's lists do not: the OA is asked about each.

For some versions list nobody who left, also where those are asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date

from connecthub.integrations.didi.records import Member
from connecthub.integrations.errors import BusinessError, PermissionDenied, ProtocolError, ServerError
from connecthub.integrations.seeyon import SeeyonClient
from connecthub.integrations.seeyon.answers import NoSuchResource
from extensions.sync_oa_to_didi.reading import OaReading, Progress
from extensions.sync_oa_to_didi.remarks import Remarks

log = logging.getLogger(__name__)

LOOK_UPS = 200
"""So many people are asked about in one run, with one call each."""


def unlisted(reading: OaReading, members: Sequence[Member], today: date, remarks: Remarks) -> list[Member]:
    """Return those of `members` whose number no list of the OA has: at most LOOK_UPS, the next ones on the next day."""
    listed = {each.code for each in reading.members}
    missing = sorted(
        (each for each in members if each.employee_number not in listed), key=lambda it: it.employee_number
    )
    if len(missing) <= LOOK_UPS:
        return missing
    remarks.note(
        "", "", f"the OA does not list {len(missing)} DiDi members; it is asked about {LOOK_UPS} of them a day"
    )
    first = today.toordinal() * LOOK_UPS % len(missing)
    return [*missing[first:], *missing[:first]][:LOOK_UPS]


def ask_about(
    oa: SeeyonClient, reading: OaReading, members: Sequence[Member], progress: Progress, remarks: Remarks
) -> None:
    """Add to `reading` what the OA says of `members` when it is asked by number: who left, and who is elsewhere in it.

    Without an answer nobody is touched, so that a version that has none is a note and no error.
    """
    for count, member in enumerate(members):
        number, name = member.employee_number, member.realname
        if count % 50 == 0:
            progress(count, len(members), "asking the OA about people whom its lists lack")
        try:
            entry = oa.member_by_code(number)
        except (NoSuchResource, PermissionDenied, ServerError) as error:
            left = len(members) - count
            remarks.note("", "", f"the OA says nothing of {left} people whom its lists lack; not touched ({error})")
            return
        except (ProtocolError, BusinessError) as error:
            log.warning("what the OA says of %s is not clear: %s", number, error)
            continue
        if entry is None or entry.code != number:
            continue
        if entry.active:
            reading.elsewhere.add(number)
            remarks.note(number, name, "the OA has this person outside the units that are synced; not touched")
        else:
            reading.members.append(entry)
