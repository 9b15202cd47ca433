"""The names by which rules judge a file: its own, and those of the logs that it is, or may be, a generation of."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from logagent.disk.catalog.rotated_names import possible_logs, rotation, uncompressed_name

REMEMBERED = 10_000
"""Names of which the answer is remembered: a listing judges each file, a question each of those in a directory."""


class LogNames(NamedTuple):
    """Names of one file, below its root.

    Attributes:
        names: its own, and those of the logs that it is a generation of, whatever lies beside it.
        perhaps: those of the logs that it may be a generation of: `web-1.log` of `web.log`, if that is there.
    """

    names: tuple[str, ...]
    perhaps: tuple[str, ...]


@lru_cache(REMEMBERED)
def log_names(name: str) -> LogNames:
    """Return the names by which a file is judged.

    Args:
        name: its own below its root.
    """
    certain = [name]
    for each in certain:  # it grows
        place = rotation(each, ())
        further = (uncompressed_name(each), place.log if place else each)
        certain += [one for one in dict.fromkeys(further) if one.rpartition("/")[2] and one not in certain]
    return LogNames(tuple(certain), tuple(one for one in possible_logs(name) if one not in certain))
