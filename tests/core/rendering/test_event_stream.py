"""Batches as server-sent events, read back as the standard says that a browser reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Origin, Position
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query
from logagent.core.rendering.event_stream import EventStream
from logagent.core.rendering.records import json_records
from logagent.core.wire.end_records import end_record

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ASKED = Query.of(files=("a.log",), order=Order.OLDEST, follow=True)
WEB = Origin("web-1", "a.log", log="a.log", fingerprint=1)
LINES = Batch(b"one\ntwo\n", 2, [0, 1], [0, 4], (WEB,), positions=(Position("web-1", "a.log", 1, 8),))


@dataclass
class Browser:
    """The part of the standard that interprets an event stream (WHATWG HTML, 9.2.6)."""

    last_event_id: str = ""
    events: list[tuple[str, str, Any]] = field(default_factory=list)
    comments: int = 0

    def read(self, stream: bytes) -> Browser:
        text = stream.decode().replace("\r\n", "\n").replace("\r", "\n")
        for block in text.split("\n\n")[:-1]:
            self._block(block.split("\n"))
        return self

    def _block(self, lines: list[str]) -> None:
        kind, data = "message", []
        for line in lines:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            self.comments += not name
            if name == "id":
                self.last_event_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data.append(value)
        if data:
            self.events.append((self.last_event_id, kind, json.loads("\n".join(data))))


def rendering(*, follow: bool = True) -> EventStream:
    return EventStream(follow=follow, cursors=RecordCursors(ASKED))


def test_each_record_is_an_event_whose_id_is_the_cursor_behind_it() -> None:
    browser = Browser().read(rendering().batch(LINES))
    ids = RecordCursors(ASKED).behind(LINES)
    assert browser.events == [
        (cursor, "message", json.loads(row)) for cursor, row in zip(ids, json_records(LINES), strict=True)
    ]


@QUICK
@given(st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")))
def test_any_line_is_one_event_whatever_line_breaks_it_holds(line: bytes) -> None:
    batch = Batch(b"%b\n\r\n" % line, 2, [0, 0], [0, 9], (Origin("h\r\n", "f\r", log="f\r"),))
    browser = Browser().read(rendering().batch(batch))
    assert [record for _, _, record in browser.events] == [json.loads(row) for row in json_records(batch)]


def test_notices_come_before_the_lines_and_live_behind_them() -> None:
    batch = Batch(b"one\n", 1, [0], [0], (WEB,), notices=(Notice("db-2", Status.UNAVAILABLE, "away\r\n"),), live=True)
    kinds = [(kind, told) for _, kind, told in Browser().read(rendering().batch(batch)).events]
    assert kinds[0] == ("notice", {"notice": {"host": "db-2", "status": 14, "message": r"away\x0d\x0a"}})
    assert [kind for kind, _ in kinds] == ["notice", "message", "live"]
    assert kinds[2][1] == {"live": True}


def test_a_sign_of_life_of_a_follow_is_a_comment() -> None:
    assert rendering().batch(SIGN_OF_LIFE) == b": alive\n\n"
    assert Browser().read(b": alive\n\n").events == []
    assert rendering(follow=False).batch(SIGN_OF_LIFE) == b""


def test_positions_without_lines_are_an_id_that_is_shown_to_nobody() -> None:
    stream = rendering()
    browser = Browser().read(stream.batch(Batch(b"", 0, scanned=99, positions=LINES.positions)))
    assert browser.last_event_id == RecordCursors(ASKED).behind(LINES)[-1]
    assert browser.events == []
    assert stream.batch(Batch(b"", 0, scanned=99, positions=LINES.positions)) == b""


def test_the_last_event_is_the_verdict_and_its_id_the_last_cursor() -> None:
    outcome = Outcome(Status.UNAVAILABLE, "web-1 is stopping\r\n", 2, cursor="abc")
    assert Browser().read(rendering().end(outcome)).events == [("abc", "end", end_record(outcome))]


def test_without_a_cursor_the_id_before_stays() -> None:
    browser = Browser(last_event_id="before").read(rendering().end(Outcome()))
    assert browser.events == [("before", "end", end_record(Outcome()))]


def test_a_follow_of_too_many_logs_for_ids_says_so_once() -> None:
    stream = rendering()
    many = tuple(Position("web-1", f"{number}.log", number << 32 | 7, number * 7919) for number in range(2000))
    told = [Browser().read(stream.batch(Batch(LINES.body, 2, [0, 1], [0, 4], (WEB,), positions=many))) for _ in "ab"]
    assert [[kind for _, kind, _ in browser.events] for browser in told] == [
        ["notice", "message", "message"],
        ["message", "message"],
    ]
    assert "records have no cursor" in told[0].events[0][2]["notice"]["message"]
