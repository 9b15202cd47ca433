"""How soon an agent with ten thousand small logs lists them, and finds the newest lines of them all."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import commands
import logs
import processes
from processes import Process
from report import Row
from stage import Stage, logs_url

DIRECTORIES = 200
FILES = 50
"""In each directory."""
LINES = 20
"""In each file."""
NEWEST = 100
COLD = 1.0
AGAIN = 0.1
NEWEST_WITHIN = 1.0
"""Seconds at most, for the list, for the list once more, and for the newest lines of all files."""
REPETITIONS = 5
_START = datetime(2026, 3, 1, tzinfo=UTC)


def many(stage: Stage) -> list[Row]:
    """The list of all files by an agent that was just started, and again; and the newest lines of them all."""
    root = stage.directory / "many"
    _make(root)
    what = f"{DIRECTORIES * FILES:,} files in {DIRECTORIES} directories"
    cold, again, newest, first, forgotten = (list[float]() for _ in range(5))
    for _ in range(REPETITIONS):
        with _agent(root) as agent:
            cold.append(commands.download(f"{agent.url}/files"))
            again.append(commands.download(f"{agent.url}/files"))
            newest.append(commands.fetch(_newest(agent), lines=NEWEST).seconds)
        with _agent(root) as agent:
            first.append(commands.fetch(_newest(agent), lines=NEWEST).seconds)
        for path in root.glob("*/*"):
            logs.forget(path)
        with _agent(root) as agent:
            forgotten.append(commands.download(f"{agent.url}/files"))
    return [
        _row(f"/files of {what}, just started", cold, COLD),
        _row("the same, and no file in the page cache", forgotten, None),
        _row("the same again", again, AGAIN),
        _row(f"the newest {NEWEST} lines of {what}, which were listed before", newest, NEWEST_WITHIN),
        _row("the same, just started", first, None),
    ]


def _agent(root: Path) -> AbstractContextManager[Process]:
    return processes.agent("many", root, "--max-files", str(DIRECTORIES * FILES))


def _newest(agent: Process) -> str:
    return logs_url(agent, "**/*", n=NEWEST)


def _row(what: str, times: list[float], most: float | None) -> Row:
    took = median(times)
    if most is None:
        return Row(what, f"{took:.3f} s", "", None, "", None)
    return Row(what, f"{took:.3f} s", "", None, f"at most {most:g} s", took <= most)


def _make(root: Path) -> None:
    for directory in range(DIRECTORIES):
        (root / f"service-{directory:03d}").mkdir(parents=True)
        for file in range(FILES):
            begin = _START + timedelta(minutes=directory * FILES + file)
            lines = [
                f"{begin + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ} INFO started worker\n"
                for second in range(LINES)
            ]
            (root / f"service-{directory:03d}" / f"worker-{file:02d}.log").write_text("".join(lines))
    os.sync()  # else they could not be forgotten
