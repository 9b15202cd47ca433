"""Real `logrotate` and Python's own handler rotate a log while it is written to as fast as a program can: a follow has
every line once, in order, where the rotation renames."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode

import pytest

from logagent.telemetry.own_logs.files import Files
from testbed.own_lines import full_from, told
from testbed.processes import Process, needs, program_at, running

pytestmark = [pytest.mark.real, needs("curl")]

LINES = 50_000
END = "2026-11-25T10:00:01Z the end\n"
LONGEST = 60.0
"""Seconds after which a follow that does not come to the end is ended, so that the test fails and does not hang."""
CALM, BUSY = 0.05, 0.0
"""Seconds between two runs of logrotate: some ten rotations a second, or as many as it can."""
PACKED_AT_ONCE = ["create", "compress"]
"""What a program writes before it learns that its file was renamed and compressed is in no file."""

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
    """What a follow gave: the numbers of the lines in the order in which they came, pieces of lines, whatever else was
    no such line, and the notices."""

    numbers: list[int] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def add(self, record: dict[str, object]) -> None:
        if "notice" in record:
            self.notices.append(str(record["notice"]))
        elif record.get("partial"):
            self.pieces.append(str(record["line"]))
        elif (numbered := re.fullmatch(r"\S+( \S+)? line (\d+)", str(record.get("line", "")))) is not None:
            self.numbers.append(int(numbered[2]))
        elif "line" in record or "line_base64" in record:
            self.others.append(str(record))

    @property
    def jumps(self) -> list[tuple[int, int]]:
        """Where a number is not the one behind that before it: nowhere if each came once, in order."""
        return [(before, number) for before, number in pairwise([-1, *self.numbers, LINES]) if number != before + 1]

    @property
    def steps_back(self) -> list[tuple[int, int]]:
        """Each number that came after itself or a larger one, with the number before it."""
        return [(before, number) for before, number in pairwise(self.numbers) if number <= before]


@contextmanager
def records(agent: Process, **asked: str) -> Iterator[Iterator[dict[str, object]]]:
    """What a follow of app.log with curl gives, as it comes."""
    url = f"{agent.url}/logs?{urlencode({'filename': 'app.log', 'follow': 'true', **asked})}"
    command = ["curl", "-sN", "--http2-prior-knowledge", "-H", "accept: application/x-ndjson", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
        assert curl.stdout is not None
        bound = threading.Timer(LONGEST, curl.kill)
        bound.start()
        try:
            yield map(json.loads, curl.stdout)
        finally:
            bound.cancel()
            curl.kill()


def follow(agent: Process, write: Callable[[], None]) -> Followed:
    """Follow app.log, have it written to once the follow is live, and read up to the last line."""
    followed, writer = Followed(), threading.Thread(target=write)
    try:
        with records(agent) as given:
            for record in given:
                if record.get("live"):
                    writer.start()
                if record.get("line") == END.strip():
                    return followed
                followed.add(record)
    finally:
        if writer.ident is not None:
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


def rotate_while_written(log: Path, lab: Path, pause: float, *words: str) -> None:
    """Put numbered lines into the log, and rotate it with these words of logrotate's meanwhile; print how often."""
    rules, waiting, times = lab / "rules", threading.Event(), 0
    command = [program_at("logrotate") or "logrotate", "-f", "-s", lab / "state", rules]
    with writing(REOPENING, log, LINES) as writer:
        user = "su root root" if os.getuid() == 0 else ""
        hangup = "" if "copytruncate" in words else f"postrotate\nkill -HUP {writer.pid}\nendscript"
        rules.write_text("\n".join([f"{log} {{", user, "rotate 1000", *words, hangup, "}", ""]))
        rules.chmod(0o644)  # logrotate reads no rules that others may change
        while writer.poll() is None:
            waiting.wait(pause)
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
@pytest.mark.parametrize(
    ("pause", "words"),
    [(BUSY, ["create"]), (CALM, PACKED_AT_ONCE), (CALM, ["create", "compress", "delaycompress"])],
)
def test_logrotate_that_renames_loses_no_line(log: Path, tmp_path: Path, pause: float, words: list[str]) -> None:
    with running("web", log.parent) as agent:
        followed = follow(agent, lambda: rotate_while_written(log, tmp_path, pause, *words))
    assert followed.steps_back == []
    assert numbers_in(log.parent) <= set(followed.numbers)
    assert followed.others == []
    if words != PACKED_AT_ONCE:
        assert followed.jumps == []
        assert (followed.pieces, followed.notices) == ([], [])


@needs("logrotate")
def test_cursors_go_on_exactly_over_rotations_and_agents_that_are_killed(log: Path, tmp_path: Path) -> None:
    """Each agent is killed once it has given a part of the lines; the next one is asked behind the last of them."""
    words = ["create", "compress", "delaycompress"]
    writer = threading.Thread(target=lambda: rotate_while_written(log, tmp_path, CALM, *words))
    followed, ended, cursor = Followed(), False, ""
    try:
        for end in (LINES // 10, LINES // 3, LINES // 2, LINES):
            with (
                running("web", log.parent) as agent,
                records(agent, cursors="true", **({"cursor": cursor} if cursor else {})) as given,
            ):
                for record in given:
                    if record.get("live") and not cursor:
                        writer.start()
                    if ended := record.get("line") == END.strip():
                        break
                    followed.add(record)
                    cursor = str(record.get("cursor") or cursor)
                    if len(followed.numbers) == end < LINES:
                        break
    finally:
        if writer.ident is not None:
            writer.join()
    assert ended
    assert followed.jumps == []
    assert (followed.pieces, followed.others, followed.notices) == ([], [], [])


@pytest.mark.parametrize(("size", "kept"), [(500_000, 5), (50_000, 50)])
def test_pythons_own_handler_loses_no_line(log: Path, size: int, kept: int) -> None:
    def write() -> None:
        with writing(ROTATING, log, LINES, size, kept):
            pass
        finish(log)

    with running("web", log.parent) as agent:
        followed = follow(agent, write)
    assert followed.jumps == []
    assert (followed.pieces, followed.others, followed.notices) == ([], [], [])


@pytest.mark.parametrize("size", [200_000, 20_000])
def test_the_agents_own_log_loses_no_line_though_the_disk_is_full_now_and_then(log: Path, size: int) -> None:
    own = Files(log.parent, "app", lambda line: line.message, max_bytes=size, keep=1000)

    def write() -> None:
        lines = [told(f"2026-11-25T10:00:00Z line {number}") for number in range(LINES)]
        for number in itertools.count():
            with full_from(log.stat().st_size + 100) if number % 5 == 4 else nullcontext():
                lines = lines[own.write(lines[:500]) :]
            if not lines:
                break
        own.close()
        finish(log)

    with running("web", log.parent) as agent:
        followed = follow(agent, write)
    assert followed.jumps == []
    assert (followed.pieces, followed.others, followed.notices) == ([], [], [])


@needs("logrotate")
@pytest.mark.parametrize(
    ("pause", "words"),
    [(CALM, ["copytruncate"]), (BUSY, ["copytruncate"]), (BUSY, ["copytruncate", "compress"])],
)
def test_of_copytruncate_all_comes_once_that_a_file_still_holds(
    log: Path, tmp_path: Path, pause: float, words: list[str]
) -> None:
    """What is written between the copying and the truncating is in no file: how much that was is shown. A copy may end
    in the middle of a line that was being written. The last line is written once no copy is made any more."""
    with running("web", log.parent) as agent:
        followed = follow(agent, lambda: rotate_while_written(log, tmp_path, pause, *words))
    held, given = numbers_in(log.parent), set(followed.numbers)
    print(f"in no file: {LINES - len(held)} lines; not followed: {LINES - len(given)}; told: {followed.notices}")
    assert followed.steps_back == []
    assert sorted(held - given) == []
    assert followed.others == []
