"""An agent over standard input and output as a process, and HTTP/2 spoken with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h2.events
from h2.config import H2Configuration
from h2.connection import H2Connection

AUTHORITY = "localhost"
"""The name by which it is addressed."""


class OverPipes:
    """One agent that answers over pipes; `ended` waits for its end."""

    def __init__(self, root: Path, *flags: str, **environ: str) -> None:
        mine = {name: text for name, text in os.environ.items() if not name.startswith("LOGAGENT_")}
        self.popen = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "logagent", "stdio", "--root", str(root), *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**mine, **environ},
        )
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        assert self.popen.stderr is not None
        self.stdin, self.stdout, self.stderr = self.popen.stdin, self.popen.stdout, self.popen.stderr
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._h2.initiate_connection()

    def ask(self, path: str) -> int:
        """Send a question; its number."""
        stream = self._h2.get_next_available_stream_id()
        headers = [(":method", "GET"), (":scheme", "http"), (":authority", AUTHORITY), (":path", path)]
        self._h2.send_headers(stream, headers, end_stream=True)
        self._send()
        return stream

    def _send(self) -> None:
        self.stdin.write(self._h2.data_to_send())
        self.stdin.flush()

    def events(self) -> Iterator[h2.events.Event]:
        """What comes, until its end."""
        while received := os.read(self.stdout.fileno(), 65536):
            yield from self._h2.receive_data(received)
            self._send()

    def answer(self, path: str) -> tuple[bytes, Mapping[str, str]]:
        """The body and the trailers of an answer."""
        stream, body, trailers = self.ask(path), b"", {}
        for event in self.events():
            if isinstance(event, h2.events.DataReceived):
                body += event.data
            elif isinstance(event, h2.events.TrailersReceived):
                trailers = dict(event.headers or ())
            elif isinstance(event, h2.events.StreamEnded) and event.stream_id == stream:
                return body, trailers
        raise AssertionError(f"it has ended with {self.popen.wait()}: {self.stderr.read()!r}")

    def ended(self) -> tuple[int, bytes]:
        """Its exit code, and what it has said."""
        code = self.popen.wait(timeout=60)
        return code, self.stderr.read()

    @property
    def listening(self) -> list[str]:
        """The sockets on which it listens: TCP by their line in the kernel's table, Unix sockets likewise."""
        mine = {str(each.readlink()) for each in Path(f"/proc/{self.popen.pid}/fd").iterdir()}
        inodes = {name.removeprefix("socket:[").rstrip("]") for name in mine if name.startswith("socket:")}
        found = []
        for table, listens, inode in (("tcp", (3, "0A"), 9), ("tcp6", (3, "0A"), 9), ("unix", (3, "00010000"), 6)):
            lines = [line.split() for line in Path("/proc/net", table).read_text().splitlines()[1:]]
            found += [" ".join(line) for line in lines if line[listens[0]] == listens[1] and line[inode] in inodes]
        return found

    def close(self) -> None:
        """Kill it, if it has not ended."""
        self.popen.kill()
        self.popen.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()


@contextmanager
def over_pipes(root: Path, *flags: str, **environ: str) -> Iterator[OverPipes]:
    """An agent over pipes, which has ended when the block has."""
    agent = OverPipes(root, *flags, **environ)
    try:
        yield agent
    finally:
        agent.close()
