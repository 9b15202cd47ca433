"""A window gives each line once, none too late, in order of time where it can, and positions that lose nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.batch import Batch, LineFlag, Notice, Origin, Position
from logagent.core.merging.window import Window
from logagent.core.outcome import Status

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=200)
HOSTS = ["web-2", "db", "web-1"]


class Line(NamedTuple):
    """A line of a log. Its text is like no other's."""

    host: str
    log: str
    place: int
    time: int
    fingerprint: int
    offset: int

    @property
    def text(self) -> bytes:
        return f"{self.host} {self.log} {self.place}".encode()

    @property
    def behind(self) -> Position:
        return Position(self.host, self.log, self.fingerprint, self.offset + len(self.text) + 1)

    @property
    def origin(self) -> Origin:
        return Origin(self.host, f"{self.log}.{self.fingerprint}", True, self.log, self.fingerprint)


def log_of(host: str, log: str, times: Sequence[int], random: Random) -> list[Line]:
    """Lines that lie in one file after the other, some bytes of others between them."""
    lines: list[Line] = []
    for place, time in enumerate(times):
        fingerprint = lines[-1].fingerprint if lines and random.random() < 0.8 else place + 1
        before = lines[-1].behind.offset if lines and lines[-1].fingerprint == fingerprint else 0
        lines.append(Line(host, log, place, time, fingerprint, before + random.choice([0, 0, 7])))
    return lines


def batch_of(lines: Sequence[Line], positions: Iterable[Position] = ()) -> Batch:
    origins = tuple(dict.fromkeys(line.origin for line in lines))
    return Batch(
        b"".join(line.text + b"\n" for line in lines),
        len(lines),
        [line.time for line in lines],
        [line.offset for line in lines],
        origins,
        [origins.index(line.origin) for line in lines] if len(origins) > 1 else None,
        positions=tuple(positions),
    )


class Arriving(NamedTuple):
    """Lines of one host that come at a time, and logs of it that were gone through further by then."""

    at: float
    host: str
    lines: list[Line]
    positions: list[Position]


@dataclass
class Run:
    """A window driven as a follow drives it: told what arrives, and asked when something is due."""

    logs: list[list[Line]]
    arriving: list[Arriving]
    patience: float
    given: list[tuple[float, Line]] = field(default_factory=list)
    told: dict[tuple[str, str], Position] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.window = Window(HOSTS, patience=self.patience)
        self._lines = {line.text: line for log in self.logs for line in log}
        self._bytes_held = 0

    def play(self) -> None:
        for arriving in self.arriving:
            self._give_due(arriving.at)
            if arriving.lines:
                batch = batch_of(arriving.lines, arriving.positions)
                self.window.add(arriving.host, batch, arriving.at)
                self._bytes_held += len(batch.body)
            else:
                self.window.note(arriving.host, arriving.positions)
                self._tell(self.window.take_positions())
            self.check()
        self._give_due(math.inf)
        assert (self.window.due, self.window.size) == (math.inf, 0)

    def _give_due(self, before: float) -> None:
        while self.window.due < before:
            now = self.window.due
            assert self.window.take(math.nextafter(now, -math.inf)) is None
            batch = self.window.take(now)
            assert batch is not None
            self._note(now, batch)
            self.check()

    def _note(self, now: float, batch: Batch) -> None:
        lines = [self._lines[text] for text in batch.lines()]
        assert batch.count == len(lines)
        assert [*(batch.times or ())] == [line.time for line in lines]
        assert [*(batch.offsets or ())] == [line.offset for line in lines]
        assert [batch.origins[index] for index in batch.origin_of_each()] == [line.origin for line in lines]
        self.given += [(now, line) for line in lines]
        self._bytes_held -= len(batch.body)
        self._tell(batch.positions)

    def _tell(self, positions: Iterable[Position]) -> None:
        self.told |= {(position.host, position.log): position for position in positions}

    def check(self) -> None:
        """Going on from what was told gives precisely the lines that were not given."""
        given = {line for _, line in self.given}
        for log in self.logs:
            position = self.told.get((log[0].host, log[0].log))
            assert behind(log, position) == [line for line in log if line not in given]
        assert sorted(self.window.positions) == sorted(self.told.values())
        assert self.window.size == self._bytes_held


def behind(log: list[Line], position: Position | None) -> list[Line]:
    """The lines of a log that a reader finds who goes on from there."""
    if position is None:
        return log
    return [line for line in log if (line.fingerprint, line.offset) >= (position.fingerprint, position.offset)]


def arrivals(logs: list[list[Line]], at: dict[Line, int], random: Random) -> list[Arriving]:
    """The lines in batches of one host each, at these times; such a batch may hold lines of several logs."""
    left = {(log[0].host, log[0].log): list(log) for log in logs}
    arriving: list[Arriving] = []
    for when, coming in groupby(sorted(at, key=lambda line: (at[line], HOSTS.index(line.host))), at.__getitem__):
        for host, of_host in groupby(coming, lambda line: line.host):
            for lines in cut(shuffled(list(of_host), random), random):
                for line in lines:
                    left[line.host, line.log].remove(line)
                arriving.append(Arriving(when, host, lines, gone_through(host, left, random)))
            if random.random() < 0.3:
                arriving.append(Arriving(when, host, [], gone_through(host, left, random)))
    return arriving


def shuffled(lines: list[Line], random: Random) -> list[Line]:
    """Lines of several logs in any order, those of one log in theirs."""
    logs: dict[str, list[Line]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line.place):
        logs[line.log].append(line)
    order = random.sample([line.log for line in lines], len(lines))
    return [logs[log].pop(0) for log in order]


def cut(lines: list[Line], random: Random) -> list[list[Line]]:
    size = random.randint(1, len(lines))
    return [lines[:size], *([lines[size:]] if lines[size:] else [])]


def gone_through(host: str, left: dict[tuple[str, str], list[Line]], random: Random) -> list[Position]:
    """How far some logs of a host are read: up to the next line that comes."""
    return [
        Position(line.host, line.log, line.fingerprint, line.offset)
        for (name, _), lines in left.items()
        if name == host and random.random() < 0.5
        for line in lines[:1]
    ]


RANDOM = st.randoms(use_true_random=False)
TIMES = st.lists(st.integers(0, 12), min_size=1, max_size=8)
NAMES = st.lists(st.tuples(st.sampled_from(HOSTS), st.sampled_from(["a", "b", "c"])), unique=True, max_size=5)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Lines with any times that arrive at any time, those of one log one after the other."""
    random = draw(RANDOM)
    logs = [log_of(*name, draw(TIMES), random) for name in draw(NAMES)]
    at: dict[Line, int] = {}
    for log in logs:
        when = 0
        for line in log:
            when += random.choice([0, 0, 1, 3])
            at[line] = when
    return Run(logs, arrivals(logs, at, random), draw(st.integers(0, 6)))


@st.composite
def punctual_runs(draw: st.DrawFn) -> Run:
    """Lines in order of time, each of which arrives at most by the patience later."""
    random, patience = draw(RANDOM), draw(st.integers(0, 6))
    logs = [log_of(*name, sorted(draw(TIMES)), random) for name in draw(NAMES)]
    at: dict[Line, int] = {}
    for log in logs:
        when = 0
        for line in log:
            when = max(when, line.time + random.randint(0, patience))
            at[line] = when
    return Run(logs, arrivals(logs, at, random), patience)


@QUICK
@given(runs())
def test_each_line_is_given_once_in_the_order_of_its_log_and_positions_resume_exactly(run: Run) -> None:
    run.play()
    for log in run.logs:
        assert [line for _, line in run.given if (line.host, line.log) == (log[0].host, log[0].log)] == log


@QUICK
@given(runs())
def test_no_line_is_held_longer_than_the_patience(run: Run) -> None:
    run.play()
    came = {line: arriving.at for arriving in run.arriving for line in arriving.lines}
    assert all(came[line] <= at <= came[line] + run.patience for at, line in run.given)


@QUICK
@given(punctual_runs())
def test_lines_that_come_in_time_are_given_in_order_of_time(run: Run) -> None:
    run.play()
    lines = [line for log in run.logs for line in log]
    assert [line for _, line in run.given] == sorted(
        lines, key=lambda line: (line.time, HOSTS.index(line.host), line.log, line.place)
    )


@QUICK
@given(runs())
def test_a_flush_gives_all_that_is_held_in_order_of_time(run: Run) -> None:
    for arriving in run.arriving:
        if arriving.lines:
            run.window.add(arriving.host, batch_of(arriving.lines), arriving.at)
    batch = run.window.flush()
    if batch is None:
        assert not run.arriving
        return
    reached = defaultdict[tuple[str, str], int](int)
    keyed: list[tuple[int, int, str, int, Line]] = []
    for line in (line for log in run.logs for line in log):
        reached[line.host, line.log] = key = max(reached[line.host, line.log], line.time)
        keyed.append((key, HOSTS.index(line.host), line.log, line.place, line))
    assert batch.lines() == [line.text for *_, line in sorted(keyed)]
    assert sorted(batch.positions) == sorted(log[-1].behind for log in run.logs)
    assert (run.window.due, run.window.size, run.window.flush()) == (math.inf, 0, None)


def lines(host: str, log: str, *times: int) -> list[Line]:
    offset, made = 0, []
    for place, time in enumerate(times):
        made.append(Line(host, log, place, time, 1, offset))
        offset = made[-1].behind.offset
    return made


def given_by(window: Window, now: float) -> list[int]:
    batch = window.take(now)
    return [] if batch is None else [*(batch.times or ())]


def test_nothing_is_due_of_a_window_that_holds_nothing() -> None:
    window = Window(HOSTS, patience=1)
    assert (window.due, window.size, window.take(1e9), window.flush()) == (math.inf, 0, None, None)


def test_without_patience_what_was_added_is_given_at_once() -> None:
    window = Window(HOSTS, patience=0)
    window.add("db", batch_of(lines("db", "a", 7, 9)), 5.0)
    assert (window.due, given_by(window, 5.0), window.due) == (5.0, [7, 9], math.inf)


def test_a_line_that_is_due_brings_what_belongs_before_it_and_leaves_what_belongs_behind() -> None:
    window = Window(HOSTS, patience=1)
    window.add("db", batch_of(lines("db", "a", 5)), 0)
    window.add("web-1", batch_of(lines("web-1", "a", 4, 5, 6)), 0.5)
    window.add("web-2", batch_of(lines("web-2", "a", 5, 6)), 0.5)
    assert given_by(window, 0.99) == []
    assert given_by(window, 1) == [4, 5, 5]
    assert (window.due, given_by(window, 1.5)) == (1.5, [5, 6, 6])


def test_a_clock_that_jumped_ahead_once_has_no_effect_on_later_lines() -> None:
    window = Window(HOSTS, patience=1)
    made = lines("db", "a", 1000, 3, 5)
    window.add("db", batch_of(made[:2]), 0)
    assert given_by(window, 1) == [1000, 3]
    window.add("db", batch_of(made[2:]), 2)
    window.add("web-1", batch_of(lines("web-1", "a", 7)), 2.5)
    assert given_by(window, 3) == [5]


def test_an_event_and_a_match_with_its_context_are_not_torn() -> None:
    window = Window(HOSTS, patience=1)
    event = Batch(b"e\n at\nz\n", 3, [2, 2, 9], [0, 2, 6], (Origin("db", "a", log="a", fingerprint=1),))
    window.add("db", replace(event, flags=bytes([0, LineFlag.CONTINUES, 0]), keys=[2, 2, 9]), 0)
    context = Batch(b"l\nm\nt\n", 3, [1, 3, 4], [0, 2, 4], (Origin("web-1", "a", log="a", fingerprint=1),))
    flags = bytes([LineFlag.LEADS, 0, LineFlag.TRAILS])
    window.add("web-1", replace(context, flags=flags, keys=[3, 3, 3]), 0.5)
    window.add("web-2", batch_of(lines("web-2", "a", 2, 3)), 0.5)
    batch = window.take(1.5)
    assert batch is not None
    assert batch.body == b"web-2 a 0\ne\n at\nweb-2 a 1\nl\nm\nt\nz\n"
    assert batch.flags == bytes([0, 0, LineFlag.CONTINUES, 0, LineFlag.LEADS, 0, LineFlag.TRAILS, 0])
    assert [*(batch.keys or ())] == [2, 2, 2, 3, 3, 3, 3, 9]
    assert [*(batch.times or ())] == [2, 2, 2, 3, 1, 3, 4, 9]


def test_what_a_batch_says_beside_its_lines_stays_behind() -> None:
    """The caller counts what was scanned, and passes notices on, when the batch comes."""
    window = Window(HOSTS, patience=0)
    made = lines("db", "a", 1)
    batch = batch_of(made)
    noted = replace(batch, scanned=9, planned=9, notices=(Notice("db", Status.OK, "is back"),), live=True)
    window.add("db", noted, 0)
    assert window.take(0) == replace(batch, positions=(made[0].behind,))


def test_a_log_without_a_name_goes_by_that_of_its_file() -> None:
    window = Window(HOSTS, patience=0)
    window.add("db", Batch(b"x\n", 1, [1], [4], (Origin("db", "a.log", fingerprint=3),)), 0)
    batch = window.take(0)
    assert batch is not None
    assert batch.positions == (Position("db", "a.log", 3, 6),)


def test_behind_part_of_a_line_a_log_goes_on_within_it() -> None:
    window = Window(HOSTS, patience=0)
    window.add(
        "db", Batch(b"x\n", 1, [1], [4], (Origin("db", "a", fingerprint=3),), flags=bytes([LineFlag.PARTIAL])), 0
    )
    batch = window.take(0)
    assert batch is not None
    assert batch.positions == (Position("db", "a", 3, 5),)


def test_a_host_may_be_further_without_a_line() -> None:
    window = Window(HOSTS, patience=1)
    further = Position("db", "a", 1, 500)
    window.note("db", [further])
    assert (window.take_positions(), window.take_positions()) == ((further,), ())
    assert window.positions == [further]


def test_how_far_a_host_is_behind_lines_that_are_held_is_told_with_them() -> None:
    window = Window(HOSTS, patience=1)
    window.add("db", batch_of(lines("db", "a", 5)), 0)
    further = Position("db", "a", 1, 500)
    window.note("db", [further])
    assert window.take_positions() == ()
    batch = window.take(1)
    assert batch is not None
    assert batch.positions == (further,)


def test_a_position_of_an_earlier_batch_does_not_take_back_lines_of_a_later_one() -> None:
    """The first batch waits for its line of one log while a line of another log is given from the second."""
    window = Window(HOSTS, patience=9)
    early = lines("db", "b", 1)
    window.add("web-1", batch_of(lines("web-1", "a", 1)), -5)
    window.add("db", batch_of(lines("db", "a", 50), [Position("db", "b", 1, 0)]), 0)
    window.add("db", batch_of(early), 1)
    assert given_by(window, 4) == [1, 1]
    assert window.positions == [early[0].behind, Position("web-1", "a", 1, len(b"web-1 a 0\n"))]
    window.flush()
    assert early[0].behind in window.positions


def test_a_batch_without_lines_is_refused() -> None:
    with pytest.raises(AssertionError, match="noted"):
        Window(HOSTS, patience=1).add("db", Batch(b"", 0), 0)


def test_lines_that_are_given_in_several_turns_are_counted_once_each() -> None:
    """Only when the last of them is given out does the batch's own position hold."""
    window = Window(HOSTS, patience=2)
    made = lines("db", "a", 1, 3, 5, 7)
    further = Position("db", "a", 1, 500)
    window.add("db", batch_of(made, [further]), 1)
    for place, time in enumerate([1, 3, 5]):
        window.add("web-1", batch_of(lines("web-1", "a", time)), place / 4 - 2)
        window.take(place / 4)
        assert window.positions[0] == made[place].behind
    window.take(3)
    assert further in window.positions


def test_a_batch_whose_lines_have_one_origin_is_of_that_log_whatever_others_it_names() -> None:
    window = Window(HOSTS, patience=0)
    origins = (Origin("db", "a", log="a", fingerprint=1), Origin("db", "b", log="b", fingerprint=2))
    window.add("db", Batch(b"x\n", 1, [1], [4], origins), 0)
    batch = window.take(0)
    assert batch is not None
    assert batch.positions == (Position("db", "a", 1, 6),)
