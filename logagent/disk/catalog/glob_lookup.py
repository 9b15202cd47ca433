"""Looking for the files that globs match, in every root, and through links from one root into another."""

from __future__ import annotations

import errno
import stat
from collections import defaultdict
from collections.abc import Collection, Generator
from pathlib import Path

from logagent.core.outcome import Status
from logagent.disk.catalog.findings import Asked, Findings
from logagent.disk.catalog.found_files import STEP, Budget, LeadingOut, may_open
from logagent.disk.catalog.glob_search import GlobSearch, Skips
from logagent.disk.catalog.globs import Glob, compiled_all, leads_into, match_name
from logagent.disk.catalog.links import OpenRoot, arrive
from logagent.disk.catalog.remembered import Remembered
from logagent.disk.files.beneath import failure_of, require_regular

_Search = Generator[None, None, list[LeadingOut]]


class GlobLookup:
    """Looks for globs.

    Args:
        findings: what was asked for; added to.
        budget: of directory entries.
        skips: tells which files globs leave out.
        remembered: what is known of directories that stand still.
        rotated: whether to find generations other than by their exact name.
        aside: a directory whose files only those globs find that name it; None: there is none.
    """

    def __init__(
        self,
        findings: Findings,
        budget: Budget,
        skips: Skips,
        remembered: Remembered,
        *,
        rotated: bool,
        aside: Path | None = None,
    ) -> None:
        self._findings = findings
        self._budget = budget
        self._skips = skips
        self._remembered = remembered
        self._rotated = rotated
        self._aside = aside
        self._unresolved: list[tuple[OpenRoot, str]] = []
        self._visited: dict[int, set[tuple[str, Glob]]] = defaultdict(set)

    def steps(self) -> Generator[None, None, list[tuple[OpenRoot, str]]]:
        """Search every root, and then where the links lead that lead out of their roots; yields every now and then.

        Returns:
            Roots, and names in them that match and lead nowhere.

        Raises:
            Failure: RESOURCE_EXHAUSTED, when the budget is spent.
        """
        links: list[tuple[OpenRoot, LeadingOut]] = []
        for opened in self._findings.opened:
            links += [(opened, link) for link in (yield from self._search(opened))]
        while links:
            opened, link = links.pop()
            links += [(opened, further) for further in (yield from self._search_beyond(opened, link))]
        return self._unresolved

    def _search(self, opened: OpenRoot) -> _Search:
        """Search one root; return the links that lead out of it."""
        globs = compiled_all(asked.name for asked in self._findings.asked_in(opened.root))
        if not opened.beneath.is_file:
            aside = _below(opened, self._aside)
            naming = frozenset(glob for glob in globs if aside and leads_into(glob, aside))
            links = yield from self._run(opened, opened, naming)
            return links + (yield from self._run(opened, opened, globs - naming, aside=aside))
        own = opened.root.path.name
        if match_name(globs, own) and not self._skips(own):
            self._findings.look_for(opened, Asked(own, own), named=False)
        return []

    def _run(
        self,
        met: OpenRoot,
        opened: OpenRoot,
        globs: Collection[Glob],
        name: str = "",
        resolved: str = "",
        aside: str = "",
    ) -> _Search:
        """Search a root, or a directory of it to which a link leads that has the name `name` in the root `met`.

        Leave out what lies below `aside`. It is searched all the same, since others may remember what is found there.
        """
        if not globs:
            return []
        search = GlobSearch(
            opened.beneath,
            self._budget,
            opened.live,
            rotated=self._rotated,
            skips=self._skips,
            visited=self._visited[opened.number],
            remembered=self._remembered,
            met=met.beneath.shows,
        )
        yield from search.steps(globs, name, resolved)
        self._findings.looked |= {opened.root.path / directory for directory in search.directories}
        for number, found in enumerate(search.found):
            if number % STEP == STEP - 1:
                yield
            if not (aside and found.name.startswith(f"{aside}/")):
                self._findings.add(met, opened, found)
        for child, error in search.unreachable:
            self._findings.miss(f"{opened.root.name}/" if child == "/" else child, error)
        self._unresolved += [(met, child) for child in search.unresolved]
        return search.leading_out

    def _search_beyond(self, met: OpenRoot, link: LeadingOut) -> _Search:
        """Follow a link that leads out of its root; return the further ones that lead out of where it leads."""
        try:
            there, found = arrive(self._findings.opened, met, link.name)
            if not met.beneath.is_shown(link.name, found.status):
                raise FileNotFoundError(errno.ENOENT, "not shown")
            if stat.S_ISDIR(found.status.st_mode):
                return (yield from self._run(met, there, link.left - {()}, link.name, found.resolved))
            require_regular(found.status)
        except OSError as error:
            if error.errno == errno.ENOENT and () in link.left:
                self._unresolved.append((met, link.name))
            if error.errno == errno.EXDEV:
                if met.beneath.shows is None or met.beneath.shows(link.name):
                    self._findings.leads_out(link.name)
            elif failure_of(error, link.name).status is not Status.NOT_FOUND:
                self._findings.miss(link.name, error)
            return []
        if () in link.left:
            readable = may_open(there.beneath, found.resolved)
            self._findings.add(met, there, found._replace(readable=readable))
        return []


def _below(opened: OpenRoot, directory: Path | None) -> str:
    """Return the name of a directory below a root; empty: it does not lie below it, or is the root."""
    if directory is None or not directory.is_relative_to(opened.root.path.absolute()):
        return ""
    return "/".join(directory.relative_to(opened.root.path.absolute()).parts)
