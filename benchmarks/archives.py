"""How fast a rare word is found in archives, newest first, beside zgrep and zstdgrep; and what memory that takes.

    python benchmarks/archives.py ARCHIVE WORD OUT

looks for a word in one archive, in a process of its own, writes the lines found to OUT, and prints the seconds it took
and the bytes of memory that the process grew by.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import commands
import logs
from report import Row, megabytes
from stage import Stage

from logagent.core.matching import Matcher
from logagent.disk.archive import Archive
from logagent.disk.reader import Block
from logagent.disk.unpacking import HEAD, kind_of

RATIO = 1.0
MEMORY = 64_000_000
REPETITIONS = 5
PACKERS = {".gz": ("gzip", "zgrep"), ".zst": ("zstd", "zstdgrep")}


def archives(stage: Stage) -> list[Row]:
    """A rare word, looked for in the big file packed by gzip and by zstd."""
    return [row for suffix in PACKERS for row in _beside_grep(stage, suffix)]


def _beside_grep(stage: Stage, suffix: str) -> list[Row]:
    packer, grep = PACKERS[suffix]
    what = f"keyword on {logs.RARE_LINES} of {stage.big.lines:,} lines, {suffix}"
    if not shutil.which(grep):
        return [Row(what, "", f"{grep} is not installed", None, "", None)]
    archive = stage.directory / f"packed{suffix}"
    with archive.open("wb") as packed:
        subprocess.run([packer, "-c", str(stage.big.path)], stdout=packed, check=True)
    ours, theirs = stage.directory / "ours", stage.directory / "theirs"
    growth: list[int] = []

    def search() -> float:
        seconds, grown = _in_a_process(archive, logs.RARE, ours)
        growth.append(grown)
        return seconds

    line = f'{grep} -F "$1" "$2" > "$3"'
    measured = commands.side_by_side(
        REPETITIONS, search, lambda: commands.shell(line, logs.RARE.decode(), archive, theirs)
    )
    _require_equal(ours, theirs)
    mine, their = measured.medians
    compared = f"{their:.3f} s {grep} -F"
    limit = megabytes(MEMORY)
    return [
        Row(what, f"{mine:.3f} s", compared, measured.ratio, f"ratio at most {RATIO:g}", measured.ratio <= RATIO),
        Row(f"memory for that, {suffix}", megabytes(max(growth)), "", None, f"under {limit}", max(growth) < MEMORY),
    ]


def _in_a_process(archive: Path, word: bytes, out: Path) -> tuple[float, int]:
    command = [sys.executable, __file__, str(archive), word.decode(), str(out)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return float(said[0]), int(said[1])


def _require_equal(ours: Path, theirs: Path) -> None:
    if ours.read_bytes().splitlines()[::-1] != theirs.read_bytes().splitlines():
        raise RuntimeError("the other finds other lines")


def main(path: str, word: str, out: str) -> None:
    """Search one archive and print what that took."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        began, before = time.perf_counter(), _memory("VmRSS:")
        with Path(out).open("wb") as file:
            file.writelines(line + b"\n" for line in _search(descriptor, Path(path).name, word.encode()))
        print(time.perf_counter() - began, _memory("VmHWM:") - before)
    finally:
        os.close(descriptor)


def _search(descriptor: int, name: str, word: bytes) -> Iterator[bytes]:
    kind = kind_of(os.pread(descriptor, HEAD, 0))
    if kind is None:
        raise RuntimeError(f"{name} is no archive")
    archive, matcher = Archive(descriptor, name, kind), Matcher([word])
    found = archive.backward(lambda body: len(matcher.spans(body)), inspect=matcher.inspect, overlap=matcher.overlap)
    for block in found:
        if isinstance(block, Block):
            yield from (block.body[start:end] for start, end in reversed(matcher.spans(block.body)))
    if archive.loss is not None:
        raise archive.loss


def _memory(label: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(label)).split()[1]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
