"""The guide to the members sync: the same commands in both languages, and settings that the job takes."""

from __future__ import annotations

import json

import pytest

from extensions.sync_oa_to_didi.settings import MembersParams, MembersSecrets
from tests.docs import ROOT, blocks, calls, refusal

GUIDE, GUIDE_ZH = (
    (ROOT / "docs" / f"sync-oa-to-didi{language}.md").read_text(encoding="utf-8") for language in ("", ".zh-CN")
)


@pytest.mark.parametrize("guide", [GUIDE, GUIDE_ZH], ids=["English", "Chinese"])
def test_its_commands_are_taken(guide: str) -> None:
    told = calls(guide)
    assert len(told) > 6
    assert [refusal(call) for call in told if refusal(call)] == []


def test_both_languages_have_the_same_blocks() -> None:
    assert blocks(GUIDE) == blocks(GUIDE_ZH)


def test_its_settings_are_taken_and_its_defaults_are_those_of_the_job() -> None:
    params, secrets = (json.loads(block.text) for block in blocks(GUIDE, "json"))
    given = MembersParams.model_validate(params)
    MembersSecrets.model_validate(secrets)
    assert (given.max_leavers, given.max_leavers_share, given.min_oa_share) == (50, 0.10, 0.80)
    assert given.max_closings == 20
    for guide in (GUIDE, GUIDE_ZH):
        assert "`max_leavers` 50" in guide
        assert "`max_leavers_share` 10 %" in guide
        assert "`max_closings` 20" in guide
        assert "`min_oa_share` 80 %" in guide
