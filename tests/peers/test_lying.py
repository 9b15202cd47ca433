"""A peer that lies: it is named with what it has wrong, and the others' lines are whole and in order."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import trio
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Origin, Position
from logagent.core.cursor import continued
from logagent.core.cursor import encode as cursor_of
from logagent.core.notes import Note
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query
from logagent.core.rendering.records import RecordsText, json_end
from logagent.core.wire.frames import MAX_FRAME, MAX_LINES, FrameDecoder, encode
from logagent.core.wire.identity import AGENT_HEADER
from logagent.core.wire.verdict import from_trailers, to_trailers
from logagent.peers import checking
from logagent.peers.checking import MOST_BYTES, MOST_NOTES
from testbed.lying import NAME, Liar, asked, followed, honest_lines, saying, truth
from testbed.queries import changed
from testbed.sources import Reader

OLDEST = Query.of(files=("*.log",), order=Order.OLDEST, times=True, places=True, own=True)
NEWEST = changed(OLDEST, order=Order.NEWEST)
ALL = sorted([10, 30, 50, 70, 20, 40, 60, 80])
ORIGIN = Origin(NAME, "app.log", True, "app.log", 7 << 32)
PLAIN = truth(15, 35)


def at(offset: int, log: str = "app.log", fingerprint: int = 7 << 32, host: str = NAME) -> Position:
    return Position(host, log, fingerprint, offset)


def flagged(*flags: int, batch: Batch = PLAIN, keys: list[int] | None = None) -> Batch:
    return replace(batch, flags=bytes(flags), keys=keys)


def told(**trailers: str) -> list[tuple[str, str]]:
    """The verdict of a complete answer of two lines, with some trailers changed."""
    changed = {name.replace("_", "-"): value for name, value in trailers.items()}
    return list((dict(to_trailers(Outcome(lines=2))) | changed).items())


def backwards(*offsets: int) -> list[Batch]:
    return [Batch(b"", 0, scanned=1, positions=(at(offset),)) for offset in offsets]


FRAME = encode(PLAIN)
LIES: dict[str, tuple[Liar, str]] = {
    "a first line that is marked as continued": (saying(flagged(1, 0)), "continues one that is not there"),
    "flags that contradict each other": (saying(flagged(0, 6)), "contradict"),
    "flags that nobody knows": (saying(flagged(32, 0)), "contradict"),
    "an event that is merged by two times": (saying(flagged(0, 1)), "of one event"),
    "lines without times": (saying(replace(PLAIN, times=None)), "a column that was asked for is missing"),
    "lines without offsets": (saying(replace(PLAIN, offsets=None)), "a column that was asked for is missing"),
    "lines without origins": (saying(replace(PLAIN, origins=())), "a column that was asked for is missing"),
    "an origin out of range": (saying(replace(PLAIN, origin=[0, 1])), "an origin that the frame does not name"),
    "fewer offsets than lines": (saying(replace(PLAIN, offsets=[3])), "sent something else than batches"),
    "a negative offset": (saying(replace(PLAIN, offsets=[-1, 5])), "no file has a place"),
    "an offset beyond all files": (saying(replace(PLAIN, offsets=[1, 2**63 - 1])), "no file has a place"),
    "a position beyond all files": (saying(replace(PLAIN, positions=(at(2**64 - 1),))), "no file has a place"),
    "a fingerprint that no file has": (saying(replace(PLAIN, positions=(at(9, "b", 2**64 - 1),))), "no file has"),
    "an origin's fingerprint that no file has": (
        saying(replace(PLAIN, origins=(ORIGIN._replace(fingerprint=2**63),))),
        "a fingerprint that no file has",
    ),
    "a position before its lines": (saying(replace(PLAIN, positions=(at(20),))), "before lines that came with it"),
    "a position of another host": (saying(replace(PLAIN, positions=(at(9, host="z"),))), "of another host, 'z'"),
    "a line of another host": (saying(replace(PLAIN, origins=(ORIGIN._replace(host="a"),))), "of another host, 'a'"),
    "a note of another host": (saying(replace(PLAIN, notes=(Note("link", ("x",), 1, "a"),))), "of another host"),
    "a notice in an answer that ends": (saying(replace(PLAIN, notices=(Notice(NAME, Status.OK, ""),))), "of a follow"),
    "live lines in an answer that ends": (saying(replace(PLAIN, live=True)), "of a follow"),
    "embedded line feeds": (saying(replace(PLAIN, body=b"1\n5\n35\n")), "a frame of 2 lines holds others"),
    "a last line without its end": (saying(replace(PLAIN, body=b"15\n\n35")), "a frame of 2 lines holds others"),
    "too many lines in a frame": (
        Liar([struct.pack(">I", 23) + struct.pack(">BIQQH", 0, MAX_LINES + 1, 0, 0, 0)]),
        "there are at most",
    ),
    "more bytes than any disk holds": (saying(replace(PLAIN, scanned=MOST_BYTES + 1)), "than any disk holds"),
    "too many bytes in sum": (saying(*[Batch(b"", 0, planned=MOST_BYTES // 2 + 1)] * 2), "than any disk holds"),
    "a cut frame": (Liar([FRAME[:-1]]), "the last frame is cut"),
    "an oversized frame": (Liar([struct.pack(">I", MAX_FRAME + 1)]), "is longer than"),
    "labels that are none": (Liar([FRAME[:4] + bytes([FRAME[4] | 128]) + FRAME[5:]]), "there are at most 128"),
    "a frame that is none": (Liar([b"\0\0\0\x01x"]), "shorter than it says"),
    "a web page": (Liar([b"<html>" * 100]), "sent something else than batches"),
    "another coding": (Liar([FRAME], headers={"content-encoding": "br"}), "unknown coding 'br'"),
    "damaged compression": (Liar([b"not zstd"], headers={"content-encoding": "zstd"}), "sent something else"),
    "more lines than it says": (saying(PLAIN, lines=1), "says that it sent 1 lines, but 2 came"),
    "fewer lines than it says": (saying(PLAIN, lines=3), "says that it sent 3 lines, but 2 came"),
    "an incomplete answer with status 0": (saying(PLAIN, trailers=told(log_complete="false")), "log-complete: false"),
    "a complete answer that failed": (saying(PLAIN, trailers=told(log_status="15")), "log-complete: true"),
    "a complete answer of a host that failed": (
        saying(PLAIN, trailers=told(log_hosts='"liar";status=14')),
        "has a host that failed, 'liar'",
    ),
    "more hosts left out than there are": (
        saying(PLAIN, trailers=told(log_hosts_omitted="9" * 19)),
        "hosts that it does not name",
    ),
    "a complete answer with hosts left out that failed": (
        saying(PLAIN, trailers=told(log_hosts_omitted="2", log_hosts_failed="1")),
        "hosts that failed and are not named",
    ),
    "a status that there is not": (saying(PLAIN, trailers=told(log_status="99")), "99 is not a valid Status"),
    "a negative status": (saying(PLAIN, trailers=told(log_status="-1")), "not a number"),
    "lines that are no number": (saying(PLAIN, trailers=told(log_lines="2^63")), "not a number"),
    "hosts that are none": (saying(PLAIN, trailers=told(log_hosts="<html>")), "log-hosts is not a list"),
    "notes that are none": (saying(PLAIN, trailers=told(log_notes="(((")), "log-notes is not a list"),
    "bytes beyond all disks": (saying(PLAIN, trailers=told(log_bytes_scanned="9" * 19)), "than any disk holds"),
    "trailers twice": (saying(PLAIN, trailers=told() * 2), "not a number: '0, 0'"),
    "no name": (saying(PLAIN, headers={AGENT_HEADER: "liar"}), "does not say properly who it is"),
    "another name": (saying(PLAIN, headers={AGENT_HEADER: f'"z";id="{"2" * 32}"'}), "answers as z, but is listed"),
    "too many notes": (
        saying(Batch(b"", 0, notes=tuple(Note(f"kind{number}", (), 1, NAME) for number in range(MOST_NOTES + 1)))),
        "notes of one host",
    ),
    "a note of too many files": (saying(Batch(b"", 0, notes=(Note("link", (), 2**64 - 1, NAME),))), "more files"),
}
LOST = ("more lines than it says", "fewer lines than it says")


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_is_named_and_the_others_are_whole(lie: str, autojump_clock: MockClock) -> None:
    liar, message = LIES[lie]
    outcome, reader = await asked(liar, OLDEST)
    part = {part.host: part for part in outcome.hosts}
    assert (part["a"].status, part["z"].status) == (Status.OK, Status.OK)
    assert part[NAME].status is (Status.DATA_LOSS if lie in LOST else Status.INTERNAL)
    assert message in part[NAME].message
    assert honest_lines(reader) == ALL
    assert not outcome.complete


async def test_an_honest_answer_is_none_of_these(autojump_clock: MockClock) -> None:
    outcome, reader = await asked(saying(PLAIN, Batch(b"", 0, scanned=5), truth(55)), OLDEST)
    assert outcome.complete
    assert reader.times == sorted([*ALL, 15, 35, 55])


@pytest.mark.parametrize(("offsets", "lies"), [((9, 5), False), ((5, 9), True), ((0, 9), False), ((9, 9), False)])
async def test_positions_run_on_in_the_order_of_the_answer(
    offsets: tuple[int, int], lies: bool, autojump_clock: MockClock
) -> None:
    outcome, reader = await asked(saying(*backwards(*offsets)), NEWEST)
    assert outcome.complete is not lies
    assert ("a position runs backwards" in outcome.message) is lies
    assert honest_lines(reader) == ALL[::-1]


async def test_positions_of_files_with_the_same_beginning_may_begin_anew(autojump_clock: MockClock) -> None:
    batch = replace(truth(35, 15), offsets=[3, 900], positions=(at(900),))
    other = ORIGIN._replace(file="app.log.1")
    batch = replace(batch, origins=(ORIGIN, other), origin=[0, 1])
    outcome, _ = await asked(saying(*backwards(3), replace(batch)), NEWEST)
    assert outcome.complete


async def test_more_lines_than_asked_for_are_a_lie_also_of_one_host_alone(autojump_clock: MockClock) -> None:
    reader = Reader()
    outcome = await saying(truth(15), truth(25, 35)).pump(changed(OLDEST, n=2), reader)
    assert (outcome.status, outcome.message) == (
        Status.INTERNAL,
        "sent something else than batches: more lines came than n=2",
    )
    assert reader.times == [15]


async def test_times_out_of_order_leave_the_others_in_order(autojump_clock: MockClock) -> None:
    outcome, reader = await asked(saying(truth(75, 5, 95, 15), truth(1)), OLDEST)
    assert honest_lines(reader) == ALL
    assert outcome.complete  # a line whose time runs backwards keeps its place: that can be true


async def test_signs_of_life_for_ever_do_not_hold_the_others_up_for_ever(autojump_clock: MockClock) -> None:
    class Alive(Liar):
        async def pump(self, query: Query, out: Any) -> Outcome:
            while True:
                await out.send(SIGN_OF_LIFE)
                await trio.sleep(1)

    started = trio.current_time()
    outcome, reader = await asked(Alive(), OLDEST)
    part = {part.host: part for part in outcome.hosts}[NAME]
    assert (part.status, part.message) == (
        Status.UNAVAILABLE,
        "read nothing for 60 s, though it said that it was alive, and was left behind",
    )
    assert trio.current_time() - started == pytest.approx(60, abs=2)
    assert honest_lines(reader) == ALL


async def test_names_of_logs_are_bounded(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_NAMES", 10_000)
    many = [Batch(b"", 0, positions=tuple(at(1, f"{n}-{m}.log") for m in range(10))) for n in range(20)]
    outcome, reader = await asked(saying(*many), OLDEST)
    assert "bytes of names of logs" in outcome.message
    assert honest_lines(reader) == ALL


async def test_a_bomb_is_not_held_in_memory(autojump_clock: MockClock) -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(MAX_FRAME + 8))  # frames without a byte, each of which is damaged
    outcome, reader = await asked(Liar([bomb], headers={"content-encoding": "zstd"}), OLDEST)
    assert "sent something else than batches" in outcome.message
    assert honest_lines(reader) == ALL


COUNT = replace(truth(15), body=b"3 1000000000\n", times=[0], positions=())
HITS = changed(OLDEST, hits=True)
COUNTED: dict[str, tuple[Batch, Query, str]] = {
    "no count": (replace(COUNT, body=b"line\n"), HITS, "a line is no count"),
    "a negative count": (replace(COUNT, body=b"-3 1000000000\n"), HITS, "a line is no count"),
    "a count of 2^63": (replace(COUNT, body=b"%d 1000000000\n" % 2**63), HITS, "a line is no count"),
    "more than any disk holds": (replace(COUNT, body=b"%d 1000000000\n" % (2**54 + 1)), HITS, "than any disk holds"),
    "a step that is none": (replace(COUNT, body=b"3 7\n"), HITS, "by another step, 7 ns"),
    "another step": (COUNT, changed(HITS, step=5 * 10**9), "by another step, 1000000000 ns"),
    "a bucket within another": (replace(COUNT, times=[1]), HITS, "a bucket of time begins within another"),
}


@pytest.mark.parametrize("lie", COUNTED)
async def test_counts_that_cannot_be_are_a_lie(lie: str, autojump_clock: MockClock) -> None:
    batch, query, message = COUNTED[lie]
    reader = Reader()
    outcome = await saying(batch).pump(query, reader)
    assert outcome.status is Status.INTERNAL
    assert message in outcome.message
    assert reader.batches == []


async def test_the_lines_that_were_counted_are_those_that_it_says(autojump_clock: MockClock) -> None:
    assert (await saying(COUNT, lines=3).pump(HITS, Reader())).complete
    outcome = await saying(COUNT, lines=1).pump(HITS, Reader())
    assert (outcome.status, outcome.message) == (Status.DATA_LOSS, "says that it sent 1 lines, but 3 came")


async def test_counts_stand_nowhere_whatever_positions_come_with_them(autojump_clock: MockClock) -> None:
    counted = replace(COUNT, offsets=[0], positions=(at(15),))
    assert (await saying(counted, lines=3).pump(changed(NEWEST, hits=True), Reader())).complete


async def test_an_answer_without_a_verdict_is_one_that_was_cut(autojump_clock: MockClock) -> None:
    outcome, reader = await asked(saying(PLAIN, trailers=[]), OLDEST)
    assert outcome.status is Status.UNAVAILABLE
    assert "ended without a verdict" in outcome.message
    assert honest_lines(reader) == ALL


# Lies at random.

NAMES = st.sampled_from([NAME, "app.log", "a", "z", "", "\udcff\n"])
NUMBERS = st.sampled_from([0, 1, 9, 15, 35, 2**53, 2**63 - 1, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1)
SIGNED = NUMBERS.map(lambda number: number - 2**63)
POSITIONS = st.builds(Position, st.just(NAME) | NAMES, NAMES, NUMBERS, NUMBERS)
ORIGINS = st.builds(Origin, st.just(NAME) | NAMES, NAMES, st.booleans(), NAMES, NUMBERS)
NOTES = st.builds(Note, NAMES, st.lists(NAMES, max_size=2).map(tuple), NUMBERS, st.just(NAME) | NAMES)
TEXTS = st.text(max_size=20) | st.sampled_from(["0", "2", "true", "false", '"liar";status=0', "-1", "9" * 30, "%ff"])
FUZZED = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def lying_batches(draw: st.DrawFn) -> Batch:
    count = draw(st.integers(0, 4))
    column = st.lists(SIGNED, min_size=count, max_size=count)
    honest = truth(*sorted(draw(st.lists(st.integers(0, 99), min_size=count, max_size=count))))
    changes: dict[str, Callable[[], Any]] = {
        "times": lambda: draw(st.none() | column),
        "offsets": lambda: draw(st.none() | column),
        "keys": lambda: draw(column),
        "origin": lambda: draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)),
        "origins": lambda: tuple(draw(st.lists(ORIGINS, max_size=3))),
        "positions": lambda: tuple(draw(st.lists(POSITIONS, max_size=3))),
        "flags": lambda: draw(st.binary(min_size=count, max_size=count)),
        "notes": lambda: tuple(draw(st.lists(NOTES, max_size=3))),
        "scanned": lambda: draw(NUMBERS),
        "planned": lambda: draw(NUMBERS),
        "live": lambda: draw(st.booleans()),
        "count": lambda: draw(st.integers(0, 9)),
        "body": lambda: draw(st.binary(max_size=20)),
    }
    for name in draw(st.lists(st.sampled_from(sorted(changes)), max_size=3, unique=True)):
        honest = replace(honest, **{name: changes[name]()})
    return honest


@st.composite
def lying_trailers(draw: st.DrawFn) -> list[tuple[str, str]] | None:
    changes = draw(st.dictionaries(st.sampled_from([name for name, _ in to_trailers(Outcome())]), TEXTS, max_size=2))
    return told(**{name.replace("-", "_"): value for name, value in changes.items()})


@st.composite
def spoiled(draw: st.DrawFn, whole: bytes) -> bytes:
    """Some bytes of a body changed, cut out, or put in."""
    at = draw(st.integers(0, max(0, len(whole) - 1)))
    gone = draw(st.integers(0, 8))
    return whole[:at] + draw(st.binary(max_size=8)) + whole[at + gone :]


@FUZZED
@given(
    st.lists(lying_batches(), min_size=1, max_size=4), lying_trailers(), st.booleans(), st.integers(0, 12), st.data()
)
def test_whatever_a_peer_says_the_others_are_whole(
    batches: list[Batch], trailers: list[tuple[str, str]], newest: bool, n: int, data: st.DataObject
) -> None:
    body = b"".join(map(encode, batches))
    if data.draw(st.booleans()):
        body = data.draw(spoiled(body))
    query = changed(NEWEST if newest else OLDEST, n=n or None)
    liar = Liar([body], trailers, lines=sum(batch.count for batch in batches))
    outcome, reader = trio.run(asked, liar, query, clock=MockClock(autojump_threshold=0))
    expected = ALL[::-1] if newest else ALL
    given = honest_lines(reader)
    assert given == expected[: len(given)]
    if not n:
        assert given == expected
    part = {part.host: part for part in outcome.hosts}
    assert (part["a"].status, part["z"].status) == (Status.OK, Status.OK)
    assert part["a"].lines + part["z"].lines == len(given)
    check_that_it_reaches_the_client(reader.batches, outcome, query)


@FUZZED
@given(st.lists(lying_batches(), min_size=1, max_size=4), lying_trailers(), st.data())
def test_whatever_a_peer_says_in_a_follow_the_others_are_whole(
    batches: list[Batch], trailers: list[tuple[str, str]], data: st.DataObject
) -> None:
    body = encode(replace(SIGN_OF_LIFE, live=True, positions=(at(3),))) + b"".join(map(encode, batches))
    if data.draw(st.booleans()):
        body = data.draw(spoiled(body))
    query = changed(OLDEST, follow=True, patience=1.0, timeout=30.0, own=False)
    outcome, reader = trio.run(followed, Liar([body], trailers), query, clock=MockClock(autojump_threshold=0))
    assert honest_lines(reader) == ALL
    assert {part.host: part.status for part in outcome.hosts if part.host != NAME} == {"a": Status.OK, "z": Status.OK}
    check_that_it_reaches_the_client(reader.batches, outcome, query)


def check_that_it_reaches_the_client(batches: list[Batch], outcome: Outcome, query: Query) -> None:
    """A merged answer can be rendered, sent on in frames, ended with a verdict, and continued."""
    text = RecordsText(prefix=True, groups=True)
    for batch in batches:
        text.batch(batch)
    decoder = FrameDecoder()
    again = [batch for frame in map(encode, batches) for batch in decoder.receive(frame)]
    assert [batch.body for batch in again] == [batch.body for batch in batches]
    verdict = from_trailers(dict(to_trailers(outcome)))
    assert (verdict.status, verdict.lines) == (outcome.status, outcome.lines)
    assert json.loads(json_end(outcome))["end"]["lines"] == outcome.lines
    cursor = cursor_of(query, [position for batch in batches for position in batch.positions])
    if cursor:
        continued(query, cursor)
