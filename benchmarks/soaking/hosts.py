"""The agents: real processes on loopback, which can be killed, started again on the same port, and told to reload."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import trio
from processes import Process

PROGRAM = Path(__file__).with_name("inspected.py")
STARTING = 120.0
"""Seconds for an agent to say that it is ready, on a machine that does much else."""
STOPPING = 120.0
TELLING = 60.0
"""Seconds for an agent to say what it holds."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an agent says that it holds, see `inspected`."""

    tasks: Counter[str]
    objects: int
    types: Counter[str]
    blocks: int
    c_heap: int


class Host:
    """One host's agent. settings: text of its file of settings, besides its name, its address and its root."""

    def __init__(self, directory: Path, name: str, settings: str = "") -> None:
        self.name = name
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.starts = 0
        self.exits: Counter[int] = Counter()
        self._root = directory / name
        self._file = directory / f"{name}.toml"
        self._told = directory / f"{name}.told"
        self._stderr = directory / f"{name}.stderr"
        self._popen: subprocess.Popen[bytes] | None = None
        self.configure(settings)

    @property
    def pid(self) -> int:
        assert self._popen is not None
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def cpu_seconds(self) -> float:
        """Processor time so far."""
        return Process(self.name, self.pid, self.url, 0).cpu_seconds

    @property
    def talk(self) -> str:
        """All that it has written to standard error."""
        return self._stderr.read_text(errors="replace")

    def configure(self, settings: str, *listen: str) -> None:
        """Write the file of settings."""
        addresses = [f"http://127.0.0.1:{self.port}", *listen]
        own = {"name": self.name, "listen": addresses, "root": [str(self._root)], "control": "none"}
        made = self._file.with_suffix(".made")
        made.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in own.items()) + settings)
        made.replace(self._file)

    async def start(self) -> None:
        """Start the agent, and wait until it is ready."""
        command = [sys.executable, str(PROGRAM), str(self._told), "serve", "--config", str(self._file)]
        self._popen = await trio.to_thread.run_sync(self._opened, command)
        assert self._popen.stdout is not None
        with trio.fail_after(STARTING):
            ready = await trio.to_thread.run_sync(partial(_first_line, self._popen.stdout), abandon_on_cancel=True)
        if not ready:
            raise RuntimeError(f"{self.name} did not start: {self.talk[-2000:]}")
        self.starts += 1

    def _opened(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._stderr.open("ab") as stderr:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr)

    async def end(self, signum: signal.Signals) -> None:
        """End the agent by a signal."""
        assert self._popen is not None
        self._popen.send_signal(signum)
        with trio.fail_after(STOPPING):
            self.exits[await trio.to_thread.run_sync(self._popen.wait, abandon_on_cancel=True)] += 1
        assert self._popen.stdout is not None
        self._popen.stdout.close()

    def reload(self) -> None:
        """Tell the agent to read its settings anew."""
        os.kill(self.pid, signal.SIGHUP)

    def kill(self) -> None:
        """End the agent at once, wherever it is."""
        if self._popen is not None:
            self._popen.kill()
            self._popen.wait()

    async def tell(self) -> Told:
        """Have the agent say what it holds."""
        self._told.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        with trio.fail_after(TELLING):
            while not self._told.exists():  # noqa: ASYNC110  # another process makes it
                await trio.sleep(0.05)
        told = json.loads(self._told.read_text())
        return Told(Counter(told["tasks"]), told["objects"], Counter(told["types"]), told["blocks"], told["c_heap"])


def _first_line(out: IO[bytes]) -> bytes:
    return out.readline()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
