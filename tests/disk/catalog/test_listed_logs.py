"""What is told of logs, and that it is told without reading more than the ends of a few files."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.outcome import Status
from logagent.core.wire.listing import UNTIMED, ListedLog
from logagent.disk.catalog.catalog import Catalog, Log
from logagent.disk.catalog.listed_logs import LogLister, sorted_out
from logagent.disk.times.sampling import PLACE_BYTES, PLACES
from logagent.disk.times.stamping import SAMPLE

SECOND = 1_000_000_000
NOON = 1_795_435_200 * SECOND  # 2026-11-23T12:00:00Z

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


def lines(first: int, last: int, filler: bytes = b"") -> bytes:
    """Lines of so many seconds after noon."""
    return b"".join(
        b"2026-11-23 12:%02d:%02d line %d %b\n" % (*divmod(second, 60), second, filler) for second in range(first, last)
    )


class Looking:
    """A root with files in it, looked into by one lister that counts its reads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reads: list[tuple[int, int]] = []
        self.lister = LogLister(read=self._read)

    def _read(self, descriptor: int, size: int, offset: int) -> bytes:
        self.reads.append((size, offset))
        return os.pread(descriptor, size, offset)

    def write(self, **files: bytes) -> None:
        for name, content in files.items():
            (self.root / name.replace("_", ".")).write_bytes(content)

    def log(self, name: str = "app.log", zone: str = "UTC") -> ListedLog:
        [log] = Catalog([self.root]).find([name])
        return self.lister.look("web-1", log, ZoneInfo(zone))


@pytest.fixture
def looking(tmp_path: Path) -> Looking:
    return Looking(tmp_path)


def times(log: ListedLog) -> tuple[int | None, int | None]:
    """The oldest and the newest time of a log in seconds after noon."""
    oldest, newest = log.oldest, log.newest
    return oldest if oldest is None else (oldest - NOON) // SECOND, newest if newest is None else (
        newest - NOON
    ) // SECOND


def test_times_are_those_of_the_oldest_and_the_newest_generation(looking: Looking) -> None:
    looking.write(app_log=lines(20, 30), app_log_1=lines(10, 20), app_log_2=lines(5, 10))
    log = looking.log()
    assert times(log) == (5, 29)
    assert (log.host, log.name, log.formats, log.timed, log.message) == ("web-1", "app.log", ("iso",), True, "")
    assert [file.name for file in log.generations] == ["app.log", "app.log.1", "app.log.2"]
    assert len(looking.reads) == 5


def test_times_that_name_no_zone_are_in_the_one_given(looking: Looking) -> None:
    looking.write(app_log=lines(0, 1))
    log = looking.log(zone="Europe/Berlin")
    assert (log.zone, times(log)) == ("Europe/Berlin", (-3600, -3600))
    assert (looking.log().zone, times(looking.log())) == ("UTC", (0, 0))


def test_large_file_is_read_at_a_few_places_only(looking: Looking) -> None:
    looking.write(app_log=lines(0, 3000, b"x" * 100))
    assert times(looking.log()) == (0, 2999)
    assert len(looking.reads) <= PLACES + 2
    assert sum(size for size, _ in looking.reads) <= 3 * PLACES * PLACE_BYTES


def test_line_that_is_cut_at_the_end_of_what_is_read_does_not_count(looking: Looking) -> None:
    time = b"2026-11-23T12:00:00"  # without its zone it would be another one
    first = (time + b"+02:00 ").ljust(SAMPLE - len(time) - 1, b"x") + b"\n"
    looking.write(app_log=first + (time + b"+02:00 y\n") * 6000)
    assert times(looking.log()) == (-7200, -7200)


def test_line_longer_than_what_is_read_has_its_time(looking: Looking) -> None:
    looking.write(app_log=b"2026-11-23 12:00:00 " + b"x" * (3 * SAMPLE))
    assert times(looking.log()) == (0, 0)


def test_empty_files_are_passed_over(looking: Looking) -> None:
    looking.write(app_log=b"", app_log_1=lines(10, 20), app_log_2=lines(5, 10), app_log_3=b"")
    assert times(looking.log()) == (5, 19)


def test_log_without_lines_is_neither_timed_nor_untimed(looking: Looking) -> None:
    looking.write(app_log=b"")
    log = looking.log()
    assert (log.timed, log.message, times(log)) == (None, "", (None, None))


def test_log_without_times_says_how_it_is_merged(looking: Looking) -> None:
    looking.write(app_log=b"one\ntwo\n", app_log_1=b"zero\n")
    log = looking.log()
    assert (log.timed, log.message, log.formats) == (False, UNTIMED, ())


def test_file_of_few_lines_does_not_say_how_its_log_is_timed(looking: Looking) -> None:
    looking.write(app_log=b"deploy of release 2020-01-01 00:00:00 done\n", app_log_1=lines(0, 30))
    log = looking.log()
    assert log.times is not None
    assert (log.times.places, log.times.timed, log.times.sampled) == (("at the beginning",), 12, 12)


EVERY_COMPRESSION = pytest.mark.parametrize("suffix", list(PACK))


@EVERY_COMPRESSION
def test_compressed_generation_has_its_oldest_time(looking: Looking, suffix: str) -> None:
    looking.write(app_log=lines(3000, 3001), **{f"app_log_1_{suffix}": PACK[suffix](lines(7, 3000))})
    assert times(looking.log()) == (7, 3000)
    assert times(looking.log(f"app.log.1.{suffix}")) == (7, None)


@EVERY_COMPRESSION
def test_a_compressed_file_under_a_plain_name_is_told_by_its_content(looking: Looking, suffix: str) -> None:
    looking.write(app_log=PACK[suffix](lines(7, 30)))
    log = looking.log()
    assert (log.generations[0].compressed, log.timed, log.message) == (True, True, "")
    assert times(log) == (7, None)


@EVERY_COMPRESSION
def test_a_plain_file_under_a_compressed_name_is_told_by_its_content(looking: Looking, suffix: str) -> None:
    looking.write(app_log=lines(20, 30), **{f"app_log_1_{suffix}": lines(7, 20)})
    log = looking.log()
    assert [file.compressed for file in log.generations] == [False, False]
    assert times(log) == (7, 29)
    assert times(looking.log(f"app.log.1.{suffix}")) == (7, 19)


def test_an_empty_file_under_a_compressed_name_is_not_compressed(looking: Looking) -> None:
    looking.write(app_log=lines(20, 30), app_log_1_gz=b"")
    log = looking.log()
    assert [file.compressed for file in log.generations] == [False, False]
    assert times(log) == (20, 29)


def test_an_unreadable_file_is_listed_with_the_reason_and_by_its_name(looking: Looking) -> None:
    def fail(descriptor: int, size: int, offset: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    looking.write(app_log_1_gz=gzip.compress(lines(7, 20)))
    looking.lister = LogLister(read=fail)
    log = looking.log("app.log.1.gz")
    assert (log.message, log.timed, log.status) == ("input/output error: app.log.1.gz", None, Status.UNAVAILABLE)
    assert [file.compressed for file in log.generations] == [True]


@pytest.mark.parametrize("place", range(8))
def test_one_generation_that_cannot_be_read_is_named_wherever_it_stands(looking: Looking, place: int) -> None:
    names = ["app.log", *(f"app.log.{number}" for number in range(1, 8))]
    for number, name in enumerate(names):
        (looking.root / name).write_bytes(lines(100 - number, 101 - number))
    bad = (looking.root / names[place]).stat().st_ino

    def fail(descriptor: int, size: int, offset: int) -> bytes:
        if os.fstat(descriptor).st_ino == bad:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return os.pread(descriptor, size, offset)

    looking.lister = LogLister(read=fail)
    log = looking.log()
    assert (log.message, log.status) == (f"input/output error: {names[place]}", Status.UNAVAILABLE)
    assert times(log) == (94 if place == 7 else 93, 99 if place == 0 else 100)


def test_a_generation_that_was_read_is_not_read_again_while_it_stays_as_it_is(looking: Looking) -> None:
    looking.write(app_log=lines(20, 30), app_log_1=lines(10, 20), app_log_2=lines(5, 10))
    looking.log()
    before = len(looking.reads)
    assert looking.log().status is Status.OK
    assert len(looking.reads) == before


def test_what_was_told_by_content_stays_where_another_file_is_unreadable(looking: Looking) -> None:
    looking.write(app_log=lines(7, 20), app_log_1_gz=lines(1, 7), app_log_2_gz=b"?")
    [log] = Catalog([looking.root]).find(["app.log"])
    first, second, last = log.generations
    log = replace(log, generations=(replace(first, compressed=True), second, last))
    (looking.root / "app.log.2.gz").unlink()
    listed = looking.lister.look("web-1", log, UTC)
    assert listed.message == "no such file: app.log.2.gz"
    assert [file.compressed for file in listed.generations] == [False, False, True]


def test_files_whose_ends_are_not_read_are_told_by_their_names(looking: Looking) -> None:
    looking.write(app_log=lines(20, 30), app_log_1_gz=b"plain\n", app_log_2=lines(7, 20))
    assert [file.compressed for file in looking.log().generations] == [False, True, False]


def test_an_archive_of_many_empty_members_costs_a_bounded_number_of_reads(looking: Looking) -> None:
    looking.write(app_log=gzip.compress(b"") * 100_000)
    assert looking.log().timed is None
    assert len(looking.reads) < 10


@pytest.mark.parametrize(("window", "timed"), [(27, None), (24, True)])
def test_an_archive_that_takes_too_much_memory_is_listed_without_times(
    looking: Looking, window: int, timed: bool | None
) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=window)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()  # of a size not known before
    looking.write(app_log=packer.compress(lines(7, 30)) + packer.flush())
    assert (looking.log().timed, looking.log().generations[0].compressed) == (timed, True)
    assert looking.log().message == ""


def test_text_before_the_damage_of_an_archive_has_its_times(looking: Looking) -> None:
    looking.write(app_log=gzip.compress(lines(7, 30)) + gzip.compress(b"")[:10] + b"\xff" * 20)
    assert times(looking.log()) == (7, None)


@EVERY_COMPRESSION
def test_damaged_generation_has_no_time(looking: Looking, suffix: str) -> None:
    damaged = PACK[suffix](lines(7, 30))[:12] + b"\xff" * 20
    looking.write(app_log=lines(0, 1), **{f"app_log_1_{suffix}": damaged})
    assert (looking.log().newest, looking.log(f"app.log.1.{suffix}").timed) == (NOON, None)


@given(st.binary(max_size=300), st.sampled_from(list(PACK)), st.integers(0, 200))
def test_whatever_an_archive_holds_looking_into_it_raises_nothing(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str, cut: int
) -> None:
    looking = Looking(tmp_path_factory.mktemp("log"))
    looking.write(**{f"app_log_1_{suffix}": PACK[suffix](content)[cut:] + content[:cut]})
    log = looking.log()
    assert log.newest is None
    assert log.message in ("", UNTIMED) or log.message.startswith(f"app.log.1.{suffix}: damaged")


@EVERY_COMPRESSION
def test_an_archive_without_a_whole_head_is_named_and_the_other_files_keep_their_times(
    looking: Looking, suffix: str
) -> None:
    for size in range(10):
        looking.write(app_log=lines(0, 9), **{f"app_log_1_{suffix}": PACK[suffix](lines(7, 30))[:size]})
        log = looking.log()
        assert (log.newest, log.timed) == (NOON + 8 * SECOND, True)
        assert log.message.startswith(f"app.log.1.{suffix}: damaged")


def test_file_that_stays_as_it_is_is_read_once(looking: Looking) -> None:
    looking.write(app_log=lines(0, 10))
    assert looking.log() == looking.log()
    assert len(looking.reads) == 2
    looking.write(app_log=lines(0, 11))
    assert times(looking.log()) == (0, 10)
    assert len(looking.reads) == 4


def test_a_log_that_a_glob_met_is_known_as_long_as_it_stays_as_it_is(looking: Looking) -> None:
    looking.write(app_log=lines(0, 10))

    def found() -> Log:
        [log] = Catalog([looking.root]).find(["*.log"])
        return log

    assert looking.lister.known("web-1", found(), UTC) is None
    looked = looking.lister.look("web-1", found(), UTC)
    assert looking.lister.known("web-1", found(), UTC) is looked
    assert looking.lister.known("web-1", found(), ZoneInfo("Asia/Tokyo")) is None
    looking.write(app_log=lines(0, 11))
    assert looking.lister.known("web-1", found(), UTC) is None
    [named] = Catalog([looking.root]).find(["app.log"])  # one that is named is opened in any case
    looking.lister.look("web-1", named, UTC)
    assert looking.lister.known("web-1", named, UTC) is None


def test_no_more_files_are_remembered_than_are_kept(looking: Looking) -> None:
    looking.lister = LogLister(kept=1, read=looking._read)
    looking.write(app_log=lines(0, 10), db_log=lines(0, 10))
    for name in ("app.log", "app.log", "db.log", "app.log"):
        looking.log(name)
    assert len(looking.reads) == 6


def test_file_that_cannot_be_opened_is_listed_with_the_reason(looking: Looking) -> None:
    looking.write(app_log=lines(0, 10))
    [log] = Catalog([looking.root]).find(["app.log"])
    (looking.root / "app.log").unlink()
    listed = looking.lister.look("web-1", log, UTC)
    assert (listed.message, listed.timed, listed.size) == ("no such file: app.log", None, len(lines(0, 10)))


def test_what_could_not_be_reached_is_told_from_what_was_found(looking: Looking) -> None:
    looking.write(app_log=b"")
    logs, failures = sorted_out(Catalog([looking.root, looking.root / "volume"]).find(["app.log", "no.log"]))
    assert [log.name for log in logs] == ["app.log"]
    assert [failure.message for failure in failures] == [
        "no such file: no.log",
        "the root volume is not there; is its volume mounted?",
    ]


def test_no_descriptor_stays_open(looking: Looking) -> None:
    looking.write(app_log=lines(0, 10), app_log_1_gz=gzip.compress(b"")[:10] + b"damaged")
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    for _ in range(3):
        looking.log()
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("nuls", [0, 4000, 400_000])
@pytest.mark.parametrize("count", [9, 900])
@pytest.mark.parametrize("wrap", [lambda text: text, gzip.compress])
def test_times_are_found_in_every_encoding_and_behind_nuls(
    tmp_path: Path, encoding: str, nuls: int, count: int, wrap: Callable[[bytes], bytes]
) -> None:
    looking = Looking(tmp_path)
    looking.write(app_log=wrap(bytes(nuls) + lines(0, count, b"Verbindung " * 20).decode().encode(encoding)))
    log = looking.log()
    assert log.oldest == NOON
    assert log.newest == (NOON + (count - 1) * SECOND if wrap is not gzip.compress else None)


class Opens:
    """`os.open`, which counts the files that are opened for reading."""

    def __init__(self) -> None:
        self.files = 0

    def __call__(self, path: str, flags: int, *, dir_fd: int | None = None) -> int:
        self.files += path.startswith("/proc/self/fd/")  # found files are opened again by their descriptors
        return os.open(path, flags, dir_fd=dir_fd)


def test_what_a_glob_meets_unchanged_is_not_opened_again(tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(lines(0, 9))
    opens, lister = Opens(), LogLister()
    catalog = Catalog([tmp_path], opener=opens)
    listings = []
    for opened in (2, 0, 1):
        before = opens.files
        listings.append([lister.look("web-1", log, UTC) for log in catalog.find(["*.log"])])
        assert opens.files - before == opened
        if opened == 0:
            (tmp_path / "b.log").write_bytes(lines(0, 12))
    assert listings[0] == listings[1]
    assert [one is other for one, other in zip(*listings[1:], strict=True)] == [True, False]
    assert listings[1][1].newest != listings[2][1].newest


def test_what_is_named_is_opened_in_any_case_since_it_may_have_become_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(lines(0, 9))
    opens, lister = Opens(), LogLister()
    catalog = Catalog([tmp_path], opener=opens)
    for _ in range(2):
        before = opens.files
        [log] = catalog.find(["a.log"])
        found = opens.files
        lister.look("web-1", log, UTC)
        assert found >= before
        assert opens.files > found
