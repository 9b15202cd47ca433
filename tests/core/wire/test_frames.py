"""Batches between agents: what is encoded is decoded, and nothing else is."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.batch import SIGN_OF_LIFE, Batch, LineFlag, Notice, Origin, Position
from logagent.core.notes import Note
from logagent.core.outcome import Status
from logagent.core.wire.frame_cuts import MAX_NAMED
from logagent.core.wire.frames import MAX_FRAME, FrameDecoder, WireError, encode

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = st.binary(max_size=20).map(lambda name: name.decode("utf-8", "surrogateescape"))
LABELS = st.none() | st.dictionaries(NAMES, NAMES, max_size=3).map(lambda labels: tuple(sorted(labels.items())))
ORIGINS = st.builds(Origin, NAMES, NAMES, st.booleans(), NAMES, st.integers(0, 2**64 - 1), LABELS)
POSITIONS = st.builds(Position, NAMES, NAMES, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
NOTICES = st.builds(Notice, NAMES, st.sampled_from(Status), NAMES)
NOTES = st.builds(Note, NAMES, st.lists(NAMES, max_size=3).map(tuple), st.integers(0, 2**64 - 1), NAMES)
LINES = st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"\\n"))
NUMBERS = st.integers(-(2**63), 2**63 - 1)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    lines = draw(st.lists(LINES, min_size=1, max_size=8))
    origins = draw(st.lists(ORIGINS, min_size=1, max_size=4, unique=True))
    column = st.lists(NUMBERS, min_size=len(lines), max_size=len(lines))
    index = st.lists(st.integers(0, len(origins) - 1), min_size=len(lines), max_size=len(lines))
    return Batch(
        b"".join(line + b"\n" for line in lines),
        len(lines),
        draw(st.none() | column),
        draw(st.none() | column),
        tuple(origins),
        draw(st.none() | index),
        draw(st.integers(0, 2**64 - 1)),
        draw(st.integers(0, 2**64 - 1)),
        draw(st.none() | st.binary(min_size=len(lines), max_size=len(lines))),
        draw(st.none() | column),
        tuple(draw(st.lists(POSITIONS, max_size=3))),
        tuple(draw(st.lists(NOTICES, max_size=2))),
        draw(st.booleans()),
        tuple(draw(st.lists(NOTES, max_size=2))),
    )


def decoded(stream: bytes, cuts: Sequence[int] = ()) -> list[Batch]:
    """All batches of a stream that comes in pieces, cut at these places."""
    decoder = FrameDecoder()
    borders = [0, *sorted(cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(borders)]
    received = [batch for piece in pieces for batch in decoder.receive(piece)]
    decoder.finish()
    return received


def frame(flags: int = 0, count: int = 1, origins: int = 0, rest: bytes = b"line\n") -> bytes:
    payload = struct.pack(">BIQQH", flags, count, 0, 0, origins) + rest
    return struct.pack(">I", len(payload)) + payload


@QUICK
@given(st.lists(batches(), max_size=5), st.data())
def test_batches_come_out_as_they_went_in_wherever_the_stream_is_cut(sent: list[Batch], data: st.DataObject) -> None:
    stream = b"".join(map(encode, sent))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=20))
    assert decoded(stream, cuts) == sent


@QUICK
@given(batches())
def test_a_batch_comes_out_as_soon_as_its_last_byte_is_there(batch: Batch) -> None:
    decoder = FrameDecoder()
    encoded = encode(batch)
    assert list(decoder.receive(encoded[:-1])) == []
    assert list(decoder.receive(encoded[-1:])) == [batch]


def test_byte_by_byte_is_as_good_as_at_once() -> None:
    batch = Batch(b"one\ntwo\n", 2, [1, -2], [0, 4], (Origin("h", "f"), Origin("h", "g", False)), [1, 0])
    stream = encode(batch) * 3
    assert decoded(stream, range(len(stream))) == [batch] * 3


def test_a_sign_of_life_stays_one() -> None:
    assert decoded(encode(SIGN_OF_LIFE)) == [SIGN_OF_LIFE]


def test_a_sign_of_life_tells_how_much_was_scanned() -> None:
    sign = replace(SIGN_OF_LIFE, scanned=2**63)
    assert decoded(encode(sign)) == [sign]


def test_a_batch_without_lines_may_have_columns_all_the_same() -> None:
    batch = Batch(b"", 0, [], [], (Origin("h", "f"),), [])
    assert decoded(encode(batch)) == [batch]


def test_times_at_the_ends_of_64_bits_arrive() -> None:
    batch = Batch(b"\n\n", 2, [-(2**63), 2**63 - 1], None, (Origin("h", "f"),))
    assert decoded(encode(batch)) == [batch]


def test_a_frame_is_laid_out_as_written() -> None:
    origins = (Origin("h", "f"), Origin("hö", "g", False, "l", 8))
    batch = Batch(b"a\n", 1, [2], [3], origins, [1], 4, 5, b"\x06", [7], (Position("h", "l", 9, 10),))
    batch = replace(batch, notices=(Notice("h", Status.DATA_LOSS, "m"),), live=True)
    assert encode(batch) == (
        b"\x00\x00\x00\x7a"  # length
        b"\x3f\x00\x00\x00\x01"  # columns, lines
        b"\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x05\x00\x02"  # scanned, planned, origins
        b"\x00\x01h\x00\x01f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x03h\xc3\xb6\x00\x01g\x00\x01l\x00\x00\x00\x00\x00\x00\x00\x00\x08"
        b"\x00\x01\x00\x01h\x00\x01l"  # positions
        b"\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x0a"
        b"\x00\x01\x00\x01h\x00\x01m\x0f"  # notices
        b"\x02\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x01\x00"
        b"\x06\x07\x00\x00\x00\x00\x00\x00\x00"  # flags, keys
        b"a\n"
    )


def test_as_many_origins_as_the_format_allows_arrive() -> None:
    origins = tuple(Origin("h", str(number)) for number in range(MAX_NAMED))
    batch = Batch(b"\n", 1, None, None, origins, [MAX_NAMED - 1])
    assert decoded(encode(batch)) == [batch]


def test_of_more_origins_than_the_format_allows_those_that_no_line_has_stay_behind() -> None:
    origins = tuple(Origin("h", str(number)) for number in range(MAX_NAMED + 1))
    batch = Batch(b"one\ntwo\n", 2, None, None, origins, [MAX_NAMED, 7])
    assert decoded(encode(batch)) == [replace(batch, origins=(origins[MAX_NAMED], origins[7]), origin=[0, 1])]
    assert decoded(encode(replace(batch, origin=None))) == [replace(batch, origins=origins[:1], origin=None)]
    assert decoded(encode(Batch(b"", 0, origins=origins))) == [SIGN_OF_LIFE]


def test_a_batch_whose_lines_have_more_origins_than_the_format_allows_comes_in_two() -> None:
    origins = tuple(Origin("h", str(number)) for number in range(MAX_NAMED + 1))
    lines = MAX_NAMED + 2
    batch = Batch(b"\n" * lines, lines, [*range(lines)], None, origins, [0, *range(MAX_NAMED + 1)], 5)
    batch = replace(batch, positions=(Position("h", "l", 1, 2),), live=True)
    first, second = decoded(encode(batch))
    assert (first.count, first.scanned, first.live, first.positions) == (MAX_NAMED + 1, 5, False, ())
    columns = {"origin": [0, *range(MAX_NAMED)], "times": [*range(MAX_NAMED + 1)]}
    assert first == replace(first, origins=origins[:MAX_NAMED], **columns)
    assert second == Batch(b"\n", 1, [MAX_NAMED + 1], None, origins[MAX_NAMED:], positions=batch.positions, live=True)


@QUICK
@given(batches(), st.integers(1, 3))
def test_lines_keep_their_origins_however_few_a_frame_can_name(batch: Batch, most: int) -> None:
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr("logagent.core.wire.frame_cuts.MAX_NAMED", most)
        received = decoded(encode(batch))
    named = [(part.origins, part.positions, part.notices, part.notes) for part in received]
    assert all(len(names) <= most for part in named for names in part)
    assert b"".join(part.body for part in received) == batch.body
    for name in ("times", "offsets", "flags", "keys"):
        assert [value for part in received for value in getattr(part, name) or ()] == [*(getattr(batch, name) or ())]
    origins = [part.origins[index] for part in received for index in part.origin_of_each()]
    assert origins == [batch.origins[index] for index in batch.origin_of_each()]
    assert sum(part.scanned for part in received) == batch.scanned
    assert [notice for part in received for notice in part.notices] == [*batch.notices]
    assert [position for part in received for position in part.positions] == [*batch.positions]
    assert [part.live for part in received] == [False] * (len(received) - 1) + [batch.live]


def test_a_batch_with_too_many_origins_is_cut_between_records() -> None:
    origins = (Origin("h", "a"), Origin("h", "b"))
    flags = bytes([0, LineFlag.CONTINUES, 0, LineFlag.CONTINUES, LineFlag.CONTINUES])
    batch = Batch(b"1\n2\n3\n4\n5\n", 5, None, None, origins, [0, 0, 1, 1, 1], flags=flags)
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr("logagent.core.wire.frame_cuts.MAX_NAMED", 1)
        received = decoded(encode(batch))
    assert [part.body for part in received] == [b"1\n2\n", b"3\n4\n5\n"]


def test_as_many_positions_and_notices_as_there_are_are_sent() -> None:
    positions = tuple(Position("h", str(number), 1, 2) for number in range(2 * MAX_NAMED + 1))
    notices = tuple(Notice("h", Status.OK, str(number)) for number in range(2 * MAX_NAMED))
    batch = Batch(b"one\n", 1, origins=(Origin("h", "f"),), positions=positions, notices=notices, scanned=7, live=True)
    received = decoded(encode(batch))
    assert [len(part.notices) for part in received] == [MAX_NAMED, MAX_NAMED, 0, 0]
    assert [len(part.positions) for part in received] == [0, MAX_NAMED, MAX_NAMED, 1]
    assert [(part.count, part.scanned, part.live) for part in received] == [
        *((0, 0, False), (1, 7, False), (0, 0, False), (0, 0, True)),
    ]


def test_what_no_frame_can_hold_is_sent_as_the_most_that_it_can() -> None:
    notice, note = Notice("h", Status.OK, "x" * 70_000), Note("link", (), 2**70)
    (received,) = decoded(encode(Batch(b"", 0, scanned=2**70, notices=(notice,), notes=(note,))))
    assert (received.scanned, received.notes[0].count) == (2**64 - 1, 2**64 - 1)
    assert received.notices[0].message == "x" * MAX_NAMED


def test_an_end_between_frames_is_an_end() -> None:
    assert decoded(b"") == []


@QUICK
@given(batches(), st.data())
def test_an_end_within_a_frame_is_an_error(batch: Batch, data: st.DataObject) -> None:
    encoded = encode(batch)
    cut = data.draw(st.integers(1, len(encoded) - 1))
    with pytest.raises(WireError, match="cut"):
        decoded(encoded[:cut])


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(struct.pack(">I", 0), id="no head"),
        pytest.param(struct.pack(">I", 6) + b"\x00" * 6, id="half a head"),
        pytest.param(frame(count=2), id="fewer lines than counted"),
        pytest.param(frame(count=0), id="more lines than counted"),
        pytest.param(frame(rest=b"li\nne"), id="last line not ended"),
        pytest.param(frame(rest=b"line"), id="only line not ended"),
        pytest.param(frame(flags=1), id="no room for the times"),
        pytest.param(frame(flags=1, count=0xFFFFFFFF), id="no room for very many times"),
        pytest.param(frame(flags=2), id="no room for the offsets"),
        pytest.param(frame(flags=4, rest=b"\x00"), id="no room for the origin"),
        pytest.param(frame(flags=4, rest=b"\x00\x00line\n"), id="an origin where there is none"),
        pytest.param(frame(flags=4, origins=1, rest=b"\x00\x00\x00\x00\x01\x01\x00line\n"), id="an origin too far"),
        pytest.param(frame(origins=2, rest=b"\x00\x00\x00\x00\x01line\n"), id="fewer origins than counted"),
        pytest.param(frame(origins=1, rest=b"\xff\xffhost\n"), id="a host longer than the frame"),
        pytest.param(frame(origins=1, rest=b"\x00\x00\x00\x00"), id="no word on whether it is timed"),
    ],
)
def test_a_frame_that_contradicts_itself_is_an_error(wrong: bytes) -> None:
    with pytest.raises(WireError):
        decoded(wrong)


NOTHING_TOLD = b"\0\0\0\0"
"""No positions and no notices."""


def test_a_line_may_come_from_the_last_origin_and_not_from_the_one_behind_it() -> None:
    origin = b"\0\1h\0\1f\0\0\1" + bytes(8)
    rest = origin + NOTHING_TOLD
    assert decoded(frame(4, origins=1, rest=rest + b"\0\0" + b"line\n")) == [
        Batch(b"line\n", 1, None, None, (Origin("h", "f"),), [0])
    ]
    with pytest.raises(WireError, match="an origin that the frame does not name"):
        decoded(frame(4, origins=1, rest=rest + b"\1\0" + b"line\n"))


def test_a_notice_has_a_status_of_the_list_or_is_an_error() -> None:
    told = b"\0\0\0\1\0\1h\0\1m"
    (batch,) = decoded(frame(rest=told + bytes([Status.UNAVAILABLE]) + b"line\n"))
    assert batch.notices == (Notice("h", Status.UNAVAILABLE, "m"),)
    with pytest.raises(WireError, match="a notice has the status 99"):
        decoded(frame(rest=told + bytes([99]) + b"line\n"))


def test_the_status_of_a_notice_may_be_the_last_byte_of_a_frame() -> None:
    batch = Batch(b"", 0, notices=(Notice("h", Status.OK, "m"),))
    assert decoded(encode(batch)) == [batch]


def test_a_frame_longer_than_the_limit_is_an_error_at_its_length_already() -> None:
    with pytest.raises(WireError, match="longer than"):
        list(FrameDecoder().receive(struct.pack(">I", MAX_FRAME + 1)))


def test_a_frame_that_claims_the_limit_is_waited_for() -> None:
    assert MAX_FRAME == 64 * 1024 * 1024
    assert list(FrameDecoder().receive(struct.pack(">I", MAX_FRAME))) == []


def test_what_came_before_a_damaged_frame_comes_out() -> None:
    batch = Batch(b"one\n", 1, None, None, (Origin("h", "f"),))
    received = FrameDecoder().receive(encode(batch) + frame(count=2))
    assert next(received) == batch
    with pytest.raises(WireError):
        next(received)


@QUICK
@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_wire_errors(garbage: bytes) -> None:
    try:
        decoded(garbage)
    except WireError:
        return
    assert garbage == b"" or len(garbage) >= len(encode(SIGN_OF_LIFE))


@QUICK
@given(st.binary(max_size=100))
def test_a_random_frame_raises_nothing_but_wire_errors(payload: bytes) -> None:
    try:
        received = decoded(struct.pack(">I", len(payload)) + payload)
    except WireError:
        return
    assert_sound(*received)


@QUICK
@given(batches(), st.data())
def test_a_damaged_frame_is_a_sound_batch_or_a_wire_error(batch: Batch, data: st.DataObject) -> None:
    damaged = bytearray(encode(batch))
    for at in data.draw(st.lists(st.integers(4, len(damaged) - 1), min_size=1, max_size=4)):
        damaged[at] = data.draw(st.integers(0, 255))
    try:
        received = decoded(bytes(damaged))
    except WireError:
        return
    assert_sound(*received)


def assert_sound(batch: Batch) -> None:
    """All columns fit the lines, and all lines an origin."""
    assert len(batch.lines()) == batch.count
    assert all(len(column) == batch.count for column in (batch.times, batch.offsets) if column is not None)
    assert all(batch.origins[index] for index in batch.origin or ())


def test_a_frame_that_claims_much_costs_no_memory_until_it_comes() -> None:
    claims = [frame(flags=31, count=0xFFFFFFFF, origins=0xFFFF), struct.pack(">I", MAX_FRAME)]
    tracemalloc.start()
    try:
        for claim in claims:
            with pytest.raises(WireError):
                decoded(claim)
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()


def test_what_was_decoded_is_not_kept() -> None:
    decoder = FrameDecoder()
    stream = encode(Batch(b"x" * 100_000 + b"\n", 1))
    list(decoder.receive(stream))  # what is loaded late is there now
    tracemalloc.start()
    try:
        for _ in range(50):
            list(decoder.receive(stream))
        assert tracemalloc.get_traced_memory()[0] < len(stream) * 3
    finally:
        tracemalloc.stop()


def test_time_beyond_64_bits_travels_as_the_last_that_they_hold() -> None:
    batch = Batch(b"9999\n0001\n", 2, [253402300799 * 10**9, -62135596800 * 10**9], None, (Origin("h", "f"),))
    (decoded,) = FrameDecoder().receive(encode(batch))
    assert [*(decoded.times or ())] == [2**63 - 1, -(2**63)]


def _labelled(sets: bytes, told: bytes) -> bytes:
    origin = b"\0\1h\0\1f\0\1f\0" + bytes(8)
    return frame(128, 1, 1, origin + bytes(4) + sets + told + b"line\n")


def test_labels_are_told_once_for_all_origins_of_a_host() -> None:
    labels = (("role", "web"), ("zone", "a"))
    origins = tuple(Origin("web-1", f"{number}.log", labels=labels) for number in range(50))
    told = Batch(b"x\n" * 50, 50, origins=origins, origin=[*range(50)])
    assert encode(told).count(b"role") == 1
    assert decoded(encode(told)) == [told]


@pytest.mark.parametrize(
    ("sets", "told", "wrong"),
    [
        (b"\0\0", b"\0\1", "labels that the frame does not name"),
        (b"\0\1\0\x81" + b"\0\1a\0\1b" * 129, b"\0\1", "129 labels; there are at most 128"),
        (b"\0\1\0\1\x04\x01" + b"a" * 1025 + b"\0\1b", b"\0\1", "longer than 1024 bytes"),
    ],
)
def test_labels_that_no_agent_tells_are_refused(sets: bytes, told: bytes, wrong: str) -> None:
    with pytest.raises(WireError, match=wrong):
        decoded(_labelled(sets, told))
