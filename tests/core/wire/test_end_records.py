"""The verdict as the last record of a body: what it holds, and that it is read back."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.escapes import in_line
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status, Untold
from logagent.core.wire.end_records import end_record, from_end_record
from logagent.core.wire.verdict import BadVerdict

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TIMES = Note("times", ("a.log",), 1, "web-1")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MESSAGES = TEXTS.map(in_line)
COUNTS = st.integers(0, 10**18)
STAGES = st.dictionaries(st.sampled_from(["open", "scan", "merge"]), st.integers(0, 10**9).map(lambda us: us * 1000))
PARTS = st.builds(HostOutcome, TEXTS, st.sampled_from(Status), MESSAGES, COUNTS)
NOTES = st.builds(Note, TEXTS, st.lists(TEXTS, max_size=3).map(tuple), COUNTS, TEXTS)
OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(Status),
    MESSAGES,
    COUNTS,
    COUNTS,
    st.lists(PARTS, max_size=4).map(tuple),
    STAGES,
    st.text("abcXYZ019-_", max_size=30),
    st.lists(NOTES, max_size=3).map(tuple),
    st.sampled_from(["", "ab" * 16]),
    st.sampled_from([Untold(), Untold(9, 0, 0), Untold(9, 4, 2), Untold(0, 0, 2)]),
)


def test_the_end_record_holds_the_whole_verdict() -> None:
    parts = (HostOutcome("web-1", Status.OK, lines=2), HostOutcome("db-2", Status.UNAVAILABLE, "cannot connect"))
    outcome = Outcome(Status.UNAVAILABLE, "db-2: cannot connect", 2, 99, parts, {"scan": 1_234_567}, "AbC", (TIMES,))
    record: dict[str, Any] = {
        "status": 14,
        "message": "db-2: cannot connect",
        "complete": False,
        "lines": 2,
        "bytes_scanned": 99,
        "cursor": "AbC",
        "hosts": [
            {"host": "db-2", "status": 14, "lines": 0, "message": "cannot connect"},
            {"host": "web-1", "status": 0, "lines": 2, "message": ""},
        ],
        "notes": [{"host": "web-1", "kind": "times", "count": 1, "files": ["a.log"], "message": TIMES.sentence}],
        "timings_ms": {"scan": 1.235},
        "trace_id": "ab" * 16,
    }
    assert end_record(replace(outcome, trace="ab" * 16)) == {"end": record}
    assert end_record(outcome) == {"end": record | {"trace_id": None}}


def test_the_end_record_leaves_no_host_out() -> None:
    parts = tuple(HostOutcome(f"web-{number:04}", Status.OK) for number in range(2000))
    assert len(end_record(Outcome(hosts=parts))["end"]["hosts"]) == 2000


def test_the_end_record_has_null_for_a_cursor_that_there_is_not() -> None:
    assert end_record(Outcome())["end"]["cursor"] is None


@QUICK
@given(OUTCOMES)
def test_an_outcome_is_read_back_from_its_end_record(outcome: Outcome) -> None:
    read = from_end_record(json.loads(json.dumps(end_record(outcome)))["end"])
    assert replace(read, hosts=()) == replace(outcome, hosts=())
    assert Counter(read.hosts) == Counter(outcome.hosts)


def test_what_an_older_agent_does_not_tell_may_be_missing() -> None:
    assert from_end_record({"status": 0, "lines": 2, "bytes_scanned": 9}) == Outcome(lines=2, bytes_scanned=9)


END = end_record(Outcome(hosts=(HostOutcome("web-1", Status.OK),), notes=(TIMES,)))["end"]


@pytest.mark.parametrize(
    "end",
    [
        None,
        [],
        {},
        END | {"status": 99},
        END | {"status": True},
        END | {"status": "0"},
        END | {"lines": -1},
        END | {"lines": None},
        END | {"message": 5},
        END | {"message": "\ud800"},
        END | {"complete": False},
        END | {"complete": "true"},
        END | {"status": 14},
        END | {"hosts": {}},
        END | {"hosts": [{"host": "web-1"}]},
        END | {"notes": [{"kind": "times"}]},
        END | {"timings_ms": []},
        END | {"cursor": 7},
        END | {"hosts_omitted": -1},
        END | {"hosts_omitted": "7"},
    ],
)
def test_what_is_no_verdict_is_refused(end: object) -> None:
    with pytest.raises(BadVerdict):
        from_end_record(end)


def test_timings_that_are_none_are_left_out() -> None:
    told = {"scan": 1.5, "open": "fast", "seek": float("nan"), "merge": -1, "huge": 10**400}
    assert from_end_record(END | {"timings_ms": told}).timings == {"scan": 1_500_000}
