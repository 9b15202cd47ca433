"""The command `ls`: the names of logs, and of directories that hold some."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from logagent.config import timezones
from logagent.config.errors import ConfigError
from logagent.core.escapes import in_line
from logagent.core.globs import is_glob
from logagent.core.outcome import Failure
from logagent.core.units import SECOND
from logagent.core.wire.listing import ListedLog
from logagent.terminal.amounts import size
from logagent.terminal.unix.logs import Operand, below_roots, find
from logagent.terminal.unix.reading import Reading
from logagent.terminal.unix.request import EVERYTHING, UnixRequest, operands_of, request_of
from logagent.terminal.unix.typed import LsTyped

_GAP = 2
"""Spaces between columns of names."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A name as `ls` prints it.

    Attributes:
        name: of a log, or of a directory with a slash.
        logs: those that it stands for.
    """

    name: str
    logs: tuple[ListedLog, ...]

    @property
    def size(self) -> int:
        """Bytes of all generations."""
        return sum(log.size for log in self.logs)

    @property
    def modified(self) -> int:
        """When the newest was modified, in nanoseconds since the epoch."""
        return max(log.modified for log in self.logs)


@dataclass(frozen=True, slots=True)
class LsCommand:
    """The arguments of `ls`, checked."""

    request: UnixRequest
    typed: LsTyped
    waits_for_lines: bool = False

    async def run(self, reading: Reading, environ: Mapping[str, str]) -> int:
        """List, print, and return the exit code."""
        try:
            found = await find(reading, self.request.operands, self.request.query)
        except Failure as failure:
            return reading.fail(failure)
        hosts = sorted({log.host for log in found.logs})
        zone = _zone(environ)
        parts = [self._of_host(reading, zone, [log.listed for log in found.logs if log.host == host]) for host in hosts]
        if found.is_merged:
            parts = [f"{in_line(host)}:\n{part}" for host, part in zip(hosts, parts, strict=True)]
        await reading.write("\n".join(parts).encode())
        return reading.exit_code(found.logs)

    def _of_host(self, reading: Reading, zone: tzinfo, logs: Sequence[ListedLog]) -> str:
        entries = self._sorted(
            entries_of(
                logs,
                self.request.operands,
                flat=bool(self.typed.recursive),
                shut=bool(self.typed.directory and self.typed.operands),
            )
        )
        names = [in_line(entry.name) for entry in entries]
        if self.typed.long:
            return "".join(f"{row}\n" for row in self._rows(entries, names, zone))
        if self.typed.single or not reading.streams.stdout.isatty():
            return "".join(f"{name}\n" for name in names)
        return columns(names, shutil.get_terminal_size().columns)

    def _sorted(self, entries: Iterable[Entry]) -> list[Entry]:
        by_name = sorted(entries, key=lambda entry: entry.name)
        if self.typed.by == "time":
            by_name.sort(key=lambda entry: -entry.modified)
        elif self.typed.by == "size":
            by_name.sort(key=lambda entry: -entry.size)
        return by_name[::-1] if self.typed.reverse else by_name

    def _rows(self, entries: Sequence[Entry], names: Sequence[str], zone: tzinfo) -> list[str]:
        cells = [
            (
                str(sum(len(log.generations) for log in entry.logs)),
                size(entry.size) if self.typed.human else str(entry.size),
                f"{datetime.fromtimestamp(entry.modified // SECOND, zone):%Y-%m-%d %H:%M}",
            )
            for entry in entries
        ]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return ["  ".join([*map(str.rjust, row, widths), name]) for row, name in zip(cells, names, strict=True)]


def checked_ls(typed: LsTyped, environ: Mapping[str, str]) -> LsCommand:
    """Check the arguments of `ls`.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    words = operands_of(typed.operands, recursive=True)
    return LsCommand(request_of(typed, words or [Operand("", (EVERYTHING,))], environ), typed)


def _zone(environ: Mapping[str, str]) -> tzinfo:
    try:
        return timezones.of_machine(environ)
    except ValueError as error:
        raise ConfigError("TZ", str(error)) from None


def entries_of(
    logs: Sequence[ListedLog], operands: Sequence[Operand], *, flat: bool, shut: bool = False
) -> list[Entry]:
    """Return what some operands list of the logs of one host: logs by their names, and directories with a slash.

    Args:
        flat: whether logs in directories are listed by their paths in place of the directories.
        shut: whether a directory is listed itself, not what lies in it.
    """
    listed: dict[str, dict[str, ListedLog]] = {}
    below = [directory for operand in operands for directory in _directories(operand)]
    for log in logs:
        inside = next((above for above in below if log.name.startswith(above)), None)
        name = log.name if inside is None else log.name.removeprefix(inside)
        top = name.partition("/")[0] + "/" if inside is not None and "/" in name and not flat else name
        listed.setdefault(inside if shut and inside else top, {})[log.name] = log
    return [Entry(name, tuple(held.values())) for name, held in listed.items()]


def _directories(operand: Operand) -> list[str]:
    """Return what the names of logs may begin with that lie in the directory that an operand may be; none of a glob."""
    name = operand.names[0].removesuffix(EVERYTHING).removesuffix("/")
    if is_glob(name):
        return []
    return [f"{below}/" if below else "" for below in below_roots(name)] + [""] * name.startswith("/")


def columns(names: Sequence[str], width: int) -> str:
    """Lay out names in as many columns as fit, top to bottom."""
    if not names:
        return ""
    for rows in range(1, len(names) + 1):
        parts = [names[first : first + rows] for first in range(0, len(names), rows)]
        widths = [max(map(len, part)) for part in parts]
        if sum(widths) + _GAP * (len(parts) - 1) <= width or rows == len(names):
            break
    lines = [
        (" " * _GAP).join(part[row].ljust(wide) for part, wide in zip(parts, widths, strict=True) if row < len(part))
        for row in range(rows)
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)
