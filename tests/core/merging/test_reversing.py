"""An answer newest first, oldest_first, is the answer oldest first."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.batch import Batch, LineFlag, Origin, Position
from logagent.core.merging.reversing import oldest_first, positions_before, positions_behind
from logagent.core.query import Order, Unit
from logagent.core.rendering.records import RecordsText
from testbed.reading import answer, joined

FIRST = 1_600_000_000
SIZES = st.lists(st.integers(8, 200), min_size=1, max_size=3).map(sorted).map(tuple)
CONTEXT = st.integers(0, 3)
TEXTS = st.lists(st.sampled_from([b"match", b"a", b"b match", b"cc" * 20, b""]), max_size=15)
UNITS = st.sampled_from(Unit)


def log_of(texts: list[bytes], rest: int) -> list[bytes]:
    """A line with a time for each text, some of them with further lines."""
    return [
        line
        for number, text in enumerate(texts)
        for line in [b"%d.%03d %b" % (FIRST + number, number, text), *[b" at x"] * (number % 3 if rest else 0)]
    ]


def whole(batches: list[Batch]) -> Batch | None:
    """An answer oldest first, as one batch: turning it twice over would prove nothing."""
    batches = [batch for batch in batches if batch.count]
    if not batches:
        return None
    origins = tuple(dict.fromkeys(b.origins[index] for b in batches for index in b.origin_of_each()))
    origin = [origins.index(b.origins[index]) for b in batches for index in b.origin_of_each()]
    marked = any(batch.flags is not None for batch in batches)
    return Batch(
        b"".join(batch.body for batch in batches),
        sum(batch.count for batch in batches),
        [time for batch in batches for time in batch.times or ()],
        [offset for batch in batches for offset in batch.offsets or ()],
        origins,
        origin if len(origins) > 1 else None,
        flags=b"".join(batch.flags or bytes(batch.count) for batch in batches) if marked else None,
        keys=[key for batch in batches for key in batch.keys or batch.times or ()] if marked else None,
    )


BESIDE = LineFlag.LEADS | LineFlag.TRAILS


def told_alike(batch: Batch | None, *, gaps: bool) -> Batch | None:
    """Without what says which of two matches a line of context between them belongs to. gaps: whether they count;
    without context nobody is shown them, and what is passed over quickly leaves none."""
    if batch is None or batch.flags is None:
        return batch
    seen = LineFlag.CONTINUES | LineFlag.GAP if gaps else LineFlag.CONTINUES
    flags = bytes(flag & seen | (LineFlag.LEADS if flag & BESIDE else 0) for flag in batch.flags)
    return replace(batch, flags=flags, keys=None)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3), st.integers(0, 1), SIZES, CONTEXT, CONTEXT, UNITS)
async def test_an_answer_turned_is_the_answer_oldest_first(
    parts: list[list[bytes]], rest: int, sizes: tuple[int, ...], before: int, after: int, unit: Unit
) -> None:
    """But for lines between two matches: they may be said to belong to either."""
    texts = log_of([text for part in parts for text in part], rest)
    ends = [*accumulate(len(part) for part in parts[:-1]), len(texts)]
    contents = [joined(texts[a:b]) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    asked = {"keywords": (b"match",), "before": before, "after": after, "unit": unit}
    newest, _ = await answer(contents, sizes, order=Order.NEWEST, **asked)
    oldest, _ = await answer(contents, sizes, order=Order.OLDEST, **asked)
    gaps = before + after > 0
    assert told_alike(oldest_first(newest.batches), gaps=gaps) == told_alike(whole(oldest.batches), gaps=gaps)


@settings(max_examples=100, deadline=None)
@given(TEXTS, SIZES, CONTEXT)
async def test_records_that_matched_still_do(texts: list[bytes], sizes: tuple[int, ...], before: int) -> None:
    newest, _ = await answer([joined(log_of(texts, 0))], sizes, keywords=(b"match",), before=before)
    back = oldest_first(newest.batches)
    assert (back.records if back else 0) == sum(b"match" in text for text in texts)


def test_nothing_turned_is_nothing() -> None:
    assert oldest_first([]) is None
    assert oldest_first([Batch(b"", 0, scanned=7)]) is None


def test_a_gap_stays_between_the_same_two_lines() -> None:
    origin = Origin("web-1", "a", log="a", fingerprint=1)
    flags = bytes([0, LineFlag.TRAILS, LineFlag.GAP | LineFlag.LEADS, 0])
    newest = Batch(b"9\n8\n3\n2\n", 4, [9, 8, 3, 2], [18, 16, 6, 4], (origin,), flags=flags, keys=[9, 9, 2, 2])
    back = oldest_first([newest])
    assert back is not None
    assert RecordsText(prefix=False, groups=True).batch(back) == b"2\n3\n--\n8\n9\n"
    assert back.flags == bytes([0, LineFlag.TRAILS, LineFlag.GAP | LineFlag.LEADS, 0])
    assert [*(back.keys or ())] == [2, 2, 9, 9]


def test_a_log_begins_before_its_first_line() -> None:
    origins = (
        Origin("web-1", "a.1", log="a", fingerprint=1),
        Origin("web-1", "a", log="a", fingerprint=2),
        Origin("db", "c"),
    )
    batch = Batch(b"x\ny\nz\nw\n", 4, [1, 2, 3, 4], [70, 0, 5, 2], origins, [0, 1, 2, 1])
    assert set(positions_before(batch)) == {Position("web-1", "a", 1, 70), Position("db", "c", 0, 5)}


def test_a_log_ends_behind_its_last_line_and_only_in_a_file_that_a_position_can_lie_in() -> None:
    origins = (
        Origin("web-1", "a.1", log="a", fingerprint=1),
        Origin("web-1", "a", log="a", fingerprint=2),
        Origin("db", "c"),
    )
    batch = Batch(b"x\ny\nz\nw\n", 4, [1, 2, 3, 4], [70, 0, 5, 2], origins, [0, 1, 2, 1])
    assert positions_behind(batch) == (Position("web-1", "a", 2, 4),)
    part = replace(batch, flags=bytes([0, 0, 0, LineFlag.PARTIAL]))
    assert positions_behind(part) == (Position("web-1", "a", 2, 3),)


def test_lines_of_other_logs_are_left_out() -> None:
    origins = (Origin("web-1", "a", log="a"), Origin("db", "c"))
    batch = Batch(b"3\n2\n1\n", 3, [3, 2, 1], [4, 0, 0], origins, [0, 1, 0])
    kept = oldest_first([batch], {("web-1", "a")})
    assert kept == Batch(b"1\n3\n", 2, [1, 3], [0, 4], origins[:1])
    assert oldest_first([batch], {("db", "other")}) is None
