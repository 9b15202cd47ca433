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
from logagent.terminal.unix.logs import Operand, below_roots, find, is_named, stands_for
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
        parts = [
            part
            for host in hosts
            for part in self._of_host(
                reading,
                zone,
                list({log.name: log.listed for log in found.logs if log.host == host}.values()),
                in_line(host) if found.is_merged else "",
            )
        ]
        await reading.write("\n".join(parts).encode())
        return reading.exit_code(found.logs)

    def _of_host(self, reading: Reading, zone: tzinfo, logs: Sequence[ListedLog], host: str) -> list[str]:
        """Return what is printed of the logs of one host: files first, then each directory with its heading."""
        shut = bool(self.typed.directory)
        sections = sections_of(logs, self.request.operands, flat=bool(self.typed.recursive), shut=shut)
        has_titles = len(self.typed.operands) > 1 or len(sections) > 1
        files, by_title = sections.pop("", None), {title: Entry(title, _logs_in(sections[title])) for title in sections}
        blocks = [] if files is None else [("", files)]
        blocks += [(entry.name, sections[entry.name]) for entry in self._sorted(by_title.values())]
        parts = []
        for title, entries in blocks:
            heading = " ".join(filter(None, (host, in_line(title) if has_titles else "")))
            parts.append((f"{heading}:\n" if heading else "") + self._block(reading, zone, entries))
        return parts

    def _block(self, reading: Reading, zone: tzinfo, entries: Iterable[Entry]) -> str:
        entries = self._sorted(entries)
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
    words = operands_of(typed, typed.operands, environ, recursive=True)
    return LsCommand(request_of(typed, words or [Operand("", (EVERYTHING,))], environ), typed)


def _zone(environ: Mapping[str, str]) -> tzinfo:
    try:
        return timezones.of_machine(environ)
    except ValueError as error:
        raise ConfigError("TZ", str(error)) from None


def sections_of(
    logs: Sequence[ListedLog], operands: Sequence[Operand], *, flat: bool, shut: bool = False
) -> dict[str, list[Entry]]:
    """Return what some operands list of the logs of one host: by directories as they were typed; files by no name.

    Args:
        flat: whether logs in directories are listed by their paths in place of the directories.
        shut: whether a directory is listed itself, among the files, not what lies in it.
    """
    sections: dict[str, dict[str, list[ListedLog]]] = {}
    for operand in operands:
        named = {log.name: log for log in logs if is_named(log, operand)}
        inside = {name: _directory(name, operand) for name in named}
        for name, directory in inside.items():
            title, entry = _place(name, directory, operand, flat=flat, shut=shut)
            held = sections.setdefault(title, {}).setdefault(entry, [])
            held += [] if named[name] in held else [named[name]]
    return {
        title: [Entry(name, tuple(held)) for name, held in entries.items()]
        for title, entries in sorted(sections.items())
    }


def _place(name: str, directory: str | None, operand: Operand, *, flat: bool, shut: bool) -> tuple[str, str]:
    """Return the section and the entry of a log."""
    if directory is None:
        return "", name
    if shut:
        return "", directory or "./"
    below = name.removeprefix(directory)
    title = directory.removesuffix("/" * (not operand.typed.endswith("/"))) if is_glob(operand.typed) else operand.typed
    return title, f"{below.partition('/')[0]}/" if "/" in below and not flat else below


def _logs_in(entries: Iterable[Entry]) -> tuple[ListedLog, ...]:
    return tuple(log for entry in entries for log in entry.logs)


def _directory(log: str, operand: Operand) -> str | None:
    """Return the directory, with a slash, that an operand names and a log lies in; None if it names the log itself."""
    name = operand.names[0].removesuffix(EVERYTHING).removesuffix("/")
    if is_glob(name):
        above = "/".join(log.split("/")[: name.count("/") + 1]) + "/"
        return above if "**" not in name and log.startswith(above) and not stands_for(name, log) else None
    if log == name:
        return None
    directories = [f"{below}/" if below else "" for below in below_roots(name)] + [""] * name.startswith("/")
    return next((above for above in directories if log.startswith(above)), None)


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
