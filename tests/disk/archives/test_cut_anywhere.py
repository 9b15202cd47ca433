"""An archive that is cut at any byte gives its first lines in either direction, and says that others are missing."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from itertools import accumulate

import pytest

from logagent.core.outcome import Failure, Status
from logagent.disk.archives.archive import Archive
from logagent.disk.archives.compression import HEAD, Compression, compression_of
from logagent.disk.files.blocks import Block, Stretch
from testbed.packing import PACK, zipped
from testbed.reading import file_of

TEXTS = [b"first\nsecond\n", b"", b"third line\n" * 20, b"last"]
WHOLE = b"".join(TEXTS)
SHAPES: dict[str, list[bytes]] = {
    **{kind.value: list(map(pack, TEXTS)) for kind, pack in PACK.items()},
    **{f"{kind.value} in gzip": [PACK[Compression.GZIP](pack(WHOLE))] for kind, pack in PACK.items()},
    "gzip in xz": [PACK[Compression.XZ](PACK[Compression.GZIP](WHOLE))],
    "zip": [zipped(WHOLE)],
    "zip from a pipe": [zipped(WHOLE, piped=True)],
    "zip that is stored": [zipped(WHOLE, method=zipfile.ZIP_STORED)],
}
"""Archives, each in the parts behind which it may be cut without being damaged."""


def lines(archive: Archive, read: Callable[[Archive], Iterator[Stretch]]) -> tuple[list[bytes], Failure | None]:
    blocks = [stretch.body for stretch in read(archive) if isinstance(stretch, Block)]
    return blocks, archive.loss


@pytest.mark.parametrize("shape", SHAPES)
def test_an_archive_cut_at_any_byte_is_a_loss(shape: str) -> None:
    parts = SHAPES[shape]
    packed = b"".join(parts)
    borders = {*accumulate(map(len, parts))}
    kind = compression_of(packed[:HEAD])
    for cut in range(3, len(packed) + 1):
        with file_of(packed[:cut]) as descriptor:
            forward, loss = lines(Archive(descriptor, "log", kind, sizes=(50,)), lambda it: it.forward())
            backward, lost = lines(Archive(descriptor, "log", kind, sizes=(50,)), lambda it: it.backward(lambda _: 1))
        text = b"".join(forward)
        assert b"".join(reversed(backward)) == text
        assert (loss is None) == (lost is None)
        assert WHOLE.startswith(text) or (loss is not None and " in " in shape and len(text) < HEAD)
        if loss is None:  # of zip, only the directory behind the text may be cut
            assert text == WHOLE or cut in borders
        else:
            assert loss.status is Status.DATA_LOSS
            assert cut not in borders
