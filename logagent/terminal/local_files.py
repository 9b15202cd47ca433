"""Files of this machine, which the command line reads itself: which words mean some, and by what they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import tzinfo

    from logagent.core.times.named_formats import FormatRules

STDIN = "-"
"""Standard input as a file."""
_LOCAL = (STDIN, ".", "..")
_LOCAL_BEGINNINGS = ("/", "./", "../")
"""How a file begins that the command line reads itself, where no agent is named."""


def is_local(word: str) -> bool:
    """Return whether a word is the path of a file of this machine, where no agent is named."""
    return word in _LOCAL or word.startswith(_LOCAL_BEGINNINGS)


class LocalFiles(NamedTuple):
    """The files of this machine, which the command line reads itself, with the rights of whoever types it.

    Attributes:
        host: this machine's name, as an agent here would say it.
        agent: the URL of this host's agent, which may read more.
        zone: of times that name none.
        formats: the formats of time that were named.
        zones: those of files below some directories, by their absolute paths without links.
        max_line: bytes that are sent of a line at most.
        max_files: files that one question may open.
        max_walk: entries of directories that the globs of one question may look at.
    """

    host: str
    agent: str
    zone: tzinfo
    formats: FormatRules
    zones: Mapping[str, tzinfo] = {}
    max_line: int = 1 << 20
    max_files: int = 500
    max_walk: int = 250_000

    @property
    def url(self) -> str:
        """What is named in messages about no host."""
        return self.host
