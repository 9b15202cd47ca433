"""Log files to measure on: lines of about 120 bytes with ISO times, some of them with known words."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

RARE = b"segfault"
"""On 20 lines of a file. Made of letters that are frequent everywhere, so that no single byte gives it away."""
COMMON = b"deadline"
"""On 5 % of the lines."""
ABSENT = b"kernel_panic"
"""On no line: a search for it reads to the end."""
RARE_LINES = 20
COMMON_SHARE = 0.05

LINE = 120
"""Bytes of a line, in the mean and nearly."""
_LINES_A_MINUTE = 600
_MINUTES = 16
"""Different minutes that are made up; a file repeats them, each time with the time that it then is."""
_START = datetime(2026, 3, 1, tzinfo=UTC)
_PATHS = ("/api/v1/orders", "/api/v1/users", "/static/app.js", "/login", "/search", "/api/v2/events", "/metrics")


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file that was made: where it is, its bytes, its lines."""

    path: Path
    size: int
    lines: int


def make(path: Path, size: int, *, seed: int = 0) -> LogFile:
    """Write a file of about `size` bytes, and have it on the disk, so that no writing goes on while others measure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    minutes = _made_up_minutes(random.Random(seed))
    count = max(1, round(size / (LINE * _LINES_A_MINUTE)))
    marked = {count * (2 * number + 1) // (2 * RARE_LINES) for number in range(RARE_LINES)}
    with path.open("wb") as file:
        for number, minute in zip(range(count), cycle(minutes), strict=False):
            text = minute.replace(b"\0", b"%b" % _minute(number))
            file.write(text.replace(b"finished", RARE, 1) if number in marked else text)
        file.flush()
        os.fsync(file.fileno())
    return LogFile(path, path.stat().st_size, count * _LINES_A_MINUTE)


def _minute(number: int) -> bytes:
    return (_START + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M").encode()


def _made_up_minutes(chance: random.Random) -> list[bytes]:
    """Minutes of lines, a NUL standing for what comes before the seconds."""
    return [_made_up_minute(chance) for _ in range(_MINUTES)]


def _made_up_minute(chance: random.Random) -> bytes:
    times = sorted(chance.sample(range(60_000), _LINES_A_MINUTE))
    return b"".join(_line(chance, number, time) for number, time in enumerate(times))


def _line(chance: random.Random, number: int, time: int) -> bytes:
    # The first line of each minute is the one that the rare word is put on.
    ending = COMMON if number and chance.random() < COMMON_SHARE else b"finished"
    return b"\0:%06.3fZ %s [worker-%02d] %s request %08x GET %s status=%d bytes=%d took %d ms\n" % (
        time / 1000,
        chance.choice((b"INFO ", b"INFO ", b"DEBUG", b"WARN ")),
        chance.randrange(32),
        ending,
        chance.randrange(1 << 32),
        chance.choice(_PATHS).encode(),
        chance.choice((200, 200, 200, 304, 404, 500)),
        chance.randrange(100_000),
        chance.randrange(5_000),
    )


def forget(path: Path) -> None:
    """Have the kernel forget the file, all of which is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
