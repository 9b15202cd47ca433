"""Made-up log files of a web shop, for demonstrations: `python -m logagent.demo.logs DIR --name web-1 --grow`.

A host's name is the seed of its lines, so that they are the same in every run, but for their times. There are four
files, each with its own format of time: nginx/access.log (common log), shop/app.log (ISO 8601, with stack traces),
syslog (RFC 3164) and alternatives.log (as Debian's update-alternatives writes it).
"""

from __future__ import annotations

import argparse
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import NamedTuple

PAST = timedelta(hours=2)
"""How far back the made-up lines go."""
STEP = timedelta(seconds=5)
"""The time between two moments of that past; at most moments a few lines are written."""
MAX_FILE = 4 * 1024 * 1024
"""Bytes at which a growing file is rotated, with one older file kept: a demonstration must not fill a disk."""
EVERY = 1.0
"""Seconds between two moments at which files grow."""

_PATHS = ("/", "/basket", "/checkout", "/search?q=teapot", "/product/17", "/product/42", "/static/shop.css")
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4)", "curl/8.7.1")
_PROGRAMS = (
    "cron[811]: (root) CMD (run-parts /etc/cron.hourly)",
    "systemd[1]: Started session-3.scope.",
    "sshd[2204]: Accepted publickey for deploy from 10.1.0.9 port 51514",
    "kernel: eth0: link becomes ready",
)
_ALTERNATIVES = (
    ("editor", "/usr/bin/vim.basic"),
    ("pager", "/usr/bin/less"),
    ("awk", "/usr/bin/mawk"),
    ("java", "/usr/lib/jvm/java-17-openjdk-amd64/bin/java"),
    ("nc", "/bin/nc.openbsd"),
)
_TRACE = """\
Traceback (most recent call last):
  File "/srv/shop/checkout.py", line 88, in pay
    receipt = gateway.charge(order)
  File "/srv/shop/gateway.py", line 31, in charge
    raise GatewayTimeout(self.name)
shop.gateway.GatewayTimeout: cardworks
"""


class MadeUpHost:
    """Writes one host's log files: their past at once, then the present, moment by moment.

    Args:
        directory: of the files; made if it is missing.
        name: of the host.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self._name = name
        self._random = random.Random(name)
        self._tellers: list[tuple[str, float, Callable[[datetime], str]]] = [
            ("nginx/access.log", 0.9, self._access),
            ("shop/app.log", 0.5, self._app),
            ("syslog", 0.2, self._syslog),
            ("alternatives.log", 0.05, self._alternatives),
        ]

    def tell_past(self, now: datetime) -> None:
        """Write the files from scratch, with the lines of the last hours, and at least one line each."""
        told: dict[str, list[str]] = {file: [] for file, _, _ in self._tellers}
        for step in range(PAST // STEP):
            self._tell(now - PAST + STEP * step, told)
        for file, _, teller in self._tellers:
            path = self.directory / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(told[file]) or teller(now - PAST), encoding="utf-8")

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

    def _access(self, now: datetime) -> str:
        chance = self._random
        client = f"10.1.{chance.randrange(8)}.{chance.randrange(1, 255)}"
        status = chance.choices((200, 304, 404, 502), (90, 6, 3, 1))[0]
        asked = f'"GET {chance.choice(_PATHS)} HTTP/2.0" {status} {chance.randrange(200, 60_000)}'
        return f'{client} - - [{now:%d/%b/%Y:%H:%M:%S %z}] {asked} "-" "{chance.choice(_AGENTS)}"\n'

    def _app(self, now: datetime) -> str:
        chance = self._random
        stamp = now.isoformat(timespec="milliseconds")
        order = chance.randrange(10_000, 99_999)
        if chance.random() < 0.03:
            return f"{stamp} ERROR checkout order={order} payment failed\n{_TRACE}"
        return f"{stamp} INFO checkout order={order} paid in {chance.randrange(40, 900)} ms\n"

    def _syslog(self, now: datetime) -> str:
        return f"{now:%b} {now.day:2} {now:%H:%M:%S} {self._name} {self._random.choice(_PROGRAMS)}\n"

    def _alternatives(self, now: datetime) -> str:
        link, path = self._random.choice(_ALTERNATIVES)
        begin = f"update-alternatives {now:%Y-%m-%d %H:%M:%S}:"
        return (
            f"{begin} run with --quiet --install /usr/bin/{link} {link} {path} 50\n"
            f"{begin} link group {link} updated to point to {path}\n"
        )


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
