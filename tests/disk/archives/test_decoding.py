"""Decompression gives the text of an archive as far as it is valid, says what is wrong, and never holds much of it."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import random
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.outcome import Failure, Status
from logagent.disk.archives.compressed_bytes import READ
from logagent.disk.archives.compression import HEAD, Compression, compression_of
from logagent.disk.archives.decoding import Decompression, head_of
from logagent.disk.archives.file_form import form_of
from logagent.disk.archives.layer import CHUNK, LARGEST_WINDOW
from testbed.packing import PACK, packed, zipped
from testbed.reading import file_of

MIB = 1024 * 1024
BLOCK = 128 * 1024
"""Bytes of text that one block of zstd holds at most."""
EVERY_KIND = pytest.mark.parametrize("kind", list(PACK))

kinds = st.sampled_from(list(PACK))
checked = st.sampled_from([kind for kind in PACK if kind is not Compression.LZMA])
"""The formats with checksums."""
texts = st.lists(
    st.one_of(st.binary(max_size=300), st.sampled_from([b"line\n" * 900, b"x" * 5000])), max_size=4
).filter(lambda parts: compression_of(b"".join(parts)[:HEAD]) is None)


def decompressed(archive: bytes, kind: Compression, chunk: int = CHUNK) -> tuple[bytes, Failure | None]:
    with file_of(archive) as descriptor:
        decompression = Decompression(descriptor, "app.log.2", kind, chunk=chunk)
        return b"".join(decompression.chunks()), decompression.loss


@EVERY_KIND
def test_an_archive_is_told_by_its_first_bytes(kind: Compression) -> None:
    assert compression_of(PACK[kind](b"")[:HEAD]) is kind
    assert compression_of(PACK[kind](b"text\n")[:HEAD]) is kind


@pytest.mark.parametrize("head", [b"", b"\x1f", b"BZh9 is no archive", b"2026-03-01T", b"\x1f\x8b text"])
def test_what_is_no_archive_is_not_taken_for_one(head: bytes) -> None:
    assert compression_of(head[:HEAD]) is None


@settings(max_examples=300, deadline=None)
@given(kind=kinds, parts=texts, padding=st.sampled_from([0, 4, 8, 2 * READ]), chunk=st.integers(1, 700))
def test_archives_behind_one_another_are_one_text(
    kind: Compression, parts: list[bytes], padding: int, chunk: int
) -> None:
    archive = packed(kind, parts) + bytes(padding)
    with file_of(archive) as descriptor:
        decompression = Decompression(
            descriptor, "app.log.2", kind, chunk=chunk, read=lambda fd, n, at: os.pread(fd, n // 3 + 1, at)
        )
        chunks = list(decompression.chunks())
    assert (b"".join(chunks), decompression.loss) == (b"".join(parts), None)
    assert all(len(piece) <= (chunk if kind is not Compression.ZSTD else BLOCK) for piece in chunks)


@settings(max_examples=300, deadline=None)
@given(kind=kinds, parts=texts, where=st.floats(0, 1), chunk=st.integers(1, 700))
def test_a_cut_archive_gives_a_prefix_and_is_a_loss(
    kind: Compression, parts: list[bytes], where: float, chunk: int
) -> None:
    archive = packed(kind, parts)
    cut = int(where * len(archive))
    whole = {0: b"", **dict(zip(accumulate(len(PACK[kind](part)) for part in parts), accumulate(parts), strict=True))}
    text, loss = decompressed(archive[:cut], kind, chunk)
    assert b"".join(parts).startswith(text)
    if cut in whole:
        assert (text, loss) == (whole[cut], None)
    else:
        assert loss is not None
        assert loss.status is Status.DATA_LOSS
        assert loss.message.startswith(f"app.log.2: damaged after {len(text)} bytes: ")


@settings(max_examples=400, deadline=None)
@given(kind=checked, parts=texts.filter(any), bit=st.integers(0, 10**9), chunk=st.integers(1, 700))
def test_a_changed_bit_is_a_loss_unless_it_changes_nothing(
    kind: Compression, parts: list[bytes], bit: int, chunk: int
) -> None:
    archive = bytearray(packed(kind, parts))
    archive[bit // 8 % len(archive)] ^= 1 << bit % 8
    text, loss = decompressed(bytes(archive), kind, chunk)
    assert loss is not None or text == b"".join(parts)


@settings(max_examples=200, deadline=None)
@given(kind=kinds, nonsense=st.binary(min_size=30, max_size=200))
def test_nonsense_behind_an_archive_is_a_loss_of_itself_only(kind: Compression, nonsense: bytes) -> None:
    text, loss = decompressed(PACK[kind](b"line\n" * 100) + b"?" + nonsense, kind)
    assert text == b"line\n" * 100
    assert loss is not None
    assert loss.message == f"app.log.2: damaged after 500 bytes: what follows is not valid as {kind.value}"


def test_a_wrong_checksum_of_gzip_costs_no_more_than_the_last_line_break() -> None:
    archive = bytearray(gzip.compress(b"line\n" * 1000))
    archive[-8] ^= 1
    text, loss = decompressed(bytes(archive), Compression.GZIP)
    assert text in (b"line\n" * 1000, (b"line\n" * 1000)[:-1])
    assert loss is not None


def test_gzip_gives_every_byte_but_one_before_the_damage() -> None:
    text = random.Random(1).randbytes(5 * CHUNK)
    archive = bytearray(gzip.compress(text, compresslevel=0))  # blocks of bytes as they are
    damaged = archive.find(text[3 * CHUNK : 3 * CHUNK + 40])
    head = archive.rfind(struct.pack("<HH", 0xFFFF, 0), 0, damaged)
    archive[head] ^= 1  # of the length of a block, which is there twice
    before = text.find(archive[head + 4 : head + 44])
    given_text, loss = decompressed(bytes(archive), Compression.GZIP)
    assert before - 1 <= len(given_text) <= before
    assert text.startswith(given_text)
    assert loss is not None


@EVERY_KIND
def test_damage_far_behind_costs_little_of_the_text_before_it(kind: Compression) -> None:
    lines = b"".join(b"%08x %d\n" % (number * 2654435761 % 2**32, number) for number in range(100_000))
    archive = bytearray(PACK[kind](lines))
    archive[len(archive) // 2 :] = bytes(len(archive) // 2)
    text, loss = decompressed(bytes(archive), kind)
    assert loss is not None
    assert text[: len(lines) // 4] == lines[: len(lines) // 4]


def test_gzip_with_all_that_its_head_may_hold() -> None:
    head = b"\x1f\x8b\x08\x1e" + bytes(4) + b"\0\x03" + struct.pack("<H", 4) + b"more" + b"app.log\0" + b"remark\0"
    head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    assert decompressed(head + gzip.compress(b"line\n")[10:], Compression.GZIP) == (b"line\n", None)


def test_frames_of_zstd_that_hold_no_text_are_passed_over() -> None:
    skippable = b"\x53\x2a\x4d\x18" + struct.pack("<I", READ + 9) + bytes(READ + 9)
    archive = skippable + PACK[Compression.ZSTD](b"one\n") + skippable + PACK[Compression.ZSTD](b"two\n")
    assert decompressed(archive, Compression.ZSTD) == (b"one\ntwo\n", None)
    assert decompressed(skippable[:-1], Compression.ZSTD)[1] is not None


def test_zstd_with_its_size_in_the_head_or_of_a_single_run_or_of_bytes_as_they_are() -> None:
    noise = random.Random(2).randbytes(3 * BLOCK)
    archive = b"".join(map(zstandard.compress, [b"line\n" * 100, bytes(10 * BLOCK), noise]))
    assert decompressed(archive, Compression.ZSTD) == (b"line\n" * 100 + bytes(10 * BLOCK) + noise, None)


def test_zstd_that_ends_before_the_length_that_it_names_is_a_loss() -> None:
    frame = b"\x28\xb5\x2f\xfd\x20\x0a" + b"\x28\0\0line\n" + b"\x01\0\0"  # ten bytes; a block of five, and the end
    text, loss = decompressed(frame, Compression.ZSTD)
    assert text == b"line\n"
    assert loss is not None
    assert loss.message == "app.log.2: damaged after 5 bytes: its text is not as long as it says"
    assert decompressed(frame[:5] + b"\x05" + frame[6:], Compression.ZSTD) == (b"line\n", None)


def test_an_empty_zip_is_whole_or_cut_off() -> None:
    archive = zipped()
    assert decompressed(archive, Compression.ZIP) == (b"", None)
    for cut in range(4, len(archive)):
        text, loss = decompressed(archive[:cut], Compression.ZIP)
        assert text == b""
        assert loss is not None
        assert loss.message == "app.log.2: damaged after 0 bytes: it is cut off"


def test_a_compressed_block_of_zstd_without_bytes_is_invalid() -> None:
    frame = b"\x28\xb5\x2f\xfd\x20\0" + b"\x05\0\0"  # no text, in a last block that is compressed
    assert decompressed(frame[:-3] + b"\x01\0\0", Compression.ZSTD) == (b"", None)
    text, loss = decompressed(frame, Compression.ZSTD)
    assert text == b""
    assert loss is not None
    assert loss.message == "app.log.2: damaged after 0 bytes: what follows is not valid as zstd"


def test_a_window_of_zstd_beyond_the_limit_is_refused_by_name() -> None:
    head = b"\x28\xb5\x2f\xfd\0" + bytes([18 << 3])  # 2 to the power of 10 + 18
    text, loss = decompressed(PACK[Compression.ZSTD](b"line\n") + head + bytes(20), Compression.ZSTD)
    assert text == b"line\n"
    assert loss is not None
    assert loss.status is Status.RESOURCE_EXHAUSTED
    assert loss.message == (
        f"app.log.2: not decompressed after 5 bytes: needs a window of {2 * LARGEST_WINDOW} bytes,"
        f" the limit is {LARGEST_WINDOW}"
    )


def test_a_dictionary_of_xz_beyond_the_limit_is_refused_by_name() -> None:
    archive = bytearray(lzma.compress(b"line\n", preset=0))
    size = (archive[12] + 1) * 4
    archive[12 + 4] = 32  # the dictionary's size: 256 MiB, after the block's size, its flags, the filter and its size
    archive[12 + size - 4 : 12 + size] = struct.pack("<I", zlib.crc32(archive[12 : 12 + size - 4]))
    text, loss = decompressed(bytes(archive), Compression.XZ)
    assert text == b""
    assert loss is not None
    assert loss.status is Status.RESOURCE_EXHAUSTED
    assert f"needs more than {LARGEST_WINDOW} bytes of memory" in loss.message


@EVERY_KIND
def test_an_empty_file_has_no_text_and_is_no_loss(kind: Compression) -> None:
    assert decompressed(b"", kind) == (b"", None)


@EVERY_KIND
def test_thousands_of_small_archives_are_gone_through(kind: Compression) -> None:
    assert decompressed(PACK[kind](b"line\n") * 5000, kind) == (b"line\n" * 5000, None)


@pytest.mark.parametrize(
    ("kind", "bomb"),
    [
        (Compression.GZIP, lambda: gzip.compress(bytes(64 * MIB)) * 4),
        (Compression.ZSTD, lambda: zstandard.compress(bytes(64 * MIB)) * 4),
        (Compression.XZ, lambda: lzma.compress(bytes(64 * MIB), preset=0) * 4),
        (Compression.BZIP2, lambda: bz2.compress(bytes(16 * MIB)) * 2),
    ],
)
def test_a_bomb_is_held_in_small_pieces(kind: Compression, bomb: Callable[[], bytes]) -> None:
    archive = bomb()
    assert len(archive) < 2 * MIB
    with file_of(archive) as descriptor:
        chunks = Decompression(descriptor, "app.log.2", kind).chunks()
        tracemalloc.start()
        size = sum(map(len, chunks))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert size == (32 if kind is Compression.BZIP2 else 256) * MIB
    assert most < 3 * MIB


@EVERY_KIND
def test_a_read_that_fails_is_a_loss_named_without_a_path(kind: Compression) -> None:
    archive = packed(kind, [random.Random(number).randbytes(READ) for number in range(3)])

    def read(descriptor: int, count: int, offset: int) -> bytes:
        if offset >= 2 * READ:
            raise OSError(errno.EIO, "Input/output error", "/secret/app.log.2")
        return os.pread(descriptor, count, offset)

    with file_of(archive) as descriptor:
        decompression = Decompression(descriptor, "app.log.2", kind, read=read)
        text = b"".join(decompression.chunks())
    assert len(text) >= READ
    assert decompression.loss is not None
    assert decompression.loss.status is Status.DATA_LOSS
    assert decompression.loss.message == f"app.log.2: damaged after {len(text)} bytes: Input/output error"


@EVERY_KIND
def test_what_is_raised_before_a_read_ends_the_pass(kind: Compression) -> None:
    class Cancelled(BaseException):
        pass

    def cancel() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Cancelled

    left = 5
    with file_of(PACK[kind](bytes(10 * MIB))) as descriptor:
        chunks = Decompression(descriptor, "app.log.2", kind, before_read=cancel).chunks()
        with pytest.raises(Cancelled):
            list(chunks)
    assert left == 0


@EVERY_KIND
def test_what_is_appended_after_the_pass_was_begun_is_not_read(kind: Compression) -> None:
    archive = PACK[kind](b"line\n")
    with file_of(archive) as descriptor:
        decompression = Decompression(descriptor, "app.log.2", kind)
        os.pwrite(descriptor, PACK[kind](b"more\n"), len(archive))
        assert b"".join(decompression.chunks()) == b"line\n"
        assert decompression.loss is None


@EVERY_KIND
def test_the_head_of_a_text_goes_over_small_archives(kind: Compression) -> None:
    with file_of(packed(kind, [b"one\n", b"two\n", b"three\n"])) as descriptor:
        assert [head_of(descriptor, size) for size in (2, 4, 6, 100)] == [
            b"on",
            b"one\n",
            b"one\ntw",
            b"one\ntwo\nthree\n",
        ]


def test_the_head_of_a_plain_file_is_its_own() -> None:
    with file_of(b"one\ntwo\n") as descriptor:
        assert (head_of(descriptor, 5), head_of(descriptor, 100)) == (b"one\nt", b"one\ntwo\n")


def test_a_smaller_window_can_be_asked_for() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=20)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with file_of(packer.compress(b"line\n") + packer.flush()) as descriptor:
        for window, text in ((1 << 20, b"line\n"), (1 << 19, b"")):
            decompression = Decompression(descriptor, "app.log.2", Compression.ZSTD, window=window)
            assert b"".join(decompression.chunks()) == text


@EVERY_KIND
@pytest.mark.parametrize("chunk", [3, CHUNK])
def test_an_archive_in_an_archive_is_decompressed_to_its_text(kind: Compression, chunk: int) -> None:
    text = b"line\n" * 30_000
    twice = PACK[Compression.GZIP](PACK[kind](text))
    assert decompressed(twice, Compression.GZIP, chunk) == (text, None)
    assert decompressed(PACK[kind](twice), kind, chunk) == (text, None)


def test_a_damaged_archive_in_an_archive_gives_what_is_valid_and_a_loss() -> None:
    inner = gzip.compress(random.Random(1).randbytes(100_000))
    text, loss = decompressed(gzip.compress(inner[:50_000]), Compression.GZIP)
    assert len(text) > 40_000
    assert loss is not None
    assert loss.message.endswith("it is cut off")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("chunk", [7, CHUNK])
def test_the_one_file_of_a_zip_archive_is_its_text(method: int, chunk: int) -> None:
    assert decompressed(zipped(b"line\n" * 9000, method=method), Compression.ZIP, chunk) == (b"line\n" * 9000, None)


def test_a_zip_archive_written_to_a_pipe_keeps_its_checksum_behind_the_file() -> None:
    archive = bytearray(zipped(b"line\n" * 9000, piped=True))
    assert decompressed(bytes(archive), Compression.ZIP) == (b"line\n" * 9000, None)
    archive[archive.index(b"PK\x07\x08") + 4] ^= 1
    assert decompressed(bytes(archive), Compression.ZIP)[1] is not None


def test_a_zip_archive_of_several_files_is_a_loss() -> None:
    text, loss = decompressed(zipped(b"one\n", b"two\n"), Compression.ZIP)
    assert text == b"one\n"
    assert loss is not None
    assert loss.message == "app.log.2: is a zip archive of several files, of which only the first is read"


@pytest.mark.parametrize("place", [14, 40])
def test_a_damaged_zip_archive_is_a_loss(place: int) -> None:
    archive = bytearray(zipped(b"one line\n" * 50))
    archive[place] ^= 1
    assert decompressed(bytes(archive), Compression.ZIP)[1] is not None
    assert decompressed(bytes(archive[:place]), Compression.ZIP)[1] is not None


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\x1f\x9d\x90", "compress (.Z)"),
        (b"\x1f\x1e", "pack (.z)"),
        (b"LZIP\x01\x0c", "lzip"),
        (b"\x89LZO\0\r\n\x1a\n", "lzop"),
        (b"\x02\x21\x4c\x18", "the old format of lz4"),
        (b"\xff\x06\0\0sNaPpY", "snappy"),
    ],
)
def test_what_is_not_read_is_a_loss_that_says_what_it_is(head: bytes, what: str) -> None:
    kind = compression_of((head + b"abcdefghijklm")[:HEAD])
    assert kind is not None
    assert decompressed(head + b"abc", kind)[0] == b""
    loss = decompressed(head + b"abc", kind)[1]
    assert loss is not None
    assert (loss.status, loss.message) == (Status.DATA_LOSS, f"app.log.2: is compressed with {what}, which is not read")
    with file_of(head + b"abc") as descriptor:
        assert head_of(descriptor, 100) == head + b"abc"


def test_looking_behind_nuls_ends_when_its_caller_is_gone(tmp_path: Path) -> None:
    path, asked = tmp_path / "app.log.1.gz", 0
    path.write_bytes(gzip.compress(bytes(16 * 1024 * 1024) + b"line\n"))

    def gone() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise InterruptedError

    with path.open("rb") as file, pytest.raises(InterruptedError):
        form_of(file.fileno(), gone)


@pytest.mark.parametrize("nuls", [1, 7, CHUNK - 1, CHUNK, CHUNK + 3])
def test_finds_what_stands_behind_nuls(tmp_path: Path, nuls: int) -> None:
    path = tmp_path / "app.log.1.gz"
    path.write_bytes(gzip.compress(bytes(nuls) + b"first line\n"))
    with path.open("rb") as file:
        assert form_of(file.fileno()).head == b"first line\n"
