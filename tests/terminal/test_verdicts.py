"""The verdict as an exit code, and as lines for people."""

from __future__ import annotations

from dataclasses import replace

import pytest

from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status, Untold
from logagent.terminal.verdicts import FAILED, FOUND, MOST_LINES, NOTHING, PARTIAL, exit_code, talk
from logagent.web.access import NO_PROOF

OK = HostOutcome("web-1", Status.OK, lines=2)
EMPTY = HostOutcome("web-2", Status.OK)
LACKING = HostOutcome("web-3", Status.NOT_FOUND, "no such file")
DOWN = HostOutcome("db-2", Status.UNAVAILABLE, "connection refused")
SPENT = HostOutcome("db-3", Status.DEADLINE_EXCEEDED, "ran out of time")


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(lines=2, hosts=(OK,)), FOUND),
        (Outcome(hosts=(EMPTY,)), NOTHING),
        (Outcome(lines=2, hosts=(OK, LACKING)), FOUND),
        (Outcome(Status.UNAVAILABLE, lines=2, hosts=(OK, DOWN)), PARTIAL),
        (Outcome(Status.UNAVAILABLE, hosts=(EMPTY, DOWN)), PARTIAL),
        (Outcome(Status.DEADLINE_EXCEEDED, hosts=(SPENT,)), PARTIAL),
        (Outcome(Status.UNAVAILABLE, "connection lost", lines=7), PARTIAL),
        (Outcome(Status.UNAVAILABLE, hosts=(DOWN,)), FAILED),
        (Outcome(Status.NOT_FOUND, hosts=(LACKING,)), FAILED),
        (Outcome(Status.NOT_FOUND, "no host named x"), FAILED),
        (Outcome(Status.UNAVAILABLE, "cannot connect"), FAILED),
    ],
)
def test_exit_code_is_the_verdict(outcome: Outcome, code: int) -> None:
    assert exit_code(outcome) == code


def told(outcome: Outcome, *, verbose: bool = False) -> list[str]:
    return talk(outcome, agent="http://a:1", verbose=verbose)


def test_complete_answer_is_not_talked_about() -> None:
    assert told(Outcome(lines=2, hosts=(OK, LACKING))) == []


def test_the_trace_of_an_answer_that_lacks_something_is_told() -> None:
    outcome = Outcome(Status.UNAVAILABLE, lines=2, hosts=(OK, DOWN), trace="ab" * 16)
    assert told(outcome)[-1] == f"partial answer: 1 of 2 hosts failed (trace {'ab' * 16})"
    assert told(Outcome(lines=2, hosts=(OK,), trace="ab" * 16)) == []


def test_notes_are_told_after_hosts_and_change_no_exit_code() -> None:
    notes = (Note("link", ("a",), 1, "web-1"), Note("link", ("b",), 1))
    outcome = Outcome(Status.UNAVAILABLE, lines=2, hosts=(OK, DOWN), notes=notes)
    assert told(outcome) == [
        "db-2: connection refused (UNAVAILABLE)",
        f"note: web-1: {notes[0].sentence}",
        f"note: http://a:1: {notes[1].sentence}",
        "partial answer: 1 of 2 hosts failed",
    ]
    assert exit_code(Outcome(lines=2, hosts=(OK,), notes=notes)) == FOUND
    assert exit_code(Outcome(hosts=(EMPTY,), notes=notes)) == NOTHING


def test_failing_hosts_are_named_before_the_whole() -> None:
    outcome = Outcome(Status.UNAVAILABLE, "connection refused", 2, hosts=(OK, DOWN, EMPTY, SPENT))
    assert told(outcome) == [
        "db-2: connection refused (UNAVAILABLE)",
        "db-3: ran out of time (DEADLINE_EXCEEDED)",
        "partial answer: 2 of 4 hosts failed",
    ]


def test_agent_that_cannot_be_asked_is_named() -> None:
    outcome = Outcome(Status.UNAVAILABLE, "cannot connect")
    assert told(outcome) == ["no answer: http://a:1: cannot connect (UNAVAILABLE)"]


@pytest.mark.parametrize(
    ("agent", "message", "said"),
    [
        ("http://127.0.0.1:8000", "cannot connect: connection refused", ["nothing listens there"]),
        ("https://web-1:8443", f"refuses who asks: {NO_PROOF}", ["--token-file FILE shows a token"]),
        ("https://[::1]:8443", "cannot connect: connection refused", ["nothing listens there"]),
        ("http://web-1", "cannot connect: connection refused", ["a URL without a port means port 80"]),
        ("https://[::1]", "cannot connect: connection refused", ["a URL without a port means port 80"]),
        ("unix:/run/agent.sock", "cannot connect: connection refused", []),
        ("http://127.0.0.1:8000", "connection lost", []),
    ],
)
def test_what_to_do_where_no_agent_listens(agent: str, message: str, said: list[str]) -> None:
    lines = talk(Outcome(Status.UNAVAILABLE, message), agent=agent, verbose=False)
    assert lines[0] == f"no answer: {agent}: {message} (UNAVAILABLE)"
    assert [line[: len(start)] for line, start in zip(lines[1:], said, strict=True)] == said


def test_file_that_no_host_has_is_told_once() -> None:
    outcome = Outcome(Status.NOT_FOUND, "no file fits x", hosts=(LACKING, LACKING))
    assert told(outcome) == ["no answer: no file fits x (NOT_FOUND)"]


def test_verbose_tells_of_every_host_and_what_it_took() -> None:
    assert told(Outcome(lines=2, bytes_scanned=99, hosts=(OK, LACKING)), verbose=True) == [
        "web-1: 2 lines (OK)",
        "web-3: no such file (NOT_FOUND)",
        "2 lines, 99 bytes of log read",
    ]


def test_a_cursor_is_printed_where_it_is_wanted_or_a_budget_is_spent() -> None:
    outcome = Outcome(Status.RESOURCE_EXHAUSTED, "max_bytes=1 reached", cursor="x" * 5000)
    assert talk(outcome, agent="a", verbose=False)[-1] == (
        "to continue from there: --show-cursor prints the cursor, which is long"
    )
    assert talk(outcome, agent="a", verbose=False, cursor=True)[-1] == f"to continue from there: --cursor {'x' * 5000}"
    whole = Outcome(lines=1, cursor="x")
    assert talk(whole, agent="a", verbose=True) == ["1 line, 0 bytes of log read"]
    assert talk(whole, agent="a", verbose=False, cursor=True) == ["to continue from there: --cursor x"]


def test_hosts_that_share_a_reason_are_one_line() -> None:
    refused = [HostOutcome(f"db-{n}", Status.UNAVAILABLE, f"refused, {n} s ago") for n in range(1, 9)]
    late = [HostOutcome(f"web-{n}", Status.DEADLINE_EXCEEDED, "ran out of time") for n in (7, 9)]
    fine = [HostOutcome(f"app-{n}", Status.OK, lines=2) for n in range(990)]
    outcome = Outcome(Status.UNAVAILABLE, "told", 2, hosts=(*refused, *late, *fine))
    failed = [
        "8 hosts (db-1, db-2, db-3 and 5 more): refused, 1 to 8 s ago (UNAVAILABLE)",
        "web-7: ran out of time (DEADLINE_EXCEEDED)",
        "web-9: ran out of time (DEADLINE_EXCEEDED)",
    ]
    assert told(outcome) == [*failed, "partial answer: 10 of 1,000 hosts failed"]
    assert told(outcome, verbose=True)[:-2] == [*failed, "990 hosts (app-0, app-1, app-2 and 987 more): 2 lines (OK)"]


def test_a_thousand_reasons_are_no_thousand_lines() -> None:
    parts = [HostOutcome(f"web-{n}", Status.UNAVAILABLE, f"broken {'x' * n}") for n in range(1000)]
    lines = told(Outcome(Status.UNAVAILABLE, "told", hosts=tuple(parts)))
    assert len(lines) == MOST_LINES + 2
    assert lines[-2:] == ["and 980 more", "no answer: 1,000 of 1,000 hosts failed"]


def test_hosts_that_the_verdict_had_no_room_for_are_told_by_its_message() -> None:
    parts = [HostOutcome(f"web-{n}", Status.UNAVAILABLE, "gone") for n in range(40)]
    outcome = Outcome(Status.UNAVAILABLE, "90 of 1,000 hosts failed: gone (web-0)", 2, hosts=tuple(parts))
    lines = told(replace(outcome, omitted=Untold(960, 50, 7)))
    assert lines == ["note: 7 more notes had no room", "partial answer: 90 of 1,000 hosts failed: gone (web-0)"]
    lines = told(replace(outcome, omitted=Untold(960)))
    assert lines[-1] == "partial answer: 40 of 1,000 hosts failed"


def test_notes_of_one_kind_of_many_hosts_are_one_line() -> None:
    notes = [Note("link", (f"{n}.log",), 2, f"web-{n}") for n in range(1000)]
    (line,) = told(Outcome(lines=2, hosts=(OK,), notes=tuple(notes)))
    assert line == (
        "note: 1,000 hosts (web-0, web-1, web-2 and 997 more): 2000 links that lead out of the served roots "
        "were left out: 0.log, 1.log, 10.log, 100.log, 101.log and 1995 more"
    )
