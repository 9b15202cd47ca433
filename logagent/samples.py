"""Samples of local files, read without an agent: their first lines, and what is found out about their times."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import BinaryIO

from logagent.core.outcome import Failure, Status
from logagent.core.times.explaining import FileSample
from logagent.core.times.named_formats import FormatRules, NamedFormat
from logagent.disk.archives.file_form import form_of
from logagent.disk.catalog.ends import Lister
from logagent.disk.catalog.format_names import own_and_log_names
from logagent.disk.times.heads import Head, Heads
from logagent.disk.times.sampling import judged, sampled_lines
from logagent.disk.times.stamping import divided
from logagent.disk.times.turns import stamps_in

STDIN = "-"
"""The name of standard input."""
MAX_COPIED = 64 * 1024 * 1024
"""Bytes of standard input, or of a pipe, that are read: more than are needed to judge a file."""
_PIECE = 64 * 1024


def sample(name: str, count: int, zone: tzinfo, formats: FormatRules, stdin: BinaryIO) -> FileSample:
    """Read a sample of a file; blocks.

    Args:
        name: its path, or `-` for standard input.
        count: lines from its beginning.
        zone: of times that name none.
        formats: those that were named.
        stdin: standard input.

    Raises:
        Failure: when it holds no text, or is damaged.
        OSError: when it cannot be read.
    """
    with _opened(name, stdin) as descriptor:
        form = form_of(descriptor)
        if form.binary is not None:
            raise Failure(Status.DATA_LOSS, f"{name}: {form.binary}, and holds no lines")
        heads, _ = Lister().heads(descriptor, name)
        return _sampled(heads, count, zone, formats.named_for(_names(name)), os.fstat(descriptor).st_mtime_ns)


def _sampled(heads: Heads, count: int, zone: tzinfo, named: NamedFormat | None, modified: int) -> FileSample:
    zone = zone if named is None else named.zone_or(zone)
    judgement, parts = divided(heads, judged(heads, zone, modified, named), zone, modified)
    first = _first(heads, count)
    lines = tuple(head.text for head in first)
    stamps = tuple(stamps_in(parts, [head.start for head in first], lines))
    return FileSample(lines, stamps, tuple(sampled_lines(heads)), judgement, zone, modified)


def _first(heads: Heads, count: int) -> list[Head]:
    found: list[Head] = []
    for begin in range(heads.begin, heads.size, _PIECE):
        found += heads.between(begin, begin + _PIECE)
        if len(found) >= count:
            break
    return found[:count]


@contextlib.contextmanager
def _opened(name: str, stdin: BinaryIO) -> Iterator[int]:
    """Provide the descriptor of a file; what cannot be read by position, as a pipe, is copied first."""
    with contextlib.nullcontext(stdin) if name == STDIN else Path(name).open("rb") as file:
        if name != STDIN and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            yield file.fileno()
            return
        with tempfile.TemporaryFile() as copy:
            copy.write(file.read(MAX_COPIED))
            copy.flush()
            yield copy.fileno()


def _names(name: str) -> frozenset[str]:
    """Return the names that globs may match: as the roots are not known, a path from each of its directories on."""
    parts = Path(name).absolute().parts[1:]
    tails = ["/".join(parts[begin:]) for begin in range(len(parts))]
    own = {each for tail in [*tails, "/" + "/".join(parts)] for each in own_and_log_names(tail)}
    return frozenset({name, *own})
