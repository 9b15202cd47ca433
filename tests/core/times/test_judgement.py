"""Which places of a file hold its own times, and whether they are trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from logagent.core.times.judgement import SETTLED, Distrust, Judgement, Omitted, judge
from logagent.core.times.places import Kind, TimePlace
from logagent.core.times.stampers import stamper_for

START = datetime(2026, 11, 28, 9, tzinfo=UTC)
ISO = TimePlace(Kind.TEXT, "iso")


def lines(write: Callable[[datetime, int], str], count: int = 30, step: int = 7) -> list[bytes]:
    return [write(START + timedelta(seconds=step * number), number).encode() for number in range(count)]


def judged(texts: Iterable[bytes], *, later: timedelta = timedelta(0)) -> Judgement:
    return judge(texts, UTC, int((START + timedelta(minutes=4) + later).timestamp()) * 10**9)


def iso(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def clf(time: datetime) -> str:
    return f"{time:%d/%b/%Y:%H:%M:%S} +0000"


PLAIN = lines(lambda time, n: f"{iso(time)} a {n}")
BRACKETED = lines(lambda time, n: f"[{clf(time)}] b {n}")
ACCESS = lines(lambda time, n: f'10.0.0.7 - - [{clf(time)}] "GET / HTTP/1.1" 200 7')
LEVELS = lines(lambda time, n: f"INFO {iso(time)} c {n}")


@pytest.mark.parametrize(
    ("texts", "places"),
    [
        (PLAIN, {ISO}),
        (lines(lambda time, n: f"{iso(time)} valid until {iso(time + timedelta(seconds=1))}"), {ISO}),
        (lines(lambda time, n: f"2026-11-01 00:00:00 batch {iso(time)} row"), {TimePlace(Kind.TEXT, "iso", 3)}),
        (lines(lambda time, n: f"2026-11-28 09:00:00 row {n}"), {ISO}),
        (lines(lambda time, n: f"web-{n % 3} {iso(time)} x"), {TimePlace(Kind.TEXT, "iso", 1)}),
        (
            lines(lambda time, n: f'{{"created_at":"2020-01-01 00:00:00","when":"{iso(time)}"}}'),
            {TimePlace(Kind.FIELD, "when")},
        ),
        (lines(lambda time, n: f'{{"createdAt":"{iso(time)}"}}'), {TimePlace(Kind.FIELD, "createdAt")}),
        (
            [
                part
                for text in lines(
                    lambda time, n: f"# Time: {iso(time)}\nSET timestamp={int(time.timestamp())};\nSELECT"
                )
                for part in text.split(b"\n")
            ],
            {TimePlace(Kind.START, "slow_log")},
        ),
    ],
    ids=["plain", "in sentences", "batch", "one second", "host", "json", "only created", "MySQL"],
)
def test_the_main_place_is_where_lines_state_their_times(texts: list[bytes], places: set[TimePlace]) -> None:
    judgement = judged(texts)
    assert judgement.trusted
    assert judgement.places == places


@pytest.mark.parametrize("other", [BRACKETED, ACCESS, LEVELS])
@pytest.mark.parametrize(
    "mix", [lambda a, b: [x for pair in zip(a, b, strict=True) for x in pair], lambda a, b: a[:20] + b[20:]]
)
def test_several_programs_may_write_one_file(other: list[bytes], mix: Callable[..., list[bytes]]) -> None:
    judgement = judged(mix(PLAIN, other))
    assert len(judgement.places) == 2
    assert judgement.timed == judgement.lines


def test_but_dates_that_do_not_fit_are_text() -> None:
    dated = lines(lambda time, n: f"[{clf(time - timedelta(days=n))}] was the last one")
    assert judged([line for pair in zip(PLAIN, dated, strict=True) for line in pair]).places == {ISO}


def test_nor_are_those_of_objects_that_a_text_log_prints() -> None:
    printed = [part for line in PLAIN for part in (line, b"{", b'  "time": "2026-11-28T09:01:00Z"', b"}")]
    assert not judged(printed).of_objects


@pytest.mark.parametrize("built", ["2024-05-01 12:00:00", "2026-11-28 08:30:00"])
@pytest.mark.parametrize("restarts", [1, 5])
@pytest.mark.parametrize("banner", ["acme 4.2 (built {})", "Build date: {}", "Version 4.2 of {}"])
def test_a_banner_dates_nothing(banner: str, restarts: int, built: str) -> None:
    texts = [banner.format(built).encode(), *[b"request refused"] * 9] * restarts
    assert judged(texts).distrust is Distrust.FAR


def test_nor_does_a_list_of_what_expires() -> None:
    texts = [f"the key {n} is valid until 2027-11-{n:02d} 00:00:00".encode() for n in range(1, 20)]
    assert judged(texts).distrust is Distrust.FAR


def test_but_sentences_that_are_usual_do() -> None:
    texts = lines(lambda time, n: f'Started GET "/x" for ::1 at {iso(time)} +0000\nProcessing by X\nCompleted')
    texts = [part for text in texts for part in text.split(b"\n")]
    assert judged(texts, later=timedelta(hours=2)).trusted
    assert judged(texts[:9], later=timedelta(hours=2)).distrust is Distrust.FAR


@pytest.mark.parametrize("later", [timedelta(0), timedelta(seconds=90), timedelta(days=3), timedelta(days=400)])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("texts", [PLAIN, ACCESS, LEVELS, lines(lambda time, n: f"update-alternatives {iso(time)}: x")])
def test_files_of_few_lines_are_trusted(texts: list[bytes], count: int, later: timedelta) -> None:
    assert judged(texts[:count], later=later).trusted


def test_so_are_sessions_that_say_when_they_begin_and_end() -> None:
    session = [b"Log started: 2026-11-%02d  09:00:00", *[b"Unpacking x"] * 9, b"Log ended: 2026-11-%02d  09:01:00"]
    texts = [line % day if b"%" in line else line for day in (7, 8, 9) for line in session]
    assert judged(texts, later=timedelta(days=60)).trusted


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ([b"one", b"two"], Distrust.NONE),
        ([], Distrust.NONE),
        ([b"10/11/2026 09:00:00 x"] * 5, Distrust.AMBIGUOUS),
        (
            [f"sent it on {2000 + 7 * n % 20}-01-01 00:00:00 again".encode() for n in range(20)],
            Distrust.CONTRADICTORY,
        ),
    ],
)
def test_what_is_not_known_is_said(texts: list[bytes], why: Distrust) -> None:
    assert judged(texts).distrust is why


def test_a_number_above_twelve_decides_about_the_others() -> None:
    texts = lines(lambda time, n: f"{time:%d/%m/%Y %H:%M:%S} x")
    assert judged(texts).places == {TimePlace(Kind.TEXT, "day_first")}


@pytest.mark.parametrize(
    ("form", "omitted", "local"),
    [
        ("%b %d %H:%M:%S", Omitted.YEAR, True),
        ("%H:%M:%S", Omitted.DAY, True),
        ("%Y-%m-%dT%H:%M:%SZ", Omitted.NOTHING, False),
    ],
)
def test_what_times_leave_out_is_known(form: str, omitted: Omitted, local: bool) -> None:
    judgement = judged(lines(lambda time, n: f"{time:{form}} x"))
    assert (judgement.omitted, judgement.local) == (omitted, local)


def test_a_judgement_is_settled_by_many_lines() -> None:
    assert not judged(PLAIN).is_settled
    assert judged(PLAIN * SETTLED).is_settled
    assert judged(PLAIN).formats == {"iso": 30}


def test_the_times_of_the_w3cs_extended_format_are_utc() -> None:
    header = [b"#Software: Microsoft Internet Information Services 10.0", b"#Fields: date time s-ip cs-method"]
    zone, modified = ZoneInfo("Europe/Berlin"), int(START.timestamp() + 600) * 10**9
    judgement = judge([*header, *PLAIN], zone, modified)
    assert (judgement.utc, judgement.local) == (True, False)
    assert stamper_for(zone, modified, judgement).stamp(PLAIN[0]) == int(START.timestamp()) * 10**9
    assert not judge([b"#Fields: c-ip date", *PLAIN], zone, modified).utc
