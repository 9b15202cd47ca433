"""Real `logrotate` and Python's own handler rotate a log while it is written to as fast as a program can: a follow has
every line once, in order, where the rotation renames."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from testbed.processes import Process, needs, program_at, running

pytestmark = [pytest.mark.real, needs("curl")]

LINES = 200_000
END = "2026-11-25T10:00:01Z the end\n"
LONGEST = 60.0
"""Seconds after which a follow that does not come to the end is ended, so that the test fails and does not hang."""
BETWEEN = 0.2
"""Seconds between two runs of logrotate."""

REOPENING = """
import os, signal, sys
path, total = sys.argv[1], int(sys.argv[2])
told = False
def hear(*_):
    global told
    told = True
signal.signal(signal.SIGHUP, hear)
file = open(path, "ab", buffering=0)
print("writing", flush=True)
for number in range(total):
    if told:
        told = False
        file.close()
        file = open(path, "ab", buffering=0)
    file.write(b"2026-11-25T10:00:00Z line %d\\n" % number)
signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as Python ends, it forgets `hear`
"""
ROTATING = """
import logging, logging.handlers, sys
path, total, size, kept = sys.argv[1], *map(int, sys.argv[2:])
handler = logging.handlers.RotatingFileHandler(path, maxBytes=size, backupCount=kept)
handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
log = logging.getLogger("writer")
log.addHandler(handler)
log.setLevel(logging.INFO)
log.propagate = False
print("writing", flush=True)
for number in range(total):
    log.info("line %d", number)
"""


@dataclass
class Followed:
    """What a follow gave: the numbers of the lines, in the order in which they came, and the notices."""

    numbers: list[int] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def add(self, record: dict[str, object]) -> None:
        if "notice" in record:
            self.notices.append(str(record["notice"]))
        elif (numbered := re.search(r" line (\d+)$", str(record.get("line", "")))) is not None:
            self.numbers.append(int(numbered[1]))


def follow(agent: Process, write: Callable[[], None]) -> Followed:
    """Follow app.log with curl, have it written to once the follow is live, and read up to the last line."""
    url = f"{agent.url}/logs?filename=app.log&follow=true"
    command = ["curl", "-sN", "--http2-prior-knowledge", "-H", "accept: application/x-ndjson", url]
    followed, writer = Followed(), threading.Thread(target=write)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
        assert curl.stdout is not None
        bound = threading.Timer(LONGEST, curl.kill)
        bound.start()
        try:
            for record in map(json.loads, curl.stdout):
                if record.get("live"):
                    writer.start()
                if record.get("line") == END.strip():
                    return followed
                followed.add(record)
        finally:
            bound.cancel()
            curl.kill()
            writer.join()
    raise AssertionError(f"the follow ended after {len(followed.numbers)} lines: {followed.notices}, {record}")


@contextmanager
def writing(script: str, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """A program that has begun to write; waited for at the end."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        yield writer
    assert writer.returncode == 0


def finish(log: Path) -> None:
    with log.open("a") as file:
        file.write(END)


def rotate_while_written(log: Path, lab: Path, *words: str) -> None:
    """Put numbered lines into the log, and rotate it with these words of logrotate's meanwhile; print how often."""
    rules, pause, times = lab / "rules", threading.Event(), 0
    command = [program_at("logrotate") or "logrotate", "-f", "-s", lab / "state", rules]
    with writing(REOPENING, log, LINES) as writer:
        user = "su root root" if os.getuid() == 0 else ""
        hangup = "" if "copytruncate" in words else f"postrotate\nkill -HUP {writer.pid}\nendscript"
        rules.write_text("\n".join([f"{log} {{", user, "rotate 1000", *words, hangup, "}", ""]))
        rules.chmod(0o644)  # logrotate reads no rules that others may change
        while writer.poll() is None:
            pause.wait(BETWEEN)
            subprocess.run(command, check=True, capture_output=True)
            times += 1
    finish(log)
    print("rotated", times, "times")


def numbers_in(directory: Path) -> set[int]:
    """Of all lines that any file still holds."""
    held: set[int] = set()
    for file in directory.iterdir():
        text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        held.update(map(int, re.findall(rb" line (\d+)\n", text)))
    return held


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "app.log"
    log.touch()
    return log


@needs("logrotate")
@pytest.mark.parametrize("words", [["create"], ["create", "compress"], ["create", "compress", "delaycompress"]])
def test_logrotate_that_renames_loses_no_line(log: Path, tmp_path: Path, words: list[str]) -> None:
    with running("web", log.parent) as agent:
        followed = follow(agent, lambda: rotate_while_written(log, tmp_path, *words))
    assert followed.numbers == list(range(LINES))
    assert followed.notices == []


@pytest.mark.parametrize(("size", "kept"), [(1_000_000, 5), (100_000, 50)])
def test_pythons_own_handler_loses_no_line(log: Path, size: int, kept: int) -> None:
    def write() -> None:
        with writing(ROTATING, log, LINES, size, kept):
            pass
        finish(log)

    with running("web", log.parent) as agent:
        followed = follow(agent, write)
    assert followed.numbers == list(range(LINES))
    assert followed.notices == []


@needs("logrotate")
def test_copytruncate_is_survived_and_what_it_leaves_in_no_file_is_shown(log: Path, tmp_path: Path) -> None:
    """The last line comes, which is written once no copy is made any more."""
    with running("web", log.parent) as agent:
        followed = follow(agent, lambda: rotate_while_written(log, tmp_path, "copytruncate"))
    held, given = numbers_in(log.parent), set(followed.numbers)
    print(f"in no file: {LINES - len(held)} lines; not followed: {LINES - len(given)}, in a file: {len(held - given)}")
    assert given
    assert given <= set(range(LINES))
