"""Who answers under which name, and which names mean one agent."""

from __future__ import annotations

import pytest

from logagent.core.notes import Note
from logagent.core.outcome import Failure, Status
from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.identity import AGENT_HEADER, ASKED_AS_HEADER, Identity, from_header, to_header
from logagent.peers.roll import Roll

OWN = Identity("web-0", "0" * 32)
ONE = Identity("web-1", "1" * 32)
TWO = Identity("web-2", "2" * 32)


def a_roll(*asked: str, namesake: str = "") -> Roll:
    return Roll(OWN, asked or ("web-0", "web-1", "web-1b"), namesake)


def head(identity: Identity) -> dict[str, str]:
    return {VERSION_HEADER: "1", AGENT_HEADER: to_header(identity)}


def refused(roll: Roll, listed: str, headers: dict[str, str]) -> str:
    with pytest.raises(Failure) as failure:
        roll.meet(listed, headers)
    assert failure.value.status is Status.INTERNAL
    return failure.value.message


def test_a_peer_that_answers_under_the_name_it_is_listed_by_is_taken() -> None:
    roll = a_roll()
    assert roll.meet("web-1", head(ONE))
    assert not roll.is_other_name("web-1")
    assert roll.notes("web-1") == ()


def test_a_peer_of_another_name_is_refused_with_both_names() -> None:
    roll = a_roll()
    assert refused(roll, "web-1b", head(ONE)).startswith("answers as web-1, but is listed here as web-1b")
    assert not roll.is_other_name("web-1b")
    assert roll.notes("web-1b") == ()


@pytest.mark.parametrize("first", ["web-1", "web-1b"])
def test_two_names_of_one_agent_are_known_whichever_answers_first(first: str) -> None:
    roll = a_roll()
    for listed in (first, "web-1", "web-1b"):
        if listed == "web-1":
            roll.meet(listed, head(ONE))
        else:
            refused(roll, listed, head(ONE))
    assert roll.is_other_name("web-1b")
    assert not roll.is_other_name("web-1")
    assert roll.notes("web-1b") == (Note("same", ("web-1",), 1, "web-1b"),)


def test_an_agent_of_the_same_name_but_other_bits_is_not_the_same() -> None:
    roll = a_roll()
    roll.meet("web-1", head(ONE))
    refused(roll, "web-1b", head(Identity("web-1", "9" * 32)))
    assert not roll.is_other_name("web-1b")


def test_another_name_is_no_answer_where_its_own_is_not_asked_for() -> None:
    roll = a_roll("web-1b")
    refused(roll, "web-1b", head(ONE))
    assert not roll.is_other_name("web-1b")


def test_the_agent_that_asks_is_known_by_its_bits() -> None:
    roll = a_roll("web-0", "me")
    assert "is web-0 itself" in refused(roll, "me", head(OWN))
    assert roll.notes("me") == (Note("same", ("web-0",), 1, "me"),)
    alone = a_roll("me")
    refused(alone, "me", head(OWN))
    assert not alone.is_other_name("me")


def test_nothing_is_said_of_the_agent_that_is_listed_under_its_own_name() -> None:
    roll = a_roll(namesake="http://here")
    assert roll.is_passed_over("http://here")  # one that cannot be reached is taken for this agent, too
    refused(roll, "web-0", head(OWN))
    assert roll.is_passed_over("http://here")
    assert not roll.is_passed_over("web-0")


@pytest.mark.parametrize("other", [head(Identity("web-0", "9" * 32)), head(ONE), {VERSION_HEADER: "1"}])
def test_another_agent_that_is_listed_under_the_name_of_the_one_that_asks_is_named(other: dict[str, str]) -> None:
    roll = a_roll(namesake="http://there")
    assert "give each a name of its own" in refused(roll, "web-0", other)
    assert not roll.is_passed_over("http://there")


def test_a_peer_that_is_too_old_to_say_its_name_is_taken_and_noted() -> None:
    roll = a_roll()
    assert not roll.meet("web-1", {VERSION_HEADER: "1"})
    assert roll.notes("web-1") == (Note("unnamed", (), 1, "web-1"),)


def test_an_answer_that_comes_from_no_agent_says_nothing_of_one() -> None:
    roll = a_roll()
    assert not roll.meet("web-1", {})
    assert roll.notes("web-1") == ()


@pytest.mark.parametrize("value", ["", "web-1", '"web-1";id="1"', '"web 1";id="' + "1" * 32 + '"', '"";id=""'])
def test_who_says_its_name_badly_is_refused(value: str) -> None:
    assert refused(a_roll(), "web-1", {AGENT_HEADER: value}) == "does not say properly who it is"


def test_a_peer_is_told_by_which_name_and_by_whom_it_is_asked() -> None:
    assert from_header(a_roll().headers("web-1")[ASKED_AS_HEADER]) == Identity("web-1", OWN.id)
