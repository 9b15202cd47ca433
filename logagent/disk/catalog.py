"""Which log files there are: names and globs, looked for in the served roots."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from logagent.core.outcome import Failure, Status
from logagent.disk.beneath import Beneath, Opener, Root, failure_of, require_regular
from logagent.disk.globs import Budget, Found, Glob, Search, compiled, is_glob, match_name

MAX_FILES = 500
"""Files of one question: each may cost a descriptor, of which a process usually has 1024, and a place in a merge."""
MAX_COMPARISONS = 200_000
"""Comparisons of a directory entry with a component of a glob, for all globs of one question: `**/*.log` makes two for
each entry. About a second of one thread, and far more than a host's logs should need."""
_NAMED = 3
"""Names of those asked for that a message repeats: enough to see what was meant."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log file that was found, or what could not be reached when it was looked for.

    name: as asked for or matched, relative to its root, with `/`. resolved: the same with every link resolved: what
    rules over files are to be held against. size: bytes. modified: nanoseconds since the epoch.
    root: the absolute path of the served root that it was found in, None of what could not be reached.
    open: gives a descriptor for reading that the caller closes, of the regular file `resolved` below the root and no
    other, whatever has become of links since; raises `Failure`.

    Of what could not be reached, `open` says why. Its name is the name asked for, a directory's with a `/` behind it,
    or the last component of a root's path, likewise with a `/`.
    """

    name: str
    resolved: str
    size: int
    modified: int
    open: Callable[[], int]
    root: Path | None = None


class Catalog:
    """The files below the served roots, as they are at the moment of each question.

    `roots` are directories or single files; `max_comparisons` bounds how far a glob may search.
    """

    def __init__(
        self, roots: Sequence[Path], *, max_comparisons: int = MAX_COMPARISONS, opener: Opener = os.open
    ) -> None:
        self._roots = [Root(path, opener) for path in roots]
        self._max_comparisons = max_comparisons

    def find(self, patterns: Sequence[str], *, limit: int = MAX_FILES) -> list[Log]:
        """The logs that any of `patterns` names or matches, sorted by name, each file once; reads the disk and blocks.

        A glob also finds the file whose name it is, character for character. A name is that of the first root that has
        it. A file reached by several names goes by the one that holds no link, or by one of the others, always the
        same. What could not be reached (a missing name among several, an unreadable directory, an absent root) is
        among the logs, since an answer must name it. Raises `Failure` if no file was found, or more than `limit`.
        """
        question = _Question(list(dict.fromkeys(patterns)), Budget(self._max_comparisons))
        with ExitStack() as stack:
            for root in self._roots:
                question.enter(root, stack)
            question.look_for_names()
            question.look_for_globs()
        return question.answer(limit)

    def unready(self) -> list[str]:
        """Why a root cannot be read at the moment, a sentence each; reads the disk and blocks."""
        return [reason for root in self._roots for reason in _unready(root)]


class _Question:
    """One call of `find`: the roots that are open for it, what was found in them, and what was not."""

    def __init__(self, patterns: list[str], budget: Budget) -> None:
        self._patterns = patterns
        self._globs = _globs(patterns)
        self._budget = budget
        self._opened: list[tuple[Root, Beneath]] = []
        self._found: dict[str, tuple[Root, Found]] = {}
        self._refused: dict[str, tuple[str, Failure]] = {}

    def enter(self, root: Root, stack: ExitStack) -> None:
        try:
            self._opened.append((root, stack.enter_context(root.enter())))
        except Failure as failure:
            self._refuse(f"{root.name}/", failure)

    def look_for_names(self) -> None:
        for pattern in self._patterns:
            failures = self._look_for(pattern)
            if failures and pattern not in self._globs:
                self._refuse(pattern, _worst(failures))

    def look_for_globs(self) -> None:
        if self._globs:
            for root, beneath in self._opened:
                self._search(root, beneath)

    def answer(self, limit: int) -> list[Log]:
        if not self._found:
            raise self._nothing_found()
        logs = [*self._each_once(), *(_refusal(name, failure) for name, failure in self._refused.values())]
        if len(logs) > limit:
            raise Failure(Status.RESOURCE_EXHAUSTED, f"{len(logs)} files match, more than {limit}; narrow the glob")
        return sorted(logs, key=lambda log: log.name)

    def _look_for(self, name: str) -> list[Failure]:
        """Find the file `name` in the first root that has it. Returns why each root did not, if none has it."""
        failures = []
        for root, beneath in self._opened:
            try:
                self._found[name] = root, _look(beneath, name)
            except OSError as error:
                failures.append(failure_of(error, name))
            else:
                return []
        return failures or [_missing([name])]

    def _search(self, root: Root, beneath: Beneath) -> None:
        if beneath.is_file:
            if match_name(self._globs.values(), root.name):
                self._look_for(root.name)
            return
        search = Search(beneath, self._budget)
        search.run(frozenset(self._globs.values()))
        for found in search.found:
            self._found.setdefault(found.name, (root, found))
        for name, error in search.unreachable:
            shown = f"{root.name}/" if name == "/" else name
            self._refuse(shown, failure_of(error, shown))

    def _refuse(self, name: str, failure: Failure) -> None:
        # By message, for a root and a file may have the same name.
        self._refused[failure.message] = name, failure

    def _each_once(self) -> Iterable[Log]:
        logs: dict[tuple[Root, str], Log] = {}
        for root, found in sorted(self._found.values(), key=lambda pair: _by_preference(pair[1])):
            logs.setdefault((root, found.resolved), _log(root, found))
        return logs.values()

    def _nothing_found(self) -> Failure:
        worst = _worst([*(failure for _, failure in self._refused.values()), _missing(self._patterns)])
        return worst if worst.status is not Status.NOT_FOUND else _missing(self._patterns)


def _unready(root: Root) -> list[str]:
    try:
        with root.enter():
            return []
    except Failure as failure:
        return [failure.message]


def _globs(patterns: list[str]) -> dict[str, Glob]:
    globs = {}
    for pattern in filter(is_glob, patterns):
        # One that holds ".." or the like is looked for as a name only, and refused as a name.
        with suppress(FileNotFoundError):
            globs[pattern] = compiled(pattern)
    return globs


def _look(beneath: Beneath, name: str) -> Found:
    with beneath.resolve(name) as place:
        require_regular(place.status)
        # A root that is a single file has no name below itself.
        return Found(name, place.resolved or name, place.status)


def _open(root: Root, found: Found) -> int:
    try:
        with root.enter() as beneath:
            return beneath.open_file(found.resolved)
    except OSError as error:
        raise failure_of(error, found.name) from error


def _log(root: Root, found: Found) -> Log:
    size, modified = found.status.st_size, found.status.st_mtime_ns
    return Log(found.name, found.resolved, size, modified, partial(_open, root, found), root.path)


def _refusal(name: str, failure: Failure) -> Log:
    return Log(name, name, 0, 0, partial(_refuse, failure.status, failure.message))


def _refuse(status: Status, message: str) -> int:
    raise Failure(status, message)


def _by_preference(found: Found) -> tuple[bool, str]:
    return found.name != found.resolved, found.name


def _missing(names: list[str]) -> Failure:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return Failure(Status.NOT_FOUND, f"no such file: {', '.join(names[:_NAMED])}{more}")


def _worst(failures: list[Failure]) -> Failure:
    """The first failure that is more than absence, or else the first."""
    return next((failure for failure in failures if failure.status is not Status.NOT_FOUND), failures[0])
