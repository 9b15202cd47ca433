"""The logs of the hosts: each line is numbered, so that one that is lost or comes twice shows."""

from __future__ import annotations

import gzip
import os
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import trio
import zstandard

STATIC, LIVE, COPIED = "static.log", "live.log", "copied.log"
"""Logs of each host: one that stays as it is, one that is rotated by renaming, and one by copying and truncating."""
STEPS = (10, 100, 1000)
"""Every so manieth line holds the word of that."""
STATIC_LINES = 8_000
"""Of each of the four generations of a static log, two of them compressed: some 1 MB."""
KEPT = 5
"""Rotated generations that are kept of a log."""
_BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
_WORDS = ("accepted", "refused", "retried", "finished", "timed out", "queued", "Überlauf", "started", "closed")


class Extent(NamedTuple):
    """Which lines a log holds: those from `first` on, and before `end`.

    copies: how often it has begun to be copied, and how often it was truncated after that, together; an odd number: for
    a moment its lines are in two files, as `copytruncate` has it.
    """

    first: int
    end: int
    copies: int = 0


def word(step: int) -> str:
    """The word on every so manieth line."""
    return f"every{step}."


def line(moment: datetime, host: str, log: str, number: int, chance: random.Random) -> bytes:
    """A line with its number."""
    words = "".join(f" {word(step)}" for step in STEPS if number % step == 0)
    said = f"{chance.choice(_WORDS)} {chance.getrandbits(64):016x}"
    at = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"{at} INFO host={host} log={log} seq={number:09d}{words} worker {number % 17} {said}\n".encode()


def make_static(directory: Path, host: str) -> Extent:
    """Write a log that nobody touches any more, with three older generations, two of them compressed."""
    chance = random.Random(host)
    texts = [_static_text(host, part, chance) for part in range(4)]  # the oldest first
    (directory / f"{STATIC}.3.zst").write_bytes(zstandard.ZstdCompressor().compress(texts[0]))
    (directory / f"{STATIC}.2.gz").write_bytes(gzip.compress(texts[1], 6))
    (directory / f"{STATIC}.1").write_bytes(texts[2])
    (directory / STATIC).write_bytes(texts[3])
    return Extent(0, 4 * STATIC_LINES)


def _static_text(host: str, part: int, chance: random.Random) -> bytes:
    numbers = range(part * STATIC_LINES, (part + 1) * STATIC_LINES)
    return b"".join(line(_BEGIN + timedelta(seconds=number), host, STATIC, number, chance) for number in numbers)


class GrowingLog:
    """A log that is written to, and rotated. extent: the lines that are in its files.

    A line counts as in a file once it was written, and no more when its file is about to be removed.
    """

    def __init__(self, directory: Path, host: str, name: str, chance: random.Random) -> None:
        self._path = directory / name
        self._host, self._name, self._chance = host, name, chance
        self._ends: list[int] = []
        self._file = self._opened()
        self._is_held = False
        self.extent = Extent(0, 0)

    def write(self, count: int) -> None:
        """Write so many lines, unless the log is being truncated."""
        if self._is_held:
            return
        first, end, copies = self.extent
        now = datetime.now(UTC)
        text = b"".join(line(now, self._host, self._name, end + each, self._chance) for each in range(count))
        os.write(self._file, text)
        self.extent = Extent(first, end + count, copies)

    async def rotate(self) -> None:
        """Rotate as logrotate does, in steps that others see: compress, rename, and what is in `_name`."""
        await self._compress()
        for number in range(KEPT, 1, -1):
            await self._move(number)
        if self._name == COPIED:
            await self._copy_and_truncate()
        else:
            await self._rename_and_create()
        self._ends.insert(0, self.extent.end)

    def close(self) -> None:
        os.close(self._file)

    async def _compress(self) -> None:
        """Compress the newest generation, which logrotate's `delaycompress` leaves for the next time."""
        plain = self._generation(1)
        if not plain.exists():
            return
        with gzip.open(self._generation(1, packed=True), "wb", 6) as packed:
            packed.write(plain.read_bytes())
        shutil.copystat(plain, self._generation(1, packed=True))
        await self._pause()
        plain.unlink()
        await self._pause()

    async def _move(self, number: int) -> None:
        """Rename a generation to the next number, or remove the oldest."""
        packed = self._generation(number, packed=True) if number > 1 else self._generation(1)
        if number == KEPT and packed.exists():
            self.extent = self.extent._replace(first=self._ends[KEPT - 1])
            del self._ends[KEPT - 1 :]
            packed.unlink()
        older = self._generation(number - 1, packed=True)
        if older.exists():
            older.rename(packed)
            await self._pause()

    async def _rename_and_create(self) -> None:
        self._path.rename(self._generation(1))
        await self._pause()  # the program goes on writing to the file that it has open
        os.close(self._file)
        self._file = self._opened()

    async def _copy_and_truncate(self) -> None:
        """Nothing is written meanwhile: what is, nobody could read."""
        self._is_held = True
        self._count_copy()
        shutil.copy2(self._path, self._generation(1))
        await self._pause()
        os.ftruncate(self._file, 0)
        self._count_copy()
        self._is_held = False

    def _count_copy(self) -> None:
        self.extent = self.extent._replace(copies=self.extent.copies + 1)

    async def _pause(self) -> None:
        await trio.sleep(self._chance.uniform(0, 0.03))

    def _generation(self, number: int, *, packed: bool = False) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}{'.gz' if packed else ''}")

    def _opened(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


class Logs:
    """All logs of all hosts. directory: with one directory for each host."""

    def __init__(self, directory: Path, hosts: tuple[str, ...], seed: int) -> None:
        self.hosts = hosts
        self._static: dict[tuple[str, str], Extent] = {}
        self.growing: dict[tuple[str, str], GrowingLog] = {}
        for host in hosts:
            (directory / host).mkdir(parents=True)
            self._static[host, STATIC] = make_static(directory / host, host)
            for name in (LIVE, COPIED):
                chance = random.Random(f"{seed}/{host}/{name}")
                self.growing[host, name] = GrowingLog(directory / host, host, name, chance)

    def extents(self) -> dict[tuple[str, str], Extent]:
        """Which lines each log of each host holds now, by host and name."""
        return self._static | {place: log.extent for place, log in self.growing.items()}

    async def keep_writing(self, every: float, lines: int) -> None:
        """Write so many lines to each growing log, again and again, until cancelled."""
        while True:
            for log in self.growing.values():
                log.write(lines)
            await trio.sleep(every)

    def __iter__(self) -> Iterator[GrowingLog]:
        return iter(self.growing.values())

    def close(self) -> None:
        for log in self:
            log.close()
