"""Slices of what an HTTP/2 client sends: nothing is lost, none is large, and what asks for nothing is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.web.server.frame_slices import FRAMES, MOST_FRAMES, SMALL_DATA, FrameSlicer
from testbed.floods import PREFACE, frame

PING = frame(0x6, 0, 0, bytes(8))
DRAWN = st.lists(
    st.builds(
        frame,
        st.integers(0, 255),
        st.integers(0, 255),
        st.integers(0, 2**31 - 1),
        st.integers(0, 40).map(bytes) | st.just(bytes(20_000)),
    ),
    max_size=60,
)


def idle(*frames: bytes) -> int:
    return sum(piece.idle for piece in FrameSlicer().slices(PREFACE + b"".join(frames)))


@given(DRAWN, st.lists(st.integers(1, 30_000), max_size=30))
def test_all_comes_through_in_order_however_it_was_received(frames: list[bytes], lengths: list[int]) -> None:
    sent, slicer = PREFACE + b"".join(frames), FrameSlicer()
    received, passed, counted = sent, b"", 0
    for length in [*lengths, len(sent)]:
        for piece in slicer.slices(received[:length]):
            passed += piece.data
            counted += piece.idle
        received = received[length:]
    assert passed == sent
    assert counted == idle(*frames)


@given(DRAWN)
def test_a_slice_holds_few_whole_frames(frames: list[bytes]) -> None:
    slicer, left = FrameSlicer(), [PREFACE, *frames]
    for piece in slicer.slices(b"".join(left)):
        taken = b""
        for count in range(len(left) + 1):
            if taken == piece.data:
                break
            taken += left[count]
        assert taken == piece.data
        assert count <= MOST_FRAMES + (left[0] == PREFACE)
        left = left[count:]
    assert not left


def test_a_read_full_of_empty_frames_is_many_slices() -> None:
    pieces = list(FrameSlicer().slices(PREFACE + PING * 1000))
    assert len(pieces) == -(-1000 // FRAMES)
    assert sum(piece.idle for piece in pieces) == 1000


def test_new_requests_and_large_pieces_of_bodies_are_progress() -> None:
    requests = [frame(0x1, 0x4, stream_id, b"x") for stream_id in (1, 3, 7)]
    assert idle(*requests, frame(0x0, 0, 1, bytes(SMALL_DATA))) == 0


@pytest.mark.parametrize("kind", [0x0, *range(2, 20)])
@pytest.mark.parametrize("flags", [0, 1, 4, 5])
def test_everything_else_is_not(kind: int, flags: int) -> None:
    assert idle(frame(kind, flags, 1, bytes(4))) == 1


def test_a_slice_holds_two_requests() -> None:
    requests = [frame(0x1, 0x5, stream_id, b"x") for stream_id in range(1, 200, 2)]
    assert len(list(FrameSlicer().slices(PREFACE + b"".join(requests)))) == 50


def test_headers_on_a_stream_that_was_opened_before_are_not() -> None:
    assert idle(*[frame(0x1, 0x5, stream_id, b"x") for stream_id in (3, 3, 1)]) == 2
