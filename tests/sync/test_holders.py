"""Who may have a phone: nobody's is taken away, and each is free when its turn comes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from extensions.sync_oa_to_didi.holders import Settled, settle


def order(settled: Settled) -> list[str]:
    """Return who acts, in turn."""
    acts = {**{f"{who} parks": turn for who, turn in settled.parked.items()}, **settled.turns}
    return sorted(acts, key=lambda who: acts[who])


def test_a_free_value_is_given() -> None:
    assert order(settle({"a": "1"}, {}, rings=False)) == ["a"]


def test_who_has_it_keeps_it() -> None:
    settled = settle({"a": "1"}, {"1": "a"}, rings=False)
    assert not settled.turns
    assert not settled.denied("a")


def test_nothing_is_taken_from_who_wants_no_other() -> None:
    assert settle({"a": "1"}, {"1": "b"}, rings=True).held == {"a": "b"}


def test_what_several_want_goes_to_who_has_it_or_to_none() -> None:
    assert settle({"a": "1", "b": "1"}, {"1": "b"}, rings=False).shared == {"a"}
    assert settle({"a": "1", "b": "1"}, {"1": "c"}, rings=False).shared == {"a", "b"}


def test_in_a_chain_the_last_one_moves_first() -> None:
    chain = settle({"a": "2", "b": "3", "c": "4"}, {"1": "a", "2": "b", "3": "c"}, rings=False)
    assert order(chain) == ["c", "b", "a"]


def test_a_chain_behind_who_stays_is_denied() -> None:
    chain = settle({"a": "2", "b": "3", "c": "3"}, {"1": "a", "2": "b", "3": "c"}, rings=False)
    assert chain.held == {"a": "b"}
    assert chain.shared == {"b"}


def test_a_ring_is_denied_where_nothing_can_be_parked() -> None:
    assert settle({"a": "2", "b": "1"}, {"1": "a", "2": "b"}, rings=False).held == {"a": "b", "b": "a"}


def test_a_ring_turns_after_one_has_parked() -> None:
    assert order(settle({"a": "2", "b": "1"}, {"1": "a", "2": "b"}, rings=True)) == ["a parks", "b", "a"]


WHO = st.sampled_from("abcdefgh")
VALUES = st.sampled_from("12345678")


@settings(max_examples=60)
@given(wants=st.dictionaries(WHO, VALUES), has=st.dictionaries(VALUES, WHO), rings=st.booleans())
def test_no_value_ever_has_two_holders(wants: dict[str, str], has: dict[str, str], rings: bool) -> None:
    holders = {value: who for who, value in {who: value for value, who in has.items()}.items()}
    settled = settle(wants, holders, rings=rings)
    now = {who: value for value, who in holders.items()}
    for act in order(settled):
        who = act.removesuffix(" parks")
        value = "spare" if act != who else wants[who]
        assert value not in now.values()
        now[who] = value
    for who, value in wants.items():
        assert settled.denied(who) or now[who] == value
    assert "spare" not in now.values()
