"""The ends of small files, which are looked at as a whole at once, are those that a closer look finds."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.ends import SMALL, Lister
from logagent.disk.files.reader import Reader
from logagent.disk.times.stamping import FileTimes

LINES = [b"2026-11-23T12:%02d:07Z x", b"2026-11-23 12:00:07.%02d5+02:00 x", b"2026-11-%02d 12:00:07 x", b"\tat line %d"]
FILLERS = [b"", b" y" * 40, b"\r", b" until 2026-11-24T00:00:00Z"]


def written(writes: bytes, numbers: list[int], filler: bytes, last: bytes) -> bytes:
    return b"\n".join(writes % number + filler for number in numbers) + last


@given(
    st.sampled_from([*LINES[:2] * 3, *LINES]),
    st.lists(st.integers(1, 28), min_size=1, max_size=60),
    st.sampled_from([*FILLERS[:1] * 3, *FILLERS]),
    st.sampled_from([b"\n", b"", b"\n\n", b"\n\tat x\n"]),
)
@example(LINES[0], [7] * 60, FILLERS[1], b"\n")
@example(LINES[0], [9, *[8] * 30], b"", b"")
def test_they_are_those_of_the_times_of_the_whole_file(
    writes: bytes, numbers: list[int], filler: bytes, last: bytes
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "app.log"
        path.write_bytes(written(writes, numbers, filler, last))
        [log] = Catalog([Path(directory)]).find(["app.log"])
        ends = Lister().ends(log.generations[0], UTC)
        descriptor = os.open(path, os.O_RDONLY)
        times = FileTimes(Reader(descriptor, "app.log"), UTC, path.stat().st_mtime_ns)
        os.close(descriptor)
    # A file whose times leave out nothing has no turns, and a whole look at it does not say so.
    assert replace(ends.judgement, turns=None) == replace(times.judgement, turns=None)
    found = [time for time in (times.first, times.last) if time is not None]
    assert (ends.oldest, ends.newest) == (min(found, default=None), max(found, default=None))


def test_a_small_file_takes_one_read(tmp_path: Path) -> None:
    reads: list[int] = []

    def read(descriptor: int, size: int, offset: int) -> bytes:
        reads.append(size)
        return os.pread(descriptor, size, offset)

    (tmp_path / "app.log").write_bytes(written(LINES[0], list(range(20)), b"", b"\n"))
    [log] = Catalog([tmp_path]).find(["app.log"])
    assert Lister(read=read).ends(log.generations[0], UTC).judgement.timed == 20
    assert reads == [SMALL]


def test_a_file_that_grows_takes_one_place_in_the_cache(tmp_path: Path) -> None:
    reads: list[int] = []

    def read(descriptor: int, size: int, offset: int) -> bytes:
        reads.append(size)
        return os.pread(descriptor, size, offset)

    def look(name: str) -> None:
        [log] = Catalog([tmp_path]).find([name])
        lister.ends(log.generations[0], UTC)

    lister = Lister(kept=2, read=read)
    for name in ("app.log", "other.log"):
        (tmp_path / name).write_bytes(written(LINES[0], list(range(20)), b"", b"\n"))
    look("other.log")
    for second in range(20, 40):
        with (tmp_path / "app.log").open("ab") as file:
            file.write(LINES[0] % second + b"\n")
        look("app.log")
    before = len(reads)
    look("other.log")
    assert len(reads) == before
