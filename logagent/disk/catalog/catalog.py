"""Finding the logs that a query names, by names and globs, in the served roots."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import product, takewhile
from pathlib import Path

from logagent.core.globs import is_glob
from logagent.core.notes import NoteKind, Notes
from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.ends import Lister
from logagent.disk.catalog.glob_search import Budget, FoundFile, GlobSearch
from logagent.disk.catalog.globs import Glob, compiled, literally, match_name
from logagent.disk.catalog.links import OpenRoot, beside_target, failure_of_look, look, missing_target
from logagent.disk.catalog.live_names import LiveNames
from logagent.disk.catalog.logs import Generation, InRoot, Log, each_once, grouped, refusal
from logagent.disk.catalog.numbering import Clock, Numbering
from logagent.disk.files.beneath import Root, failure_of
from logagent.disk.files.walk import Opener

__all__ = ["Catalog", "Generation", "Log"]

MAX_FILES = 500
"""Logs of one query: each may cost a descriptor, of which a process usually has 1024, and a place in a merge."""
MAX_COMPARISONS = 200_000
"""Comparisons of a directory entry with a component of a glob, for all globs of one query: `**/*.log` makes two for
each entry. They take about a second of one thread; a host's logs should need far fewer."""
_NAMED = 3
"""Names that a message lists at most: enough to recognise the query."""


class Catalog:
    """The files below the served roots, as they are at the moment of each query.

    Args:
        roots: directories or single files.
        max_comparisons: limit on the search for the globs of one query.
        opener: `os.open`, or its stand-in.
        now: `time.time_ns`, or its stand-in.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        max_comparisons: int = MAX_COMPARISONS,
        opener: Opener = os.open,
        now: Clock = time.time_ns,
    ) -> None:
        self._roots = [(Root(path, opener), LiveNames()) for path in roots]
        self._max_comparisons = max_comparisons
        self._numbering = Numbering(Lister(), now)

    def find(
        self,
        patterns: Sequence[str],
        *,
        rotated: bool = True,
        limit: int = MAX_FILES,
        looked: set[Path] | None = None,
        notes: Notes | None = None,
    ) -> list[Log]:
        """Return the logs that `patterns` name or match, sorted by name, each file once; reads the disk and blocks.

        The rotated generations of a log belong to it, whether its live file is there or not. A glob that matches some
        of them but not the log's own name finds the log with only those. A generation that is asked for by its exact
        name is a log by itself.

        A glob also finds a file whose name equals the glob, character for character. A name stands for the file of the
        first root that has it. A file with several names is listed under the name that holds no link, or else under one
        of the others, always the same. A name, directory or root that could not be reached is in the list too, since
        the answer must report it. A directory that may be entered but not listed gives named files without generations.

        Args:
            patterns: names and globs, relative to the roots.
            rotated: whether to find generations other than by their exact name.
            limit: logs to find at most.
            looked: gets the absolute paths of directories in which further files might appear.
            notes: gets what is judged of the files that globs meet.

        Raises:
            Failure: when no file was found, or more than `limit` logs.
        """
        question = _Question(patterns, Budget(self._max_comparisons), notes or Notes(), rotated=rotated)
        with ExitStack() as stack:
            for number, (root, live) in enumerate(self._roots):
                question.enter(number, root, live, stack)
            question.look_for_names()
            question.look_for_globs()
            question.look_beside_targets()
        if looked is not None:
            looked |= question.looked
        return question.answer(limit, self._numbering)

    def unready(self) -> list[str]:
        """Return a sentence for each root that cannot be read at the moment; reads the disk and blocks."""
        return [reason for root, _ in self._roots for reason in _unready(root)]


class _Question:
    """One call of `find`: the roots opened for it, the files found in them, and the names that were not found."""

    def __init__(self, patterns: Sequence[str], budget: Budget, notes: Notes, *, rotated: bool) -> None:
        self._patterns = list(dict.fromkeys(patterns))
        self._globs = _globs(self._patterns)
        self._budget = budget
        self._notes = notes
        self._rotated = rotated
        self._opened: list[OpenRoot] = []
        self._found: dict[tuple[int, str], InRoot] = {}
        self._refused: dict[str, tuple[str, Failure]] = {}
        self.looked: set[Path] = set()

    def enter(self, number: int, root: Root, live: LiveNames, stack: ExitStack) -> None:
        try:
            self._opened.append(OpenRoot(number, root, stack.enter_context(root.enter()), live))
        except Failure as failure:
            self._refuse(f"{root.name}/", failure)

    def look_for_names(self) -> None:
        failures = {pattern: self._look_for(pattern) for pattern in self._patterns}
        for _, root, beneath, _ in self._opened:
            self.looked |= {root.path.parent if beneath.is_file else root.path / _directory(name) for name in failures}
        if self._rotated:
            self._look_beside([name for name, failed in failures.items() if not failed or name not in self._globs])
        for opened, name in product(self._opened, [name for name, failed in failures.items() if failed]):
            self._look_beside_missing(opened, name, named=True)
        logs = {file.found.log for file in self._found.values()}
        for name, failed in failures.items():
            if failed and name not in self._globs and not (_only_absent(failed) and name in logs):
                self._refuse(name, _worst(failed))

    def look_for_globs(self) -> None:
        if self._globs:
            for opened in self._opened:
                self._search(opened)

    def look_beside_targets(self) -> None:
        """Find the generations beside the targets of links; a file that goes by another name brings its own."""
        for number, _, file, named in each_once(self._found.values()):
            if file.linked and file.rotation is None:
                opened = next(one for one in self._opened if one.number == number)
                self._look_beside_target(opened, file.name, file.resolved, named=named)

    def _look_beside_target(self, opened: OpenRoot, name: str, target: str, *, named: bool) -> None:
        self.looked.add(opened.root.path / _directory(target))
        if not self._rotated or opened.beneath.is_file:
            return
        try:
            for found in beside_target(opened, name, target, self._budget):
                self._add(opened, found, named=named)
        except Failure:
            self._refuse_to_look_beside([name])

    def _look_beside_missing(self, opened: OpenRoot, name: str, *, named: bool) -> None:
        """Find the generations beside the target of a link that is missing at the moment."""
        if (missing := missing_target(self._opened, opened, name)) is not None:
            self._look_beside_target(missing[0], name, missing[1], named=named)

    def _add(self, opened: OpenRoot, found: FoundFile, *, named: bool = False) -> None:
        self._found.setdefault((opened.number, found.name), InRoot(opened.number, opened.root, found, named))

    def answer(self, limit: int, numbering: Numbering) -> list[Log]:
        files = numbering.judged(each_once(self._found.values()))
        if not self._rotated:
            files = [file for file in files if file.found.rotation is None]
        if not files:
            raise self._nothing_found()
        logs = [
            *grouped(files),
            *(refusal(name, failure) for name, failure in self._refused.values()),
        ]
        if len(logs) > limit:
            raise Failure(Status.RESOURCE_EXHAUSTED, f"{len(logs)} files match, more than {limit}; narrow the glob")
        return sorted(logs, key=lambda log: log.name)

    def _look_for(self, name: str, *, named: bool = True) -> list[Failure]:
        """Find the file `name` in the first root that has it; if no root has it, return the failure of each root."""
        failures = []
        for opened in self._opened:
            try:
                self._found[opened.number, name] = look(self._opened, opened, name)._replace(named=named)
            except OSError as error:
                failures.append(failure_of_look(error, name))
            else:
                return []
        return failures or [_missing([name])]

    def _look_beside(self, names: list[str]) -> None:
        """Find the generations of logs that are named, in every root."""
        globs = frozenset(glob for name in names for glob in _literally(name))
        for opened in self._opened if globs else ():
            if opened.beneath.is_file:
                continue
            search = GlobSearch(opened.beneath, self._budget, opened.live, rotated=True)
            try:
                search.run(globs)
            except Failure:
                self._refuse_to_look_beside(names)
            for found in search.found:
                if found.rotation and found.log in names:
                    self._add(opened, found, named=True)
            for name, error in search.unreachable:
                # A name without permission was already reported by `look_for_names`.
                if not isinstance(error, PermissionError):
                    self._refuse(name, failure_of(error, name))

    def _refuse_to_look_beside(self, names: list[str]) -> None:
        message = f"too many files beside {_listed(names)} to find its rotated generations; ask without them"
        self._refuse(names[0], Failure(Status.RESOURCE_EXHAUSTED, message))

    def _search(self, opened: OpenRoot) -> None:
        number, root, beneath, live = opened
        if beneath.is_file:
            if match_name(self._globs.values(), root.name):
                self._look_for(root.name, named=False)
            return
        search = GlobSearch(beneath, self._budget, live, rotated=self._rotated)
        search.run(frozenset(self._globs.values()))
        self.looked |= {root.path / directory for directory in search.directories}
        for found in search.found:
            self._add(opened, found)
        for name in search.leading_out:
            try:
                file = look(self._opened, opened, name)
            except OSError as refused:
                if refused.errno == errno.EXDEV:
                    self._notes.add(NoteKind.LINK, name)
            else:
                if name in search.unresolved:
                    self._found.setdefault((number, name), file)
        for name in search.unresolved:
            if (number, name) not in self._found:
                self._look_beside_missing(opened, name, named=False)
        for name, error in search.unreachable:
            shown = f"{root.name}/" if name == "/" else name
            self._refuse(shown, failure_of(error, shown))

    def _refuse(self, name: str, failure: Failure) -> None:
        # The key is the message, since a root and a file may have the same name.
        self._refused[failure.message] = name, failure

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
        # A pattern that is no valid path, such as one with "..", is refused when it is looked for as a name.
        with suppress(FileNotFoundError):
            globs[pattern] = compiled(pattern)
    return globs


def _literally(name: str) -> Iterator[Glob]:
    # A file may be called "**", but no search looks for that literally.
    with suppress(FileNotFoundError):
        if "**" not in name.split("/"):
            yield literally(name)


def _directory(pattern: str) -> str:
    """Return the directory of a name; of a glob, its components before the first one with a wildcard."""
    parts = pattern.split("/")[:-1]
    named = list(takewhile(lambda part: not is_glob(part), parts))
    return "" if {"", ".", ".."} & set(named) or "\0" in pattern else "/".join(named)


def _missing(names: list[str]) -> Failure:
    return Failure(Status.NOT_FOUND, f"no such file: {_listed(names)}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _only_absent(failures: list[Failure]) -> bool:
    return all(failure.status is Status.NOT_FOUND for failure in failures)


def _worst(failures: list[Failure]) -> Failure:
    """Return the first failure other than NOT_FOUND, or else the first."""
    return next((failure for failure in failures if failure.status is not Status.NOT_FOUND), failures[0])
