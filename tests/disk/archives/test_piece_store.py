"""Pieces come back newest first, whatever was dropped at the old end, and their areas go back to the system."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.disk.archives import piece_store
from logagent.disk.archives.piece_store import PieceStore

AREA = 10

steps = st.lists(st.binary(max_size=25) | st.sampled_from(["take", "drop"]), max_size=40)


class Areas:
    """Makes areas, and counts those that are held."""

    def __init__(self) -> None:
        self.held = 0
        self.made: list[int] = []

    def make(self, size: int) -> _Area:
        self.made.append(size)
        return _Area(self, size)


class _Area(bytearray):
    def __init__(self, areas: Areas, size: int) -> None:
        super().__init__(size)
        self._areas = areas
        areas.held += 1

    def __del__(self) -> None:
        self._areas.held -= 1


@pytest.fixture
def areas(monkeypatch: pytest.MonkeyPatch) -> Areas:
    areas = Areas()
    monkeypatch.setattr(piece_store, "mmap", lambda _, size: areas.make(size))
    monkeypatch.setattr(piece_store, "AREA", AREA)
    return areas


@settings(max_examples=200, deadline=None)
@given(steps=steps)
def test_a_store_is_a_queue_with_two_ends(steps: list[bytes | str]) -> None:
    store, expected = PieceStore(), deque[bytes]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(piece_store, "AREA", AREA)
        for step in steps:
            if isinstance(step, bytes):
                store.add(step)
                expected.append(step)
            elif expected and step == "take":
                assert store.take_newest() == expected.pop()
            elif expected:
                store.drop_oldest()
                expected.popleft()
        while expected:
            assert store.take_newest() == expected.pop()


def test_pieces_share_areas_which_end_with_their_last_piece(areas: Areas) -> None:
    store = PieceStore()
    for piece in (b"four", b"five5", b"larger than an area", b"six"):
        store.add(piece)
    assert areas.made == [AREA, len(b"larger than an area"), AREA]
    store.drop_oldest()
    assert areas.held == 3
    store.drop_oldest()
    assert areas.held == 2
    store.take_newest()
    assert areas.held == 1
    store.take_newest()
    assert areas.held == 0


def test_a_piece_for_which_there_is_no_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, size: int) -> bytearray:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(piece_store, "mmap", refuse)
    with pytest.raises(MemoryError):
        PieceStore().add(b"piece")
