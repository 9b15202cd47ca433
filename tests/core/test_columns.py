"""Whatever is done to batches, each line keeps its own value in every column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.arrays import MANY
from logagent.core.batch import Batch, LineFlag, Notice, Origin, Position, as_column
from logagent.core.columns import Joined, Run, cut_before, picked, pieces, taken, with_used_origins
from logagent.core.columns import joined as joined_columns
from logagent.core.merging.reversing import oldest_first
from logagent.core.outcome import Status

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

COLUMNS = [field.name for field in fields(Batch) if field.type in ("Column | None", "bytes | None")]
"""The fields of a batch that hold a value for each line, by their types."""
TIMES, PLACES = {"times", "keys"}, {"offsets", "origin"}
ORIGINS = tuple(Origin(f"host-{number}", "a.log", log="a.log", fingerprint=number + 1) for number in range(4))

Line = dict[str, Any]
"""The oracle: one line with its value in each column, its origin itself in place of the index of it."""


def lines_of(batch: Batch) -> list[Line]:
    """The lines of a batch, each with its value in every column, None where the batch lacks the column."""
    return [
        {"text": text, **{name: _value(batch, name, place) for name in COLUMNS}}
        for place, text in enumerate(batch.lines())
    ]


def _value(batch: Batch, name: str, place: int) -> Any:
    if name == "origin":
        return batch.origins[batch.origin_of_each()[place]] if batch.origins else None
    column: Sequence[int] | None = getattr(batch, name)
    return None if column is None else column[place]


def batch_of(lines: Sequence[Line], without: frozenset[str] = frozenset()) -> Batch:
    """The batch of lines that have a value in every column, some columns left out."""
    origins = tuple(dict.fromkeys(line["origin"] for line in lines))
    columns: dict[str, Any] = {name: [line[name] for line in lines] for name in COLUMNS if name not in without}
    columns["origin"] = [origins.index(origin) for origin in columns["origin"]] if "origin" in columns else None
    if "flags" in columns:
        columns["flags"] = bytes(columns["flags"])
    return Batch(b"".join(line["text"] + b"\n" for line in lines), len(lines), origins=origins, **columns)


FLAGS = st.sampled_from([0, 0, LineFlag.CONTINUES, LineFlag.LEADS, LineFlag.TRAILS, LineFlag.GAP, LineFlag.PARTIAL])
TEXTS = st.binary(max_size=12).map(lambda text: text.replace(b"\n", b""))


def line_with(text: bytes, flag: int, origin: Origin, number: int) -> Line:
    """A line whose value in each column is like no other's, as far as the column allows it."""
    known = {"text": text, "flags": int(flag), "origin": origin}
    return known | {name: number * 10 + place for place, name in enumerate(COLUMNS) if name not in known}


@st.composite
def lines(draw: st.DrawFn, least: int = 1) -> list[Line]:
    drawn = draw(st.lists(st.tuples(TEXTS, FLAGS, st.sampled_from(ORIGINS)), min_size=least, max_size=15))
    first = draw(st.integers(0, 1000)) * 100
    return [line_with(*each, first + number) for number, each in enumerate(drawn)]


def test_all_columns_are_known() -> None:
    """A new column of `Batch` makes this fail: then let `columns` and `wire.frames` know it, and the tests below."""
    assert set(COLUMNS) == TIMES | PLACES | {"flags"}


@pytest.mark.parametrize("name", COLUMNS)
def test_no_operation_loses_a_column(name: str) -> None:
    made = [line_with(b"%d" % number, LineFlag.PARTIAL, ORIGINS[number % 2], number) for number in range(6)]
    batch = batch_of(made)
    joined = Joined([Run(batch, batch.lines(), 0, 6)], [5, 4, 3, 2, 1, 0]).batch(6, times=True, places=True)
    for done, expected in [
        ([*pieces(batch, 4)], made),
        ([*cut_before(batch, [1, 5])], made),
        ([picked(batch, batch.lines(), [4, 1])], [made[4], made[1]]),
        ([with_used_origins(batch)], made),
        ([joined], made[::-1]),
        ([oldest_first([batch])], made[::-1]),
    ]:
        assert [line[name] for part in done if part for line in lines_of(part)] == [line[name] for line in expected]


@QUICK
@given(lines(), st.sets(st.sampled_from(COLUMNS)), st.integers(1, 60))
def test_pieces_are_the_batch(made: list[Line], without: set[str], most: int) -> None:
    batch = batch_of(made, frozenset(without))
    assert [line for piece in pieces(batch, most) for line in lines_of(piece)] == lines_of(batch)


@QUICK
@given(lines(least=2), st.sets(st.sampled_from(COLUMNS)), st.data())
def test_a_batch_is_cut_exactly_before_the_lines_asked_for(
    made: list[Line], without: set[str], data: st.DataObject
) -> None:
    batch = batch_of(made, frozenset(without))
    borders = sorted(data.draw(st.sets(st.integers(1, batch.count - 1))))
    cut = [lines_of(part) for part in cut_before(batch, borders)]
    whole = lines_of(batch)
    assert cut == [whole[a:b] for a, b in zip([0, *borders], [*borders, batch.count], strict=True)]


def test_what_is_told_before_the_lines_comes_first_and_what_holds_behind_them_last() -> None:
    notice, position = Notice("a", Status.OK, "back"), Position("a", "l", 1, 8)
    batch = Batch(b"1\n2\n3\n", 3, scanned=5, planned=6, positions=(position,), notices=(notice,), live=True)
    for cut in ([*pieces(batch, 2)], [*cut_before(batch, [1, 2])]):
        assert cut == [
            Batch(b"1\n", 1, scanned=5, planned=6, notices=(notice,)),
            Batch(b"2\n", 1),
            Batch(b"3\n", 1, positions=(position,), live=True),
        ]


@QUICK
@given(lines(), st.sets(st.sampled_from(COLUMNS)), st.data())
def test_lines_are_picked_with_their_columns_and_only_their_origins(
    made: list[Line], without: set[str], data: st.DataObject
) -> None:
    batch = replace(batch_of(made, frozenset(without)), scanned=7)
    whole = lines_of(batch)
    places = data.draw(st.lists(st.integers(0, batch.count - 1), max_size=10))
    some = picked(batch, batch.lines(), places)
    assert lines_of(some) == [whole[place] for place in places]
    assert some.scanned == 7
    assert [*some.origins] == [*dict.fromkeys(line["origin"] for line in lines_of(some))]
    assert (some.origin is None) == (len(some.origins) < 2)


def test_origins_that_no_line_has_are_left_out() -> None:
    batch = Batch(b"1\n2\n3\n", 3, origins=ORIGINS, origin=[3, 1, 3])
    assert with_used_origins(batch) == replace(batch, origins=(ORIGINS[3], ORIGINS[1]), origin=[0, 1, 0])
    assert with_used_origins(replace(batch, origin=[2, 2, 2])) == replace(batch, origins=(ORIGINS[2],), origin=None)
    assert with_used_origins(replace(batch, origin=None)) == replace(batch, origins=ORIGINS[:1], origin=None)
    assert with_used_origins(Batch(b"", 0, origins=ORIGINS)) == Batch(b"", 0)


@QUICK
@given(
    st.lists(st.tuples(lines(), st.sets(st.sampled_from(COLUMNS))), min_size=1, max_size=3),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.data(),
)
def test_lines_of_several_batches_are_joined_in_any_order(
    drawn: list[tuple[list[Line], set[str]]],
    in_order: bool,
    times: bool,
    places: bool,
    data: st.DataObject,
) -> None:
    runs, expected = [], []
    for made, without in drawn:
        batch = batch_of(made, frozenset(without))
        first = data.draw(st.integers(0, batch.count - 1))
        behind = data.draw(st.integers(first + 1, batch.count))
        runs.append(Run(batch, batch.lines(), first, behind))
        expected += lines_of(batch)[first:behind]
    order = data.draw(st.permutations(range(len(expected)))) if not in_order else None
    joined = Joined(runs, order)
    expected = expected if order is None else [expected[place] for place in order]
    count = data.draw(st.integers(1, len(expected)))
    has_flags = any(run.batch.flags is not None for run in runs)
    assert joined.lines == [line["text"] for line in expected]
    assert joined.flags == (bytes(line["flags"] or 0 for line in expected) if has_flags else None)
    assert lines_of(joined.batch(count, times=times, places=places)) == [
        _as_joined(line, times, places, has_flags) for line in expected[:count]
    ]


def _as_joined(line: Line, times: bool, places: bool, flags: bool) -> Line:
    """A line as it is wanted: zero for what its batch lacks, and its time in the place of its key."""
    key = line["times"] or 0 if line["keys"] is None else line["keys"]
    return line | {
        "times": (line["times"] or 0) if times else None,
        "keys": key if times and flags else None,
        "flags": (line["flags"] or 0) if flags else None,
        "offsets": (line["offsets"] or 0) if places else None,
        "origin": line["origin"] if places else None,
    }


# Pieces

TEXT_LISTS = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=40)


def numbered(texts: list[bytes]) -> Batch:
    numbers = list(range(len(texts)))
    body = b"".join(line + b"\n" for line in texts)
    origins = (Origin("a", "f"), Origin("b", "f"))
    return Batch(
        body,
        len(texts),
        numbers,
        [number * 2 for number in numbers],
        origins,
        [number % 2 for number in numbers],
        77,
        99,
        bytes(LineFlag.CONTINUES if number % 3 == 2 else 0 for number in numbers),
        [number * 3 for number in numbers],
    )


@settings(max_examples=100, deadline=None)
@given(TEXT_LISTS, st.integers(1, 60))
def test_pieces_put_together_are_the_batch_column_by_column(texts: list[bytes], most: int) -> None:
    whole = numbered(texts)
    cut = list(pieces(whole, most))
    assert b"".join(piece.body for piece in cut) == whole.body
    assert [time for piece in cut for time in piece.times or []] == [*(whole.times or ())]
    assert [offset for piece in cut for offset in piece.offsets or []] == [*(whole.offsets or ())]
    assert [index for piece in cut for index in piece.origin_of_each()] == [*(whole.origin or ())]
    assert b"".join(piece.flags or b"" for piece in cut) == whole.flags
    assert [key for piece in cut for key in piece.keys or []] == [*(whole.keys or ())]
    assert (sum(piece.scanned for piece in cut), sum(piece.planned for piece in cut)) == (77, 99)


@settings(max_examples=100, deadline=None)
@given(TEXT_LISTS, st.integers(1, 60))
def test_no_piece_is_too_long_but_a_single_record_and_no_event_is_cut(texts: list[bytes], most: int) -> None:
    for piece in pieces(numbered(texts), most):
        assert piece.body.count(b"\n") == piece.count
        assert len(piece.body) <= most or piece.records == 1
        assert piece.flags is None or not piece.flags[0] & LineFlag.CONTINUES


def test_batch_that_is_short_enough_goes_on_as_it_is() -> None:
    whole = numbered([b"one", b"two"])
    assert [*pieces(whole, 8)] == [whole]
    assert next(pieces(whole, 8)) is whole


def test_what_is_said_before_a_batch_comes_with_its_first_piece_and_what_is_behind_it_with_its_last() -> None:
    notice = Notice("a", Status.OK, "back")
    cut = list(pieces(Batch(b"one\ntwo\n", 2, notices=(notice,), live=True), 4))
    assert [(piece.notices, piece.live) for piece in cut] == [((notice,), False), ((), True)]


def test_columns_that_are_not_there_stay_away() -> None:
    cut = list(pieces(Batch(b"one\ntwo\n", 2), 4))
    assert [(piece.times, piece.offsets, piece.origin) for piece in cut] == [(None, None, None)] * 2


@QUICK
@given(lines(), st.sets(st.sampled_from(COLUMNS)), st.randoms(use_true_random=False))
def test_many_lines_are_joined_as_few_are(made: list[Line], without: set[str], random: Random) -> None:
    copies = MANY // len(made) + 1
    batch = batch_of(made * copies, frozenset(without))
    places = [*range(2 * batch.count)]
    random.shuffle(places)
    runs = [Run(batch, batch.lines(), 0, batch.count)] * 2
    joined = Joined(runs, as_column(places)).batch(batch.count, times=True, places=True)
    whole = lines_of(batch) * 2
    expected = [whole[place] for place in places[: batch.count]]
    for name in {"text", *COLUMNS} - without - {"keys", "origin"}:
        assert [line[name] for line in lines_of(joined)] == [line[name] for line in expected]
    if "origin" not in without:
        assert [line["origin"] for line in lines_of(joined)] == [line["origin"] for line in expected]
    assert joined.times is None or len(joined.times) == batch.count


def test_values_of_more_than_64_bits_are_joined_and_taken_as_others_are() -> None:
    far = [2**70] * MANY
    assert joined_columns([as_column([1]), as_column(far)]) == [1, *far]
    assert taken(as_column(far), as_column([*range(MANY)])) == far
    assert taken(as_column([5, 6]), as_column([1, 0] * MANY)) == as_column([6, 5] * MANY)
