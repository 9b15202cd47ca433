"""How batches come from a source to the body of an answer."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from logagent.core.batch import SIGN_OF_LIFE, Batch, Out
from logagent.core.outcome import Outcome
from logagent.web.handover import SMALL_BYTES, SMALL_LINES, Handover, is_small

SMALL = Batch(b"small\n", 1)
LARGE = Batch(b"x" * SMALL_BYTES + b"\n", 1)


class Taker:
    """Takes batches while `may_take` is set, and keeps them."""

    def __init__(self) -> None:
        self.may_take = trio.Event()
        self.begun: list[Batch] = []
        self.taken: list[Batch] = []

    async def __call__(self, batch: Batch, made: bytes) -> None:
        self.begun.append(batch)
        await self.may_take.wait()
        self.taken.append(batch)


async def body(batch: Batch) -> bytes:
    """Makes the bytes of a batch."""
    return batch.body


async def nothing(batch: Batch, made: bytes) -> None:
    """Takes a batch at once."""


def test_batches_of_few_bytes_and_few_lines_are_small() -> None:
    many = Batch(b"\n" * (SMALL_LINES + 1), SMALL_LINES + 1)
    assert [is_small(batch) for batch in (SIGN_OF_LIFE, SMALL, LARGE, many)] == [True, True, False, False]


async def test_all_batches_are_taken_in_their_order_before_the_outcome_comes(nursery: trio.Nursery) -> None:
    taker, sent = Taker(), [SMALL, LARGE, SMALL, LARGE, LARGE]
    taker.may_take.set()

    async def pump(out: Out) -> Outcome:
        for batch in sent:
            await out.send(batch)
        return Outcome(message="done")

    outcome = await Handover(nursery, body, taker).pumped(pump)
    assert (outcome.message, taker.taken) == ("done", sent)


async def test_first_small_batch_lets_no_other_task_run_in_between(nursery: trio.Nursery) -> None:
    ran = False

    async def other() -> None:
        nonlocal ran
        ran = True

    async def pump(out: Out) -> Outcome:
        nursery.start_soon(other)
        await out.send(SMALL)
        assert not ran
        await out.send(SMALL)
        await out.send(SMALL)
        assert ran
        return Outcome()

    await Handover(nursery, body, nothing).pumped(pump)


async def test_source_works_on_one_batch_while_a_large_one_is_taken_and_no_third_is_held(
    nursery: trio.Nursery,
) -> None:
    taker, made = Taker(), 0

    async def pump(out: Out) -> Outcome:
        nonlocal made
        for _ in range(3):
            made += 1
            await out.send(LARGE)
        return Outcome()

    nursery.start_soon(Handover(nursery, body, taker).pumped, pump)
    await wait_all_tasks_blocked()
    assert (made, len(taker.begun)) == (2, 1)
    taker.may_take.set()
    await wait_all_tasks_blocked()
    assert len(taker.taken) == 3


async def test_the_bytes_of_a_batch_are_made_before_the_next_is_read_and_once_there_is_room(
    nursery: trio.Nursery,
) -> None:
    taker, steps = Taker(), list[str]()

    async def make(batch: Batch) -> bytes:
        steps.append("make")
        await trio.lowlevel.checkpoint()
        steps.append("made")
        return batch.body

    async def pump(out: Out) -> Outcome:
        for _ in range(3):
            steps.append("read")
            await out.send(LARGE)
        return Outcome()

    nursery.start_soon(Handover(nursery, make, taker).pumped, pump)
    await wait_all_tasks_blocked()
    assert steps == ["read", "make", "made", "read"]  # the second is not made: the first still waits
    taker.may_take.set()
    await wait_all_tasks_blocked()
    assert steps == ["read", "make", "made"] * 3


async def test_the_bytes_of_a_batch_are_compressed_while_the_next_is_read(nursery: trio.Nursery) -> None:
    read = 0

    async def never_made(batch: Batch) -> bytes:
        await trio.sleep_forever()
        raise AssertionError

    async def pump(out: Out) -> Outcome:
        nonlocal read
        for _ in range(3):
            read += 1
            await out.send(LARGE)
        return Outcome()

    nursery.start_soon(Handover(nursery, never_made, nothing, compresses=True).pumped, pump)
    await wait_all_tasks_blocked()
    assert read == 2
    nursery.cancel_scope.cancel()


async def test_batches_that_are_sent_as_they_are_wait_in_no_task(nursery: trio.Nursery) -> None:
    taker, read = Taker(), 0

    async def pump(out: Out) -> Outcome:
        nonlocal read
        for _ in range(3):
            read += 1
            await out.send(LARGE)
        return Outcome()

    nursery.start_soon(Handover(nursery, body, taker, as_is=True).pumped, pump)
    await wait_all_tasks_blocked()
    assert (read, len(nursery.child_tasks)) == (1, 1)
    taker.may_take.set()
    await wait_all_tasks_blocked()
    assert taker.taken == [LARGE] * 3


@pytest.mark.parametrize("batch", [SMALL, LARGE], ids=["small", "large"])
async def test_what_making_raises_ends_the_answer(batch: Batch, nursery: trio.Nursery) -> None:
    async def fail(batch: Batch) -> bytes:
        raise ValueError("a bug")

    async def pump(out: Out) -> Outcome:
        await out.send(batch)
        raise AssertionError

    with pytest.raises(ValueError, match="a bug"):
        await Handover(nursery, fail, nothing).pumped(pump)


@pytest.mark.parametrize("batch", [SMALL, LARGE], ids=["small", "large"])
async def test_what_taking_raises_ends_a_source_that_waits_for_ever(batch: Batch, nursery: trio.Nursery) -> None:
    async def fail(batch: Batch, made: bytes) -> None:
        raise ValueError("a bug")

    async def pump(out: Out) -> Outcome:
        await out.send(batch)
        await trio.sleep_forever()
        raise AssertionError

    with pytest.raises(ValueError, match="a bug"):
        await Handover(nursery, body, fail).pumped(pump)


async def test_what_taking_raises_is_raised_though_the_source_ends_without_noticing(nursery: trio.Nursery) -> None:
    failed = trio.Event()

    async def fail(batch: Batch, made: bytes) -> None:
        failed.set()
        raise ValueError("a bug")

    async def pump(out: Out) -> Outcome:
        await out.send(LARGE)
        with trio.CancelScope(shield=True):
            await failed.wait()
        return Outcome(message="whole")

    with pytest.raises(ValueError, match="a bug"):
        await Handover(nursery, body, fail).pumped(pump)


async def test_nothing_is_taken_behind_a_batch_that_could_not_be(nursery: trio.Nursery) -> None:
    taken: list[Batch] = []

    async def fail_first(batch: Batch, made: bytes) -> None:
        taken.append(batch)
        if batch == LARGE:
            raise ValueError("a bug")

    async def pump(out: Out) -> Outcome:
        with trio.CancelScope(shield=True):
            await out.send(LARGE)
            await out.send(SMALL)
        return Outcome()

    with pytest.raises(ValueError, match="a bug"):
        await Handover(nursery, body, fail_first).pumped(pump)
    assert taken == [LARGE]


async def test_cancelled_answer_has_no_task_left_that_takes(nursery: trio.Nursery) -> None:
    taker = Taker()

    async def pump(out: Out) -> Outcome:
        await out.send(LARGE)
        await trio.sleep_forever()
        raise AssertionError

    with trio.CancelScope() as scope:
        nursery.start_soon(_cancel_when_blocked, scope)
        await Handover(nursery, body, taker).pumped(pump)
    assert scope.cancelled_caught
    taker.may_take.set()
    await wait_all_tasks_blocked()
    assert (len(taker.begun), taker.taken, len(nursery.child_tasks)) == (1, [], 0)


async def _cancel_when_blocked(scope: trio.CancelScope) -> None:
    await wait_all_tasks_blocked()
    scope.cancel()
