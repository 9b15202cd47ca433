"""Outcomes: what they say, and causes as one message."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logagent.core.notes import Note
from logagent.core.outcome import Failure, HostOutcome, Outcome, Status, failed, joined_causes
from logagent.core.wire.verdict import from_trailers, to_trailers


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.OK])
def test_only_ok_is_complete(status: Status) -> None:
    assert not Outcome(status).complete
    assert Outcome().complete


def test_a_failure_becomes_an_outcome_with_what_was_done_until_then() -> None:
    outcome = failed(Failure(Status.DATA_LOSS, "a.log: damaged"), lines=3, bytes_scanned=99)
    assert outcome == Outcome(Status.DATA_LOSS, "a.log: damaged", 3, 99)


def test_an_outcome_as_the_share_of_a_host_has_one_part_that_says_the_same() -> None:
    share = Outcome(Status.DATA_LOSS, "a.log: damaged", 3, 99, timings={"scan": 1}).of_host("web-1")
    assert share.hosts == (HostOutcome("web-1", Status.DATA_LOSS, "a.log: damaged", 3),)
    assert (share.status, share.message, share.lines, share.bytes_scanned) == (
        Status.DATA_LOSS,
        "a.log: damaged",
        3,
        99,
    )


def test_the_share_of_a_host_has_the_hosts_notes() -> None:
    assert Outcome(notes=(Note("times", ("a",), 1),)).of_host("web-1").notes == (Note("times", ("a",), 1, "web-1"),)


def test_statuses_are_those_of_grpc() -> None:
    assert {status.name: int(status) for status in Status} == {
        "OK": 0,
        "CANCELLED": 1,
        "DEADLINE_EXCEEDED": 4,
        "NOT_FOUND": 5,
        "PERMISSION_DENIED": 7,
        "RESOURCE_EXHAUSTED": 8,
        "INTERNAL": 13,
        "UNAVAILABLE": 14,
        "DATA_LOSS": 15,
    }


def test_causes_that_were_counted_before_stay_counted() -> None:
    messages = ["a: damaged; b: damaged; and 7 more", "b: damaged; c: damaged", "", "d: damaged; and 1 more"]
    assert joined_causes(messages) == "a: damaged; b: damaged; c: damaged; d: damaged; and 8 more"


@given(st.lists(st.text(st.sampled_from("a%é日"), min_size=1, max_size=300), max_size=9, unique=True))
@example([f"{number}日" * 60 for number in range(7)])
@example(["日" * 300, "a"])
def test_the_count_of_causes_fits_into_a_trailer_however_long_they_are(causes: list[str]) -> None:
    message = joined_causes(causes)
    sent = from_trailers(dict(to_trailers(Outcome(Status.DATA_LOSS, message)))).message
    named, _, count = sent.rpartition("; and ")
    if not count.endswith(" more"):
        named, count = sent, "0 more"
    assert len(named.split("; ")) + int(count.split()[0]) == max(1, len(causes))
    assert len(causes) < 2 or sent == message.strip()
