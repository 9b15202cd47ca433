"""Looking for the files that exact names stand for, and for their generations, in every root."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.findings import Asked, Findings, listed, no_such_file, worst_of
from logagent.disk.catalog.found_files import Budget
from logagent.disk.catalog.glob_search import GlobSearch, Steps
from logagent.disk.catalog.globs import Glob, compiled_all, directory_of, literally
from logagent.disk.catalog.links import OpenRoot, beside_target, missing_target
from logagent.disk.catalog.remembered import Remembered
from logagent.disk.files.beneath import failure_of


class NameLookup:
    """Looks for names.

    Args:
        findings: what was asked for; added to.
        budget: of directory entries.
        remembered: what is known of directories that stand still.
        rotated: whether to find generations other than by their exact name.
    """

    def __init__(self, findings: Findings, budget: Budget, remembered: Remembered, *, rotated: bool) -> None:
        self._findings = findings
        self._budget = budget
        self._remembered = remembered
        self._rotated = rotated

    def steps(self) -> Steps:
        """Look for the file that each name stands for, and for its generations; yields every now and then."""
        failures: dict[str, list[Failure]] = {pattern: [] for pattern in self._findings.patterns}
        hits = dict.fromkeys(failures, False)
        for opened in self._findings.opened:
            for asked in self._findings.asked_in(opened.root):
                yield
                self._note_directory(opened, asked.name)
                failure = self._findings.look_for(opened, asked)
                hits[asked.pattern] |= failure is None
                failures[asked.pattern] += [] if failure is None else [failure]
                if failure is not None:
                    yield from self._look_beside_missing(opened, asked.name, named=True)
        for opened in self._findings.opened if self._rotated else ():
            asked_here = self._findings.asked_in(opened.root)
            yield from self._look_beside(
                opened, [one for one in asked_here if hits[one.pattern] or not compiled_all([one.name])]
            )
        for pattern, failed in failures.items():
            if not self._findings.is_searched_for(pattern):
                self._refuse_missing(pattern, failed or [no_such_file([pattern])], hit=hits[pattern])

    def look_beside_targets(self, unresolved: Iterable[tuple[OpenRoot, str]]) -> Steps:
        """Find the generations beside the targets of links; a file that goes by another name brings its own.

        Args:
            unresolved: roots, and names in them that globs match and that lead nowhere.
        """
        for file in self._findings.linked:
            yield
            if file.found.rotation is None:
                met, opened = self._findings.opened_as(file.met[0]), self._findings.opened_as(file.number)
                yield from self._look_beside_target(met, opened, file.found.name, file.found.resolved, named=file.named)
        for met, name in unresolved:
            yield from self._look_beside_missing(met, name, named=False)

    def _note_directory(self, opened: OpenRoot, name: str) -> None:
        path, directory, shows = opened.root.path, directory_of(name), opened.root.shows
        if shows is None or not directory or shows(directory, directory=True):
            self._findings.looked.add(path.parent if opened.beneath.is_file else path / directory)

    def _refuse_missing(self, pattern: str, failures: list[Failure], *, hit: bool) -> None:
        """Note why a name was not found, or why it is not known of some root whether it has it."""
        worst = worst_of(failures)
        if worst.status is not Status.NOT_FOUND or not (hit or self._findings.has_log(pattern)):
            self._findings.refuse(pattern, worst)

    def _look_beside(self, opened: OpenRoot, asked: Sequence[Asked]) -> Steps:
        """Find the generations of logs that are named."""
        names = {name: pattern for pattern, name in asked}
        globs = frozenset(glob for name in names for glob in _literally(name))
        if opened.beneath.is_file or not globs:
            return
        search = GlobSearch(opened.beneath, self._budget, opened.live, rotated=True, remembered=self._remembered)
        try:
            yield from search.steps(globs)
        except Failure:
            self._refuse_to_look_beside(list(names.values()))
        for found in search.found:
            if found.rotation and found.log in names:
                self._findings.add(opened, opened, found, named=True)
        for name, error in search.unreachable:
            # A name without permission was already reported by `run`.
            if not isinstance(error, PermissionError):
                self._findings.refuse(name, failure_of(error, name))

    def _look_beside_missing(self, met: OpenRoot, name: str, *, named: bool) -> Steps:
        """Find the generations beside the target of a link that is missing at the moment."""
        missing = missing_target(self._findings.opened, met, name)
        if missing is not None:
            yield from self._look_beside_target(met, missing[0], name, missing[1], named=named)

    def _look_beside_target(self, met: OpenRoot, opened: OpenRoot, name: str, target: str, *, named: bool) -> Steps:
        self._note_directory(opened, target)
        if not self._rotated or opened.beneath.is_file:
            return
        try:
            for found in (yield from beside_target(opened, name, target, self._budget)):
                self._findings.add_beside(met, opened, found, named=named)
        except Failure:
            self._refuse_to_look_beside([name])

    def _refuse_to_look_beside(self, names: list[str]) -> None:
        message = f"too many files beside {listed(names)} to find its rotated generations; ask without them"
        self._findings.refuse(names[0], Failure(Status.RESOURCE_EXHAUSTED, message))


def _literally(name: str) -> Iterator[Glob]:
    # A file may be called "**", but no search looks for that literally.
    with suppress(FileNotFoundError):
        if "**" not in name.split("/"):
            yield literally(name)
