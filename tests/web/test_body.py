"""Where the bytes of a body are made, and that they are the same wherever that is."""

from __future__ import annotations

import threading
import zlib

import pytest

from logagent.core.batch import Batch
from logagent.core.outcome import Outcome
from logagent.web.body import Body, BodyThreads
from logagent.web.handover import SMALL_BYTES

SMALL = Batch(b"small\n", 1)
LARGE = Batch(b"x" * SMALL_BYTES + b"\n", 1)


class Spy:
    """Renders bodies as they are, and notes in which thread."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def batch(self, batch: Batch) -> bytes:
        self.threads.append(threading.get_ident())
        return batch.body

    def end(self, outcome: Outcome) -> bytes:
        self.threads.append(threading.get_ident())
        return b"end\n"


@pytest.mark.parametrize(
    ("coding", "as_is", "batch", "in_thread"),
    [
        ("identity", True, LARGE, False),
        ("identity", False, LARGE, True),
        ("gzip", True, LARGE, True),
        ("zstd", False, LARGE, True),
        ("identity", False, SMALL, False),
        ("gzip", True, SMALL, False),
    ],
)
async def test_large_batches_are_made_in_a_thread_unless_there_is_nothing_to_do(
    coding: str, as_is: bool, batch: Batch, in_thread: bool
) -> None:
    spy = Spy()
    await Body(spy, coding, BodyThreads(), as_is=as_is).batch(batch)
    assert (spy.threads != [threading.get_ident()]) == in_thread


@pytest.mark.parametrize("large", [True, False])
async def test_end_is_made_in_a_thread_if_much_was_kept_for_it(large: bool) -> None:
    spy = Spy()
    assert await Body(spy, "identity", BodyThreads(), as_is=False).end(Outcome(), large=large) == b"end\n"
    assert (spy.threads != [threading.get_ident()]) == large


@pytest.mark.parametrize("inline", [True, False])
async def test_bytes_are_the_same_wherever_they_are_made(inline: bool) -> None:
    body = Body(Spy(), "gzip", BodyThreads(inline=inline), as_is=False)
    pieces = [await body.batch(batch) for batch in (SMALL, LARGE, Batch(b"", 0), LARGE)]
    pieces += [await body.end(Outcome(), large=True), body.finish()]
    assert pieces[2] == b""
    assert zlib.decompress(b"".join(pieces), zlib.MAX_WBITS | 16) == b"small\n" + LARGE.body * 2 + b"end\n"


async def test_what_rendering_raises_in_a_thread_is_raised() -> None:
    class Faulty(Spy):
        def batch(self, batch: Batch) -> bytes:
            raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await Body(Faulty(), "identity", BodyThreads(), as_is=False).batch(LARGE)
