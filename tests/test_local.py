"""This host's logs: as one source, as a list, and how each of them is read."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Generator, Sequence
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, TypeVarTuple
from zoneinfo import ZoneInfo

import pytest
import trio
from trio.testing import MockClock

from logagent.core.batch import SIGN_OF_LIFE, Position
from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import Failure, HostOutcome, Outcome, Status
from logagent.core.query import Order, Query
from logagent.core.wire.listing import UNTIMED, ListedLog, Listing
from logagent.disk.archives.archive import KEPT
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.listed_logs import LogLister
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.fanout.gather import Gather
from logagent.fanout.narrowed import NARROWED_FROM
from logagent.local import LEAST_KEPT, LocalLogs, LocalSource
from logagent.local_listing import LocalLister
from testbed.queries import changed
from testbed.reading import Collected
from testbed.trees import Unprivileged, permit, planted

Args = TypeVarTuple("Args")
Result = TypeVar("Result")

OPTIONS = ReadOptions(host="web0", zone=UTC, max_line=1024)


def logs_in(*roots: Path, threads: DiskThreads | None = None, **changed: Any) -> LocalLogs:
    threads = threads or DiskThreads(inline=True)
    return LocalLogs(**{"catalog": Catalog(roots), "threads": threads, "options": OPTIONS, "max_files": 10} | changed)


async def answered(logs: LocalLogs, query: Query) -> tuple[Collected, Outcome]:
    got = Collected()
    return got, await LocalSource(logs, patience=2.5).pump(query, got)


async def body_of(logs: LocalLogs, *files: str, **asked: Any) -> tuple[bytes, Outcome]:
    got, outcome = await answered(logs, Query.of(files=files, **asked))
    return b"".join(batch.body for batch in got.batches), outcome


def aged(root: Path, ages: Sequence[float], *, line: bytes = b"line", at: int = 1_764_000_000) -> None:
    """Write a log for each age, in days, with one line of that age, modified when that was written."""
    for number, age in enumerate(ages):
        time = int(at - age * 86400)
        (root / f"{number}.log").write_bytes(b"%d %b %d\n" % (time, line, number))
        os.utime(root / f"{number}.log", (time, time))


@pytest.mark.parametrize(
    ("ages", "asked", "numbers", "complete"),
    [
        ((0, 1, 2, 3, 4), {}, [0, 1, 2], False),
        ((0, 1, 2, 3, 4), {"n": 3}, [0, 1, 2], True),
        ((0, 1, 2, 3, 4), {"n": 4}, [0, 1, 2], False),
        ((4, 3, 2, 1, 0), {"n": 1}, [4], True),
        ((0, 0.1, 0.2, 0.3, 0.4), {"n": 3}, [0, 1, 2], True),  # others are looked into: their times are theirs
        ((0, 0, 0, 0, 0), {"n": 1}, [0], False),
        ((0, 1, 2, 3, 4), {"n": 1, "order": Order.OLDEST}, [2], False),
        ((0, 1, 2, 30, 40), {"since": (1_764_000_000 - 10 * 86400) * 10**9}, [0, 1, 2], True),
        ((0, 1, 2, 3, 40), {"since": (1_764_000_000 - 10 * 86400) * 10**9}, [0, 1, 2], False),
        ((0, 1, 2, 3, 4), {"n": 3, "keywords": (b"line 2",)}, [2], False),
        ((0, 1, 2, 3, 4), {"n": 1, "keywords": (b"line 2",)}, [2], True),
    ],
)
async def test_of_too_many_files_the_newest_are_read_and_it_is_said_if_the_others_matter(
    autojump_clock: MockClock,
    tmp_path: Path,
    ages: tuple[float, ...],
    asked: dict[str, Any],
    numbers: list[int],
    complete: bool,
) -> None:
    aged(tmp_path, ages)
    got, outcome = await answered(logs_in(tmp_path, max_files=3), Query.of(files=("*.log",), **asked))
    body = b"".join(batch.body for batch in got.batches)
    assert [int(line.split()[-1]) for line in body.splitlines()] == numbers
    assert all(batch.times is None for batch in got.batches)
    assert outcome.status is (Status.OK if complete else Status.RESOURCE_EXHAUSTED)
    message = "5 files match; the newest 3 were read; narrow the glob"
    assert outcome.message == ("" if complete else message)
    assert [(note.kind, note.count) for note in outcome.notes] == ([] if complete else [("unread", 5)])
    told = {note.kind for batch in got.batches for note in batch.notes}
    assert told <= (set() if complete else {"unread"})


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        (b"1763990000 early\n", True),
        (b"", False),
        (b"no time at all\n", True),
        (b"1764000100 dated ahead\n", False),
        (b"1763990000 early\n1764000100 dated ahead\n", False),
    ],
)
async def test_files_that_are_left_out_are_looked_into(
    autojump_clock: MockClock, tmp_path: Path, text: bytes, complete: bool
) -> None:
    aged(tmp_path, (0, 0))
    (tmp_path / "2.log").write_bytes(text)
    os.utime(tmp_path / "2.log", (1_763_995_000, 1_763_995_000))
    _, outcome = await body_of(logs_in(tmp_path, max_files=2), "*.log", n=2)
    assert outcome.complete is complete


async def test_a_host_that_is_stopped_says_that_lines_it_did_not_read_may_belong_to_the_answer(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    for host, ages in (("web0", (0.5, 1, 2, 3, 4)), ("web1", (0, 0.25, 9))):
        (tmp_path / host).mkdir()
        aged(tmp_path / host, ages)
    few = [(host, LocalSource(logs_in(tmp_path / host, max_files=3), 5)) for host in ("web0", "web1")]

    async def merged(n: int) -> Outcome:
        return await Gather(few, 5, of_hosts=True).pump(Query.of(files=("*.log",), n=n), Collected())

    assert (await merged(2)).complete
    assert (await merged(5)).complete
    assert (await merged(6)).status is Status.RESOURCE_EXHAUSTED


async def test_signs_of_life_come_while_the_first_turn_is_waited_for(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"one\n")
    threads, got = DiskThreads(working=1), Collected()
    source = LocalSource(logs_in(tmp_path, threads=threads), patience=2.5)
    async with threads.turn():
        with trio.move_on_after(3.5):
            await source.pump(Query.of(files=("app.log",)), got)
    assert got.batches == [SIGN_OF_LIFE] * 3


async def test_missing_name_among_several_is_named_beside_the_lines(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"one\n")
    body, outcome = await body_of(logs_in(tmp_path), "app.log", "no.log")
    assert body == b"one\n"
    assert (outcome.status, outcome.message) == (Status.OK, "no such file: no.log")


async def test_a_link_that_leads_out_is_noted_where_a_glob_meets_it(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"out\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "out.log").symlink_to(tmp_path / "out")
    for lines in (b"one\n", b"one\ntwo\n"):
        (root / "app.log").write_bytes(lines)
        got, outcome = await answered(logs_in(root), Query.of(files=("*.log",), n=1))
        assert outcome.complete
        assert outcome.notes == (Note("link", ("out.log",), 1),)
        assert [batch.notes for batch in got.batches if batch.notes] == [outcome.notes]
    _, outcome = await answered(logs_in(root), Query.of(files=("app.log",)))
    assert outcome.notes == ()
    _, outcome = await answered(logs_in(root), Query.of(files=("out*",)))
    assert outcome.status is Status.NOT_FOUND
    assert outcome.notes == (Note("link", ("out.log",), 1),)


async def test_a_listing_has_the_notes_of_its_host(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "out.log").symlink_to("/dev/null")
    (tmp_path / "app.log").write_bytes(b"one\n")
    listing = await LocalLister(logs_in(tmp_path), LogLister()).listing(Query.of(files=("**/*",)), 5.0)
    assert listing.notes == (Note("link", ("out.log",), 1, "web0"),)
    assert listing.outcome.complete


async def test_rotated_generations_of_a_file_are_answered_with_it(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"2026-11-23T10:00:02Z live\n")
    (tmp_path / "app.log.1").write_bytes(b"2026-11-23T10:00:01Z rotated\n")
    body, outcome = await body_of(logs_in(tmp_path), "app.log")
    assert (body, outcome.lines) == (b"2026-11-23T10:00:02Z live\n2026-11-23T10:00:01Z rotated\n", 2)
    body, _ = await body_of(logs_in(tmp_path), "app.log", rotated=False)
    assert body == b"2026-11-23T10:00:02Z live\n"


async def test_untimed_file_is_merged_as_a_block_by_its_modification_time(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    (tmp_path / "notes.log").write_bytes(b"first\nsecond\n")
    os.utime(tmp_path / "notes.log", (1_780_000_000, 1_780_000_000))
    (tmp_path / "app.log").write_bytes(b"2026-01-01T00:00:00Z old\n2026-12-01T00:00:00Z new\n")
    body, _ = await body_of(logs_in(tmp_path), "*.log")
    assert body == b"2026-12-01T00:00:00Z new\nsecond\nfirst\n2026-01-01T00:00:00Z old\n"


async def test_times_without_zone_are_in_the_zone_of_their_root(autojump_clock: MockClock, tmp_path: Path) -> None:
    for name in ("berlin", "here"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.log").write_bytes(b"2026-07-01 12:00:00 %b\n" % name.encode())
    logs = logs_in(tmp_path / "berlin", tmp_path / "here", root_zones={tmp_path / "berlin": ZoneInfo("Europe/Berlin")})
    got, _ = await answered(logs, Query.of(files=("*.log",), times=True))
    noon = 1_782_907_200_000_000_000
    assert [time for batch in got.batches for time in batch.times or ()] == [noon, noon - 2 * 3_600_000_000_000]


async def test_longer_lines_than_the_options_say_are_cut(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"x" * 2000 + b"\n")
    body, _ = await body_of(logs_in(tmp_path), "app.log")
    assert body == b"x" * 1024 + b"\n"


def test_nothing_is_followed_without_tails(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="this agent follows nothing"):
        logs_in(tmp_path).live()


# Archives.


def test_archives_of_one_query_share_what_may_be_held_of_them(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"l{number:02}.log").write_bytes(b"x\n")
        (tmp_path / f"l{number:02}.log.1.gz").write_bytes(b"")
    logs = logs_in(tmp_path)
    found = Catalog([tmp_path]).find(["*.log"])
    assert [options.kept for options in logs.options_of_each(found)] == [KEPT // 40] * 40
    assert [options.kept for options in logs.options_of_each(found[:1])] == [KEPT]
    assert logs.options_of_each([]) == []
    assert {options.kept for options in logs.options_of_each(found * 100)} == {LEAST_KEPT}


def test_logs_without_archives_take_nothing_from_the_share_of_those_with(tmp_path: Path) -> None:
    for name in ("a.log", "b.log", "b.log.1.gz", "c.log"):
        (tmp_path / name).write_bytes(b"")
    found = Catalog([tmp_path]).find(["*.log"])
    assert [options.kept for options in logs_in(tmp_path).options_of_each(found)] == [KEPT] * 3


# Several roots.


def two_roots(directory: Path, lines: int = 12) -> list[Path]:
    """Two roots with logs of one name, whose lines alternate by time."""
    roots = [directory / "one", directory / "two"]
    for number, root in enumerate(roots):
        root.mkdir()
        stamps = [f"2026-11-23T10:00:{second:02}Z {root.name}\n" for second in range(lines) if second % 2 == number]
        (root / "app.log").write_text("".join(stamps))
    return roots


async def test_name_of_several_roots_is_answered_from_all_of_them_by_time(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    logs = logs_in(*two_roots(tmp_path))
    got, outcome = await answered(logs, Query.of(files=("app.log",), places=True))
    assert [line[17:] for line in got.lines] == [
        f"{11 - n:02}Z {'two' if n % 2 == 0 else 'one'}".encode() for n in range(12)
    ]
    assert {origin.file for batch in got.batches for origin in batch.origins} == {"one:app.log", "two:app.log"}
    assert outcome.complete
    body, _ = await body_of(logs, "two:app.log", n=1)
    assert body == b"2026-11-23T10:00:11Z two\n"


@pytest.mark.parametrize("order", Order)
async def test_pages_over_several_roots_equal_the_whole_though_names_change_between(
    order: Order, autojump_clock: MockClock, tmp_path: Path
) -> None:
    one, two = two_roots(tmp_path)
    query = Query.of(files=("app.log",), order=order, n=2)
    whole = (await answered(logs_in(one), changed(query, n=None)))[0].lines
    hidden = (two / "app.log").rename(two / "hidden")
    lines: list[bytes] = []
    positions: dict[tuple[str, str], Position] = {}
    for page in range(4):
        asked = changed(query, positions=tuple(positions.values()))
        got, outcome = await answered(logs_in(one, two), asked)
        assert outcome.complete
        lines += [line for line in got.lines if line.endswith(b"one")]
        positions |= {(position.host, position.log): position for batch in got.batches for position in batch.positions}
        if page == 0:
            (two / "app.log").write_bytes(b"2025-01-01T00:00:00Z two\n")
    assert hidden.exists()
    assert lines == whole


async def test_listing_tells_logs_of_several_roots_apart(autojump_clock: MockClock, tmp_path: Path) -> None:
    listing = await listed(logs_in(*two_roots(tmp_path)))
    assert [(log.name, log.generations[0].name) for log in listing.logs] == [
        ("one:app.log", "one:app.log"),
        ("two:app.log", "two:app.log"),
    ]


# What may not be read.


async def test_listing_shows_what_may_not_be_read_with_the_reason_and_notes_it(autojump_clock: MockClock) -> None:
    with TemporaryDirectory() as directory:
        root = planted(Path(directory), "a.log", "b.log", "private/c.log")
        for path, mode in ((root, 0o755), (root / "b.log", 0), (root / "private", 0)):
            path.chmod(mode)
        with Unprivileged():
            listing = await listed(logs_in(root))
            deep = await LocalLister(logs_in(root), LogLister()).listing(Query.of(files=("**/*",)), 5)
        permit(root)
    assert [(log.name, log.message) for log in listing.logs] == [
        ("a.log", UNTIMED),
        ("b.log", "permission denied: b.log"),
    ]
    assert listing.outcome.complete
    assert [(note.kind, note.files) for note in listing.notes] == [("unreadable", ("b.log",))]
    assert [(note.kind, note.files) for note in deep.notes] == [("unreadable", ("b.log", "private/"))]
    assert deep.outcome.complete


async def test_logs_that_cannot_be_read_make_a_listing_incomplete(autojump_clock: MockClock, tmp_path: Path) -> None:
    def fail(descriptor: int, size: int, offset: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(b"2026-11-23T10:00:00Z one\n")
    listing = await LocalLister(logs_in(tmp_path), LogLister(read=fail)).listing(Query.of(files=("*.log",)), 5)
    assert listing.hosts == (
        HostOutcome("web0", Status.UNAVAILABLE, "input/output error: a.log; input/output error: b.log"),
    )
    assert not listing.outcome.complete


@pytest.mark.parametrize(
    ("files", "status"),
    [
        (("app.log",), Status.PERMISSION_DENIED),
        (("app.log*",), Status.OK),
        (("app.log", "a*"), Status.PERMISSION_DENIED),
        (("b.log", "a.log"), Status.PERMISSION_DENIED),
        (("b*.log",), Status.PERMISSION_DENIED),
        (("*.log",), Status.OK),
        (("a.log",), Status.OK),
        (("b.log",), Status.PERMISSION_DENIED),
    ],
)
async def test_a_listing_is_as_complete_as_an_answer(
    autojump_clock: MockClock, files: tuple[str, ...], status: Status
) -> None:
    with TemporaryDirectory() as directory:
        root = planted(Path(directory), "a.log", "b.log", "app.log", "app.log.1", "app.log.2")
        for path, mode in ((root, 0o755), (root / "b.log", 0), (root / "app.log.1", 0)):
            path.chmod(mode)
        with Unprivileged():
            listing = await LocalLister(logs_in(root), LogLister()).listing(Query.of(files=files), 5)
            _, outcome = await body_of(logs_in(root), *files)
        permit(root)
    assert (listing.outcome.status, outcome.status) == (status, status)


# The list.


class SlowDisk(DiskThreads):
    """Takes so many seconds for each piece of work."""

    def __init__(self, seconds: float) -> None:
        super().__init__(inline=True)
        self._seconds = seconds

    async def work(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        await trio.sleep(self._seconds)
        return await super().work(function, *args)


class StepByStep(DiskThreads):
    """Does a single step of work in each turn."""

    def _slice(self, steps: Generator[None, None, Result]) -> tuple[Result] | tuple[()]:
        try:
            next(steps)
        except StopIteration as end:
            return (end.value,)
        return ()


class SlowLister(LogLister):
    """Takes so many seconds of a clock to look into a log."""

    def __init__(self, clock: MockClock, seconds: float) -> None:
        super().__init__()
        self._clock = clock
        self._seconds = seconds

    def look(self, *args: Any, **options: Any) -> ListedLog:
        self._clock.jump(self._seconds)
        return super().look(*args, **options)


async def listed(logs: LocalLogs, lister: LogLister | None = None) -> Listing:
    return await LocalLister(logs, lister or LogLister()).listing(Query.of(files=("*.log",)), patience=5)


async def test_logs_that_are_not_looked_into_in_time_are_listed_without_times(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    started = trio.current_time()
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(b"2026-11-23T10:00:00Z one\n")
    listing = await listed(logs_in(tmp_path, threads=StepByStep(inline=True)), SlowLister(autojump_clock, 3))
    assert [(log.timed, log.message) for log in listing.logs] == [(True, ""), (None, "not looked into in time")]
    [part] = listing.hosts
    assert part.status is Status.DEADLINE_EXCEEDED
    assert part.message == "1 of 2 logs were not looked into in time; ask again for them"
    assert trio.current_time() - started < 5


async def test_disk_that_hangs_is_named_before_others_leave_the_host_behind(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    listing = await listed(logs_in(tmp_path, threads=SlowDisk(1000)))
    assert listing.hosts == (HostOutcome("web0", Status.UNAVAILABLE, "no answer from the disk within 2.5 s"),)


async def test_what_could_not_be_reached_makes_a_listing_incomplete(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "a.log").touch()
    listing = await listed(logs_in(tmp_path, tmp_path / "volume"))
    assert [log.name for log in listing.logs] == ["a.log"]
    assert listing.hosts[0].message == "the root volume is not there; is its volume mounted?"
    assert not listing.outcome.complete


async def test_the_newest_lines_of_very_many_logs_are_found_in_those_that_may_have_them(tmp_path: Path) -> None:
    for number in range(NARROWED_FROM + 1):
        minute = b"2026-11-23T%02d:%02d" % (number // 60 % 24, number % 60)
        (tmp_path / f"{number}.log").write_bytes(b"%b:01Z x\n%b:02Z x\n" % (minute, minute))
    few = Query.of(files=("*.log",), n=3)
    logs, outcomes = logs_in(tmp_path, max_files=2000), list[Outcome]()
    answers = []
    for narrows in (False, True):
        got = Collected()
        outcomes.append(await LocalSource(logs, 60, narrows=narrows).pump(few, got))
        answers.append(b"".join(batch.body for batch in got.batches))
    assert answers[0] == answers[1]
    assert [outcome.complete for outcome in outcomes] == [True, True]
    assert outcomes[1].notes == (Note(NoteKind.CURSOR, (), NARROWED_FROM + 1),)
    assert outcomes[1].bytes_scanned < outcomes[0].bytes_scanned // 10
