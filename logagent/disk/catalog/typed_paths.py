"""Paths as somebody types them on this very machine, and the names of the same files below the root of its file system.

What is typed may be relative, and stays the name by which the file is spoken of; a catalog knows names below a root.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from logagent.core.globs import is_glob
from logagent.core.notes import Note
from logagent.core.outcome import Failure
from logagent.disk.catalog.logs import Generation, Log, refusal
from logagent.disk.files.walk import path_parts

_WILDCARD = re.compile(r"[*?\[]")


class _Base(NamedTuple):
    """The directory in which a glob begins: as typed and below the root, both with a slash unless they are empty."""

    typed: str
    below: str


class TypedPaths:
    """Some paths and globs as typed, each with what it is below the root of the file system; reads the disk.

    A path that is there is a name, whatever characters it holds.

    Args:
        typed: paths and globs.

    Attributes:
        asked: the same as names and globs below the root.
    """

    def __init__(self, typed: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        self._bases: list[_Base] = []
        self._literal: set[str] = set()
        self.asked: list[str] = [self._asked(path) for path in typed]

    def _asked(self, path: str) -> str:
        below = below_root(path)
        if not is_glob(path):
            self._names.setdefault(below, path)
            return below
        if os.path.lexists(path):
            self._names.setdefault(below, path)
            self._literal.add(below)
            return escaped(below)
        typed, rest = _divided(path)
        within = below_root(typed) if typed else below_root(".")
        base = _Base(typed, f"{within}/" if within else "")
        self._bases.append(base)
        return f"{escaped(base.below)}{rest}"

    def below(self, names: Iterable[str]) -> set[str]:
        """Return the names below the root of logs that are called by paths."""
        return {below_root(name) for name in names}

    def log(self, found: Log) -> Log:
        """Return a log that was found with the name that was typed, or that begins as what was typed."""
        name = self.name(found.name)
        if found.root is None:
            return refusal(name, self.failure(_reason(found)))
        files = tuple(self._file(file, found.name, name) for file in found.generations)
        return replace(
            found,
            name=name,
            generations=files,
            named=found.named or found.name in self._literal,
            asked=name,
            root_length=0,
        )

    def _file(self, file: Generation, log: str, name: str) -> Generation:
        """Return a file of a log; it lies beside the log, or, where that is a link, anywhere."""
        beside, typed = log.rpartition("/")[0], name.rpartition("/")[0]
        if file.name.startswith(f"{beside}/" if beside else ""):
            called = f"{typed}/{file.name[len(beside) :].lstrip('/')}"
        else:
            called = self.name(file.name)
        return replace(file, name=called, prefix="", open=partial(self._open, file))

    def _open(self, file: Generation) -> int:
        try:
            return file.open()
        except Failure as failure:
            raise self.failure(failure) from failure

    def name(self, below: str) -> str:
        """Return how a name below the root is called."""
        if (typed := self._names.get(below)) is not None:
            return typed
        bases = (base for base in self._bases if below.startswith(base.below))
        longest = max(bases, key=lambda base: len(base.below), default=_Base("/", ""))
        return f"{longest.typed}{below[len(longest.below) :]}"

    def failure(self, failure: Failure) -> Failure:
        """Return a failure in whose message the names are those that were typed."""
        message = failure.message
        directory = next((typed for below, typed in self._names.items() if message == f"no such file: {below}"), "")
        if directory and os.path.isdir(directory):  # noqa: PTH112 - as typed
            return Failure(failure.status, f"{directory} is a directory; {directory}/ means all that lies in it")
        spelled = {escaped(below): typed for below, typed in self._names.items()} | self._names
        spelled |= {base.below: base.typed for base in self._bases if base.below}
        if spelled:
            longest_first = sorted(spelled, key=len, reverse=True)
            any_of_them = re.compile(rf"(?<![^\s(])(?:{'|'.join(map(re.escape, longest_first))})")
            message = any_of_them.sub(lambda found: spelled[found[0]], message)
        return Failure(failure.status, message)

    def notes(self, notes: Iterable[Note]) -> list[Note]:
        """Return notes with the names that were typed."""
        return [replace(note, files=tuple(map(self.name, note.files))) for note in notes]


def below_root(path: str) -> str:
    """Return the name below the root of the file system that a path means, as the kernel would go it; reads links."""
    parts = path_parts(path if path.startswith("/") else f"{os.getcwd()}/{path}")  # noqa: PTH109 - bytes that are no text
    if ".." in parts:
        last = len(parts) - parts[::-1].index("..")
        parts = [*path_parts(os.path.realpath("/" + "/".join(parts[:last]))), *parts[last:]]
    return "/".join(parts)


def escaped(name: str) -> str:
    """Return the glob that stands for a name alone; the name itself if it holds no wildcard."""
    return _WILDCARD.sub(r"[\g<0>]", name)


def _divided(glob: str) -> tuple[str, str]:
    """Return the directory that a glob begins with, and the rest."""
    found = _WILDCARD.search(glob)
    begin = glob.rfind("/", 0, found.start() if found else len(glob)) + 1
    return glob[:begin], glob[begin:]


def _reason(refused: Log) -> Failure:
    """Return why a name could not be reached."""
    try:
        refused.generations[0].open()
    except Failure as failure:
        return failure
    raise AssertionError(f"{refused.name} was not reached, and opens")


def spellings(paths: Sequence[str]) -> dict[str, list[str]]:
    """Return the paths that are spelled in several ways, by the first of them."""
    known: dict[str, str] = {}
    others: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        first = known.setdefault(below_root(path), path)
        if first != path:
            others.setdefault(first, []).append(path)
    return others
