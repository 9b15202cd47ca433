"""However many archives are read at a time, their decoders and what passes keep have a limit together."""

from __future__ import annotations

import lzma
from collections.abc import Iterator

import pytest
import zstandard

from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Status
from logagent.disk.archives import memory
from logagent.disk.archives.archive import Archive
from logagent.disk.archives.compression import Compression
from logagent.disk.archives.decoder_memory import MOST, XZ_HEAD, memory_of
from logagent.disk.archives.memory import Memory, Room
from testbed.packing import PACK
from testbed.reading import file_of

MIB = 1024 * 1024
TEXT = b"".join(b"line %d with a\n" % number for number in range(100_000))
WINDOWED = zstandard.ZstdCompressor(compression_params=zstandard.ZstdCompressionParameters.from_level(3, window_log=20))


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Memory for the decoders of few archives."""
    few = Memory(3 * MIB)
    monkeypatch.setattr(memory, "WINDOWS", few)
    return few


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Memory for what a single small pass keeps."""
    little = Memory(MIB)
    monkeypatch.setattr(memory, "KEPT", little)
    return little


def windowed() -> bytes:
    """An archive that needs a window of 1 MiB, and does not tell how long its text is."""
    packer = WINDOWED.compressobj()
    return packer.compress(TEXT) + packer.flush()


def test_an_archive_is_not_read_while_others_hold_what_all_decoders_may(windows: Memory) -> None:
    with file_of(windowed()) as descriptor:
        archives = [Archive(descriptor, f"app.log.{number}", Compression.ZSTD) for number in range(4)]
        passes = [archive.forward() for archive in archives]
        assert [next(text).offset for text in passes[:3]] == [0, 0, 0]
        assert windows.taken == 3 * MIB
        assert list(passes[3]) == []
        loss = archives[3].loss
        assert loss is not None
        assert loss.status is Status.RESOURCE_EXHAUSTED
        assert loss.message == (
            "app.log.3: not decompressed after 0 bytes: needs 1048576 bytes for its decoder, and those of other "
            "archives hold 3145728 of 3145728, which is the limit for all; ask again later"
        )
        passes[0].close()  # type: ignore[attr-defined]
        list(passes[1])
        assert windows.taken == MIB
        again = Archive(descriptor, "app.log.3", Compression.ZSTD)
        assert sum(len(getattr(block, "body", b"")) for block in again.forward()) == len(TEXT)
        del passes
    assert windows.taken == 0


@pytest.mark.parametrize("kind", list(PACK))
def test_a_decoder_gives_back_what_it_took(kind: Compression, monkeypatch: pytest.MonkeyPatch) -> None:
    every = Memory(64 * MIB)
    monkeypatch.setattr(memory, "WINDOWS", every)
    archive = PACK[kind](TEXT)
    for content in (archive, archive[: len(archive) // 2], archive + b"damage" * 99):
        with file_of(content) as descriptor:
            taken = {every.taken for _ in Archive(descriptor, "app.log.2", kind).forward()}
        assert max(taken) > 0
        assert every.taken == 0


def backward(archive: Archive, *, lines: bool) -> Iterator[object]:

    matcher = Matcher([b"a"])
    return archive.backward(lambda body: len(matcher.spans(body)), most=None if lines else 3)


def test_passes_that_get_less_take_more_of_them_and_give_the_same(kept: Memory) -> None:
    with file_of(PACK[Compression.GZIP](TEXT)) as descriptor:
        alone, beside = (Archive(descriptor, "app.log.2", Compression.GZIP, kept=64 * MIB) for _ in range(2))
        before = [block for block in backward(alone, lines=True) if getattr(block, "body", b"")]
        assert kept.taken == 0
        assert kept.take(MIB)
        after = [block for block in backward(beside, lines=True) if getattr(block, "body", b"")]
    assert b"".join(getattr(block, "body") for block in reversed(after)) == TEXT  # noqa: B009
    assert b"".join(getattr(block, "body") for block in reversed(before)) == TEXT  # noqa: B009
    assert beside.bytes_read > alone.bytes_read
    assert kept.taken == MIB


def test_room_is_taken_in_shares_up_to_its_limit(kept: Memory) -> None:
    room, other = Room(MIB // 2), Room(MIB)
    assert room.holds(1)
    assert kept.taken == MIB // 2
    assert room.holds(MIB // 2)
    assert not room.holds(MIB // 2 + 1)
    assert not other.holds(1)
    room.give_back()
    assert other.holds(1)


def test_a_decoder_of_xz_and_lzma_takes_its_dictionary() -> None:
    for preset, dictionary in ((0, 256 * 1024), (6, 8 * MIB), (9, 64 * MIB)):
        for kind, form in ((Compression.XZ, lzma.FORMAT_XZ), (Compression.LZMA, lzma.FORMAT_ALONE)):
            assert memory_of(kind, lzma.compress(TEXT, form, preset=preset)[:XZ_HEAD]) == dictionary + MIB
    assert memory_of(Compression.XZ, b"\xfd7zXZ\0" + b"\0" * 90) == MOST
