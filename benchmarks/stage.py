"""What measurements work on: files and running servers, each made when the first of them asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from urllib.parse import urlencode

import logs
import nginx
import processes
from logs import LogFile
from processes import Process

MERGED_LINES = 1_000_000
SMALL = 1_000_000
"""Bytes of the file beside which the big one is held."""
HOSTS = ("primary", "web-1", "web-2")
SMALLEST = 10_000_000
"""Bytes of the big file at least: below, everything is over before it can be measured."""


class Stage:
    """directory: for all files. size: bytes of the big file. stack: ends the servers. servers: those started so far.

    old: a checkout of an earlier commit, beside which this one is measured; None: there is none.
    """

    def __init__(self, directory: Path, size: int, stack: ExitStack, old: Path | None = None) -> None:
        self.old = old
        self.directory = directory
        self._size = size
        self._stack = stack
        self.servers: list[Process] = []

    @cached_property
    def big(self) -> LogFile:
        return logs.make(self.directory / "alone" / "big.log", self._size)

    @cached_property
    def small(self) -> LogFile:
        return logs.make(self.directory / "alone" / "small.log", SMALL)

    @cached_property
    def merged(self) -> list[LogFile]:
        """A file for each host, whose lines lie between those of the others."""
        size = min(MERGED_LINES * logs.LINE, self._size)
        return [logs.make(self.directory / host / "app.log", size, seed=number) for number, host in enumerate(HOSTS)]

    @cached_property
    def agent(self) -> Process:
        """An agent that knows no other, without TLS, and has the big file and the small one."""
        root = self.directory / "alone"
        root.mkdir(parents=True, exist_ok=True)
        return self.started(processes.agent("alone", root))

    @cached_property
    def tls_agent(self) -> Process:
        """The same with TLS."""
        flags = ("--certs", str(self.certs), "--client-certificate", "optional")
        listen = "https://127.0.0.1:0"
        return self.started(processes.agent("alone", self.big.path.parent, *flags, listen=listen))

    @cached_property
    def stock(self) -> Process:
        """Quart-Trio on Hypercorn as they are, with TLS, streaming the big file."""
        program = Path(__file__).with_name("stock.py")
        files = (self.big.path, self.certs / "alone.pem", self.certs / "alone-key.pem")
        return self.started(processes.server("stock", [str(program), *map(str, files)]))

    @cached_property
    def nginx(self) -> Process:
        """nginx with TLS, serving the big file; only where it is installed."""
        certificate, key = self.certs / "alone.pem", self.certs / "alone-key.pem"
        return self.started(nginx.nginx(self.directory / "nginx", self.big.path.parent, certificate, key))

    @cached_property
    def cluster(self) -> list[Process]:
        """Three agents; the first knows the others. Each has the big file, too, by a link of its own."""
        for host in HOSTS:
            (self.directory / host).mkdir(exist_ok=True)
            os.link(self.big.path, self.directory / host / "big.log")
        secondaries = [self._host(host) for host in HOSTS[1:]]
        peers = [f"--peer={process.name}={process.url}" for process in secondaries]
        return [self._host(HOSTS[0], *peers), *secondaries]

    def _host(self, name: str, *flags: str) -> Process:
        return self.started(processes.agent(name, self.directory / name, *flags))

    def started(self, server: AbstractContextManager[Process]) -> Process:
        """Start a server, which ends with the stage."""
        self.servers.append(self._stack.enter_context(server))
        return self.servers[-1]

    @cached_property
    def certs(self) -> Path:
        directory = self.directory / "certs"
        for act in (("init", str(directory)), ("host", "alone", str(directory), "--address", "127.0.0.1")):
            subprocess.run([sys.executable, "-m", "logagent", "certs", *act], check=True, stdout=subprocess.DEVNULL)
        return directory


def hits_url(process: Process, filename: str, **parameters: str | int) -> str:
    """The address of an answer of counts."""
    return f"{process.url}/hits?{urlencode({'filename': filename, **parameters})}"


def logs_url(process: Process, filename: str, **parameters: str | int) -> str:
    """The address of an answer."""
    return f"{process.url}/logs?{urlencode({'filename': filename, **parameters})}"
