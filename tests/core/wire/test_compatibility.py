"""What agents of different versions exchange, byte for byte, as the first version sent it.

A change of any of these is a change of the protocol. `test_frames` holds a frame in the same way.
"""

from __future__ import annotations

import base64
import zlib

from logagent.core.batch import Position
from logagent.core.cursor import decode, encode
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Order, Query, Unit
from logagent.core.units import SECOND
from logagent.core.wire.parameters import parse, parse_hits, to_query_string
from logagent.core.wire.verdict import from_trailers, to_trailers

ASKED = Query.of(
    files=("a b.log", "nginx/*.log"),
    hosts=("web-1", "db\udcff"),
    keywords=(b"x y", b"\xff"),
    exclude=(b"z",),
    regex=(b"a.*b",),
    exclude_regex=(b"^c",),
    ignore_case=True,
    n=5,
    since=1_700_000_000_123 * 10**6,
    until=1_700_000_001 * SECOND,
    order=Order.OLDEST,
    unit=Unit.EVENT,
    before=1,
    after=2,
    rotated=False,
    prefix=True,
    timeout=2.5,
    max_bytes=1000,
    whole=True,
    cursors=True,
)
ASKED_STRING = (
    "filename=a+b.log&filename=nginx%2F%2A.log&hostname=web-1&hostname=db%FF&keyword=x+y&keyword=%FF&exclude=z"
    "&regex=a.%2Ab&exclude_regex=%5Ec&ignore_case=true&prefix=true&whole=true&cursors=true&rotated=false&n=5"
    "&max_bytes=1000&order=oldest&unit=event&before_context=1&after_context=2&since=1700000000.123000000"
    "&until=1700000001.000000000&timeout=2.5"
)


def test_a_query_string_names_all_that_a_client_may_ask() -> None:
    assert to_query_string(ASKED) == ASKED_STRING
    assert parse(ASKED_STRING.encode(), 0) == ASKED


def test_a_query_string_of_a_follow() -> None:
    asked = Query.of(files=("a.log",), follow=True, order=Order.OLDEST, n=0, patience=0.5, heartbeat=20.0)
    sent = "filename=a.log&follow=true&n=0&patience=0.5&heartbeat=20.0"
    assert to_query_string(asked) == sent
    assert parse(sent.encode(), 0) == asked


def test_a_query_string_of_hits() -> None:
    asked = Query.of(files=("a.log",), since=1_700_000_000 * SECOND, hits=True, step=30 * SECOND)
    sent = "filename=a.log&since=1700000000.000000000&step=30s"
    assert to_query_string(asked) == sent
    assert parse_hits(sent.encode(), 0).form.step == 30 * SECOND


POSITIONS = (Position("web-1", "a.log", 7, 0), Position("db-2", "b/caf\udce9.log", 2**62, 2**63 - 1))
CURSOR = (
    "hhYXfnjaRYoxDoMwDEXv4tm0tuPEDleBDARol0qdqg4od6dVQf3T03t_YGTzSJpz_BAdYwk_-Ds-G-EG77V2DP0G0-XxvEM_GFJpCEvt5KvrdZ5u"
    "42uZ13wcNDEnT8SuYsEtk2IWCcGEQvKoZtHJSmtlB_CzI6w"
)
UNPACKED = (
    b'[1,178504995,1700000000123000000,1700000001000000000,{"web-1":{"a.log":[7,0]},'
    b'"db-2":{"b/caf\\udce9.log":[4611686018427387904,9223372036854775807]}}]'
)


def test_a_cursor_is_read() -> None:
    assert decode(CURSOR, ASKED).positions == POSITIONS


def test_a_cursor_is_made_of_the_same_text_however_it_is_compressed() -> None:
    """Builds of zlib differ in the bytes that they make of it."""
    text = encode(ASKED, POSITIONS)
    sent = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert sent[:4] == zlib.crc32(sent[4:]).to_bytes(4, "big")
    assert zlib.decompress(sent[4:]) == UNPACKED


def test_the_trailers_of_a_verdict() -> None:
    hosts = (
        HostOutcome('d"b', Status.UNAVAILABLE, "100% wäg"),
        HostOutcome("c", Status.NOT_FOUND, "no such file"),
        HostOutcome("web-1", Status.OK, "", 3),
    )
    timings = {"open": 1_000_000, "scan": 2_346_000}
    outcome = Outcome(Status.UNAVAILABLE, 'db-2: "away" ü', 3, 99, hosts, timings, "AbC-_")
    sent = [
        ("log-status", "14"),
        ("log-message", 'db-2: "away" %C3%BC'),
        ("log-complete", "false"),
        ("log-lines", "3"),
        ("log-bytes-scanned", "99"),
        ("log-cursor", "AbC-_"),
        (
            "log-hosts",
            r'"d\"b";status=14;lines=0;message="100%25 w%C3%A4g", "c";status=5;lines=0;message="no such file", '
            r'"web-1";status=0;lines=3',
        ),
        ("server-timing", "open;dur=1.000, scan;dur=2.346"),
    ]
    assert to_trailers(outcome) == sent
    assert from_trailers(dict(sent)) == outcome
