"""What is told of logs, and that it is told without reading more than the ends of a few files."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.wire.listing import UNTIMED, ListedLog
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.ends import Lister, sorted_out
from logagent.disk.times.stamping import SAMPLE

SECOND = 1_000_000_000
NOON = 1_795_435_200 * SECOND  # 2026-11-23T12:00:00Z


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
        self.lister = Lister(read=self._read)

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
    assert len(looking.reads) == 2


def test_times_that_name_no_zone_are_in_the_one_given(looking: Looking) -> None:
    looking.write(app_log=lines(0, 1))
    log = looking.log(zone="Europe/Berlin")
    assert (log.zone, times(log)) == ("Europe/Berlin", (-3600, -3600))
    assert (looking.log().zone, times(looking.log())) == ("UTC", (0, 0))


def test_large_file_is_read_at_its_ends_only(looking: Looking) -> None:
    looking.write(app_log=lines(0, 3000, b"x" * 100))
    assert times(looking.log()) == (0, 2999)
    assert looking.reads == [(SAMPLE, (looking.root / "app.log").stat().st_size - SAMPLE), (SAMPLE, 0)]


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


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        ("gz", gzip.compress),
        ("bz2", bz2.compress),
        ("xz", lzma.compress),
        ("zst", zstandard.ZstdCompressor().compress),
    ],
)
def test_compressed_generation_has_its_oldest_time(
    looking: Looking, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    looking.write(app_log=lines(3000, 3001), **{f"app_log_1_{suffix}": pack(lines(7, 3000))})
    assert times(looking.log()) == (7, 3000)
    assert times(looking.log(f"app.log.1.{suffix}")) == (7, None)


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst"])
def test_damaged_generation_has_no_time(looking: Looking, suffix: str) -> None:
    looking.write(app_log=lines(0, 1), **{f"app_log_1_{suffix}": b"no archive at all"})
    assert (looking.log().newest, looking.log(f"app.log.1.{suffix}").timed) == (NOON, None)


@given(st.binary(max_size=300), st.sampled_from(["gz", "bz2", "xz", "zst"]), st.integers(0, 200))
def test_whatever_an_archive_holds_looking_into_it_raises_nothing(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str, cut: int
) -> None:
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.ZstdCompressor().compress}
    looking = Looking(tmp_path_factory.mktemp("log"))
    looking.write(**{f"app_log_1_{suffix}": pack[suffix](content)[cut:] + content[:cut]})
    assert looking.log().newest is None


def test_file_that_stays_as_it_is_is_read_once(looking: Looking) -> None:
    looking.write(app_log=lines(0, 10))
    assert looking.log() == looking.log()
    assert len(looking.reads) == 1
    looking.write(app_log=lines(0, 11))
    assert times(looking.log()) == (0, 10)
    assert len(looking.reads) == 2


def test_no_more_files_are_remembered_than_are_kept(looking: Looking) -> None:
    looking.lister = Lister(kept=1, read=looking._read)
    looking.write(app_log=lines(0, 10), db_log=lines(0, 10))
    for name in ("app.log", "app.log", "db.log", "app.log"):
        looking.log(name)
    assert len(looking.reads) == 3


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
    looking.write(app_log=lines(0, 10), app_log_1_gz=b"damaged")
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    for _ in range(3):
        looking.log()
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before
