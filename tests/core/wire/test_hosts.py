"""Which hosts a query means."""

from __future__ import annotations

import json
import re

import pytest

from logagent.core.outcome import Failure, Status
from logagent.core.wire.hosts import HostState, chosen, host_from_json, host_to_json

KNOWN = ["web-2", "web-1", "db-1", "web[1]"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ([], ["db-1", "web-1", "web-2", "web[1]"]),
        (["web-1"], ["web-1"]),
        (["web-2", "web-1"], ["web-1", "web-2"]),
        (["web-1", "web-1"], ["web-1"]),
        (["web-?"], ["web-1", "web-2"]),
        (["*-1"], ["db-1", "web-1"]),
        (["*"], ["db-1", "web-1", "web-2", "web[1]"]),
        (["web-[23]"], ["web-2"]),
        (["web-[!2]", "web-2"], ["web-1", "web-2"]),
        (["web-*", "web-1"], ["web-1", "web-2"]),
        (["web[1]"], ["web[1]"]),
    ],
)
def test_names_and_globs_choose_known_hosts_each_once_and_sorted(asked: list[str], meant: list[str]) -> None:
    assert chosen(asked, KNOWN) == meant


@pytest.mark.parametrize(
    "asked", [["web-3"], ["web-1", "web-3"], ["mail-*"], ["WEB-1"], ["web"], ["web-1 "], ["web.1"]]
)
def test_a_host_that_is_not_known_is_not_found_and_the_known_ones_are_named(asked: list[str]) -> None:
    with pytest.raises(Failure) as caught:
        chosen(asked, KNOWN)
    assert caught.value.status is Status.NOT_FOUND
    told = re.sub(r"is (db-1|web-1|web-2|web\[1\]) meant\? ", "", caught.value.message)
    assert told == f"no host named {asked[-1]}; known are db-1, web-1, web-2, web[1]"


def test_a_host_that_is_almost_right_is_suggested() -> None:
    with pytest.raises(Failure, match=r"^no host named WEB1; is web-1 meant\? known are "):
        chosen(["WEB1"], KNOWN)


def test_a_refusal_names_some_of_many_known_hosts_and_counts_the_rest() -> None:
    with pytest.raises(Failure) as caught:
        chosen(["x"], [f"web-{number:03}" for number in range(500)])
    assert caught.value.message.endswith("web-018, web-019 and 480 more")


def test_hosts_may_come_from_an_iterator() -> None:
    assert chosen(["a"], iter("ab")) == ["a"]


def test_no_hosts_at_all_is_no_host_chosen() -> None:
    assert chosen([], []) == []


@pytest.mark.parametrize(
    "state",
    [
        HostState("web-1", "http://a:1", True, "1.0", 0.00125),
        HostState("db-2", "https://b:1", False, message="connection refused"),
        HostState("web-1", "https://a:1", True, "1.0", 0.00125, "", 1_796_000_000.0),
        HostState("web-1", "https://a:1", False, down_since=60.0, last_tried=90.0, next_try=120.0),
    ],
)
def test_state_comes_back_from_its_json(state: HostState) -> None:
    assert host_from_json(json.loads(json.dumps(host_to_json(state)))) == state


def test_json_of_a_host_has_its_round_trip_in_milliseconds() -> None:
    assert host_to_json(HostState("web-1", "http://a:1", True, "1.0", 0.0012345678)) == {
        "name": "web-1",
        "url": "http://a:1",
        "reachable": True,
        "version": "1.0",
        "round_trip_ms": 1.235,
        "message": "",
        "certificate_ends": None,
        "labels": {},
        "labels_known": False,
        "found_by": "",
        "stale_since": None,
        "via": "",
        "down_since": None,
        "last_tried": None,
        "next_try": None,
    }


def test_json_of_a_host_has_what_is_known_of_where_it_was_found() -> None:
    state = HostState(
        "web-1", "https://a:1", True, labels={"role": "web"}, labels_known=True, found_by="a", stale_since=60.0
    )
    member = host_to_json(state)
    assert (member["labels"], member["found_by"]) == ({"role": "web"}, "a")
    assert member["stale_since"] == "1970-01-01T00:01:00Z"
    assert host_from_json(member) == state


def test_what_the_json_of_a_host_lacks_is_unknown_and_what_else_it_has_is_ignored() -> None:
    member = {
        "name": "web-1",
        "reachable": "yes",
        "round_trip_ms": "soon",
        "message": None,
        "certificate_ends": "x",
        "down_since": 7,
        "color": 1,
    }
    assert host_from_json(member) == HostState("web-1", "", False)
    assert host_from_json(member | {"round_trip_ms": 10**400}).round_trip is None


@pytest.mark.parametrize("member", [{}, {"name": "x"}, {"reachable": True}, None, "x", []])
def test_what_is_no_host_is_refused(member: object) -> None:
    with pytest.raises(ValueError, match="not a host"):
        host_from_json(member)
