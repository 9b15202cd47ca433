"""Answers on a terminal or in a pipe: batches as text or NDJSON, whole batches at a time.

A pipe gets the lines' own bytes. On a terminal, characters that could command it, hide text or turn its direction are
shown as escapes: `\\x1b`, `\\u202e`, and bytes that are not UTF-8 as `\\xff`; in NDJSON always as `\\u001b`, which
is the same text to a program.
"""

from __future__ import annotations

import contextlib
import io
import re
import select
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TextIO

import trio

from logagent.core.batch import Batch, Origin
from logagent.core.outcome import Outcome
from logagent.core.rendering.records import Groups, RecordsNdjson, separated

PALETTE = (32, 37, 65, 67, 71, 97, 100, 103, 130, 133, 137, 166, 168, 172)
"""Colours of the 256 that most terminals have, of middling lightness: legible on black and on white."""

_SPOOFING = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and line feed; the upper half commands terminals, too
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction of text
    "\u00ad\u180e\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible, but for joiners
    "\u2028\u2029"  # ends of lines that are none
)
_SPOOFING_CHARACTER = re.compile(f"[{_SPOOFING}]")
_MAYBE_SPOOFING_BYTE = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f-\xff]")


class Stdout(Protocol):
    """An unbuffered binary stream, as `open(1, "wb", buffering=0)` gives."""

    def write(self, data: bytes | memoryview, /) -> int | None: ...
    def fileno(self) -> int: ...
    def isatty(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Streams:
    """Where a command writes: data to `stdout`, talk to `stderr`."""

    stdout: Stdout
    stderr: TextIO

    def print(self, text: str) -> None:
        """A little data at once; quietly nothing if nobody reads any more."""
        with contextlib.suppress(BrokenPipeError):
            _write_all(self.stdout, text.encode("utf-8", "backslashreplace"))

    def say(self, text: str) -> None:
        """One line of talk. What is said may come from another machine, so it is escaped; nobody may be listening."""
        with contextlib.suppress(OSError):
            print("logagent:", shown(text.replace("\n", " ")), file=self.stderr, flush=True)


def text_writer(descriptor: int) -> TextIO:
    """Text to a descriptor that stays open; none of it is kept, so nothing is left to fail when the program ends."""
    raw = io.FileIO(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


Write = Callable[[bytes], Awaitable[None]]


class Pipe:
    """Standard output, written in a thread so that Ctrl-C works while nobody reads.

    Cancelling leaves the thread to itself: it is a daemon and holds no buffer of Python's, so the process can end.
    """

    def __init__(self, stdout: Stdout, when_broken: Callable[[], object]) -> None:
        self._stdout = stdout
        self._when_broken = when_broken
        self._error: OSError | None = None

    async def write(self, data: bytes) -> None:
        """Write all of it. Where that fails, call `when_broken`, which should cancel what wants to write.

        No error is raised from here: the caller is a source, which would take it for one of its own.
        """
        try:
            await trio.to_thread.run_sync(_write_all, self._stdout, data, abandon_on_cancel=True)
        except OSError as error:
            self._error = error
            self._when_broken()
            await trio.lowlevel.checkpoint()

    def is_closed(self) -> bool:
        """Whether nobody reads any more, as after `| head`. Raises OSError where writing failed in another way."""
        if self._error is not None and not isinstance(self._error, BrokenPipeError):
            raise OSError(f"standard output: {self._error.strerror}") from self._error
        return self._error is not None


def _write_all(stdout: Stdout, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        written = stdout.write(rest)
        if written is None:  # somebody who shares the pipe made it non-blocking
            select.select([], [stdout.fileno()], [])
        rest = rest[written or 0 :]


class Lines:
    """Prints batches as text. prefix: host and file before each line. groups: `--` between lines that are no
    neighbours. color, escape: as for a terminal."""

    def __init__(self, write: Write, *, prefix: bool, color: bool, escape: bool, groups: bool = False) -> None:
        self._groups = Groups() if groups else None
        self._write = write
        self._prefix = prefix
        self._color = color
        self._escape = escape
        self.lines = 0
        self._prefixes: dict[Origin, bytes] = {}

    async def send(self, batch: Batch) -> None:
        if batch.count:
            await self._write(self.render(batch))
            self.lines += batch.count

    async def end(self, outcome: Outcome) -> None:
        """Nothing: the verdict of a text goes to standard error and into the exit code."""

    def render(self, batch: Batch) -> bytes:
        body = escaped(batch.body) if self._escape else batch.body
        body = self._prefixed(batch, body) if self._prefix else body
        return body if self._groups is None else separated(body[:-1].split(b"\n"), self._groups.begins(batch))

    def _prefixed(self, batch: Batch, body: bytes) -> bytes:
        prefixes = [self._of(origin) for origin in batch.origins]
        if batch.origin is None:
            return prefixes[0] + body[:-1].replace(b"\n", b"\n" + prefixes[0]) + b"\n"
        lines = body[:-1].split(b"\n")
        return b"\n".join([prefixes[index] + line for index, line in zip(batch.origin, lines, strict=True)]) + b"\n"

    def _of(self, origin: Origin) -> bytes:
        prefix = self._prefixes.get(origin)
        if prefix is None:
            prefix = self._prefixes[origin] = self._make(origin)
        return prefix

    def _make(self, origin: Origin) -> bytes:
        """`host file: `; escaped in a pipe too, since a name that holds a line feed would forge lines."""
        place = f"{origin.host} {origin.file}".encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        safe = shown(place.replace("\n", "\\n")).encode()
        return (b"\x1b[38;5;%dm%s\x1b[0m: " % (color_of(origin.host), safe)) if self._color else safe + b": "


class Rendering(Protocol):
    """How batches, and at the end the outcome, become JSON."""

    def batch(self, batch: Batch) -> bytes: ...

    def end(self, outcome: Outcome) -> bytes: ...


class Records:
    """Prints batches as NDJSON, and the verdict as the last record, or in another rendering that is JSON. Wants the
    columns of times and places."""

    def __init__(self, write: Write, *, escape: bool, rendering: Rendering | None = None) -> None:
        self._write = write
        self._escape = escape
        self.lines = 0
        self._rendering = rendering or RecordsNdjson()

    async def send(self, batch: Batch) -> None:
        if batch.count:
            await self._print(self._rendering.batch(batch))
            self.lines += batch.count

    async def end(self, outcome: Outcome) -> None:
        await self._print(self._rendering.end(outcome))

    async def _print(self, records: bytes) -> None:
        await self._write(_escaped_json(records) if self._escape else records)


class Count:
    """Prints how many lines, or events, there are in place of them; context does not count."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        self.lines += batch.records

    async def end(self, outcome: Outcome) -> None:
        await self._write(b"%d\n" % self.lines)


class Printer(Protocol):
    """Prints an answer: its batches as they come, and what is left to say at its end. lines: so many so far."""

    lines: int

    async def send(self, batch: Batch, /) -> None: ...

    async def end(self, outcome: Outcome, /) -> None: ...


def color_of(host: str) -> int:
    """A host's colour: the same in every run and on every machine."""
    return PALETTE[zlib.crc32(host.encode("utf-8", "surrogateescape")) % len(PALETTE)]


def wants_color(asked: str, *, terminal: bool, environ: Mapping[str, str]) -> bool:
    """Whether to colour. asked: `always`, `never`, or `auto`: on a terminal that can, unless NO_COLOR is set
    (https://no-color.org)."""
    if asked != "auto":
        return asked == "always"
    return terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def escaped(lines: bytes) -> bytes:
    """Lines as a terminal may see them. Most batches are plain ASCII and pass at the cost of one search."""
    if not _MAYBE_SPOOFING_BYTE.search(lines):
        return lines
    return shown(lines.decode("utf-8", "backslashreplace")).encode()


def shown(text: str) -> str:
    """A text as a terminal may see it; line feeds and tabs stay."""
    return _SPOOFING_CHARACTER.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("ascii", "backslashreplace").decode() if found[0] > "\x7f" else f"\\x{ord(found[0]):02x}"


def _escaped_json(records: bytes) -> bytes:
    """The same records with such characters as JSON escapes: outside of strings, JSON has none of them."""
    if not _MAYBE_SPOOFING_BYTE.search(records):
        return records
    return _SPOOFING_CHARACTER.sub(_escape_json, records.decode()).encode()


def _escape_json(found: re.Match[str]) -> str:
    units = struct.iter_unpack(">H", found[0].encode("utf-16-be"))
    return "".join(f"\\u{unit:04x}" for (unit,) in units)
