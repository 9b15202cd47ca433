"""Sources of agents, as they are told."""

from __future__ import annotations

import json

import pytest

from logagent.core.wire.told_sources import UNLOOKED, ToldSource, source_from_json, source_to_json


@pytest.mark.parametrize(
    "source",
    [
        ToldSource("_logagent._tcp.a;zone=a", "dns", "dns SRV _logagent._tcp.a", 3, 60.0),
        ToldSource("t/*.yml", "file", "file t/a.yml", 0, None, "is a directory", 90.0),
        ToldSource("t.yml", "file", "file t.yml", 0, None, wrong=("is not there",)),
    ],
)
def test_a_source_comes_back_from_its_json(source: ToldSource) -> None:
    assert source_from_json(json.loads(json.dumps(source_to_json(source)))) == source


def test_what_the_json_of_a_source_lacks_is_unknown_and_what_else_it_has_is_ignored() -> None:
    assert source_from_json({"name": "t.yml"}) == ToldSource("t.yml", "", "t.yml")
    odd = {"name": "t.yml", "agents": "many", "last_read": 7, "wrong": "all", "fault": None, "color": 1}
    assert source_from_json(odd) == ToldSource("t.yml", "", "t.yml")


@pytest.mark.parametrize("member", [{}, {"name": 1}, None, "x", []])
def test_what_is_no_source_is_refused(member: object) -> None:
    with pytest.raises(ValueError, match="not a source"):
        source_from_json(member)


def test_a_source_is_unread_unless_nothing_is_there_or_what_was_found_before_counts() -> None:
    assert ToldSource("a", "dns", "a", fault="SERVFAIL").is_unread
    assert ToldSource("a", "dns", "a", wrong=(UNLOOKED,)).is_unread
    assert not ToldSource("a", "dns", "a", last_read=1.0, fault="SERVFAIL").is_unread
    assert not ToldSource("a", "file", "a", is_absent=True).is_unread
    assert not ToldSource("a", "dns", "a", is_kept=True).is_unread
