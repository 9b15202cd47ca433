"""Finding logs at paths as somebody types them with his own rights: no root bounds them, nothing is hidden."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from logagent.core.notes import Notes
from logagent.core.outcome import Failure
from logagent.core.times.named_formats import FormatRules
from logagent.disk.catalog.catalog import WANTED, Catalog
from logagent.disk.catalog.found_files import MAX_WALK
from logagent.disk.catalog.left_out import LeftOut, Wanted
from logagent.disk.catalog.live_names import LiveNames
from logagent.disk.catalog.logs import Generation, Log, refusal
from logagent.disk.catalog.streams import Stream
from logagent.disk.catalog.typed_paths import TypedPaths
from logagent.disk.files.beneath import Root
from logagent.disk.files.ways import Inode

_EVERYWHERE = Path("/")


class PathCatalog(Catalog):
    """The files of this machine, by paths and globs as they are typed, such as `./app.log`.

    A link may lead anywhere, as for every other program of whoever types the path. Logs are called as they were typed.

    Args:
        skip: globs of the files that globs leave out.
        formats: the formats of time that were named.
        max_walk: directory entries that the globs of one query look at, at most.

    Attributes:
        streams: what is no file, by the names that were typed; each is a log.
    """

    def __init__(
        self, *, skip: Sequence[str] = (), formats: FormatRules | None = None, max_walk: int = MAX_WALK
    ) -> None:
        self.streams: dict[str, Stream] = {}
        super().__init__([_EVERYWHERE], skip=skip, formats=formats, max_walk=max_walk)
        self._roots = [(Root(_EVERYWHERE), LiveNames())]

    def finding(
        self,
        patterns: Sequence[str],
        *,
        rotated: bool = True,
        wanted: Wanted = WANTED,
        looked: set[Path] | None = None,
        notes: Notes | None = None,
        unreadable: bool = False,
        left_out: LeftOut | None = None,
    ) -> Generator[None, None, list[Log]]:
        """Return the logs at paths and globs, sorted by name, each file once; see `Catalog.finding`."""
        logs = [self.streams[name].log() for name in dict.fromkeys(patterns) if name in self.streams]
        files = [name for name in patterns if name not in self.streams]
        if not files:
            return logs
        paths, judged, left = TypedPaths(files), Notes(), LeftOut() if left_out is None else left_out
        try:
            found = yield from super().finding(
                paths.asked,
                rotated=rotated,
                wanted=Wanted(wanted.limit, paths.below(wanted.first)),
                looked=looked,
                notes=judged,
                unreadable=unreadable,
                left_out=left,
            )
        except Failure as failure:
            told = paths.failure(failure)
            if not logs:
                raise told from failure
            return [*logs, refusal(files[0], told)]
        finally:
            if notes is not None:
                notes.include(paths.notes(judged.told()))
        left.newest = [paths.log(log) for log in left.newest]
        return sorted([*logs, *map(paths.log, found)], key=lambda log: log.name)

    def ways(self, patterns: Sequence[str]) -> Mapping[Path, Inode]:
        """Return the directories on the ways to paths; see `Catalog.ways`."""
        return super().ways(TypedPaths(name for name in patterns if name not in self.streams).asked)

    def again(self, log: Log, *, rotated: bool = True) -> Sequence[Generation]:
        """Return the generations of a log that was found, as they are now; see `Catalog.again`."""
        try:
            logs = self.find([log.name], rotated=rotated)
        except Failure:
            return ()
        return next((one.generations for one in logs if one.name == log.name), ())
