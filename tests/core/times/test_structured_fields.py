"""The time field of a structured line is found, and decides about its time."""

from __future__ import annotations

import pytest

from logagent.core.times.stamper import Stamper
from logagent.core.times.structured_fields import (
    HEAD,
    LONGEST,
    TAIL,
    first_time_field,
    number_of_member,
    number_of_pair,
    time_fields,
    values_of_members,
    values_of_pairs,
)
from testbed.times import MODIFIED, UTC, ns, stamp

FIELD = b"2024-02-29T23:59:59.5Z"

FIELD_TIME = ns("2024-02-29 23:59:59.5")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        *((b'{"level":"info","%b":"%b"}' % (name, FIELD), FIELD_TIME) for name in (b"time", b"ts", b"timestamp", b"t")),
        (b'{"@timestamp":"%b"}' % FIELD, FIELD_TIME),
        (b'{ "Timestamp" : "%b" }' % FIELD, FIELD_TIME),
        (b'{"msg":"restored 2001-01-01T00:00:00Z","time":"%b"}' % FIELD, FIELD_TIME),
        (b'{"msg":"\\"time\\":\\"2001-01-01T00:00:00Z\\"","time":"%b"}' % FIELD, FIELD_TIME),
        (b'{"log":"%b","stream":"stdout","time":"%b"}' % (b"x" * 3000, FIELD), FIELD_TIME),
        (b'{"log":"%b\\n","stream":"stdout","time":"%b"}' % (b"x" * 20_000, FIELD), FIELD_TIME),
        (b'{"t":{"$date":"%b"},"s":"I","c":"NETWORK"}' % FIELD, FIELD_TIME),
        (b'{"time":"soon","ts":"%b"}' % FIELD, FIELD_TIME),
        (b'{"req":{"time":0.25},"ts":"%b"}' % FIELD, FIELD_TIME),
        (b'{"t":12,"time":"29/Feb/2024:23:59:59 +0000"}', ns("2024-02-29 23:59:59")),
        (b'{"ts":1732356672}', ns("2024-11-23 10:11:12")),
        (b'{"ts":1732356672.123456,"level":"info"}', ns("2024-11-23 10:11:12.123456")),
        (b'{"ts":1.7323566721234567e+09,"level":"info"}', ns("2024-11-23 10:11:12.123456", 700)),
        (b'{"level":30,"time":1732356672123,"pid":1}', ns("2024-11-23 10:11:12.123")),
        (b'{"time":1732356672123.25}', ns("2024-11-23 10:11:12.12325")),
        (b'{"t":1732356672123456789}', ns("2024-11-23 10:11:12.123456", 789)),
        (b'{"__REALTIME_TIMESTAMP":"1732356672123456","MESSAGE":"ok"}', ns("2024-11-23 10:11:12.123456")),
        (b'{"log":"2024-02-29T23:59:59.5Z ok"}', FIELD_TIME),
        (b'{"time":"2024-02-30T00:00:00Z","ts":"%b"}' % FIELD, None),
        (b'{"time":12}', None),
        (b'{"time":17323566721}', None),
        (b'{"log":"%b","time":"%b"}' % (b"x" * LONGEST, FIELD), None),
        (b"time=%b level=info" % FIELD, FIELD_TIME),
        (b'time="%b" level=info' % FIELD, FIELD_TIME),
        (b"level=info ts=%b caller=main.go:12" % FIELD, FIELD_TIME),
        (b'level=info msg="until 2001-01-01T00:00:00Z" t=%b' % FIELD, FIELD_TIME),
        (b'level=info msg="a \\" ts=2001-01-01T00:00:00Z" ts=%b' % FIELD, FIELD_TIME),
        (b'time=soon timestamp="2024-02-29 23:59:59.5"', FIELD_TIME),
        (b"level=info ts=1732356672 msg=ok", ns("2024-11-23 10:11:12")),
        (b"ts=1732356672.123456 msg=ok", ns("2024-11-23 10:11:12.123456")),
        (b'ts="1732356672123" msg=ok', ns("2024-11-23 10:11:12.123")),
        (b"ts=1.7323566721e+09 msg=ok", ns("2024-11-23 10:11:12.1")),
        (b"level=info at 2024-02-29T23:59:59.5Z", FIELD_TIME),
        (b"level=info size=1732356672 time=12ms", None),
        (b'2024-02-29T23:59:59.5Z stdout F {"time":"2001-01-01T00:00:00Z"}', FIELD_TIME),
        (b"2024-02-29T23:59:59.5Z INFO done time=1732356672", FIELD_TIME),
    ],
    ids=lambda value: value[:60].decode() if isinstance(value, bytes) else "",
)
def test_the_time_field_of_a_structured_line_decides(line: bytes, expected: int | None) -> None:
    assert stamp(line) == expected
    assert Stamper(UTC, MODIFIED).stamps([line] * 4) == [expected] * 4


MEMBER, PAIR = b'{"n":1,"time":"%b"}' % FIELD, b"n=1 time=%b" % FIELD
MEMBER_NUMBER, PAIR_NUMBER = b'{"n":1,"ts":1732356672.5}', b"n=1 ts=1732356672.5"
OTHERS = [b"", b"no field", b'x {"time":"%b"}' % FIELD, b'{"n":1}', b"n=1 m=2"]


def test_the_first_time_field_of_either_kind_of_line_is_found() -> None:
    for line, group in ((MEMBER, "text"), (PAIR, "other"), (MEMBER_NUMBER, "seconds"), (PAIR_NUMBER, "seconds")):
        field = first_time_field(line)
        assert field is not None
        assert field[group] == (b"1732356672" if group == "seconds" else FIELD)


def test_texts_of_time_fields_are_taken_from_lines_of_their_kind_alone() -> None:
    lines = [MEMBER, PAIR, MEMBER_NUMBER, PAIR_NUMBER, b'{"t":12,"ts":"%b"}' % FIELD, *OTHERS]
    nothing = [b""] * len(OTHERS)
    assert values_of_members(lines) == [FIELD, b"", b"", b"", b"", *nothing]
    assert values_of_pairs(lines) == [b"", FIELD, b"", b"", b"", *nothing]


def test_epoch_times_of_time_fields_are_found_in_lines_of_their_kind_alone() -> None:
    lines = [MEMBER_NUMBER, PAIR_NUMBER, MEMBER, PAIR, *OTHERS]
    members, pairs = [number_of_member(line) for line in lines], [number_of_pair(line) for line in lines]
    assert [field and field["seconds"] for field in members] == [b"1732356672", *[None] * (len(lines) - 1)]
    assert [field and field["seconds"] for field in pairs] == [None, b"1732356672", *[None] * (len(lines) - 2)]


def test_time_fields_are_looked_for_at_the_beginning_of_a_line_and_in_json_at_its_end() -> None:
    early, late = b'"ts":1,', b'"time":12}'
    for between, found in ((HEAD - 20, 2), (HEAD, 2), (LONGEST - 18, 2), (LONGEST - 17, 1)):
        line = b"{" + early + b" " * between + late
        assert len(list(time_fields(line))) == found
    assert len(list(time_fields(b"{" + early + b" " * HEAD + late + b" " * TAIL))) == 1
    assert len(list(time_fields(b"ts=1 n=" + b"1" * HEAD + b" time=12"))) == 1
