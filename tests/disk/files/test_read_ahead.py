"""What the kernel is told to read ahead."""

from __future__ import annotations

import os

import pytest

from logagent.disk.files.read_ahead import announce


@pytest.mark.parametrize(
    ("looked", "announced"),
    [
        (1, []),
        (BlockingIOError(), [(1000, 500, os.POSIX_FADV_WILLNEED)]),
        (OSError("cannot tell"), [(1000, 500, os.POSIX_FADV_WILLNEED)]),
    ],
    ids=["at hand", "not at hand", "file system that cannot tell"],
)
def test_what_is_at_hand_is_not_announced(
    looked: int | OSError, announced: list[tuple[int, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int, int]] = []

    def preadv(descriptor: int, buffers: list[bytearray], offset: int, flags: int) -> int:
        assert (descriptor, [len(buffer) for buffer in buffers], offset, flags) == (7, [1], 1000, os.RWF_NOWAIT)
        if isinstance(looked, OSError):
            raise looked
        return looked

    monkeypatch.setattr(os, "preadv", preadv)
    monkeypatch.setattr(os, "posix_fadvise", lambda descriptor, *advice: told.append(advice))
    announce(7, 1000, 500)
    assert told == announced


def test_hint_that_fails_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError

    monkeypatch.setattr(os, "preadv", refuse)
    monkeypatch.setattr(os, "posix_fadvise", refuse)
    announce(7, 1000, 500)
