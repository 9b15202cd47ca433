"""Content codings: which is chosen, and that a reader never waits for bytes that were given."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.wire.coding import DecodeError, decoder, encoder, negotiate

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

CODINGS = ["zstd", "gzip", "identity"]
CHUNKS = st.lists(
    st.binary(max_size=200) | st.binary(min_size=1, max_size=4).map(lambda piece: piece * 20_000), max_size=6
)


def reader(coding: str) -> Callable[[bytes], bytes]:
    """What a client would decode with: for gzip, which agents do not ask each other for, zlib's own."""
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress if coding == "gzip" else whole(coding)


def whole(coding: str) -> Callable[[bytes], bytes]:
    """A decoder whose pieces are joined."""
    decode = decoder(coding)
    return lambda chunk: b"".join(decode(chunk))


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", "identity"),
        ("identity", "identity"),
        ("br", "identity"),
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("GZIP", "gzip"),
        ("gzip, zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip;q=0.5, zstd;q=0.5", "zstd"),
        ("gzip ; q=0.9,zstd ;q=0.8", "gzip"),
        ("zstd;q=0", "identity"),
        ("zstd;q=0, gzip", "gzip"),
        ("zstd;q=0.000, gzip;q=0.001", "gzip"),
        ("gzip;q=0, zstd;q=0, identity", "identity"),
        ("zstd;q=high, gzip;q=0.1", "gzip"),
        ("zstd;q=nan", "identity"),
        ("zstd;q=", "identity"),
        ("zstd;level=9", "zstd"),
        ("xgzip", "identity"),
        (",, ;,zstd,", "zstd"),
        (";;==,\0", "identity"),
    ],
)
def test_the_coding_is_the_one_the_client_likes_best_and_then_the_one_we_do(accepted: str, coding: str) -> None:
    assert negotiate(accepted) == coding


@QUICK
@given(st.text(max_size=60) | st.text(alphabet="gzipstd;q=0.1, *", max_size=60))
def test_whatever_is_accepted_the_coding_is_one_there_is(accepted: str) -> None:
    assert negotiate(accepted) in CODINGS


@pytest.mark.parametrize("coding", CODINGS)
@QUICK
@given(chunks=CHUNKS)
def test_after_each_chunk_all_that_was_given_can_be_decoded(coding: str, chunks: list[bytes]) -> None:
    encoding, decode = encoder(coding), reader(coding)
    assert [decode(encoding.encode(chunk)) for chunk in chunks] == chunks
    assert decode(encoding.finish()) == b""


@pytest.mark.parametrize("coding", CODINGS)
def test_a_stream_of_nothing_decodes_to_nothing(coding: str) -> None:
    assert reader(coding)(encoder(coding).finish()) == b""


@QUICK
@given(CHUNKS, st.data())
def test_a_zstd_stream_may_be_cut_anywhere_on_the_way(chunks: list[bytes], data: st.DataObject) -> None:
    encoding, decode = encoder("zstd"), whole("zstd")
    stream = b"".join([*map(encoding.encode, chunks), encoding.finish()])
    cut = data.draw(st.integers(0, len(stream)))
    # Nothing may come after the end of a frame, not even nothing.
    pieces = [piece for piece in (stream[:cut], stream[cut:]) if piece]
    assert b"".join(map(decode, pieces)) == b"".join(chunks)


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_a_log_shrinks(coding: str) -> None:
    log = b"".join(b"Oct 10 13:55:36 web-1 sshd[%d]: session opened\n" % number for number in range(2000))
    assert len(encoder(coding).encode(log)) * 4 < len(log)


@QUICK
@given(
    st.binary(min_size=4).filter(lambda garbage: garbage[:4] != b"\x28\xb5\x2f\xfd" and garbage[1:4] != b"\x2a\x4d\x18")
)
def test_what_is_not_zstd_is_a_decode_error(garbage: bytes) -> None:
    with pytest.raises(DecodeError):
        whole("zstd")(garbage)


@QUICK
@given(st.data())
def test_damaged_zstd_raises_nothing_but_decode_errors(data: st.DataObject) -> None:
    encoding = encoder("zstd")
    stream = bytearray(encoding.encode(b"some lines\nof a log\n" * 50) + encoding.finish())
    for at in data.draw(st.lists(st.integers(0, len(stream) - 1), min_size=1, max_size=3)):
        stream[at] = data.draw(st.integers(0, 255))
    decode = whole("zstd")
    try:
        for at in range(0, len(stream), 7):
            decode(bytes(stream[at : at + 7]))
    except DecodeError:
        pass


def test_a_damaged_header_of_a_zstd_block_is_a_decode_error() -> None:
    stream = bytearray(encoder("zstd").encode(b"some lines\n" * 50))
    stream[6] = 0xFF  # A reserved block type, after the magic number and a header of two bytes.
    with pytest.raises(DecodeError):
        whole("zstd")(bytes(stream))


def test_bytes_after_the_end_of_a_zstd_stream_are_a_decode_error() -> None:
    encoding, decode = encoder("zstd"), whole("zstd")
    decode(encoding.encode(b"line\n") + encoding.finish())
    with pytest.raises(DecodeError):
        decode(b"more")


def test_a_sender_cannot_make_a_reader_keep_more_than_the_usual_window() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=24, write_content_size=False)
    wide = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(DecodeError):
        whole("zstd")(wide.compress(b"x" * 100) + wide.flush())


@pytest.mark.parametrize("coding", ["gzip", "br", ""])
def test_a_coding_that_agents_do_not_speak_is_a_decode_error(coding: str) -> None:
    with pytest.raises(DecodeError, match="unknown coding"):
        decoder(coding)


def test_little_is_held_at_a_time_of_a_chunk_that_unfolds_to_a_gigabyte() -> None:
    packed = zstandard.ZstdCompressor().compress(bytes(1 << 30))
    assert len(packed) < 64 * 1024
    assert max(map(len, decoder("zstd")(packed))) <= 64 * 1024 * 1024
