"""Batches as text or NDJSON: what people and their programs read."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.batch import SIGN_OF_LIFE, Batch, LineFlag, Notice, Origin, Position
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query
from logagent.core.rendering.records import RecordsNdjson, RecordsText
from logagent.core.wire.end_records import end_record

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

WEB = Origin("web-1", "a.log")
UNTIMED = Origin("web-1", "b.log", timed=False)
DB = Origin("db-2", "c.log")
SECOND = 1_000_000_000
MERGED = Batch(b"one\n\ntwo\n", 3, [3, 2, 1], [10, 20, 30], (WEB, DB, UNTIMED), [1, 0, 2])


def records(batch: Batch) -> list[dict[str, Any]]:
    rendered = RecordsNdjson().batch(batch)
    assert rendered.endswith(b"\n") or not rendered
    return [json.loads(line) for line in rendered.split(b"\n")[:-1]]


def record(line: bytes = b"line", time: int = 0, origin: Origin = WEB) -> dict[str, Any]:
    (only,) = records(Batch(line + b"\n", 1, [time], [7], (origin,)))
    return only


def test_text_is_the_lines_own_bytes() -> None:
    body = b"\xff\0\x1b[31m\r\n\n"
    assert RecordsText(prefix=False).batch(Batch(body, 2, None, None, (WEB,))) == body


def test_text_has_nothing_for_a_sign_of_life() -> None:
    assert RecordsText(prefix=False).batch(SIGN_OF_LIFE) == b""
    assert RecordsText(prefix=True).batch(SIGN_OF_LIFE) == b""


def test_text_has_no_room_for_a_verdict() -> None:
    assert RecordsText(prefix=True).end(Outcome(Status.UNAVAILABLE, "away")) == b""


def test_a_prefix_stands_before_each_line_of_one_file() -> None:
    batch = Batch(b"one\n\ntwo\n", 3, None, None, (WEB,))
    assert RecordsText(prefix=True).batch(batch) == b"web-1 a.log: one\nweb-1 a.log: \nweb-1 a.log: two\n"


def test_a_prefix_of_merged_lines_is_each_lines_own() -> None:
    assert RecordsText(prefix=True).batch(MERGED) == b"db-2 c.log: one\nweb-1 a.log: \nweb-1 b.log: two\n"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("caf\udce9.log", b"h caf\\xe9.log: one\n"),
        ("a\nweb-1 auth.log: root logged in", b"h a\\x0aweb-1 auth.log:\\x20root logged in: one\n"),
        ("a\u2028\x85\x1b[2J\u202e", b"h a\\u2028\\x85\\x1b[2J\\u202e: one\n"),
    ],
)
def test_no_name_forges_a_line_by_its_prefix(name: str, shown: bytes) -> None:
    batch = Batch(b"one\n", 1, None, None, (Origin("h", name),))
    assert RecordsText(prefix=True).batch(batch) == shown


@QUICK
@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), min_size=1), st.booleans())
def test_prefixes_are_all_that_is_added_to_a_text(lines: list[bytes], merged: bool) -> None:
    body = b"".join(line + b"\n" for line in lines)
    batch = Batch(body, len(lines), None, None, (WEB,), [0] * len(lines) if merged else None)
    assert RecordsText(prefix=True).batch(batch) == b"".join(b"web-1 a.log: " + line + b"\n" for line in lines)


def test_ndjson_has_the_members_of_a_record_and_no_others() -> None:
    assert record(b"hello", time=SECOND) == {
        "time": "1970-01-01T00:00:01.000000000Z",
        "host": "web-1",
        "file": "a.log",
        "offset": 7,
        "line": "hello",
    }


def test_ndjson_has_nothing_for_a_sign_of_life() -> None:
    assert RecordsNdjson().batch(SIGN_OF_LIFE) == b""


def test_ndjson_of_merged_lines_says_where_each_comes_from() -> None:
    places = [(each["host"], each["file"], each["offset"], each["line"]) for each in records(MERGED)]
    assert places == [("db-2", "c.log", 10, "one"), ("web-1", "a.log", 20, ""), ("web-1", "b.log", 30, "two")]


def test_ndjson_has_no_time_for_a_file_in_which_none_is_recognised() -> None:
    assert [each["time"] for each in records(MERGED)] == [
        "1970-01-01T00:00:00.000000003Z",
        "1970-01-01T00:00:00.000000002Z",
        None,
    ]


@pytest.mark.parametrize(
    ("time", "written"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (SECOND - 1, "1970-01-01T00:00:00.999999999Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (-SECOND, "1969-12-31T23:59:59.000000000Z"),
        (951_782_400 * SECOND, "2000-02-29T00:00:00.000000000Z"),
        (2**31 * SECOND, "2038-01-19T03:14:08.000000000Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
        (-(2**63), "1677-09-21T00:12:43.145224192Z"),
        (-62_135_596_800 * SECOND, "0001-01-01T00:00:00.000000000Z"),
        (253_402_300_800 * SECOND - 1, "9999-12-31T23:59:59.999999999Z"),
        (253_402_318_799 * SECOND, "9999-12-31T23:59:59.000000000Z"),
        (-62_135_614_800 * SECOND, "0001-01-01T00:00:00.000000000Z"),
    ],
)
def test_a_time_is_rfc_3339_to_the_nanosecond(time: int, written: str) -> None:
    assert record(time=time)["time"] == written


@QUICK
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3 * SECOND, 3 * SECOND), min_size=1))
def test_times_are_read_back_as_they_were_whichever_came_before(times: list[int]) -> None:
    batch = Batch(b"\n" * len(times), len(times), times, [0] * len(times), (WEB,))
    assert [read_back(each["time"]) for each in records(batch)] == times


def read_back(written: str) -> int:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", written, re.ASCII)
    whole = datetime.fromisoformat(written[:19]).replace(tzinfo=UTC)
    days = whole.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    seconds = days * 86_400 + whole.hour * 3600 + whole.minute * 60 + whole.second
    return seconds * SECOND + int(written[20:29])


def test_a_line_that_is_not_utf_8_comes_in_base64_alone() -> None:
    line = b"caf\xe9 \0\xff"
    assert base64.b64decode(record(line)["line_base64"]) == line
    assert "line" not in record(line)


@QUICK
@given(
    st.binary(max_size=60).map(lambda line: line.replace(b"\n", b""))
    | st.text(max_size=60).map(lambda line: line.replace("\n", "").encode("utf-8", "surrogatepass"))
)
def test_any_line_is_read_back_as_it_was(line: bytes) -> None:
    read = record(line)
    assert (read["line"].encode() if "line" in read else base64.b64decode(read["line_base64"])) == line


def test_control_characters_never_stand_in_ndjson() -> None:
    controls = bytes(set(range(0x20)) - {0x0A})
    rendered = RecordsNdjson().batch(Batch(controls + b"\n", 1, [0], [0], (Origin("h\x1b", "f\n\x07"),)))
    assert not set(rendered[:-1]) & set(range(0x20))
    assert json.loads(rendered)["line"] == controls.decode()


@pytest.mark.parametrize(
    ("name", "shown"),
    [("ü", "ü"), ("caf\udce9", "caf\\xe9"), ('a"b\\c', 'a"b\\c'), ("\udcff\udcfe", "\\xff\\xfe"), ("a\nb", "a\nb")],
)
def test_a_name_is_shown_as_text_that_any_program_can_read(name: str, shown: str) -> None:
    read = record(origin=Origin(name, name))
    assert (read["host"], read["file"]) == (shown, shown)


def test_the_last_record_is_the_verdict() -> None:
    outcome = Outcome(Status.UNAVAILABLE, 'db-2: "away"\n', 3, 4, (HostOutcome("db-2", Status.UNAVAILABLE, "ü"),))
    rendered = RecordsNdjson().end(outcome)
    assert rendered.endswith(b"\n")
    assert rendered.count(b"\n") == 1
    assert json.loads(rendered) == end_record(outcome)


def test_the_last_record_is_json_even_where_a_message_holds_bytes_of_a_name() -> None:
    rendered = RecordsNdjson().end(Outcome(Status.NOT_FOUND, "caf\udce9: no such file"))
    assert json.loads(rendered)["end"]["message"] == r"caf\xe9: no such file"


LEADS, TRAILS, CONTINUES, GAP = (
    bytes([flag]) for flag in (LineFlag.LEADS, LineFlag.TRAILS, LineFlag.CONTINUES, LineFlag.GAP)
)
ONE_GROUP = Batch(b"a\nb\nc\n", 3, None, None, (WEB,), flags=LEADS + b"\0" + TRAILS)


def test_groups_of_lines_with_context_are_separated_but_not_from_nothing() -> None:
    text = RecordsText(prefix=False, groups=True)
    first = Batch(b"a\nb\n", 2, None, None, (WEB,), flags=GAP + b"\0")
    assert text.batch(first) == b"a\nb\n"
    assert text.batch(first) == b"--\na\nb\n"
    assert text.batch(ONE_GROUP) == b"a\nb\nc\n"


def test_lines_of_another_host_or_file_are_another_group() -> None:
    merged = Batch(b"a\nb\nc\n", 3, None, None, (WEB, DB), [0, 1, 1], flags=b"\0\0" + TRAILS)
    assert RecordsText(prefix=True, groups=True).batch(merged) == b"web-1 a.log: a\n--\ndb-2 c.log: b\ndb-2 c.log: c\n"


def test_without_context_nothing_separates() -> None:
    assert RecordsText(prefix=False).batch(MERGED) == MERGED.body


def test_ndjson_marks_context_and_puts_the_lines_of_an_event_together() -> None:
    flags = LEADS + b"\0" + CONTINUES + TRAILS + CONTINUES
    batch = Batch(b"a\nb\n c\nd\n\xff\n", 5, [1, 2, 2, 3, 3], [0, 2, 4, 7, 9], (WEB,), flags=flags)
    first, second, third = records(batch)
    assert (first["line"], first["context"], first["offset"]) == ("a", True, 0)
    assert (second["line"], "context" in second, second["offset"]) == ("b\n c", False, 2)
    assert (base64.b64decode(third["line_base64"]), third["context"]) == (b"d\n\xff", True)


AWAY = Notice("db-2", Status.UNAVAILABLE, 'connection "lost"\r\n')
TOLD = Batch(b"one\n", 1, [0], [7], (WEB,), notices=(AWAY,), live=True)


def test_a_follow_tells_its_notices_before_the_lines_and_what_is_live_behind_them() -> None:
    notice, line, live = (json.loads(row) for row in RecordsNdjson(follow=True).batch(TOLD).splitlines())
    assert notice == {"notice": {"host": "db-2", "status": 14, "message": r'connection "lost"\x0d\x0a'}}
    assert (line["line"], live) == ("one", {"live": True})


def test_a_follow_shows_signs_of_life_that_are_nothing_else() -> None:
    assert RecordsNdjson(follow=True).batch(SIGN_OF_LIFE) == b'{"heartbeat":true}\n'
    assert RecordsNdjson(follow=True).batch(Batch(b"", 0, scanned=1)) == b""
    assert RecordsNdjson(follow=True).batch(Batch(b"", 0, live=True)) == b'{"live":true}\n'


def test_an_answer_that_is_not_followed_has_lines_and_nothing_else() -> None:
    assert [each["line"] for each in records(TOLD)] == ["one"]
    assert RecordsNdjson().batch(Batch(b"", 0, live=True)) == b""


def test_a_text_has_lines_and_nothing_else() -> None:
    assert RecordsText(prefix=False).batch(TOLD) == b"one\n"
    assert RecordsText(prefix=False).batch(Batch(b"", 0, live=True, notices=(AWAY,))) == b""


def test_ndjson_marks_a_part_of_a_line() -> None:
    first, second = records(Batch(b"be\nx\n", 2, [0, 0], [0, 2], (WEB,), flags=bytes([LineFlag.PARTIAL, 0])))
    assert (first["partial"], "partial" in second) == (True, False)


def test_ndjson_has_a_cursor_for_each_record_where_asked() -> None:
    query = Query.of(files=("a.log",), cursors=True)
    position = Position("web-1", "a.log", 1, 0)
    batch = Batch(
        b"b\na\n", 2, [1, 0], [2, 0], (Origin("web-1", "a.log", log="a.log", fingerprint=1),), positions=(position,)
    )
    rows = [json.loads(row) for row in RecordsNdjson(cursors=RecordCursors(query)).batch(batch).splitlines()]
    assert [row.pop("cursor") for row in rows] == RecordCursors(query).behind(batch)
    assert rows == records(batch)
