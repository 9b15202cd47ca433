"""What one question for logs finds in the served roots: files, names that were not reached, and what was noted.

A log's rotated generations belong to it, whether its live file is there or not. A glob that matches only them
finds the log with only those. A generation asked for by its exact name is a log itself.

A glob also finds a file of its own name, character for character. A name stands for the files of all roots that
have it, which are then called `ROOT:NAME`. A file with several names is listed under the one without a link, or
else always under the same one. What could not be reached is in the list too, for the answer to report; what a
glob meets and may not be read is noted.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

from logagent.core.notes import NoteKind, Notes
from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.found_files import STEP, FoundFile, may_open
from logagent.disk.catalog.globs import compiled_all
from logagent.disk.catalog.left_out import LeftOut, Wanted, newest
from logagent.disk.catalog.links import OpenRoot, failure_of_look, look
from logagent.disk.catalog.live_names import LiveNames
from logagent.disk.catalog.logs import InRoot, Log, each_once, grouped, refusal
from logagent.disk.catalog.numbering import Numbering
from logagent.disk.catalog.reach import Reach
from logagent.disk.catalog.standing_files import MadeLogs
from logagent.disk.files.beneath import Root, failure_of

_NAMED = 3
"""Names that a message lists at most: enough to recognise the query."""


class Asked(NamedTuple):
    """A name or glob as it is looked for in one root.

    Attributes:
        pattern: as it was asked for.
        name: what is looked for below the root: the same, or what follows `ROOT:` or, of a path, the root's own.
    """

    pattern: str
    name: str


class Findings:
    """The findings of one question, as several searches add to them.

    Args:
        patterns: names and globs.
        notes: gets what is judged of the files that globs meet.
        reach: tells which files are not too old; None: all.
        made: makes logs of files, or has done so before.

    Attributes:
        patterns: these, each once.
        opened: the roots that could be opened.
        looked: the absolute paths of the directories in which further files might appear.
    """

    def __init__(
        self, patterns: Iterable[str], notes: Notes, reach: Reach | None = None, made: MadeLogs | None = None
    ) -> None:
        self.patterns = list(dict.fromkeys(patterns))
        self.opened: list[OpenRoot] = []
        self.looked: set[Path] = set()
        self._notes, self._reach, self._made = notes, reach, made or MadeLogs()
        self._found: dict[tuple[int, str], InRoot] = {}
        self._linked = False
        self._refused: dict[str, tuple[str, Failure]] = {}
        self._denied: list[str] = []
        self._leading_out: list[str] = []

    # Adding to them.

    def enter(self, roots: Iterable[tuple[Root, LiveNames]], stack: ExitStack) -> None:
        """Open all roots for as long as `stack` is open, and note those that cannot be opened."""
        for number, (root, live) in enumerate(roots):
            try:
                self.opened.append(OpenRoot(number, root, stack.enter_context(root.enter()), live))
            except Failure as failure:
                self.refuse(f"{root.name}/", failure)

    def asked_in(self, root: Root) -> Iterator[Asked]:
        """Yield what is asked for in a root: all names and globs, and what follows the root in those that name it."""
        for pattern in self.patterns:
            yield Asked(pattern, pattern)
            if pattern.startswith(prefix := f"{root.name}:"):
                yield Asked(pattern, pattern.removeprefix(prefix))
            if pattern.startswith("/") and (below := root.below(pattern)):
                yield Asked(pattern, below)

    def is_searched_for(self, pattern: str) -> bool:
        """Return whether a pattern is a glob, in some root at least, and no name."""
        asked = (one for each in self.opened for one in self.asked_in(each.root) if one.pattern == pattern)
        return bool(compiled_all([pattern, *(one.name for one in asked)]))

    def look_for(self, opened: OpenRoot, asked: Asked, *, named: bool = True) -> Failure | None:
        """Find one file by its name in a root; return the failure if that does not succeed."""
        try:
            found = look(self.opened, opened, asked.name)
        except OSError as error:
            return failure_of_look(error, asked.pattern)
        below = (opened.number, opened.root) if found.number != opened.number else None
        if not self._holds(found._replace(below=below)):
            return no_such_file([asked.pattern])
        self._linked |= below is not None or found.found.name != found.found.resolved
        self._found[opened.number, asked.name] = found._replace(named=named, below=below)
        return None

    def add(self, met: OpenRoot, opened: OpenRoot, found: FoundFile, *, named: bool = False) -> None:
        """Add a file, unless the root has one of its name already.

        Args:
            met: the root below which it has its name.
            opened: the root in which it lies.
            named: whether it was found by its exact name, or by that of its log.
        """
        self._linked |= met is not opened or found.name != found.resolved
        self._keep(met.number, _in_root(met, opened, found, named=named))

    def add_beside(self, met: OpenRoot, opened: OpenRoot, found: FoundFile, *, named: bool) -> None:
        """Add a generation that lies beside the target of a link to its log, and has its name in the target's root."""
        self._linked = True
        self._keep(opened.number, _in_root(met, opened, found, named=named))

    def _keep(self, number: int, file: InRoot) -> None:
        if (place := (number, file.found.name)) not in self._found and self._holds(file):
            self._found[place] = file

    def _holds(self, file: InRoot) -> bool:
        return self._reach is None or self._reach.holds(file)

    def opened_as(self, number: int) -> OpenRoot:
        """Return the root with a number, which could be opened."""
        return next(one for one in self.opened if one.number == number)

    def refuse(self, name: str, failure: Failure) -> None:
        """Note what could not be reached, which the answer must report."""
        # The key is the message, since a root and a file may have the same name.
        self._refused[failure.message] = name, failure

    def miss(self, name: str, error: OSError) -> None:
        """Note a file or directory that a glob met and that could not be looked at."""
        if isinstance(error, PermissionError):
            self._deny(name)
        else:
            self.refuse(name, failure_of(error, name))

    def leads_out(self, name: str) -> None:
        """Note a link that a glob met and that leads out of all roots."""
        self._leading_out.append(name)
        self._notes.add(NoteKind.LINK, name)

    def _deny(self, name: str) -> None:
        self._denied.append(name)
        self._notes.add(NoteKind.UNREADABLE, name)

    # Taking them.

    @property
    def files(self) -> Sequence[InRoot]:
        """All files that were found, each once."""
        if not self._linked and len(self.opened) == 1:
            return list(self._found.values())  # each by its only name
        return list(each_once(self._found.values()))

    @property
    def linked(self) -> Sequence[InRoot]:
        """Those of them that are found through links to themselves."""
        return [file for file in self.files if file.found.linked] if self._linked else ()

    def has_log(self, pattern: str) -> bool:
        """Return whether a file of a log that was asked for by this exact name was found."""
        return any(file.named and _means(pattern, file.met[1], file.found.log) for file in self._found.values())

    def logs(
        self, wanted: Wanted, numbering: Numbering, left_out: LeftOut, *, rotated: bool, unreadable: bool
    ) -> Generator[None, None, list[Log]]:
        """Return the logs, and one for each name that could not be reached; yields every now and then.

        Args:
            wanted: how many logs, and which at first.
            numbering: judges numbered files.
            left_out: gets the logs that are too many.
            rotated: whether generations are among them.
            unreadable: whether files that globs met and that may not be read are among them.

        Raises:
            Failure: when there is no file, or none that may be read.
        """
        once = yield from self._to_be_read(unreadable=unreadable)
        files = yield from numbering.judged(once)
        if not rotated:
            files = self._unrotated(files)
        if not files:
            raise self._nothing_found()
        if not unreadable:
            self._require_readable(files)
        yield
        groups = yield from grouped(files if rotated else each_once(files))
        chosen = yield from newest(groups, wanted, left_out, partial(_holders, self), self._made)
        refused = [refusal(name, failure) for name, failure in self._refused.values()]
        return sorted([*chosen, *refused], key=lambda log: log.name)

    def _unrotated(self, files: Sequence[InRoot]) -> list[InRoot]:
        """Return the files that are no generations, and those that have, as links, another name that is none."""
        kept = [file for file in files if file.found.rotation is None]
        places = {(file.number, file.found.resolved) for file in kept}
        others = (file for file in self._found.values() if file.found.rotation is None)
        return [*kept, *each_once(file for file in others if (file.number, file.found.resolved) not in places)]

    def _to_be_read(self, *, unreadable: bool) -> Generator[None, None, list[InRoot]]:
        """Return each file once, and note those that globs met and that may not be read."""
        kept = []
        for number, file in enumerate(self.files):
            if number % STEP == STEP - 1:
                yield
            is_denied = not file.named and not file.found.readable
            if is_denied:
                self._deny(file.found.name)
            if unreadable or not is_denied:
                kept.append(file)
        return kept

    def _require_readable(self, files: Sequence[InRoot]) -> None:
        """Raise `Failure` if none of the files, which are named exactly or can be read, can be read."""
        if not any(not file.named or _may_read(self.opened_as(file.number), file) for file in files):
            raise _permission_denied([*(file.found.name for file in files), *self._denied])

    def _nothing_found(self) -> Failure:
        missing = no_such_file(self.patterns)
        worst = worst_of([*(failure for _, failure in self._refused.values()), missing])
        if worst.status is not Status.NOT_FOUND:
            return worst
        if self._denied:
            return _permission_denied(self._denied)
        if self._leading_out:
            links = listed(sorted(self._leading_out))
            return Failure(missing.status, f"{missing.message}; leads out of the served roots: {links}")
        return missing


def _holders(findings: Findings, name: str) -> set[int]:
    """Return the numbers of the roots that have a file of a name, where there are several."""
    if len(findings.opened) < 2:
        return set()
    found = ((one.number, _found(findings.opened, one, name)) for one in findings.opened)
    return {number for number, file in found if file is not None and findings._holds(file)}


def _may_read(opened: OpenRoot, file: InRoot) -> bool:
    return may_open(opened.beneath, file.found.resolved)


def _found(roots: Sequence[OpenRoot], opened: OpenRoot, name: str) -> InRoot | None:
    try:
        return look(roots, opened, name)
    except OSError:
        return None


def _means(pattern: str, root: Root, name: str) -> bool:
    """Return whether a file of a root is asked for by one of its names."""
    return pattern in (name, f"{root.name}:{name}") or (pattern.startswith("/") and root.below(pattern) == name)


def _in_root(met: OpenRoot, opened: OpenRoot, found: FoundFile, *, named: bool) -> InRoot:
    below = (met.number, met.root) if met.number != opened.number else None
    return InRoot(opened.number, opened.root, found, named=named, below=below)


def no_such_file(names: list[str]) -> Failure:
    """Return the failure for names of which none was found."""
    return Failure(Status.NOT_FOUND, f"no such file: {listed(names)}")


def listed(names: list[str]) -> str:
    """Write the first of some names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def worst_of(failures: list[Failure]) -> Failure:
    """Return the first failure other than NOT_FOUND, or else the first."""
    return next((failure for failure in failures if failure.status is not Status.NOT_FOUND), failures[0])


def _permission_denied(names: Iterable[str]) -> Failure:
    return Failure(Status.PERMISSION_DENIED, f"permission denied: {listed(sorted(set(names)))}")
