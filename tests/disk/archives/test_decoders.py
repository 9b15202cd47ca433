"""The decoder that gives exactly the text that it is asked for, and all that is valid."""

from __future__ import annotations

import gzip
import zlib

import pytest
import zstandard

from logagent.disk.archives.compression import Compression
from logagent.disk.archives.decoders import (
    DECODER_ERRORS,
    ExactGzip,
    decoder_of,
    exact_decoder_of,
    exceeds_memory,
    lacks_memory,
)
from testbed.packing import PACK

MEMORY = 32 * 1024 * 1024


@pytest.mark.parametrize("text", [b"a" * 1000, b"line\n" * 300, bytes(range(256))])
def test_all_text_of_the_bytes_given_comes_before_more_bytes_are_needed(text: bytes) -> None:
    whole = gzip.compress(text, mtime=0)
    for cut in range(1, len(whole)):
        decoder = ExactGzip()
        assert decoder.needs_input
        given = [decoder.decompress(whole[:cut], 1)]
        while not decoder.needs_input:
            given.append(decoder.decompress(b"", 1))
        assert b"".join(given) == zlib.decompressobj(31).decompress(whole[:cut])
        assert max(map(len, given)) <= 1


def test_bytes_behind_the_member_are_left() -> None:
    decoder = ExactGzip()
    assert decoder.decompress(gzip.compress(b"line\n") + b"next", 100) == b"line\n"
    assert (decoder.eof, decoder.unused_data) == (True, b"next")


@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.BZIP2, Compression.XZ])
def test_both_decoders_of_a_format_give_its_text(kind: Compression) -> None:
    for decoder in (decoder_of(kind, MEMORY), exact_decoder_of(kind, MEMORY)):
        assert decoder.decompress(PACK[kind](b"line\n"), 100) == b"line\n"
        assert decoder.eof


def test_a_decoder_of_xz_keeps_to_its_memory() -> None:
    with pytest.raises(DECODER_ERRORS) as raised:
        decoder_of(Compression.XZ, 1000).decompress(PACK[Compression.XZ](b"line\n"), 100)
    assert exceeds_memory(raised.value)


def test_damage_is_not_taken_for_a_lack_of_memory() -> None:
    with pytest.raises(DECODER_ERRORS) as raised:
        decoder_of(Compression.XZ, MEMORY).decompress(b"no archive at all", 100)
    assert not exceeds_memory(raised.value)


@pytest.mark.parametrize(
    ("error", "lacks"),
    [
        (MemoryError(), True),
        (RuntimeError("LZ4F_decompress failed with code: ERROR_allocation_failed"), True),
        (zstandard.ZstdError("zstd decompressor error: Allocation error : not enough memory"), True),
        (zstandard.ZstdError("zstd decompressor error: Data corruption detected"), False),
    ],
)
def test_a_lack_of_memory_is_told_from_damage(error: Exception, *, lacks: bool) -> None:
    assert lacks_memory(error) is lacks
