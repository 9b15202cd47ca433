"""The times of an archive's lines, as those of other files, from the text that is held in memory."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from logagent.core.times.judgement import Judgement
from logagent.core.times.locating import SEEN
from logagent.core.times.named_formats import NamedFormat
from logagent.disk.archives.archive import Archive
from logagent.disk.times.heads import heads_of
from logagent.disk.times.sampling import judged
from logagent.disk.times.stamping import NEAR, OBJECT, PAGE, FileTimes


class ArchiveTimes(FileTimes):
    """Gives the lines of an archive their times, from the text that is held in memory.

    Args:
        archive: whose lines.
        zone: the zone of times that name none.
        modified: the file's modification time, in nanoseconds since the epoch.
        beginning: the first `SAMPLE` bytes of the text, by which it is judged.
        judgement: on the archive, if it is known.
        trust: as for a plain file.
        named: the format that was named for it, if one was.
        unknown: as for a plain file.
    """

    def __init__(
        self,
        archive: Archive,
        zone: datetime.tzinfo,
        modified: int,
        beginning: bytes,
        judgement: Judgement | None = None,
        *,
        trust: bool | None = None,
        named: NamedFormat | None = None,
        unknown: int | None = None,
    ) -> None:
        self._archive = archive
        self._modified, self._unknown = modified, unknown
        self._heads = heads_of(beginning)
        self._judge(zone, judgement or judged(self._heads, zone, modified, named), trust)

    def _before(self, start: int) -> tuple[int, int] | None:
        begin, text = self._archive.before(start)
        line_end = len(text) - 1
        while line_end > 0:
            line_begin = text.rfind(b"\n", 0, line_end) + 1
            line = text[line_begin : min(line_end, line_begin + SEEN)]
            stamp = self._stated([begin + line_begin], [line])[0]
            if stamp is not None:
                return begin + line_begin, stamp
            line_end = line_begin - 1
        return None

    def _after(self, start: int) -> int:
        lines = self._archive.read(start, start + NEAR * PAGE).split(b"\n")
        return next((stamp for stamp in self.stamps(start, lines) if stamp is not None), self._modified)

    def _below(self, start: int) -> Iterator[bytes]:
        return iter(self._archive.read(start, start + OBJECT).split(b"\n"))
