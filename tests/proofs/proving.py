"""What the proofs share: checks that are printed, logs of which every line is known, readers that pause."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

HOSTS = ("primary", "secondary-1", "secondary-2", "secondary-3")
LINES = 250_000
"""Lines of each host's known log, about 30 MB that hardly compress: several times what fits into the windows, sockets
and pipes between a host's disk and a reader, so that a reader who pauses early finds every host in mid-answer."""
EARLY = 20_000
"""Lines after which a reader pauses: every host has begun by then."""
COMMAND_TIMEOUT = 300
"""Seconds that any command may take, building an image included: a proof must not hang."""
SHOWN = 500
"""Characters printed of what a check saw."""

_BEGIN = 1_700_000_000_000
_PADDING = 40


class Checks:
    """Prints each check as a line, and counts those that fail."""

    def __init__(self) -> None:
        self.failed = 0
        self._started = time.monotonic()

    def check(self, claim: str, holds: object, seen: object = "") -> None:
        """holds: whether the claim is true. seen: what there was to see, for people."""
        self.failed += not holds
        shown = f"   [{str(seen)[:SHOWN]}]" if str(seen) else ""
        self._say(f"{'ok  ' if holds else 'FAIL'} {claim}{shown}")

    def equal(self, claim: str, seen: object, expected: object) -> None:
        self.check(claim, seen == expected, seen if seen == expected else f"{seen!r}, not {expected!r}")

    def note(self, text: str) -> None:
        self._say(f"     {text}")

    def _say(self, line: str) -> None:
        print(f"{time.monotonic() - self._started:6.1f} s  {line}", flush=True)

    def closing(self) -> int:
        """Print how it went; the exit code for it."""
        self._say(f"{self.failed} checks failed" if self.failed else "every check holds")
        return 1 if self.failed else 0


def run(command: Sequence[str | Path], stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its exit code is for the caller to judge."""
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=COMMAND_TIMEOUT, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def must(command: Sequence[str | Path], stdin: bytes | None = None) -> str:
    """Run a command without which the proof makes no sense; what it printed."""
    done = run(command, stdin)
    if done.returncode:
        sys.exit(f"cannot go on: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition comes true within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def known_log(host: str, lines: int = LINES) -> bytes:
    """A host's log: a line each millisecond in turn with the other hosts', each with its host and number."""
    place, chance = HOSTS.index(host), random.Random(host)
    return b"".join(_line(host, place, number, chance) for number in range(lines))


def _line(host: str, place: int, number: int, chance: random.Random) -> bytes:
    seconds, ms = divmod(_BEGIN + number * len(HOSTS) + place, 1000)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{stamp}.{ms:03}Z {host} {number} {chance.randbytes(_PADDING).hex()}\n".encode()


@dataclass(slots=True)
class Merged:
    """What is known of a merged answer over known logs, line by line: in order or not, how much of each host.

    gapless: no line missing between two of a host. cut: it ended within a line.
    """

    in_order: bool = True
    gapless: bool = True
    cut: bool = False
    lines: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HOSTS, 0))
    _last: bytes = b"\xff"

    def take(self, line: bytes) -> None:
        """The next line: older than the last (all times differ), and the newest of its host's that has not come yet."""
        if not line.endswith(b"\n"):
            self.cut = True
            return
        stamp, name, number, _ = line.split(b" ")
        host = name.decode()
        self.in_order &= stamp < self._last
        self.gapless &= int(number) == LINES - 1 - self.lines[host]
        self.lines[host] += 1
        self._last = stamp

    @property
    def whole(self) -> set[str]:
        return {host for host, lines in self.lines.items() if lines == LINES}


class Reader:
    """curl under way, read as slowly as one likes: what is not read holds up everyone behind it."""

    def __init__(self, url: str, before: Sequence[str] = ()) -> None:
        """before: a command that curl is to be run by, such as one that enters a network namespace."""
        self._talk = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as this reader
        curl = ["curl", "--http2", "-gsvN", "-H", "accept: text/plain", "--max-time", str(COMMAND_TIMEOUT), url]
        self._process = subprocess.Popen([*before, *curl], stdout=subprocess.PIPE, stderr=self._talk)
        self.merged = Merged()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._talk.close()

    @property
    def _body(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def read(self, lines: int) -> None:
        for _, line in zip(range(lines), self._body, strict=False):
            self.merged.take(line)

    def read_rest(self, pace: float = math.inf) -> dict[str, str]:
        """Read to the end, at most `pace` lines a second; the headers and trailers that came."""
        started = time.monotonic()
        for count, line in enumerate(self._body):
            self.merged.take(line)
            if count % 1000 == 0:
                time.sleep(max(0.0, started + count / pace - time.monotonic()))
        return self.verdict()

    def text(self) -> str:
        """All of an answer that is not one of known logs."""
        return self._body.read().decode()

    def verdict(self) -> dict[str, str]:
        """The headers and trailers, once the body has ended."""
        self.exit_code = self._process.wait()
        return dict(self._fields())

    @property
    def talk(self) -> str:
        """What curl said of the exchange."""
        self._talk.seek(0)
        return self._talk.read().decode(errors="replace")

    def _fields(self) -> Iterator[tuple[str, str]]:
        for line in self.talk.splitlines():
            name, colon, value = line.removeprefix("< ").partition(": ")
            if line.startswith("< ") and colon:
                yield name.lower(), value.strip()


def check_partial(checks: Checks, answer: Reader, lost: str, moment: str) -> None:
    """Read the rest of an answer, and check it to be whole and in order but for one host that it names."""
    started = time.monotonic()
    verdict = answer.read_rest()
    merged = answer.merged
    checks.note(f"{moment}: the rest took {time.monotonic() - started:.1f} s; lines by host {merged.lines}")
    for name in ("log-status", "log-message", "log-complete", "log-hosts"):
        checks.note(f"{name}: {verdict.get(name)}")
    checks.equal(f"{moment}: log-status", verdict.get("log-status"), "14")
    checks.equal(f"{moment}: log-complete", verdict.get("log-complete"), "false")
    checks.check(
        f"{moment}: log-hosts names {lost} first", verdict.get("log-hosts", "").startswith(f'"{lost}";status=14;')
    )
    checks.equal(f"{moment}: every line of the others", merged.whole, set(HOSTS) - {lost})
    checks.check(f"{moment}: only the begin of what {lost} had", 0 < merged.lines[lost] < LINES, merged.lines[lost])
    checks.check(f"{moment}: in order, and without a gap", merged.in_order and merged.gapless)


def check_whole(checks: Checks, answer: Reader, moment: str) -> None:
    """Read an answer, and check it to be whole and in order."""
    verdict = answer.read_rest()
    checks.equal(f"{moment}: every line of every host", answer.merged.whole, set(HOSTS))
    checks.check(f"{moment}: in order, and without a gap", answer.merged.in_order and answer.merged.gapless)
    checks.equal(f"{moment}: log-complete", verdict.get("log-complete"), "true")
    if verdict.get("log-complete") != "true":
        checks.note(f"curl's exit code {answer.exit_code}; {answer.talk[-800:]}")


def not_working(*commands: list[str]) -> str:
    """What a proof needs and this machine lacks: the first of the commands that does not succeed, else nothing."""
    for command in commands:
        try:
            if run(command).returncode:
                return f"needs a working `{' '.join(command)}`"
        except OSError:
            return f"needs `{command[0]}`"
    return ""


@contextmanager
def agent(code: Path, name: str, root: Path, *flags: str) -> Iterator[str]:
    """An agent that runs the code of a tree; its address."""
    command = [sys.executable, "-m", "logagent", "serve", "--name", name, "--root", root, "--listen", "127.0.0.1:0"]
    with subprocess.Popen([*map(str, command), *flags], stdout=subprocess.PIPE, cwd=code, text=True) as popen:
        try:
            assert popen.stdout is not None
            yield popen.stdout.readline().strip().rpartition(" on ")[2]
        finally:
            popen.terminate()
