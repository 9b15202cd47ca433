"""A cache of the judgements on files' times, so that they are sampled once and not for every query."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from logagent.core.times.judgement import Judgement, Omitted
from logagent.core.units import DAY

MAX_KNOWN = 10_000
"""Files in the cache: some megabytes. When one more is added, the cache is cleared first."""


class _Known(NamedTuple):
    fingerprint: int
    size: int
    modified: int
    judgement: Judgement


class KnownJudgements:
    """The judgement on each file, valid while the file is unchanged, or grows and the judgement is settled.

    Any thread may call it.

    Args:
        most: files to remember.
    """

    def __init__(self, most: int = MAX_KNOWN) -> None:
        self._most = most
        self._by_inode: dict[tuple[int, int], _Known] = {}

    def get(self, inode: tuple[int, int], fingerprint: int, size: int, modified: int) -> Judgement | None:
        """Return the judgement on a file, None if it is not known.

        Args:
            inode: its device and inode.
            fingerprint: of its first bytes.
            size: in bytes.
            modified: when it was last written to, in nanoseconds since the epoch.
        """
        known = self._by_inode.get(inode)
        if known is None or known.fingerprint != fingerprint or size < known.size:
            return None
        if (size, modified) == (known.size, known.modified):
            return known.judgement
        if not known.judgement.is_settled:
            return None
        stays = known.judgement.omitted is Omitted.YEAR and modified - known.modified < DAY
        return known.judgement if stays else replace(known.judgement, turns=None)

    def put(self, inode: tuple[int, int], fingerprint: int, size: int, modified: int, judgement: Judgement) -> None:
        """Remember the judgement on a file.

        Args:
            inode: its device and inode.
            fingerprint: of its first bytes.
            size: in bytes.
            modified: when it was last written to, in nanoseconds since the epoch.
        """
        if len(self._by_inode) >= self._most:
            self._by_inode.clear()
        self._by_inode[inode] = _Known(fingerprint, size, modified, judgement)
