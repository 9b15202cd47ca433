"""Merging by time equals a stable sort, however the streams are cut into batches and whichever comes first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.batch import Batch, LineFlag, Origin, Position, as_column
from logagent.core.limits import Allowance
from logagent.core.merging.keys import keys_of, running_maximum
from logagent.core.merging.merge import Merge, Merged
from logagent.core.merging.relay import Relay

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Line(NamedTuple):
    """A line as a stream holds it. Its text is like no other's."""

    stream: int
    place: int
    time: int

    @property
    def text(self) -> bytes:
        return b"%d:%d" % (self.stream, self.place) + b"." * (self.place % 3 * self.stream)

    @property
    def origin(self) -> Origin:
        return Origin(f"host-{self.stream}", f"{self.place % 2}.log", self.place % 2 == 0)


def expected(streams: list[list[int]], newest: bool) -> list[Line]:
    """The oracle: lines by their time, as far as those before them in their stream allow it, stably sorted."""
    rows: list[tuple[int, Line]] = []
    for stream, times in enumerate(streams):
        keys = accumulate((-time for time in times) if newest else times, max)
        rows += [(key, Line(stream, place, time)) for place, (key, time) in enumerate(zip(keys, times, strict=True))]
    return [line for _, line in sorted(rows, key=lambda row: row[0])]


def batch_of(lines: list[Line], shared: bool = False) -> Batch:
    """The batch of some lines; `shared` if one origin is to stand for all of them."""
    origins = (lines[0].origin,) if shared else tuple(dict.fromkeys(line.origin for line in lines))
    return Batch(
        b"".join(line.text + b"\n" for line in lines),
        len(lines),
        [line.time for line in lines],
        [line.place * 100 for line in lines],
        origins,
        None if shared else [origins.index(line.origin) for line in lines],
    )


@dataclass
class Run:
    """Streams cut and brought to a merge in an order that `random` picks, and what the merge gives out."""

    streams: list[list[int]]
    newest: bool
    random: Random
    places: bool = False

    def __post_init__(self) -> None:
        self._merge = Merge(len(self.streams), newest=self.newest, times=True, places=self.places)
        self._left = [
            [Line(stream, place, time) for place, time in enumerate(times)] for stream, times in enumerate(self.streams)
        ]

    def given(self, allowance: Allowance | None = None) -> list[Merged]:
        allowance = allowance or Allowance(None, None)
        given: list[Merged] = []
        while not self._merge.done and not allowance.used_up:
            while self._merge.waiting_for:
                assert self._merge.take(allowance) is None
                self._feed(self.random.choice(sorted(self._merge.waiting_for)))
            for stream in sorted(self._merge.runs_short):
                if self._left[stream] and self.random.choice([True, False]):
                    self._feed(stream)
            merged = self._merge.take(allowance)
            given += [merged] if merged else []
        return given

    def _feed(self, stream: int) -> None:
        lines = self._left[stream]
        if not lines:
            self._merge.end(stream)
            return
        size = self.random.randint(1, len(lines))
        self._left[stream] = lines[size:]
        self._merge.add(stream, batch_of(lines[:size]))


TIMES = st.lists(st.integers(-3, 12), max_size=12)
STREAMS = st.lists(TIMES | TIMES.map(sorted) | TIMES.map(lambda times: sorted(times, reverse=True)), max_size=4)
RANDOM = st.randoms(use_true_random=False)


def texts(merged: list[Merged]) -> list[bytes]:
    return [line for one in merged for line in one.batch.lines()]


@settings(QUICK, max_examples=300)
@given(STREAMS, st.booleans(), RANDOM)
def test_a_merge_is_a_stable_sort_of_its_streams(streams: list[list[int]], newest: bool, random: Random) -> None:
    given = Run(streams, newest, random).given()
    assert texts(given) == [line.text for line in expected(streams, newest)]


@QUICK
@given(STREAMS, st.booleans(), RANDOM)
def test_times_stay_those_of_their_lines_even_where_they_run_backwards(
    streams: list[list[int]], newest: bool, random: Random
) -> None:
    given = Run(streams, newest, random).given()
    times = [time for merged in given for time in merged.batch.times or ()]
    assert times == [line.time for line in expected(streams, newest)]


@QUICK
@given(STREAMS, st.booleans(), RANDOM)
def test_each_line_takes_its_place_along(streams: list[list[int]], newest: bool, random: Random) -> None:
    given = Run(streams, newest, random, places=True).given()
    offsets = [offset for merged in given for offset in merged.batch.offsets or ()]
    origins = [merged.batch.origins[index] for merged in given for index in merged.batch.origin_of_each()]
    lines = expected(streams, newest)
    assert offsets == [line.place * 100 for line in lines]
    assert origins == [line.origin for line in lines]


@QUICK
@given(STREAMS, st.booleans(), RANDOM, st.integers(1, 50))
def test_n_lines_are_the_first_n(streams: list[list[int]], newest: bool, random: Random, n: int) -> None:
    allowance = Allowance(n, None)
    given = Run(streams, newest, random, places=True).given(allowance)
    assert texts(given) == [line.text for line in expected(streams, newest)][:n]
    assert not allowance.refused


@QUICK
@given(STREAMS, st.booleans(), RANDOM, st.none() | st.integers(1, 50), st.integers(1, 200))
def test_max_bytes_hold_as_many_whole_lines_as_fit(
    streams: list[list[int]], newest: bool, random: Random, n: int | None, max_bytes: int
) -> None:
    allowance = Allowance(n, max_bytes)
    wanted = [line.text for line in expected(streams, newest)][:n]
    fitting = [
        line for line, end in zip(wanted, accumulate(len(line) + 1 for line in wanted), strict=True) if end <= max_bytes
    ]
    assert texts(Run(streams, newest, random).given(allowance)) == fitting
    assert allowance.refused == (len(fitting) < len(wanted))


@QUICK
@given(STREAMS, st.booleans(), RANDOM, st.none() | st.integers(1, 50), st.none() | st.integers(1, 200))
def test_what_each_stream_gave_is_counted(
    streams: list[list[int]], newest: bool, random: Random, n: int | None, max_bytes: int | None
) -> None:
    for merged in Run(streams, newest, random).given(Allowance(n, max_bytes)):
        counted = Counter(int(line.split(b":")[0]) for line in merged.batch.lines())
        assert {stream: lines for stream, lines in merged.given.items() if lines} == counted
        assert sum(merged.given.values()) == merged.batch.count > 0


@QUICK
@given(STREAMS, st.booleans(), RANDOM)
def test_merging_merges_is_merging_all_at_once(streams: list[list[int]], newest: bool, random: Random) -> None:
    """What one agent has merged of its files, another merges with its own."""
    half = len(streams) // 2
    halves: list[list[list[int]]] = [streams[:half] + [[]] * (len(streams) - half), [[]] * half + streams[half:]]
    left = [Run(streams, newest, random).given() for streams in halves]
    merge = Merge(2, newest=newest, times=True, places=False)
    given: list[Merged] = []
    while not merge.done:
        for number in sorted(merge.waiting_for):
            merge.add(number, left[number].pop(0).batch) if left[number] else merge.end(number)
        merged = merge.take(Allowance(None, None))
        given += [merged] if merged else []
    assert texts(given) == [line.text for line in expected(streams, newest)]


def lines_of(stream: int, *times: int) -> Batch:
    return batch_of([Line(stream, place, time) for place, time in enumerate(times)])


def times_given(merge: Merge) -> list[int]:
    merged = merge.take(Allowance(None, None))
    return list(merged.batch.times or ()) if merged else []


def test_nothing_is_given_before_every_stream_has_shown_its_head() -> None:
    merge = Merge(3, newest=False, times=True, places=False)
    merge.add(0, lines_of(0, 1))
    merge.add(2, lines_of(2, 1))
    assert merge.waiting_for == {1}
    assert times_given(merge) == []


def test_all_that_is_in_order_is_given_at_once() -> None:
    merge = Merge(2, newest=False, times=True, places=False)
    merge.add(0, lines_of(0, 1, 3, 5, 7))
    merge.add(1, lines_of(1, 2, 4, 6))
    assert times_given(merge) == [1, 2, 3, 4, 5, 6]
    assert merge.waiting_for == {1}


def test_a_stream_that_has_ended_holds_nothing_up() -> None:
    merge = Merge(2, newest=False, times=True, places=False)
    merge.end(1)
    merge.add(0, lines_of(0, 1, 3))
    assert times_given(merge) == [1, 3]


def test_what_a_stream_gave_before_it_ended_comes_in_its_place() -> None:
    merge = Merge(2, newest=False, times=True, places=False)
    merge.add(0, lines_of(0, 1, 9))
    merge.add(1, lines_of(1, 5))
    assert times_given(merge) == [1, 5]
    merge.end(1)
    assert times_given(merge) == [9]
    assert merge.waiting_for == {0}


def test_a_stream_that_holds_few_lines_may_have_its_next_batch_added() -> None:
    merge = Merge(2, newest=False, times=True, places=False)
    merge.add(0, lines_of(0, 1, 2, 3, 8))
    merge.add(1, lines_of(1, 1, 2, 7))
    assert merge.runs_short == set()
    assert times_given(merge) == [1, 1, 2, 2, 3, 7]
    assert (merge.waiting_for, merge.runs_short) == ({1}, {0})
    merge.add(0, lines_of(0, 9, 10))
    assert merge.runs_short == set()
    merge.add(1, lines_of(1, 9, 11))
    assert times_given(merge) == [8, 9, 9, 10]


def test_a_stream_that_has_ended_runs_short_no_more() -> None:
    merge = Merge(2, newest=False, times=True, places=False)
    merge.add(0, lines_of(0, 1, 2, 3, 8))
    merge.add(1, lines_of(1, 7))
    assert times_given(merge) == [1, 2, 3, 7]
    merge.end(0)
    assert merge.runs_short == set()


def test_of_many_streams_too_each_may_hold_the_rest_of_a_batch_and_the_next() -> None:
    """Else a thousand hosts whose batches end at the same time would be merged line by line."""
    merge = Merge(1000, newest=False, times=True, places=False)
    for stream in range(1000):
        merge.add(stream, lines_of(stream, 1, 2, 3, 4, 9))
    assert len(times_given(merge)) == 4001
    assert (merge.waiting_for, merge.runs_short) == ({0}, set(range(1, 1000)))
    for stream in range(1000):
        merge.add(stream, lines_of(stream, 10, 11, 12, 19))
    assert len(times_given(merge)) == 999 + 3001


def test_a_second_batch_tells_nothing_of_how_far_logs_are_read_before_the_first_is_given() -> None:
    app, db = (Origin("h", name, log=name, fingerprint=1) for name in ("app.log", "db.log"))
    merge = Merge(2, newest=False, times=True, places=True)
    first = Batch(b"a\na\na\nd\n", 4, [1, 2, 3, 8], [0, 2, 4, 0], (app, db), [0, 0, 0, 1])
    merge.add(0, replace(first, positions=(Position("h", "app.log", 1, 6), Position("h", "db.log", 1, 2))))
    merge.add(1, Batch(b"x\n", 1, [7], [0], (Origin("i", "x.log", log="x.log"),)))
    merge.take(Allowance(None, None))
    second = Batch(b"a\na\n", 2, [9, 9], [6, 8], (app,))
    merge.add(0, replace(second, positions=(Position("h", "app.log", 1, 10), Position("h", "db.log", 1, 99))))
    merge.note(0, (Position("h", "app.log", 1, 20),))
    assert {one.log: one.offset for one in merge.positions if one.host == "h"} == {"app.log": 6, "db.log": 0}
    merge.add(1, Batch(b"x\n", 1, [8], [2], (Origin("i", "x.log", log="x.log"),)))
    merge.take(Allowance(None, None))
    assert {one.log: one.offset for one in merge.positions if one.host == "h"} == {"app.log": 6, "db.log": 99}
    merge.end(1)
    merge.take(Allowance(None, None))
    assert {one.log: one.offset for one in merge.positions if one.host == "h"} == {"app.log": 20, "db.log": 99}


def test_equal_times_at_the_end_of_a_batch_wait_for_those_that_go_before_them() -> None:
    merge = Merge(2, newest=False, times=True, places=False)
    merge.add(0, lines_of(0, 5))
    merge.add(1, lines_of(1, 5, 6))
    assert times_given(merge) == [5]
    merge.add(0, lines_of(0, 5, 7))
    merged = merge.take(Allowance(None, None))
    assert merged is not None
    assert merged.batch.lines() == [b"0:0", b"1:0", b"1:1."]


def test_a_merge_of_nothing_is_done() -> None:
    merge = Merge(0, newest=True, times=True, places=False)
    assert merge.done
    assert merge.take(Allowance(None, None)) is None


def test_a_merge_is_done_when_all_have_ended_and_all_is_given() -> None:
    merge = Merge(1, newest=True, times=True, places=False)
    merge.add(0, lines_of(0, 1))
    merge.end(0)
    assert (merge.done, times_given(merge), merge.done) == (False, [1], True)


def test_a_batch_that_goes_out_whole_goes_out_as_it_is() -> None:
    merge = Merge(2, newest=False, times=True, places=True)
    merge.end(1)
    batch = batch_of([Line(0, 0, 1), Line(0, 1, 2)], shared=True)
    merge.add(0, batch)
    merged = merge.take(Allowance(None, None))
    assert merged is not None
    assert merged.batch is batch


def test_an_origin_that_all_lines_share_is_told_from_the_others() -> None:
    merge = Merge(2, newest=False, times=True, places=True)
    shared, mixed = [Line(0, 0, 1), Line(0, 2, 3)], [Line(1, 0, 2), Line(1, 1, 2)]
    merge.add(0, replace(batch_of(shared, shared=True), origins=(shared[0].origin, mixed[1].origin)))
    merge.add(1, batch_of(mixed))
    merge.end(0)
    merge.end(1)
    merged = merge.take(Allowance(None, None))
    assert merged is not None
    origins = [merged.batch.origins[index] for index in merged.batch.origin_of_each()]
    assert origins == [shared[0].origin, mixed[0].origin, mixed[1].origin, shared[0].origin]


def test_origins_are_named_once_each() -> None:
    merge = Merge(2, newest=False, times=True, places=True)
    shared = Origin("h", "f")
    for stream in (0, 1):
        merge.add(stream, replace(lines_of(stream, 1, 2), origins=(shared,), origin=None))
        merge.end(stream)
    merged = merge.take(Allowance(None, None))
    assert merged is not None
    assert merged.batch.origins == (shared,)


def test_columns_that_nobody_asked_for_are_left_out() -> None:
    merge = Merge(2, newest=False, times=True, places=False)
    merge.add(0, lines_of(0, 1, 3))
    merge.add(1, lines_of(1, 2, 4))
    merged = merge.take(Allowance(None, None))
    assert merged is not None
    assert merged.batch == Batch(b"0:0\n1:0\n0:1\n", 3, [1, 2, 3])


@pytest.mark.parametrize(
    ("max_bytes", "admitted", "used_up"), [(3, 0, True), (4, 1, True), (7, 1, True), (8, 2, False)]
)
def test_a_line_counts_with_its_end_and_only_a_line_too_many_uses_the_bytes_up(
    max_bytes: int, admitted: int, used_up: bool
) -> None:
    allowance = Allowance(None, max_bytes)
    assert allowance.admit([b"one", b"two"]) == admitted
    assert allowance.used_up == used_up


def test_the_nth_line_uses_the_lines_up_without_refusing_any() -> None:
    allowance = Allowance(3, None)
    assert (allowance.admit([b"one"]), allowance.used_up) == (1, False)
    assert (allowance.admit([b"two", b"three", b"four"]), allowance.used_up) == (2, True)
    assert not allowance.refused


def test_bytes_beyond_n_are_not_missed() -> None:
    allowance = Allowance(1, 4)
    assert allowance.admit([b"one", b"two"]) == 1
    assert not allowance.refused


def test_an_allowance_without_bounds_admits_all_of_everything() -> None:
    allowance = Allowance(None, None)
    assert [allowance.admit([b"x"] * 1000) for _ in range(3)] == [1000] * 3
    assert not allowance.used_up


def test_a_relay_passes_each_batch_on_as_it_is() -> None:
    relay = Relay()
    for batch in (lines_of(0, 3), lines_of(0, 9, 1)):
        assert relay.waiting_for == {0}
        relay.add(0, batch)
        assert relay.waiting_for == set()
        assert relay.take(Allowance(None, None)) == Merged(batch, {0: batch.count})
    assert relay.take(Allowance(None, None)) is None


def test_a_relay_gives_what_it_has_before_it_is_done() -> None:
    relay = Relay()
    relay.add(0, lines_of(0, 1))
    relay.end(0)
    assert (relay.done, relay.take(Allowance(None, None)) is None, relay.done) == (False, False, True)
    assert relay.waiting_for == set()


def test_times_that_the_reader_does_not_want_are_left_out_of_what_is_merged() -> None:
    merge = Merge(2, newest=False, times=False, places=False)
    for stream, time in ((0, 1), (1, 2)):
        merge.add(stream, Batch(b"line\n", 1, [time]))
        merge.end(stream)
    merged = merge.take(Allowance(None, None))
    assert merged is not None
    assert (merged.batch.count, merged.batch.times) == (2, None)


def test_what_belongs_together_stays_together_and_n_counts_records() -> None:
    """A match with its context comes by the match's time, an event by that of its first line."""
    leads, trails, goes_on = bytes([LineFlag.LEADS]), bytes([LineFlag.TRAILS]), bytes([LineFlag.CONTINUES])
    context = Batch(b"l\nm\nt\n", 3, [10, 20, 30], flags=leads + b"\0" + trails, keys=[20, 20, 20])
    event = Batch(b"e\n e\nz\n", 3, [15, 15, 40], flags=b"\0" + goes_on + b"\0", keys=[15, 15, 40])
    merge = Merge(3, newest=False, times=True, places=False)
    for stream, batch in enumerate([context, event, Batch(b"x\ny\n", 2, [20, 25])]):
        merge.add(stream, batch)
        merge.end(stream)
    allowance = Allowance(3, None)
    merged = merge.take(allowance)
    assert merged is not None
    assert merged.batch.body == b"e\n e\nl\nm\nt\nx\n"
    assert merged.batch.flags == b"\0" + goes_on + leads + b"\0" + trails + b"\0"
    assert [*(merged.batch.keys or ())] == [15, 15, 20, 20, 20, 20]
    assert [*(merged.batch.times or ())] == [15, 15, 10, 20, 30, 20]
    assert allowance.used_up


@pytest.mark.parametrize(
    ("keys", "least", "raised"),
    [
        ([1, 2, 2], None, [1, 2, 2]),
        ([3, 1, 4, 2], None, [3, 3, 4, 4]),
        ([1, 2, 7], 5, [5, 5, 7]),
        ([5], 5, [5]),
        ([6], 5, [6]),
    ],
)
def test_keys_are_raised_to_the_largest_before_them(keys: list[int], least: int | None, raised: list[int]) -> None:
    assert [*running_maximum(as_column(keys), least)] == raised


def test_lines_are_merged_by_their_keys_else_their_times_else_as_they_come() -> None:
    assert [*keys_of(Batch(b"x\n", 1, [5], keys=[7]))] == [7]
    assert [*keys_of(Batch(b"x\n", 1, [5]))] == [5]
    assert [*keys_of(Batch(b"x\ny\n", 2))] == [0, 0]


def test_to_tell_how_far_a_log_came_cuts_no_batch_into_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop asks for it, and cutting a large batch takes a while."""
    origin = Origin("host", "app.log", log="app.log", fingerprint=1)
    merge = Merge(2, newest=True, times=True, places=True)
    merge.note(0, [Position("host", "app.log", 1, 30)])
    merge.add(0, Batch(b"a\nb\n", 2, [9, 8], [20, 10], (origin,), positions=(Position("host", "app.log", 1, 10),)))
    with monkeypatch.context() as patched:
        patched.delattr(Batch, "lines")
        assert merge.positions == [Position("host", "app.log", 1, 30)]
    merge.add(1, Batch(b"c\n", 1, [9], [0], (Origin("other", "app.log", log="app.log"),)))
    merge.take(Allowance(None, None))
    with monkeypatch.context() as patched:
        patched.delattr(Batch, "lines")
        assert Position("host", "app.log", 1, 20) in merge.positions


@settings(QUICK)
@given(STREAMS, st.booleans(), RANDOM)
def test_the_news_of_positions_add_up_to_the_positions(streams: list[list[int]], newest: bool, random: Random) -> None:
    merge = Merge(len(streams), newest=newest, times=True, places=True)
    left = [[Line(number, place, time) for place, time in enumerate(times)] for number, times in enumerate(streams)]
    told: dict[tuple[str, str], Position] = {}
    while not merge.done:
        for stream in sorted(merge.waiting_for):
            size = random.randint(1, max(1, len(left[stream])))
            if left[stream]:
                batch = batch_of(left[stream][:size])
                logs = [Origin(f"h{stream}", name, log=name, fingerprint=1) for name in ("a.log", "b.log")]
                origin = [random.randint(0, 1) for _ in range(batch.count)]
                reached = tuple(Position(log.host, log.log, 1, random.randint(0, 99)) for log in logs)
                places = {"offsets": [*range(batch.count)], "origins": tuple(logs), "origin": origin}
                merge.add(stream, replace(batch, positions=reached, **places))
                left[stream] = left[stream][size:]
            else:
                merge.end(stream)
        news = merge.news()
        assert len({(position.host, position.log) for position in news}) == len(news)
        told |= {(position.host, position.log): position for position in news}
        assert set(told.values()) == set(merge.positions)
        merge.take(Allowance(None, None))
    told |= {(position.host, position.log): position for position in merge.news()}
    assert set(told.values()) == set(merge.positions)
    assert merge.news() == []


def test_a_merge_of_many_streams_looks_only_at_those_that_have_something_to_emit() -> None:
    """All other streams of a thousand have later lines: none of them is cut, or asked how far it came."""
    merge = Merge(1000, newest=False, times=True, places=True)
    for stream in range(1000):
        origin = Origin(f"h{stream}", "a.log", log="a.log", fingerprint=1)
        behind = (Position(origin.host, origin.log, 1, 2),)
        merge.add(stream, Batch(b"x\n", 1, [10 + stream], [0], (origin,), positions=behind))
    assert len(merge.news()) == 1000
    merged = merge.take(Allowance(None, None))
    assert merged is not None
    assert merged.given == {0: 1}
    assert (merge.waiting_for, merge.held_lines) == ({0}, 999)
    assert [position.host for position in merge.news()] == ["h0"]
