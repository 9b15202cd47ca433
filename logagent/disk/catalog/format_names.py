"""The names of a file by which a format of time is named for it."""

from __future__ import annotations

from collections.abc import Iterator

from logagent.disk.catalog.logs import Generation, Log
from logagent.disk.catalog.rotated_names import rotation, uncompressed_name


class _Everything:
    """The names beside a file, as if whatever is looked for were among them."""

    def __contains__(self, name: object) -> bool:
        return True


def names_of(found: Log | Generation) -> frozenset[str]:
    """Return the names of a log, or of one of its files, by which a format may be named for it.

    A generation has the format of its log, also if it is asked for alone: so these are its own name, that of the log
    that it is one of, those behind links, and all of them as absolute paths.
    """
    generations = found.generations[:1] if isinstance(found, Log) else (found,)
    names = {
        name
        for generation in generations
        for own in (generation.name, generation.resolved)
        for name in own_and_log_names(own)
    }
    absolute = {f"{generation.root}/{name}" for generation in generations for name in names if generation.root}
    return frozenset({found.name, *names, *absolute})


def own_and_log_names(name: str) -> frozenset[str]:
    """Return the name of a file, that without the suffix of a compression, and that of the log that it may be of."""
    return frozenset({name, uncompressed_name(name), *_logs_of(name)})


def _logs_of(name: str) -> Iterator[str]:
    place = rotation(name, _Everything())
    if place is not None:
        yield place.log
