"""Logs as people have them: what their lines say about time, and what an answer says where that is not known."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from trio.testing import MockClock

from logagent.core.notes import NoteKind
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query, Unit
from logagent.core.units import DAY, SECOND
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.local import LocalLogs, LocalSource
from testbed.reading import Collected

NEW_YORK = ZoneInfo("America/New_York")
NOON = "2026-11-28T12:00:00+00:00"


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000) * 1000


class Told(NamedTuple):
    """An answer: its lines, their times, its records, and how it ended."""

    lines: list[bytes]
    times: list[int]
    records: list[bytes]
    outcome: Outcome


Ask = Callable[..., Any]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """`await ask("app.log", b"content", modified="2026-11-28T12:00:00+00:00", since=...)`."""

    async def asking(
        files: str, content: bytes | dict[str, bytes], *, modified: str = NOON, zone: tzinfo = UTC, **asked: Any
    ) -> Told:
        for name, text in (content if isinstance(content, dict) else {files: content}).items():
            (tmp_path / name).write_bytes(text)
            os.utime(tmp_path / name, ns=(at(modified), at(modified)))
        options = ReadOptions(host="web-1", zone=zone, max_line=64 * 1024)
        logs = LocalLogs(
            catalog=Catalog([tmp_path]), threads=DiskThreads(inline=True), options=options, max_files=1000
        )  # fmt: skip
        out = Collected()
        query = Query.of(files=(files,), **{"times": True, "order": Order.OLDEST, **asked})
        outcome = await LocalSource(logs, patience=2.5).pump(query, out)
        times = [time for batch in out.batches for time in batch.times or ()]
        return Told(out.lines, times, out.records(), outcome)

    return asking


def says_unknown(told: Told, name: str) -> bool:
    """Whether an answer says that it does not know the times of a file."""
    return any(note.kind == NoteKind.TIMES and name in note.files for note in told.outcome.notes)


BANNER = b"depot 7.1 (compiled 2023-02-03 04:05:06)\n" + b"".join(b"parcel %d lost\n" % n for n in range(4))


async def test_a_banner_dates_no_line_below_it(autojump_clock: MockClock, ask: Ask) -> None:
    told = await ask(
        "depot.log", BANNER, modified="2026-11-28T10:30:00+00:00", keywords=(b"lost",), since=at(NOON) - DAY
    )
    assert len(told.lines) == 4
    assert says_unknown(told, "depot.log")
    assert told.outcome.status is Status.OK


async def test_nor_do_banners_of_several_versions(autojump_clock: MockClock, ask: Ask) -> None:
    text = b"".join(b"depot 7.%d (compiled 2026-11-28 0%d:00:00)\n" % (n, n) + b"lost\n" * 9 for n in range(1, 9))
    told = await ask("depot.log", text, keywords=(b"lost",), since=at("2026-11-28T11:00:00+00:00"))
    assert len(told.lines) == 72
    assert says_unknown(told, "depot.log")


async def test_the_first_line_begins_behind_a_byte_order_mark(autojump_clock: MockClock, ask: Ask) -> None:
    told = await ask("a.log", b"\xef\xbb\xbf2026-11-28 10:00:00 one\n2026-11-28 10:00:01 two\n", regex=(rb"^20\d\d",))
    assert told.times == [at("2026-11-28T10:00:00+00:00"), at("2026-11-28T10:00:01+00:00")]


@pytest.mark.parametrize(
    ("line", "zone", "time"),
    [
        (b"2026-11-28-10.08.22.118123+060 I1A2 LEVEL: Info", UTC, "2026-11-28T09:08:22.118123+00:00"),
        (b"2026-11-28 07:32:47 PM INFO copied", UTC, "2026-11-28T19:32:47+00:00"),
        (b"000019: Nov 28 10:08:22.118 UTC: %LINK-3-UPDOWN: up", NEW_YORK, "2026-11-28T10:08:22.118+00:00"),
        (b"Nov 28 10:08:22 2024 (7) mail to b from a, done", UTC, "2024-11-28T10:08:22+00:00"),
        (b"Date:   Sat Nov 28 10:08:22 2026 +0100", NEW_YORK, "2026-11-28T09:08:22+00:00"),
        (
            b'{"kind":"Event","spec":{"metadata":{"managed":[{"time":"2023-01-02T03:04:05Z"}]}},'
            b'"requestReceivedTimestamp":"2026-11-28T09:08:22.763960Z","stageTimestamp":"2026-11-28T09:08:22.763960Z"}',
            UTC,
            "2026-11-28T09:08:22.763960+00:00",
        ),
    ],
    ids=["minutes", "afternoon", "zone behind the clock", "year behind the clock", "zone behind the year", "nested"],
)
async def test_a_time_is_read_right(autojump_clock: MockClock, ask: Ask, line: bytes, zone: tzinfo, time: str) -> None:
    told = await ask("a.log", line + b"\n", zone=zone, modified="2026-11-28T22:00:00+00:00")
    assert told.times == [at(time)]


SLOW = b"".join(
    b"# Time: 2026-11-28T10:%d0:00.118123Z\n# User@Host: shop[shop] @ localhost []  Id: 9\n# Query_time: 3.5  Rows: 9\n"
    b"SELECT * FROM parcels WHERE sent_at > '2019-02-03 00:00:00' AND n=%d;\n" % (n, n)
    for n in (1, 2, 3)
)


async def test_a_date_in_a_statement_is_text(autojump_clock: MockClock, ask: Ask) -> None:
    told = await ask("slow.log", SLOW, keywords=(b"SELECT",), since=at("2026-11-28T10:15:00+00:00"), order=Order.NEWEST)
    assert [line[-2:] for line in told.lines] == [b"3;", b"2;"]
    assert told.outcome.notes == ()


async def test_and_counts_under_the_day_of_its_line(autojump_clock: MockClock, ask: Ask) -> None:
    told = await ask("slow.log", SLOW, keywords=(b"SELECT",), hits=True, step=DAY)
    assert [(line.split()[0], time // DAY * DAY) for line, time in zip(told.lines, told.times, strict=True)] == [
        (b"3", at("2026-11-28T00:00:00+00:00"))
    ]


async def test_what_is_merged_is_sorted_by_the_times_of_lines(autojump_clock: MockClock, ask: Ask) -> None:
    minutes = b"".join(
        b"2026-11-28 10:%02d:00 a %d\n" % (n, n) + b"DETAIL: valid since 2020-01-01 00:00:00\n" * (n == 50)
        for n in range(60)
    )
    hours = b"".join(b"2026-11-28 %02d:05:00 b %d\n" % (n, n) for n in range(11))
    told = await ask("*.log", {"a.log": minutes, "b.log": hours}, n=20, order=Order.NEWEST)
    assert [line.split()[-1] for line in told.lines if line[20:21] == b"a"] == [b"%d" % n for n in range(59, 40, -1)]
    assert len(told.lines) == 20


async def test_a_date_without_its_year_is_in_that_of_its_place(autojump_clock: MockClock, ask: Ask) -> None:
    days = (b"Nov 20", b"Feb  3", b"Nov 25", b"Feb  3", b"Nov 28")
    text = b"".join(b"%b 10:00:00 h a: line %d\n" % (day, n) for n, day in enumerate(days))
    told = await ask("auth.log", text, since=at("2026-01-01T00:00:00+00:00"))
    assert [line[-1:] for line in told.lines] == [b"3", b"4"]


@pytest.mark.parametrize("first", [b"", b"\0" * 8192])
async def test_a_clock_is_of_the_day_of_the_last_change(autojump_clock: MockClock, ask: Ask, first: bytes) -> None:
    text = b"10:01:00,118 INFO  started, built 2023-02-03 04:05:06\n" + b"".join(
        b"10:%d0:00,118 INFO  parcel %d lost\n" % (n, n) for n in (1, 2, 3)
    )
    modified = "2026-11-28T10:30:00+00:00"
    told = await ask(
        "s.log", first + text, modified=modified, keywords=(b"lost",), since=at("2026-11-28T09:00:00+00:00")
    )
    assert len(told.lines) == 3
    assert told.times[-1] == at(modified) + 118 * SECOND // 1000


async def test_objects_over_many_lines_are_events_from_their_first_line(autojump_clock: MockClock, ask: Ask) -> None:
    text = b"".join(
        b'{\n  "r": {\n    "time": "2019-01-01T00:00:00Z"\n  },\n  "m": "%b",\n  "time": "2026-11-28T10:0%d:00Z"\n}\n'
        % (b"lost" if n == 1 else b"found", n)
        for n in range(3)
    )
    told = await ask("p.log", text, keywords=(b"lost",), unit=Unit.EVENT)
    assert [(record[:2], record[-2:]) for record in told.records] == [(b"{\n", b"\n}")]
    assert b"10:01" in told.records[0]


async def test_what_holds_no_text_is_named(autojump_clock: MockClock, ask: Ask) -> None:
    damaged = {f"{name}.log": gzip.compress(b"2026-11-28T10:00:00Z lost\n" * 9)[:30] for name in "abc"}
    told = await ask("*", damaged, keywords=(b"lost",))
    assert told.outcome.status is Status.DATA_LOSS
    assert all(name in told.outcome.message for name in damaged)


async def test_utf_16_is_searched(autojump_clock: MockClock, ask: Ask) -> None:
    text = "2026-11-28 10:00:00.123 first\r\n2026-11-28 10:00:01.123 lost\r\n".encode("utf-16")
    told = await ask("errorlog", text, keywords=(b"lost",))
    assert (len(told.lines), told.times) == (1, [at("2026-11-28T10:00:01.123+00:00")])


HEADS: Sequence[tuple[bytes, str]] = [
    (b"@400000004c91b044077a9e94 x", "2010-09-16T05:50:50.125476500+00:00"),
    (b'[GIN] 2026/11/28 - 10:49:33 | 401 | "/"', "2026-11-28T10:49:33-05:00"),
    (b"2026:11:28-10:08:22: '192.0.2.1' 2 failed", "2026-11-28T10:08:22-05:00"),
    (b"Nov-28-26 10:08:22 [Worker_1] x", "2026-11-28T10:08:22-05:00"),
    (b'date=2026-11-28 time=13:46:40 devname="fw"', "2026-11-28T13:46:40-05:00"),
    (b"# Time: 261128 10:08:22", "2026-11-28T10:08:22-05:00"),
    (b"SET timestamp=1795860502;", "2026-11-28T10:08:22+00:00"),
    (
        b'{"instant":{"epochSecond":1795860502,"nanoOfSecond":118000000},"level":"INFO"}',
        "2026-11-28T10:08:22.118+00:00",
    ),
    (b'caddy  | {"level":"info","ts":1795860502.315,"msg":"x"}', "2026-11-28T10:08:22.315+00:00"),
    (b"  7:20261128:100822.118 server #0 started", "2026-11-28T10:08:22.118-05:00"),
    (b"2026-11-28T10:08Z INFO x", "2026-11-28T10:08:00+00:00"),
    (b"[2026-11-28 10:08] [ALPM] installed x", "2026-11-28T10:08:00-05:00"),
    (b"2026-11-28_10:08:22.11812 service up", "2026-11-28T10:08:22.118120+00:00"),
    (b"[2026.11.28-10.08.22:118][  0]LogInit: x", "2026-11-28T10:08:22.118+00:00"),
    (b"Saturday, 28-Nov-26 10:08:22 GMT x", "2026-11-28T10:08:22+00:00"),
    (b"[28Nov2026 10:08:22.118] [main/INFO] x", "2026-11-28T10:08:22.118-05:00"),
    (b"INFO Jun-16 14:09:08 === Started libdnf ===", "2026-06-16T14:09:08-04:00"),
    (b"   lxc-monitord 20260204193605.228 NOTICE   x", "2026-02-04T19:36:05.228-05:00"),
    (b"20261128_202530:/sbin/e2fsck -pvf", "2026-11-28T20:25:30-05:00"),
    (b"September 03 08:10:29 host kernel: x", "2026-09-03T08:10:29-04:00"),
]


@pytest.mark.parametrize(("line", "time"), HEADS)
async def test_a_file_of_one_line_has_its_time(autojump_clock: MockClock, ask: Ask, line: bytes, time: str) -> None:
    told = await ask("one.log", line + b"\n", zone=NEW_YORK, modified="2026-11-29T12:00:00+00:00")
    assert told.times[0] // 1_000_000 == at(time) // 1_000_000
