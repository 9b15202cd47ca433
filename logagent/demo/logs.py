"""Made-up log files of a web shop, for demonstrations: `python -m logagent.demo.logs DIR --name web-1 --grow`.

A host's name is the seed of its lines, so that they are the same in every run, but for their times. What the files
hold, each with its own format of time, `logagent/demo/lines.py` says.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from logagent.demo.lines import MadeUpLines

PAST = timedelta(hours=2)
"""How far back the lines of the files go."""
STEP = timedelta(seconds=5)
"""The time between two moments of that past; at most moments a few lines are written."""
OLDER = timedelta(days=2)
"""How far back those of the rotated generation go, which is compressed."""
OLDER_STEP = timedelta(minutes=3)
"""The time between two moments of that older past: it is only there to be found."""
MAX_FILE = 4 * 1024 * 1024
"""Bytes at which a growing file is rotated, with one older file kept: a demonstration must not fill a disk."""
ROTATED = "app.log"
"""The log that has a rotated generation from the beginning."""
EVERY = 1.0
"""Seconds between two moments at which files grow."""


class MadeUpHost:
    """Writes one host's log files: their past at once, then the present, moment by moment.

    Args:
        directory: of the files; made if it is missing.
        name: of the host.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self._random = random.Random(name)
        self._tellers = MadeUpLines(self._random, name).tellers

    def tell_past(self, now: datetime) -> None:
        """Write the files from scratch, with the lines of the last hours, and at least one line each."""
        told: dict[str, list[str]] = {file: [] for file, _, _ in self._tellers}
        for step in range(PAST // STEP):
            self._tell(now - PAST + STEP * step, told)
        for file, _, teller in self._tellers:
            path = self.directory / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(told[file]) or teller(now - PAST), encoding="utf-8")
        self._tell_older(now - PAST)

    def _tell_older(self, end: datetime) -> None:
        """Write one rotated generation, as logrotate leaves it after two days."""
        teller = next(teller for file, _, teller in self._tellers if file == ROTATED)
        text = "".join(teller(end - OLDER + OLDER_STEP * step) for step in range(OLDER // OLDER_STEP))
        path = self.directory / f"{ROTATED}.2.gz"
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
        os.utime(path, (end.timestamp(), end.timestamp()))

    def tell_present(self, now: datetime) -> None:
        """Append the lines of this moment, if there are any."""
        told: dict[str, list[str]] = {}
        self._tell(now, told)
        for file, lines in told.items():
            self._append(self.directory / file, "".join(lines))

    def _tell(self, now: datetime, told: dict[str, list[str]]) -> None:
        for file, likelihood, teller in self._tellers:
            if self._random.random() < likelihood:
                told.setdefault(file, []).append(teller(now))

    def _append(self, path: Path, text: str) -> None:
        if path.exists() and path.stat().st_size > MAX_FILE:
            path.rename(path.with_name(path.name + ".1"))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(text)


def local_now() -> datetime:
    """Return the current time in the machine's zone, which agents assume for lines without a zone."""
    return datetime.now().astimezone()


class LogsArguments(NamedTuple):
    """The arguments of this module run as a program.

    Attributes:
        every: seconds between two moments.
    """

    directory: Path
    name: str
    grow: bool
    every: float


def parse(argv: Sequence[str]) -> LogsArguments:
    """Read the arguments, without the program's name; ends the program if they are wrong, or ask for help."""
    parser = argparse.ArgumentParser(prog="python -m logagent.demo.logs", description="Write made-up log files.")
    parser.add_argument("directory", metavar="DIR", type=Path, help="where to write them; made if it is missing")
    parser.add_argument("--name", default=socket.gethostname().partition(".")[0], help="the host [this machine's name]")
    parser.add_argument("--grow", action="store_true", help="append lines until SIGTERM or Ctrl-C")
    parser.add_argument(
        "--every", metavar="SECONDS", type=float, default=EVERY, help=f"time between two appended lines [{EVERY:g}]"
    )
    return LogsArguments(**vars(parser.parse_args(argv)))


def main(argv: Sequence[str]) -> int:
    """Write a host's files, and with --grow keep appending until SIGTERM or Ctrl-C."""
    typed = parse(argv)
    host = MadeUpHost(typed.directory, typed.name)
    host.tell_past(local_now())
    if typed.grow:
        # A container's first process gets no default handling of SIGTERM.
        signal.signal(signal.SIGTERM, _interrupt)
        _grow(host, typed.every)
    return 0


def _grow(host: MadeUpHost, every: float) -> None:
    try:
        while True:
            time.sleep(every)
            host.tell_present(local_now())
    except KeyboardInterrupt:
        return


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
