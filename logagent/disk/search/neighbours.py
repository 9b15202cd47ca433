"""The generations beside a file, by which its times are judged where its own lines are too few for that."""

from __future__ import annotations

import os
from collections.abc import Sequence

from logagent.core.outcome import Failure
from logagent.disk.archives.decoding import head_behind_nuls
from logagent.disk.archives.file_form import form_of
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.reader import Reader
from logagent.disk.times.heads import Heads, heads_of
from logagent.disk.times.sampling import sampled_lines
from logagent.disk.times.stamping import SAMPLE


def beside(file: Generation, generations: Sequence[Generation]) -> Generation | None:
    """Return the generation before a file, or else the one after it; None if it has neither, or these are empty.

    Args:
        file: one of them, as it was listed.
        generations: newest first.
    """
    identities = [one.identity for one in generations]
    if file.identity not in identities:
        return None
    place = identities.index(file.identity)
    near = [*generations[place + 1 : place + 2], *generations[max(0, place - 1) : place]]
    return next((one for one in near if one.size), None)


def samples_of(file: Generation) -> list[bytes]:
    """Return lines from all over a file, or from the beginning of an archive; none if it cannot be read."""
    try:
        descriptor = file.open()
    except (Failure, OSError):
        return []
    try:
        form = form_of(descriptor)
        if form.binary is not None or form.encoding is not None:
            return []
        if form.kind is not None:
            return sampled_lines(heads_of(head_behind_nuls(descriptor, form.kind, SAMPLE)))
        reader = Reader(descriptor, file.name)
        return sampled_lines(Heads(reader.read, reader.size, form.nuls))
    except (Failure, OSError):
        return []
    finally:
        os.close(descriptor)
