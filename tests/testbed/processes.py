"""Agents as real processes on loopback, for the few tests that need real sockets, real TLS and real signals."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest


def program_at(name: str) -> str | None:
    """The path of a program. Debian has some where only root's PATH leads."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def needs(program: str) -> pytest.MarkDecorator:
    """Marks a test that talks to a program which not every machine has."""
    return pytest.mark.skipif(program_at(program) is None, reason=f"{program} is not installed on this machine")


@dataclass(frozen=True)
class Process:
    """One running agent. `urls` are the addresses that it printed."""

    name: str
    root: Path
    urls: tuple[str, ...]
    popen: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.popen.pid}/fd").iterdir()))

    @property
    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.popen.pid}/task").iterdir()))

    @property
    def memory(self) -> int:
        """Bytes of memory of its own (anonymous pages)."""
        return self._number("status", "RssAnon:") * 1024

    @property
    def bytes_read(self) -> int:
        """Bytes that it has read so far, from files, pipes and sockets."""
        return self._number("io", "rchar:")

    def _number(self, file: str, label: str) -> int:
        lines = Path(f"/proc/{self.popen.pid}/{file}").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(label)).split()[1])

    def kill(self) -> None:
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()

    def stop(self) -> int:
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(timeout=60)


@contextlib.contextmanager
def running(
    name: str,
    root: Path,
    *flags: str,
    listen: Sequence[str] = ("127.0.0.1:0",),
    program: Sequence[str] = ("-m", "logagent"),
) -> Iterator[Process]:
    """An agent that serves `root`, ended with the context; `program` is what Python runs."""
    command = [sys.executable, "-W", "error", *program, "serve", "--name", name, "--root", str(root)]
    for address in listen:
        command += ["--listen", address]
    with subprocess.Popen([*command, *flags], stdout=subprocess.PIPE) as popen:
        try:
            assert popen.stdout is not None
            ready = popen.stdout.readline().decode()
            assert " on " in ready, f"{name} did not start"
            yield Process(name, root, tuple(ready.strip().rpartition(" on ")[2].split(", ")), popen)
        finally:
            popen.kill()


def settled(measure: Callable[[], int]) -> int:
    """A figure of another process once it stands still: there is no event to wait for in there."""
    pause = threading.Event()
    last, same = measure(), 0
    while same < 5:
        pause.wait(0.05)
        now = measure()
        same = same + 1 if now == last else 0
        last = now
    return last
