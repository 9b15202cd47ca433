"""Listings of logs: what a query string may ask, and that a listing is the same after its way as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.escapes import in_line
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Status
from logagent.core.query import BadParameter, Query
from logagent.core.wire.documents import BadListing
from logagent.core.wire.listed_times import ListedTimes, times_to_json
from logagent.core.wire.listing import (
    EVERYTHING,
    ListedFile,
    ListedLog,
    Listing,
    failing,
    from_json,
    joined,
    parse_listing,
    rfc3339,
    to_json,
)
from logagent.core.wire.parameters import MAX_QUERY_STRING

FILE = ListedFile("app.log", 10, 1_700_000_000_000_000_001)
OLDER = ListedFile("app.log.1.gz", 5, 1_600_000_000_000_000_000, compressed=True)
TIMES = times_to_json(ListedTimes(1, 1))
LOG = ListedLog("web-1", "app.log", (FILE, OLDER), 1, 2, ("iso", "json iso"), "Europe/Berlin", True)


def test_log_is_as_large_as_its_generations_and_as_new_as_its_newest() -> None:
    assert (LOG.size, LOG.modified) == (15, 1_700_000_000_000_000_001)


def test_everything_is_asked_for_where_nothing_is_named() -> None:
    assert parse_listing(b"") == Query.of(files=(EVERYTHING,))
    assert parse_listing(b"hostname=a&rotated=false&timeout=2s") == Query.of(
        files=(EVERYTHING,), hosts=("a",), rotated=False, timeout=2.0
    )


def test_names_that_are_asked_for_are_all_there_is() -> None:
    assert parse_listing(b"filename=a%20b&filename=c%ff").files == ("a b", "c\udcff")


@pytest.mark.parametrize("name", ["keyword", "n", "since", "order", "colour", "filenam%65s"])
def test_parameter_of_logs_alone_is_unknown(name: str) -> None:
    with pytest.raises(BadParameter, match="unknown parameter; known are filename, hostname, rotated, timeout, paths"):
        parse_listing(f"{name}=1".encode())


def test_query_string_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadParameter, match="longer than"):
        parse_listing(b"x" * (MAX_QUERY_STRING + 1))


def test_notes_go_along_and_carry_the_name_of_their_host() -> None:
    notes = (Note("link", ("out.log",), 1, "self"),)
    listing = Listing((LOG,), (HostOutcome("self", Status.OK),), notes)
    assert from_json(json.loads(json.dumps(to_json(listing)))) == listing
    assert to_json(listing)["notes"][0]["message"] == notes[0].sentence
    both = joined([listing.of_host("web-1"), listing.of_host("web-2")])
    assert [(note.host, note.count) for note in both.notes] == [("web-1", 1), ("web-2", 1)]
    assert both.outcome.complete
    assert both.outcome.notes == both.notes


def test_what_was_taken_for_times_goes_along_and_older_agents_tell_none() -> None:
    times = ListedTimes(74, 73, (("iso", 70), ("json iso", 3)), ("at the beginning",), local=True, distrust="too few")
    listing = Listing((replace(LOG, times=times),), ())
    document = json.loads(json.dumps(to_json(listing)))
    assert from_json(document) == listing
    assert document["files"][0]["times"] == {
        "sampled": 74,
        "timed": 73,
        "formats": [{"name": "iso", "lines": 70}, {"name": "json iso", "lines": 3}],
        "places": ["at the beginning"],
        "named": False,
        "local": True,
        "distrust": "too few",
    }
    del document["files"][0]["times"]
    assert from_json(document).logs[0].times is None


@pytest.mark.parametrize("times", [1, [], {"sampled": 1}, {**TIMES, "formats": [{"name": 1, "lines": 2}]}])
def test_times_of_another_form_are_no_listing(times: object) -> None:
    document = to_json(Listing((LOG,), ()))
    document["files"][0]["times"] = times
    with pytest.raises(BadListing):
        from_json(document)


def test_a_listing_of_an_agent_that_knows_no_notes_is_read() -> None:
    document = to_json(Listing((LOG,), ()))
    del document["notes"]
    assert from_json(document) == Listing((LOG,), ())


@pytest.mark.parametrize(
    "notes", [{}, [1], [{"kind": "link"}], [{"kind": "a", "files": [], "count": "1", "host": "a"}]]
)
def test_notes_of_another_form_are_no_listing(notes: object) -> None:
    with pytest.raises(BadListing):
        from_json(to_json(Listing((), ())) | {"notes": notes})


def test_hosts_come_by_name_with_their_logs_by_name() -> None:
    def of(host: str, *names: str) -> Listing:
        return Listing(tuple(ListedLog(host, name, (FILE,)) for name in names), (HostOutcome(host, Status.OK),))

    whole = joined([of("b", "z", "a"), of("a", "m")])
    assert [(log.host, log.name) for log in whole.logs] == [("a", "m"), ("b", "a"), ("b", "z")]


def test_host_that_failed_makes_a_listing_incomplete_and_one_that_has_nothing_does_not() -> None:
    nothing, down = failing("a", Status.NOT_FOUND, "no such file"), failing("b", Status.UNAVAILABLE, "refused")
    assert joined([nothing]).outcome.complete
    whole = joined([nothing, down]).outcome
    assert (whole.status, whole.message) == (Status.UNAVAILABLE, "refused")


def test_listing_takes_the_name_by_which_a_host_is_known() -> None:
    renamed = Listing((LOG,), (HostOutcome("web-1", Status.OK), HostOutcome("web-2", Status.OK))).of_host("w1")
    assert [log.host for log in renamed.logs] == ["w1"]
    assert renamed.hosts == (HostOutcome("w1", Status.OK),)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_795_428_000_000_000_007, "2026-11-23T10:00:00.000000007Z"),
        (-(10**20), "0001-01-01T00:00:00.000000000Z"),
        (10**21, "9999-12-31T23:59:59.000000000Z"),
    ],
)
def test_moments_are_rfc3339_with_years_of_four_digits(moment: int, text: str) -> None:
    assert rfc3339(moment) == text


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
MESSAGES = TEXTS.map(in_line)
MOMENTS = st.integers(-(2**59), 2**63)
FILES = st.builds(ListedFile, TEXTS, st.integers(0, 2**63 - 1), MOMENTS, st.booleans())
LOGS = st.builds(
    ListedLog,
    TEXTS,
    TEXTS,
    st.lists(FILES, min_size=1, max_size=3).map(tuple),
    st.none() | MOMENTS,
    st.none() | MOMENTS,
    st.lists(TEXTS, max_size=2).map(tuple),
    TEXTS,
    st.none() | st.booleans(),
    MESSAGES,
    st.none(),
    st.sampled_from(Status),
)
LISTINGS = st.builds(
    Listing,
    st.lists(LOGS, max_size=3).map(tuple),
    st.lists(st.builds(HostOutcome, TEXTS, st.sampled_from(Status), MESSAGES, st.just(0)), max_size=2).map(tuple),
)


@given(LISTINGS)
def test_listing_is_the_same_after_its_way_as_json(listing: Listing) -> None:
    assert from_json(json.loads(json.dumps(to_json(listing)))) == listing


def test_name_that_is_not_utf8_can_be_encoded() -> None:
    document = to_json(Listing((ListedLog("a", "caf\udce9.log", (ListedFile("caf\udce9.log", 0, 0),)),), ()))
    assert document["files"][0]["name"] == "caf\\xe9.log"
    json.dumps(document, ensure_ascii=False).encode()


def changed(**members: Any) -> dict[str, Any]:
    document = to_json(Listing((LOG,), (HostOutcome("web-1", Status.OK),)))
    document["files"][0] |= members
    return document


@pytest.mark.parametrize(
    "document",
    [
        *(None, [], "x", 1, {}, {"files": []}, {"files": {}, "hosts": []}, {"files": [1], "hosts": []}),
        *(changed(name=1), changed(generations=[]), changed(generations=[{}]), changed(oldest="yesterday")),
        *(changed(timed=1), changed(formats="iso"), changed(host=None), changed(zone=None), changed(message=None)),
        *({"files": [], "hosts": [{"host": "a", "status": 99, "message": ""}]}, {"files": [], "hosts": ["a"]}),
        {"files": [], "hosts": [{"host": "a", "status": True, "message": ""}]},
    ],
)
def test_document_that_is_no_listing_is_refused(document: object) -> None:
    with pytest.raises(BadListing):
        from_json(document)


@pytest.mark.parametrize(
    ("hosts", "logs", "denied"),
    [
        ((Status.PERMISSION_DENIED,), (), True),
        (
            (Status.PERMISSION_DENIED, Status.NOT_FOUND),
            (replace(LOG, timed=None, status=Status.PERMISSION_DENIED),),
            True,
        ),
        ((Status.PERMISSION_DENIED,), (LOG,), False),
        ((Status.PERMISSION_DENIED,), (replace(LOG, status=Status.PERMISSION_DENIED),), False),
        ((Status.PERMISSION_DENIED, Status.UNAVAILABLE), (), False),
        ((Status.NOT_FOUND,), (), False),
        ((Status.OK, Status.PERMISSION_DENIED), (), False),
    ],
)
def test_listing_is_denied_where_nothing_may_be_read_and_nothing_else_failed(
    hosts: tuple[Status, ...], logs: tuple[ListedLog, ...], denied: bool
) -> None:
    assert Listing(logs, tuple(HostOutcome("web-1", status) for status in hosts)).is_denied_by("web-1") is denied


def test_what_another_host_denies_is_not_denied_by_this_one() -> None:
    assert not Listing((), (HostOutcome("web-2", Status.PERMISSION_DENIED),)).is_denied_by("web-1")


def test_a_log_of_an_unknown_status_is_no_listing() -> None:
    document = to_json(Listing((LOG,), ()))
    document["files"][0]["status"] = 99
    with pytest.raises(BadListing):
        from_json(document)
