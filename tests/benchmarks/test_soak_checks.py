"""That the soak test's checks find what is wrong, and only that."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from soaking import agreeing, checking
from soaking.account import Account, Ending
from soaking.agreeing import OwnLog
from soaking.checking import Came, Wanted
from soaking.follows import Followed
from soaking.writing import LIVE, Extent, line

from logagent.core.outcome import HostOutcome, Outcome, Status

BEGIN = datetime(2026, 11, 30, tzinfo=UTC)
WANTED = Wanted(LIVE, frozenset({"a", "b"}), frozenset({"c"}))
PLACES = [("a", LIVE), ("b", LIVE), ("c", LIVE)]
BEFORE, AFTER = dict.fromkeys(PLACES, Extent(0, 30)), dict.fromkeys(PLACES, Extent(10, 32))


def lines(*numbers: int, host: str = "a") -> list[bytes]:
    chance = random.Random(1)
    made = [line(BEGIN + timedelta(seconds=number), host, LIVE, number, chance) for number in numbers]
    return [one.rstrip(b"\n") for one in made]


def merged(begin: int, end: int) -> list[bytes]:
    """The lines of both hosts, newest first."""
    return [one for number in range(end - 1, begin - 1, -1) for host in "ab" for one in lines(number, host=host)]


def faults(answer: Sequence[bytes], wanted: Wanted = WANTED, **verdict: Any) -> list[str]:
    told = Outcome(
        **{"lines": len(answer), "hosts": (HostOutcome("a", Status.OK), HostOutcome("b", Status.OK)), **verdict}
    )
    return list(checking.faults(checking.read(answer, LIVE), wanted, told, BEFORE, AFTER))


@pytest.mark.parametrize(("begin", "end"), [(10, 30), (0, 30), (5, 32)])
def test_a_whole_answer_may_hold_what_came_and_went_meanwhile(begin: int, end: int) -> None:
    assert faults(merged(begin, end)) == []
    assert faults(merged(begin, end)[::-1], replace(WANTED, oldest=True)) == []


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (merged(10, 29), "the newest line is 28"),
        (merged(11, 30), "the oldest line is 11"),
        (merged(20, 30) + merged(10, 19), "missing or too many"),
        ([*merged(10, 30), *merged(10, 11)], "come twice"),
        (lines(*range(29, 9, -1)), "b: nothing came"),
        (merged(10, 30)[::-1], "order of their times"),
        (merged(10, 33), "the newest line is 32"),
    ],
)
def test_what_is_lost_twice_or_out_of_order_is_a_fault(answer: list[bytes], wrong: str) -> None:
    assert any(wrong in fault for fault in faults(answer)), faults(answer)


def test_while_a_log_is_copied_and_truncated_its_lines_may_come_from_both_files_but_none_may_be_lost() -> None:
    copying = {place: extent._replace(copies=1) for place, extent in BEFORE.items()}
    told = Outcome(lines=40, hosts=(HostOutcome("a", Status.OK),))
    wanted = Wanted(LIVE, frozenset({"a"}))
    for numbers, count in (
        ([*range(29, 9, -1), *range(29, 9, -1)], 0),
        ([*range(29, 9, -1), *range(29, 11, -1), 29, 29], 0),
    ):
        came = checking.read(lines(*numbers), LIVE)
        assert len(list(checking.faults(came, wanted, told, copying, AFTER))) == count
        assert len(list(checking.faults(came, wanted, told, BEFORE, AFTER))) > count
    lost = checking.read(lines(*[*range(29, 20, -1), *range(19, 8, -1)] * 2), LIVE)
    assert any("missing" in fault for fault in checking.faults(lost, wanted, told, copying, AFTER))


def test_a_copy_that_is_being_made_may_end_within_a_line_and_nothing_else_may() -> None:
    copying = {place: extent._replace(copies=1) for place, extent in BEFORE.items()}
    told = Outcome(lines=41, hosts=(HostOutcome("a", Status.OK),))
    whole = lines(*range(29, 9, -1))
    for end in (1, 10, 19, 26, 27, 30, 50):
        seen = [*whole, whole[0][:end], *whole]
        came = checking.read(seen, LIVE, copies=1)
        assert list(checking.faults(came, Wanted(LIVE, frozenset({"a"})), told, copying, AFTER)) == [], end
        with pytest.raises(ValueError, match="no line of"):
            checking.read([*seen, whole[1][:end]], LIVE, copies=1)
    with pytest.raises(ValueError, match="no line of"):
        checking.read([*whole, whole[0][:10]], LIVE)
    with pytest.raises(ValueError, match="no line of"):
        checking.read([*whole, b"something else"], LIVE, copies=1)


def test_of_an_incomplete_answer_only_what_comes_twice_is_a_fault() -> None:
    assert faults(merged(15, 29), status=Status.UNAVAILABLE) == []
    assert len(faults([*merged(15, 29), *merged(15, 16)], status=Status.UNAVAILABLE)) == 2


def test_the_number_of_lines_and_the_hosts_of_the_verdict_count() -> None:
    assert len(faults(merged(10, 30), lines=39)) == 1
    assert len(faults(merged(20, 30), replace(WANTED, n=20))) == 0
    assert len(faults(merged(19, 30), replace(WANTED, n=20))) == 1
    assert "hosts ['a']" in faults(merged(10, 30), hosts=(HostOutcome("a", Status.OK),))[0]


def test_every_tenth_line_is_expected_of_its_word() -> None:
    tenth = [one for number in (20, 10) for host in "ab" for one in lines(number, host=host)]
    assert faults(tenth, replace(WANTED, step=10)) == []
    assert len(faults(tenth[:2], replace(WANTED, step=10))) == 2


def test_a_line_of_another_log_is_none() -> None:
    with pytest.raises(ValueError, match="no line of other"):
        checking.read(lines(1), "other.log")


def test_pages_and_counts() -> None:
    assert list(checking.continuing(Came({"a": [9, 8]}), Came({"a": [7, 6], "b": [3]}), 1)) == []
    assert len(list(checking.continuing(Came({"a": [9, 8]}), Came({"a": [6]}), 1))) == 1
    assert list(checking.counted({"a": 20, "b": 32}, WANTED, BEFORE, AFTER)) == []
    assert len(list(checking.counted({"a": 19, "b": 33}, WANTED, BEFORE, AFTER))) == 2


def record(number: int) -> dict[str, Any]:
    return {"host": "a", "file": f"{LIVE}.1", "offset": 0, "line": lines(number)[0].decode()}


def test_a_follow_may_leave_lines_out_only_where_a_notice_tells_of_a_loss() -> None:
    followed = Followed()
    assert [fault for number in (5, 6) for fault in followed.take(record(number))] == []
    assert "no notice tells" in next(followed.take(record(9)))
    assert list(followed.take({"notice": {"host": "a", "status": 15, "message": "lost"}})) == []
    assert list(followed.take(record(12))) == []
    assert "7 follows 12" in next(followed.take(record(7)))


def ended(trace: str, **more: Any) -> dict[str, Any]:
    return {
        "event": "ended",
        "trace_id": trace,
        "route": "/logs",
        "http_status": 200,
        "status": "OK",
        "complete": True,
        "seconds": 0.1,
        **more,
    }


def asked(account: Account, ending: Ending, status: int, verdict: int | None) -> str:
    one = account.begin("some", "GET", "/logs")
    one.ending, one.status, one.verdict = ending, status, verdict
    return one.trace


def test_the_log_has_to_tell_of_each_request_as_its_client_saw_it() -> None:
    account, own = Account(seed=1), OwnLog()
    whole, refused = asked(account, Ending.WHOLE, 200, 0), asked(account, Ending.REFUSED, 400, None)
    left, unsent = asked(account, Ending.LEFT, 200, None), asked(account, Ending.LEFT, 0, None)
    own.take(ended(whole))
    own.take({"event": "ended", "trace_id": refused, "route": "/logs", "http_status": 400, "reason": "bad"})
    own.take({"event": "ended", "trace_id": left, "route": "/logs", "client_left": True})
    assert list(agreeing.log_and_account(own, account)) == []
    for more in (ended(whole), ended("f" * 32), ended(unsent) | {"trace_id": left}):
        other = OwnLog({trace: list(ends) for trace, ends in own.ends.items()})
        other.take(more)
        assert len(list(agreeing.log_and_account(other, account))) == 1
    wrong = OwnLog({**own.ends, whole: [ended(whole, status="UNAVAILABLE")]})
    assert "the client saw" in next(agreeing.log_and_account(wrong, account))
    assert len(list(agreeing.log_and_account(OwnLog(), account))) == 3


def test_the_metrics_have_to_count_what_the_log_tells() -> None:
    own = OwnLog()
    for number, more in enumerate(
        ({}, {"follow": True}, {"route": "/healthz"}, {"http_status": 503, "reason": "full"})
    ):
        own.take(ended(str(number), **more))
    own.take({"event": "ended", "trace_id": "5", "route": "/nowhere", "client_left": True, "seconds": 0.1})
    own.take({"event": "ended", "trace_id": "6", "route": "/logs", "client_left": True})  # never looked at
    text = "\n".join(
        [
            "# TYPE logagent_queries_total counter",
            'logagent_queries_total{route="logs",scope="all",code="2xx",status="OK"} 1',
            'logagent_queries_total{route="logs",scope="all",code="5xx",status="none"} 1',
            'logagent_queries_total{route="follow",scope="all",code="2xx",status="OK"} 1',
            'logagent_queries_total{route="other",scope="all",code="none",status="CANCELLED"} 1',
            "# TYPE logagent_probes_total counter",
            'logagent_probes_total{route="healthz",code="2xx"} 1',
            'logagent_probes_total{route="metrics",code="2xx"} 7',
            "",
        ]
    )
    assert list(agreeing.metrics_and_log(text, own)) == []
    assert list(agreeing.metrics_and_log(text.replace('"OK"} 1', '"OK"} 2', 1), own)) == [
        "logs OK: 2 by the metrics, 1 by the log"
    ]


def test_a_peer_has_to_tell_of_complete_answers_that_it_was_asked_for() -> None:
    primary, peer = OwnLog(), OwnLog()
    for own in (primary, peer):
        own.take(ended("1"))
    primary.take({"event": "asked", "trace_id": "1", "asked_hosts": ["a", "b"]})
    assert list(agreeing.peer_and_primary(primary, "b", peer)) == []
    assert len(list(agreeing.peer_and_primary(primary, "b", OwnLog()))) == 1
