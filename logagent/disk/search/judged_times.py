"""What gives the lines of an opened file their times, by what is known of the file already."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from logagent.core.batch import Position
from logagent.disk.archives.archive import Archive
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.reader import Reader
from logagent.disk.search.neighbours import beside, samples_of
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.trust import trust_in, with_trust
from logagent.disk.times.archive_times import ArchiveTimes
from logagent.disk.times.stamping import FileTimes

UNKNOWN_AGE = 0
"""The time, in nanoseconds since the epoch, of lines of which nobody knows how old they are, for those who may read no
old ones: the beginning of 1970, so that they are older than what anybody may read."""


class JudgedFile(NamedTuple):
    """An opened file, by what tells whether it is the one that was judged before.

    Attributes:
        inode: its device and inode.
        fingerprint: of its first bytes.
        size: in bytes.
        modified: when it was last written to, in nanoseconds since the epoch.
    """

    inode: tuple[int, int]
    fingerprint: int
    size: int
    modified: int

    @classmethod
    def of(cls, descriptor: int, fingerprint: int) -> JudgedFile:
        """Return the file of an open descriptor, with its fingerprint."""
        status = os.fstat(descriptor)
        return cls((status.st_dev, status.st_ino), fingerprint, status.st_size, status.st_mtime_ns)

    def times(
        self,
        file: Generation,
        reader: Reader,
        options: ReadOptions,
        *,
        begin: int,
        resume: Position | None,
        generations: Sequence[Generation] = (),
    ) -> FileTimes:
        """Return what gives the lines of the file their times; reads samples of it unless it is known.

        Args:
            file: as it was listed.
            reader: of the file.
            options: hold what earlier queries found out about files; what is found out now is added to them.
            begin: where its first line begins, in bytes.
            resume: how far an earlier answer read it; None: not at all.
            generations: of its log, newest first.
        """
        known = options.known_judgements.get(*self)
        neighbour = beside(file, generations)
        aged = _is_aged((file, *generations))
        stamping = FileTimes(
            reader,
            options.zone,
            self.modified,
            known,
            begin=begin,
            trust=None if aged else _trust_of(resume),
            named=options.named,
            unknown=UNKNOWN_AGE if aged else None,
            beside=tuple if neighbour is None else partial(samples_of, neighbour),
        )
        if reader.loss is None:
            options.known_judgements.put(*self, stamping.found)
            options.known_times.note(file, stamping.first, stamping.last)
        return stamping

    def times_in(
        self,
        archive: Archive,
        options: ReadOptions,
        beginning: bytes,
        resume: Position | None,
        generations: Sequence[Generation],
    ) -> ArchiveTimes:
        """Return what gives the lines of the archive that the file is their times.

        Args:
            archive: whose lines.
            options: hold what earlier queries found out about files; what is found out now is added to them.
            beginning: the first bytes of its text.
            resume: how far an earlier answer read it; None: not at all.
            generations: of its log, itself among them.
        """
        aged, known = _is_aged(generations), options.known_judgements.get(*self)
        stamping = ArchiveTimes(
            archive,
            options.zone,
            self.modified,
            beginning,
            known,
            trust=None if aged else _trust_of(resume),
            named=options.named,
            unknown=UNKNOWN_AGE if aged else None,
        )
        options.known_judgements.put(*self, stamping.found)
        return stamping


def fingerprint_with_trust(fingerprint: int, stamping: FileTimes | None) -> int:
    """Return a fingerprint for positions, with what was judged of the file's times if that may change."""
    if stamping is None or stamping.judgement.is_settled or stamping.judgement.firm:
        return fingerprint
    return with_trust(fingerprint, trusted=stamping.timed)


def _is_aged(generations: Sequence[Generation]) -> bool:
    """Return whether whoever asks may read no old lines of a log.

    Then no cursor, which anybody can write, says that its times are not to be trusted: all lines would be as new as it.
    """
    return any(one.back is not None for one in generations)


def _trust_of(resume: Position | None) -> bool | None:
    return None if resume is None else trust_in(resume.fingerprint)
