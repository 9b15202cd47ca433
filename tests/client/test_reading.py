"""Answers as they arrive, against an oracle that reads each line by itself, whatever the pieces."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from logagent.client import reading, splitting
from logagent.client.reading import AnswerReading, follow_reading, hits_reading, lines_reading
from logagent.client.records import BadRecord, Item, Live, Moved
from logagent.client.values import HitCount, LogLine, Verdict, verdict_of
from logagent.core.batch import SIGN_OF_LIFE, Batch, LineFlag, Notice, Origin, Position
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Order, Query
from logagent.core.rendering.event_stream import EventStream
from logagent.core.rendering.records import RecordsNdjson
from logagent.core.wire.coding import encoder
from logagent.core.wire.end_records import end_record

QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
TRACE = "ab" * 16
SECOND = 10**9

LINES = st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"\x85\xe2\x80\xa8")) | st.text(max_size=20).map(
    lambda text: text.replace("\n", "\u2028").encode("utf-8", "replace")
)
FIRST, LAST = -62_135_596_800 * SECOND, 253_402_300_799 * SECOND
TIMES = st.integers(FIRST, LAST) | st.integers(1_790_000_000 * SECOND, 1_790_000_003 * SECOND)
ORIGINS = st.builds(
    Origin, st.sampled_from(["web-1", "db-2"]), st.sampled_from(["a.log", "n\xfc\nme.log", "\udcff"]), st.booleans()
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    lines = draw(st.lists(LINES, min_size=1, max_size=8))
    count = len(lines)
    flags = st.sampled_from([0, 0, LineFlag.TRAILS, LineFlag.PARTIAL])
    return Batch(
        b"".join(line + b"\n" for line in lines),
        count,
        draw(st.lists(TIMES, min_size=count, max_size=count)),
        draw(st.lists(st.integers(0, 2**40), min_size=count, max_size=count)),
        (draw(ORIGINS),),
        flags=bytes(draw(st.lists(flags, min_size=count, max_size=count))) if draw(st.booleans()) else None,
    )


def in_pieces(body: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    return (body[begin:end] for begin, end in pairwise(places))


def values_of(read: AnswerReading[Any], pieces: Iterable[bytes], coding: str = "identity") -> list[Any]:
    """All values of an answer that arrives in pieces, and at the end its verdict."""
    read.begin({"content-type": read.media_type, "content-encoding": coding, "log-trace-id": TRACE})
    values = []
    for piece in pieces:
        read.receive(piece)
        while (value := read.take()) is not None:
            values.append(value)
    read.cut("it ended without a verdict")
    return [*values, read.verdict]


def by_json(line: str) -> LogLine | Verdict:
    """The oracle: what one line says, read by itself."""
    record = json.loads(line)
    if "end" in record:
        end = record["end"]
        return Verdict(Status(end["status"]), end["message"], end["lines"], trace_id=end["trace_id"] or "")
    raw = base64.b64decode(record["line_base64"]) if "line_base64" in record else None
    when = None
    if record["time"] is not None:
        whole = datetime.fromisoformat(record["time"][:19] + "+00:00") - datetime(1970, 1, 1, tzinfo=UTC)
        when = (whole.days * 86400 + whole.seconds) * SECOND + int(record["time"][20:29])
    return LogLine(
        when,
        record["host"],
        record["file"],
        record["line"] if raw is None else raw.decode("utf-8", "backslashreplace"),
        record["offset"],
        record.get("context", False),
        record.get("partial", False),
        "",
        raw,
    )


@QUICK
@given(st.lists(batches(), max_size=4), st.lists(st.integers(0)), st.sampled_from(["identity", "zstd"]))
def test_whatever_comes_in_whatever_pieces_is_what_each_line_says(
    sent: list[Batch], cuts: list[int], coding: str
) -> None:
    rendering, encoded = RecordsNdjson(), encoder(coding)
    lines = sum(batch.count for batch in sent)
    pieces = [*map(rendering.batch, sent), rendering.end(Outcome(lines=lines, trace=TRACE))]
    oracle = [by_json(line) for line in b"".join(pieces).decode().split("\n") if line]
    body = b"".join(map(encoded.encode, pieces)) + encoded.finish()
    assert values_of(lines_reading(), in_pieces(body, cuts), coding) == oracle
    bytes_of = [line for batch in sent for line in batch.lines()]
    assert [value.data for value in oracle if isinstance(value, LogLine)] == bytes_of


@QUICK
@given(st.lists(batches(), min_size=1, max_size=4), st.integers(0, 2**30))
def test_whatever_is_cut_off_is_not_complete(sent: list[Batch], cut: int) -> None:
    rendering = RecordsNdjson()
    body = b"".join([*map(rendering.batch, sent), rendering.end(Outcome(lines=sum(each.count for each in sent)))])
    *lines, verdict = values_of(lines_reading(), [body[: cut % len(body)]])  # without its last byte at least
    assert not verdict.complete
    assert verdict.status is Status.UNAVAILABLE
    assert verdict.message == "the answer was cut off: it ended without a verdict"
    assert (verdict.lines, verdict.trace_id) == (len(lines), TRACE)


@QUICK
@given(st.lists(batches(), max_size=4), st.lists(st.integers(0)))
def test_a_follow_is_its_records_with_their_cursors(sent: list[Batch], cuts: list[int]) -> None:
    query = Query.of(files=("*",), follow=True, order=Order.OLDEST, times=True, places=True)
    position = (Position("web-1", "a.log", 5, 0),)
    begins = replace(SIGN_OF_LIFE, positions=position, live=True)
    told = replace(SIGN_OF_LIFE, notices=(Notice("db-2", Status.UNAVAILABLE, "lost"),))
    stream = EventStream(follow=True, cursors=RecordCursors(query))
    body = b"".join(stream.batch(each) for each in [begins, SIGN_OF_LIFE, *sent, told]) + stream.end(Outcome())
    moved, live, *lines, notice, verdict = values_of(follow_reading(), in_pieces(body, cuts))
    assert isinstance(moved, Moved)
    assert moved.cursor
    assert (live, notice, verdict) == (Live(), Notice("db-2", Status.UNAVAILABLE, "lost"), Verdict(Status.OK))
    ndjson = RecordsNdjson(cursors=RecordCursors(query))
    ndjson.batch(begins)
    texts = b"".join(map(ndjson.batch, sent)).decode().split("\n")
    cursors = [json.loads(text).get("cursor", "") for text in texts if text]
    assert lines == [replace(by_json(text), cursor=cursor) for text, cursor in zip(texts, cursors, strict=False)]


END = json.dumps(end_record(Outcome(lines=1, trace=TRACE)))
LINE = '{"time":"2026-11-23T10:00:00.000000001Z","host":"web-1","file":"a.log","offset":5,"line":"one"}'


def said(*lines: str) -> list[Any]:
    return values_of(lines_reading(), ["".join(f"{line}\n" for line in lines).encode()])


def test_a_time_is_exact_and_aware() -> None:
    line, verdict = said(LINE, END)
    assert line.time_ns == 1_795_428_000 * SECOND + 1
    assert line.time == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert verdict == Verdict(Status.OK, lines=1, trace_id=TRACE)


@pytest.mark.parametrize("time", ["2026-11-23T11:00:00+01:00", "2026-11-23T10:00:00Z", "2026-11-23 10:00:00.0Z"])
def test_a_time_may_be_spelled_otherwise(time: str) -> None:
    line, _ = said(LINE.replace("2026-11-23T10:00:00.000000001Z", time), END)
    assert line.time == datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_an_event_has_lines_and_the_verdict_counts_them() -> None:
    event, verdict = said(LINE.replace("one", r"one\n\tat two"), END.replace('"lines": 1', '"lines": 2'))
    assert event.lines == ["one", "\tat two"]
    assert verdict.complete


def test_half_a_character_becomes_no_error() -> None:
    line, _ = said(LINE.replace("one", r"\ud800"), END)
    assert line.data == b"\xed\xa0\x80"


@pytest.mark.parametrize("cursor", ["", "AbC"])
def test_a_cursor_in_a_record_is_its_own(cursor: str) -> None:
    line, verdict = said(f'{LINE[:-1]},"cursor":"{cursor}"}}')
    assert (line.cursor, verdict.cursor) == (cursor, cursor)


def test_kinds_that_are_not_known_and_signs_of_life_are_passed_over() -> None:
    *lines, verdict = said('{"progress":{"host":"web-1"}}', '{"heartbeat":true}', '{"live":true}', "", LINE, END)
    assert len(lines) == 1
    assert verdict.complete


def test_lines_that_do_not_come_are_a_loss() -> None:
    _, verdict = said(LINE, END.replace('"lines": 1', '"lines": 3'))
    assert verdict.status is Status.DATA_LOSS
    assert verdict.message == "the agent sent 3 lines, of which 1 came"
    assert not verdict.complete


def test_a_failure_stays_what_it_is() -> None:
    parts = (HostOutcome("db-2", Status.UNAVAILABLE, "cannot connect: connection refused"),)
    outcome = Outcome(Status.UNAVAILABLE, "no", lines=1, hosts=parts, trace=TRACE)
    _, verdict = said(LINE, json.dumps(end_record(outcome)))
    assert verdict == verdict_of(outcome)
    assert verdict.failing == parts
    assert verdict.told == f"UNAVAILABLE: db-2: cannot connect: connection refused (trace {TRACE})"


@pytest.mark.parametrize(
    "record",
    [
        "x",
        "[]",
        "[" * 100_000,
        LINE.replace('"web-1"', "5"),
        LINE.replace('"a.log"', "null"),
        LINE.replace('"offset":5', '"offset":"5"'),
        LINE.replace('"offset":5', '"offset":true'),
        LINE.replace("2026-11-23T10:00:00.000000001Z", "yesterday"),
        LINE.replace("2026-11-23", "2026-11-31"),
        LINE.replace("10:00:00.", "10:00+01."),
        LINE.replace('"2026-11-23T10:00:00.000000001Z"', "5"),
        LINE.replace('"line":"one"', '"line_base64":"?"'),
        LINE.replace('"line":"one"', '"line":null'),
        LINE.replace('"line":"one"', '"line_base64":"\u00fc"'),
        '{"end":{}}',
        '{"end":{"status":0,"lines":0,"bytes_scanned":0,"complete":false}}',
        '{"notice":{"host":"x"}}',
    ],
)
def test_what_is_no_record_ends_the_answer(record: str) -> None:
    line, verdict = said(LINE, record, LINE, END)
    assert line.line == "one"
    assert verdict.status is Status.INTERNAL
    assert verdict.message.startswith("the answer was cut off: it holds ")


def test_what_is_in_no_coding_ends_the_answer() -> None:
    (verdict,) = values_of(lines_reading(), [b"this is no zstd"], "zstd")
    assert verdict.status is Status.INTERNAL


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ({"content-type": "text/html"}, "text/html in place of application/x-ndjson; is it an agent?"),
        ({}, "no media type in place of application/x-ndjson; is it an agent?"),
        ({"content-type": "application/x-ndjson", "content-encoding": "br"}, "unknown coding 'br'"),
    ],
)
def test_what_is_no_answer_is_told_by_its_head(headers: dict[str, str], wrong: str) -> None:
    with pytest.raises(BadRecord) as bad:
        lines_reading().begin(headers)
    assert str(bad.value) == wrong


def test_a_record_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "MAX_RECORD", len(LINE))
    assert len(values_of(lines_reading(), [LINE.encode()[:9], LINE.encode()[9:], b"\n"])) == 2
    (verdict,) = values_of(lines_reading(), [LINE.encode(), b" ", b"\n"])
    assert verdict.message == f"the answer was cut off: it holds a record of more than {len(LINE)} bytes"
    events = values_of(follow_reading(), [b"data: " + b"x" * 60 + b"\n", b"data: " + b"x" * 60 + b"\n"])
    assert events[0].message == f"the answer was cut off: it holds an event of more than {len(LINE)} bytes"


def test_a_megabyte_that_compresses_well_is_taken_piece_by_piece() -> None:
    encoded = encoder("zstd")
    line = json.dumps({"time": None, "host": "h", "file": "f", "offset": 0, "line": "x" * (1 << 20)})
    body = encoded.encode(f"{line}\n".encode() * 20)
    read = lines_reading()
    read.begin({"content-type": read.media_type, "content-encoding": "zstd"})
    read.receive(body)
    taken = 0
    while (value := read.take()) is not None:
        assert len(value.line) == 1 << 20
        taken += 1
    assert taken == 20


COUNT = {"time": "2026-11-23T10:00:00.500Z", "host": "web-1", "count": 7}


@pytest.mark.parametrize(
    ("record", "count"),
    [
        (COUNT, HitCount(1_795_428_000_500_000_000, "web-1", None, 7)),
        (COUNT | {"time": None}, HitCount(None, "web-1", None, 7)),
        ({"host": "web-1", "file": "a.log", "count": 0}, HitCount(None, "web-1", "a.log", 0)),
    ],
)
def test_counts_are_read(record: dict[str, Any], count: HitCount) -> None:
    end = end_record(Outcome(lines=7))
    end["end"]["step_seconds"] = 0.5
    read, verdict = values_of(hits_reading(), [f"{json.dumps(record)}\n\n{json.dumps(end)}\n".encode()])
    assert read == count
    assert verdict.step == timedelta(milliseconds=500)


@pytest.mark.parametrize("record", [COUNT | {"count": -1}, COUNT | {"host": None}, COUNT | {"time": "x"}, []])
def test_what_is_no_count_ends_the_answer(record: object) -> None:
    (verdict,) = values_of(hits_reading(), [json.dumps(record).encode() + b"\n"])
    assert verdict.status is Status.INTERNAL


EVENT = f"id: AbC\r\ndata: {LINE}\r\n\r\n: alive\r\n\r\nretry: 5\nid:\n\nid: X\n\n"


@example(cuts=[])
@given(st.lists(st.integers(0, 400)))
def test_events_may_be_spelled_otherwise(cuts: list[int]) -> None:
    items: list[Item] = values_of(follow_reading(), in_pieces(EVENT.encode(), cuts))
    line, moved, _ = items
    assert isinstance(line, LogLine)
    assert (line.cursor, moved) == ("AbC", Moved("X"))


def test_media_types_are_those_that_agents_offer() -> None:
    from logagent.web import forms

    assert (reading.NDJSON, reading.EVENTS) == (forms.NDJSON, forms.EVENTS)
