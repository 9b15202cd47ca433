"""The part of an answer that waits for its client."""

from __future__ import annotations

import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from logagent.web.server.stream_buffer import StreamBuffer


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=9), st.integers(0, 12)), max_size=30))
def test_bytes_come_out_as_they_went_in_however_they_are_cut(steps: list[bytes | int]) -> None:
    buffer, added, taken = StreamBuffer(8), b"", b""
    for step in steps:
        if isinstance(step, bytes):
            buffer.add(step)
            added += step
        else:
            expected = min(step, buffer.size)
            piece = b"".join(buffer.take(step))
            taken += piece
            assert len(piece) == expected
        assert added == taken + added[len(taken) :]
        assert buffer.size == len(added) - len(taken)
    assert taken + b"".join(buffer.take(buffer.size)) == added


async def test_room_is_there_again_once_half_of_the_limit_is_free(nursery: trio.Nursery) -> None:
    buffer, returned = StreamBuffer(8), trio.Event()

    async def wait() -> None:
        await buffer.room()
        returned.set()

    buffer.add(b"12345678")
    nursery.start_soon(wait)
    await wait_all_tasks_blocked()
    buffer.take(4)
    await wait_all_tasks_blocked()
    assert not returned.is_set()
    buffer.take(1)
    await wait_all_tasks_blocked()
    assert returned.is_set()


async def test_closed_buffer_wakes_everybody_who_waits(nursery: trio.Nursery) -> None:
    buffer, woken = StreamBuffer(2), 0

    async def wait(how: object) -> None:
        nonlocal woken
        await how()  # type: ignore[operator]
        woken += 1

    buffer.add(b"1234")
    for how in (buffer.room, buffer.drained, buffer.finished.wait):
        nursery.start_soon(wait, how)
    await wait_all_tasks_blocked()
    assert woken == 0
    buffer.close()
    await wait_all_tasks_blocked()
    assert (woken, buffer.size) == (3, 0)
