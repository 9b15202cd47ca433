"""The processes that are measured, and what the kernel tells of them."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """A server under measurement. url: where it listens. ready_after: seconds from its start to its ready line."""

    name: str
    pid: int
    url: str
    ready_after: float

    @property
    def cpu_seconds(self) -> float:
        """Processor time so far, of the process and of the kernel for it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def bytes_read(self) -> int:
        """Bytes of files that it has read so far; the kernel does not count here what sockets receive."""
        return self._number("io", "rchar:")

    @property
    def memory(self) -> int:
        """Bytes in memory, shared libraries included."""
        return self._number("status", "VmRSS:") * 1024

    @property
    def peak_memory(self) -> int:
        """The most that it ever had."""
        return self._number("status", "VmHWM:") * 1024

    @property
    def own_memory(self) -> int:
        """Bytes in memory that are its own (anonymous pages)."""
        return self._number("status", "RssAnon:") * 1024

    def _number(self, file: str, label: str) -> int:
        lines = Path(f"/proc/{self.pid}/{file}").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(label)).split()[1])


@contextlib.contextmanager
def agent(
    name: str, root: Path, *flags: str, listen: str = "127.0.0.1:0", tree: Path | None = None
) -> Iterator[Process]:
    """An agent as a user starts it, serving `root`; ended with the context. tree: whose program it is; None: this."""
    command = ("-m", "logagent", "serve", "--name", name, "--root", str(root), "--listen", listen)
    with server(name, (*command, *flags), tree) as process:
        yield process


@contextlib.contextmanager
def server(name: str, command: Sequence[str], tree: Path | None = None) -> Iterator[Process]:
    """A Python program that prints a line ending in its URL when it is ready; killed with the context.

    tree: the directory in which it is started, whose package goes first.
    """
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, cwd=tree) as popen:
        try:
            assert popen.stdout is not None
            words = popen.stdout.readline().split()
            if not words:
                raise RuntimeError(f"{name} did not start")
            yield Process(name, popen.pid, words[-1], time.perf_counter() - began)
        finally:
            popen.kill()


class OthersWork:
    """How many cores others keep busy from now on. servers: all that are running, by whatever time."""

    def __init__(self, servers: Sequence[Process]) -> None:
        self._servers = servers
        self._began = time.perf_counter()
        self._busy = self._busy_with_others()

    def cores(self) -> float:
        """The mean since this was made."""
        return max(0.0, (self._busy_with_others() - self._busy) / (time.perf_counter() - self._began))

    def _busy_with_others(self) -> float:
        own = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        ours = sum(used.ru_utime + used.ru_stime for used in own) + sum(server.cpu_seconds for server in self._servers)
        return _busy_seconds() - ours


def _busy_seconds() -> float:
    """Processor time that all processes took since the machine started."""
    user, nice, system, _, _, *interrupts = (int(field) for field in _processor_line().split()[1:9])
    return (user + nice + system + sum(interrupts)) / _TICKS


def _processor_line() -> str:
    return Path("/proc/stat").read_text().partition("\n")[0]
