"""The verdict: trailers that any client can take, and that an agent reads back."""

from __future__ import annotations

import string
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from logagent.core.escapes import in_line
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status, Untold
from logagent.core.wire.verdict import (
    MAX_HOSTS,
    MAX_MESSAGE,
    MAX_NOTES,
    TRAILERS,
    BadVerdict,
    first_of_each_kind,
    from_trailers,
    to_trailers,
)

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SPOKEN = st.characters(exclude_categories=["Cs"])
# Space around a field's value is not part of it (RFC 9110, section 5.5), so that a message has none.
MESSAGES = st.text(SPOKEN, max_size=30).map(str.strip).map(in_line)
COUNTS = st.integers(0, 10**18)
STAGES = st.dictionaries(st.sampled_from(["open", "scan", "merge"]), st.integers(0, 10**9).map(lambda us: us * 1000))
PARTS = st.builds(HostOutcome, st.text(SPOKEN, max_size=20), st.sampled_from(Status), MESSAGES, COUNTS)


def outcomes(texts: st.SearchStrategy[str], parts: st.SearchStrategy[HostOutcome]) -> st.SearchStrategy[Outcome]:
    hosts = st.lists(parts, max_size=4).map(tuple)
    cursors = st.text("abcXYZ019-_", max_size=30)
    notes = st.lists(st.builds(Note, texts, st.lists(texts, max_size=3).map(tuple), COUNTS, texts), max_size=3).map(
        tuple
    )
    return st.builds(Outcome, st.sampled_from(Status), texts, COUNTS, COUNTS, hosts, STAGES, cursors, notes)


ANYTHING = st.text(max_size=700)
NASTY = st.text('"\\\n\r\t\0 %,;=ü\udc80', max_size=700)
WILD = outcomes(
    ANYTHING | NASTY, st.builds(HostOutcome, ANYTHING | NASTY, st.sampled_from(Status), ANYTHING | NASTY, COUNTS)
)


TIMES = Note("times", ("a.log",), 1, "web-1")


def trailers(outcome: Outcome) -> dict[str, str]:
    return dict(to_trailers(outcome))


def hosts(*parts: HostOutcome) -> str:
    return trailers(Outcome(hosts=parts))["log-hosts"]


@QUICK
@given(outcomes(MESSAGES, PARTS))
def test_an_outcome_is_read_back_from_its_trailers(outcome: Outcome) -> None:
    read = from_trailers(trailers(outcome))
    assert replace(read, hosts=()) == replace(outcome, hosts=())
    assert Counter(read.hosts) == Counter(outcome.hosts)


@QUICK
@given(WILD)
@example(Outcome(Status.INTERNAL, ' "\\\r\nlog-status: 0'))
def test_trailers_are_printable_ascii_whatever_an_outcome_says(outcome: Outcome) -> None:
    printable = set(string.printable) - set(string.whitespace) | {" "}
    for name, value in to_trailers(outcome):
        assert set(value) <= printable, name
        assert value == value.strip(), name


@QUICK
@given(WILD)
def test_trailers_are_bounded_whatever_an_outcome_says(outcome: Outcome) -> None:
    sent = trailers(outcome)
    assert len(sent["log-message"]) <= MAX_MESSAGE
    assert len(sent["log-hosts"]) <= MAX_HOSTS
    assert len(sent.get("log-notes", "")) <= MAX_NOTES
    assert sum(len(name) + len(value) + 4 for name, value in sent.items()) < 4096 + MAX_NOTES


@QUICK
@given(WILD)
def test_a_verdict_can_be_read_back_whatever_an_outcome_says(outcome: Outcome) -> None:
    read = from_trailers(trailers(outcome))
    assert (read.status, read.lines, read.complete) == (outcome.status, outcome.lines, outcome.complete)
    assert len(read.hosts) + int(trailers(outcome).get("log-hosts-omitted", "0")) == len(outcome.hosts)
    assert len(read.notes) + int(trailers(outcome).get("log-notes-omitted", "0")) == len(outcome.notes)
    told = first_of_each_kind(outcome.notes) if len(read.notes) < len(outcome.notes) else outcome.notes
    assert [note.count for note in read.notes] == [note.count for note in told[: len(read.notes)]]


@QUICK
@given(WILD)
def test_all_trailers_are_announced(outcome: Outcome) -> None:
    assert trailers(outcome).keys() <= set(TRAILERS)
    assert set(TRAILERS) - trailers(outcome).keys() <= {
        "log-hosts-omitted",
        "log-hosts-failed",
        "log-notes",
        "log-notes-omitted",
    }


def test_a_complete_answer_says_so() -> None:
    outcome = Outcome(lines=12, bytes_scanned=345, timings={"open": 1_000_000, "scan": 2_345_678})
    assert to_trailers(replace(outcome, hosts=(HostOutcome("web-1", Status.OK, lines=12),))) == [
        ("log-status", "0"),
        ("log-message", ""),
        ("log-complete", "true"),
        ("log-lines", "12"),
        ("log-bytes-scanned", "345"),
        ("log-cursor", ""),
        ("log-hosts", '"web-1";status=0;lines=12'),
        ("server-timing", "open;dur=1.000, scan;dur=2.346"),
    ]


def test_an_incomplete_answer_says_so() -> None:
    sent = trailers(Outcome(Status.UNAVAILABLE, "db-2: cannot connect"))
    assert (sent["log-status"], sent["log-complete"]) == ("14", "false")
    assert sent["log-message"] == "db-2: cannot connect"


def test_a_message_is_percent_encoded_where_it_leaves_ascii() -> None:
    assert trailers(Outcome(message="100% für alle"))["log-message"] == "100%25 f%C3%BCr alle"


def test_a_message_forges_no_line_when_it_is_decoded() -> None:
    part = HostOutcome("web-1", Status.UNAVAILABLE, "a\u2028b")
    sent = trailers(Outcome(Status.UNAVAILABLE, "no\nlog-status: 0\x85", hosts=(part,)))
    assert sent["log-message"] == r"no\x0alog-status: 0\x85"
    assert sent["log-hosts"] == r'"web-1";status=14;lines=0;message="a\\u2028b"'


def test_a_name_is_a_structured_fields_string() -> None:
    assert hosts(HostOutcome('a"b\\c', Status.OK)) == r'"a\"b\\c";status=0;lines=0'


def test_failing_hosts_come_first_then_those_without_the_file_then_the_rest() -> None:
    statuses = {"d": Status.OK, "c": Status.NOT_FOUND, "b": Status.UNAVAILABLE, "a": Status.OK, "e": Status.INTERNAL}
    sent = hosts(*(HostOutcome(host, status) for host, status in statuses.items()))
    assert [member[1] for member in sent.split(", ")] == ["b", "e", "c", "a", "d"]


def test_hosts_that_do_not_fit_are_counted_and_the_failing_ones_kept() -> None:
    parts = [HostOutcome(f"web-{number:03}", Status.OK, lines=number) for number in range(500)]
    parts.append(HostOutcome("zeta", Status.UNAVAILABLE, "cannot connect"))
    sent = trailers(Outcome(hosts=tuple(parts)))
    members = sent["log-hosts"].split(", ")
    assert members[0] == '"zeta";status=14;lines=0;message="cannot connect"'
    assert len(members) > 50
    assert len(sent["log-hosts"]) <= MAX_HOSTS
    assert int(sent["log-hosts-omitted"]) == len(parts) - len(members)


def test_all_hosts_that_failed_are_counted_where_not_all_are_named() -> None:
    parts = [HostOutcome(f"web-{number:03}", Status.UNAVAILABLE, "cannot connect") for number in range(200)]
    parts += [HostOutcome(f"app-{number:03}", Status.OK) for number in range(300)]
    sent = trailers(Outcome(Status.UNAVAILABLE, hosts=tuple(parts)))
    read = from_trailers(sent)
    assert sent["log-hosts-failed"] == "200"
    assert read.omitted == Untold(500 - len(read.hosts), 200 - len(read.hosts), 0)


def test_what_other_agents_left_out_is_added_to_what_is_left_out_here() -> None:
    parts = tuple(HostOutcome(f"web-{number:03}", Status.UNAVAILABLE, "x" * 50) for number in range(100))
    sent = trailers(Outcome(Status.UNAVAILABLE, hosts=parts, omitted=Untold(900, 70, 5)))
    listed = len(from_trailers(sent).hosts)
    assert int(sent["log-hosts-omitted"]) == 1000 - listed
    assert (sent["log-hosts-failed"], sent["log-notes-omitted"]) == ("170", "5")
    assert from_trailers(sent).omitted == Untold(1000 - listed, 170 - listed, 5)


def test_an_older_agent_does_not_say_how_many_of_those_left_out_failed() -> None:
    assert from_trailers({"log-status": "0", "log-hosts-omitted": "7"}).omitted == Untold(7)


def test_no_kind_of_note_is_left_out_for_want_of_room() -> None:
    notes = [Note("link", ("x" * 150,), 1, f"web-{number:03}") for number in range(100)]
    read = from_trailers(trailers(Outcome(notes=(*notes, TIMES)))).notes
    assert read[:2] == (notes[0], TIMES)


def test_notes_are_a_list_of_inner_lists_of_names() -> None:
    notes = (TIMES, Note("unreadable", ('a "b"\\', "für"), 12, "db-2"))
    sent = trailers(Outcome(notes=notes))
    assert sent["log-notes"] == (
        '("a.log");kind="times";count=1;host="web-1", '
        r'("a \"b\"\\" "f%C3%BCr");kind="unreadable";count=12;host="db-2"'
    )
    assert from_trailers(sent).notes == notes


def test_a_note_makes_no_answer_incomplete() -> None:
    sent = trailers(Outcome(notes=(TIMES,)))
    assert (sent["log-status"], sent["log-complete"]) == ("0", "true")


def test_an_answer_without_notes_has_no_trailer_of_them() -> None:
    assert "log-notes" not in trailers(Outcome())
    assert from_trailers({"log-status": "0"}).notes == ()


def test_notes_that_do_not_fit_are_counted() -> None:
    notes = tuple(Note("times", ("x" * 150,), 1, f"web-{number:03}") for number in range(100))
    sent = trailers(Outcome(notes=notes))
    read = from_trailers(sent).notes
    assert read == notes[: len(read)]
    assert len(read) > 5
    assert int(sent["log-notes-omitted"]) == 100 - len(read)


def test_notes_of_no_file_and_of_a_kind_that_is_not_known_are_read() -> None:
    notes = (Note("new-kind", (), 3, "a"), Note("times", (), 1))
    assert from_trailers(trailers(Outcome(notes=notes))).notes == notes


def test_hosts_that_fit_are_not_said_to_be_omitted() -> None:
    assert "log-hosts-omitted" not in trailers(Outcome(hosts=(HostOutcome("a", Status.OK),)))


@pytest.mark.parametrize("character", ["x", "ü", "%", "\U0001f4dc"])
def test_a_long_message_is_cut_at_a_whole_character_and_shows_it(character: str) -> None:
    sent = trailers(Outcome(message=character * 1000))
    message = from_trailers(sent).message
    assert len(sent["log-message"]) <= MAX_MESSAGE
    assert message.endswith("...")
    assert set(message[:-3]) == {character}


def test_trailers_without_a_status_are_no_verdict() -> None:
    with pytest.raises(BadVerdict, match="no log-status"):
        from_trailers({"log-complete": "true"})


def test_a_status_alone_is_a_verdict() -> None:
    assert from_trailers({"log-status": "14"}) == Outcome(Status.UNAVAILABLE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log-status", ""),
        ("log-status", "OK"),
        ("log-status", "2"),
        ("log-status", "-1"),
        ("log-status", "0.0"),
        ("log-lines", "many"),
        ("log-lines", ""),
        ("log-lines", "-1"),
        ("log-lines", "9" * 5000),
        ("log-bytes-scanned", "1e3"),
        ("log-bytes-scanned", "-1"),
        ("log-hosts", "web-1;status=0"),
        ("log-hosts", '"web-1'),
        ("log-hosts", '"web-1";status=0 "web-2";status=0'),
        ("log-hosts", '"web-1";status=2'),
        ("log-hosts", '"web-1";status="ok"'),
        ("log-hosts", '"web-1";lines=-1'),
        ("log-hosts", '"web-1";status=' + "9" * 5000),
        ("log-hosts", ', "web-1";status=0'),
        ("log-notes", '"a.log";kind="times";count=1'),
        ("log-notes", '("a.log);kind="times";count=1'),
        ("log-notes", '("a.log");kind="times"'),
        ("log-notes", '("a.log");kind="times";count=1 ("b.log");kind="times";count=1'),
    ],
)
def test_a_wrong_value_is_no_verdict(name: str, value: str) -> None:
    with pytest.raises(BadVerdict):
        from_trailers({"log-status": "0", name: value})


@pytest.mark.parametrize("timing", ["", "scan", "scan;dur=", "scan;desc=x", "merge;dur=" + "9" * 400, "\0;dur=1"])
def test_timings_that_cannot_be_read_are_left_out(timing: str) -> None:
    assert from_trailers({"log-status": "0", "server-timing": timing}).timings == {}


GARBAGE = st.text(max_size=60) | st.text('"\\;=,%statuslinesmessage0123456789. ', max_size=60)


@QUICK
@given(st.dictionaries(st.sampled_from(TRAILERS), GARBAGE))
def test_garbage_raises_nothing_but_bad_verdicts(sent: dict[str, str]) -> None:
    try:
        outcome = from_trailers(sent)
    except BadVerdict:
        return
    assert isinstance(outcome.status, Status)


@QUICK
@given(outcomes(MESSAGES, PARTS), st.data())
def test_damaged_trailers_raise_nothing_but_bad_verdicts(outcome: Outcome, data: st.DataObject) -> None:
    sent = trailers(outcome)
    name = data.draw(st.sampled_from(sorted(sent)))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(sent[name]))] * 2)))
    sent[name] = sent[name][:start] + data.draw(GARBAGE) + sent[name][end:]
    try:
        read = from_trailers(sent)
    except BadVerdict:
        return
    assert isinstance(read.status, Status)


def test_a_long_list_of_hosts_that_is_damaged_at_its_end_is_refused_in_linear_time() -> None:
    damaged = '"' + r"\"" * 20_000 + ";status=0" * 2
    with pytest.raises(BadVerdict):
        from_trailers({"log-status": "0", "log-hosts": damaged})


def test_a_message_is_cut_at_512_bytes() -> None:
    assert trailers(Outcome(message="x" * 512))["log-message"] == "x" * 512
    assert trailers(Outcome(message="x" * 513))["log-message"] == "x" * 509 + "..."


def test_a_message_that_one_agent_cut_is_not_cut_again_by_the_next() -> None:
    cut = from_trailers(trailers(Outcome(message="x" * 507 + "\u00fc")))
    assert cut.message == "x" * 507 + "..."
    assert from_trailers(trailers(cut)).message == cut.message


def test_hosts_that_fit_exactly_are_not_left_out() -> None:
    room = MAX_HOSTS - len('"";status=0;lines=0, ')
    sent = trailers(Outcome(hosts=(HostOutcome("x" * room, Status.OK),)))
    assert len(sent["log-hosts"]) == MAX_HOSTS - len(", ")
    assert "log-hosts-omitted" not in sent
    assert trailers(Outcome(hosts=(HostOutcome("x" * (room + 1), Status.OK),)))["log-hosts-omitted"] == "1"
