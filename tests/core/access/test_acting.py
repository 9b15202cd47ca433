"""Which agents may ask for others, and for whom."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from logagent.core.access.acting import MOST_LINKS, Acting
from logagent.core.access.caller import Caller, Proof

ACTING = Acting(
    {"web-*": {"token", "unix"}, "web-9": {"anonymous"}, "Top": {"token", "cert", "oidc"}, "*.example.org": {"cert"}},
    "db-2",
)


def told(who: str, *chain: str) -> Caller:
    proof, _, name = who.partition(":")
    return Caller(Proof(proof), name, chain=chain)


@pytest.mark.parametrize(
    ("who", "chain", "certified"),
    [
        ("token:alice", ["web-1"], ["web-1"]),
        ("token:alice", ["WEB-1"], ["web-1"]),
        ("token:alice", ["web-1"], ["host of web", "web-1"]),
        ("unix:root@web-1", ["web-1"], ["web-1"]),
        ("unix:root@WEB-1", ["web-1"], ["web-1"]),
        ("unix:a@web-2@web-1", ["web-1"], ["web-1"]),
        ("unix:root@web-1", ["web-1", "web-2"], ["web-2"]),
        ("anonymous", ["web-9"], ["web-9"]),
        ("token:alice", ["web-1", "top"], ["top"]),
        ("cert:alice", ["a.example.org"], ["a.example.org"]),
    ],
)
def test_who_is_told_of_by_an_agent_that_may_ask_for_him_is_taken(
    who: str, chain: Sequence[str], certified: Sequence[str]
) -> None:
    assert ACTING.objection(told(who, *chain), certified) == ""
    assert ACTING.still_takes(told(who, *chain))


@pytest.mark.parametrize(
    ("who", "chain", "certified", "why"),
    [
        pytest.param("token:alice", ["web-1"], ["web-2"], "no name in its certificate", id="the last link left out"),
        pytest.param("token:alice", ["web-1"], [], "no name in its certificate", id="no name proved"),
        pytest.param("token:alice", [], ["web-1"], "no name in its certificate", id="no chain"),
        pytest.param("unix:root@web-1", ["web-2"], ["web-2"], "no user of web-2", id="the first link left out"),
        pytest.param("unix:root@web-2", ["web-1"], ["web-1"], "no user of web-1", id="a user of another host"),
        pytest.param("unix:root", ["web-1"], ["web-1"], "no user of web-1", id="a user of no host"),
        pytest.param("unix:root@web-2@web-1", ["web-2"], ["web-2"], "no user of web-2", id="an @ in his name"),
        pytest.param("cert:alice", ["web-1"], ["web-1"], "web-1 may not ask for cert", id="a kind not named"),
        pytest.param("anonymous", ["web-1"], ["web-1"], "web-1 may not ask for anonymous", id="nobody"),
        pytest.param("token:alice", ["web-9"], ["web-9"], "web-9 may not ask for token", id="its own name counts"),
        pytest.param("cert:alice", ["web-1", "top"], ["top"], "web-1 may not ask for cert", id="a link of less"),
        pytest.param("token:alice", ["mail", "top"], ["top"], "mail may not ask for token", id="an unknown first link"),
        pytest.param("token:alice", ["web-1", "mail", "top"], ["top"], "mail may not", id="an unknown middle link"),
        pytest.param("token:alice", ["web-1", "top", "web-1"], ["web-1"], "in a circle", id="a loop"),
        pytest.param("token:alice", ["web-1", "WEB-1"], ["web-1"], "in a circle", id="a loop in another spelling"),
        pytest.param("token:alice", ["db-2", "web-1"], ["web-1"], "in a circle", id="through the asked agent itself"),
    ],
)
def test_who_is_told_of_otherwise_is_not_taken(
    who: str, chain: Sequence[str], certified: Sequence[str], why: str
) -> None:
    assert why in ACTING.objection(told(who, *chain), certified)


def test_a_chain_is_no_longer_than_a_fleet_is_deep() -> None:
    links = [f"web-{number}" for number in range(10, 11 + MOST_LINKS)]
    assert ACTING.objection(told("token:alice", *links[1:]), links[-1:]) == ""
    assert "more than" in ACTING.objection(told("token:alice", *links), links[-1:])


def test_which_names_may_ask_for_anybody() -> None:
    assert ACTING.agents(["mail", "web-1", "top"]) == ["web-1", "top"]
    assert ACTING
    assert not Acting({}, "db-2")


def test_who_was_taken_is_not_any_more_when_the_setting_changes() -> None:
    assert not Acting({"web-1": {"cert"}}).still_takes(told("token:alice", "web-1"))
