"""The demonstration as a process of its own, its output line by line, and the agents that it has started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO


class Demo:
    """`logagent demo` with its logs and certificates in a directory; `agents` are the processes that are alive."""

    def __init__(self, directory: Path, *argv: str, cwd: Path | None = None, **environ: str) -> None:
        self.directory = directory
        place = () if cwd else ("--directory", str(directory))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "logagent", "demo", *place, *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, "LOGAGENT_NAME": "misleading", **environ},
            preexec_fn=partial(signal.signal, signal.SIGHUP, signal.SIG_DFL),  # pytest may run under nohup
        )

    @property
    def stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def read_until(self, words: str) -> str:
        read = ""
        while words not in read:
            line = self.stdout.readline()
            assert line, f"ended before {words!r}, after:\n{read}"
            read += line
        return read

    def end(self, ending: signal.Signals | None = None) -> tuple[int, str, str]:
        """The exit code and what was still printed, once it has ended, be it by a signal."""
        if ending is not None:
            self.process.send_signal(ending)
        stdout, stderr = self.process.communicate(timeout=50)
        return self.process.returncode, stdout, stderr

    def agents(self) -> dict[str, int]:
        return agents_below(self.directory)


def agents_below(directory: Path) -> dict[str, int]:
    """The agents alive that were started with logs below a directory: their processes by their names."""
    agents = {process: words for process, words in _commands_with(directory).items() if b"serve" in words}
    return {
        word.decode().partition("=")[2]: process
        for process, words in agents.items()
        for word in words
        if word.startswith(b"--name=")
    }


def _commands_with(directory: Path) -> dict[int, list[bytes]]:
    """The processes in whose commands a directory occurs, with the words of these."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:  # ended meanwhile
            continue
        if any(bytes(directory) in word for word in words):
            found[int(process.name)] = words
    return found


@contextlib.contextmanager
def nothing_left(directory: Path) -> Iterator[Path]:
    """Ends what a failed test would leave running: the demonstration and its agents."""
    try:
        yield directory
    finally:
        for left in _commands_with(directory):
            with contextlib.suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
