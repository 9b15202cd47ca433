"""Following one log for one query: reads blocks from the log's tail at the client's pace, and makes batches of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Origin, Position
from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Status
from logagent.core.query import Query
from logagent.disk.archives.foreign import foreign_form, not_followed
from logagent.disk.batches.batching import BatchBuilder
from logagent.disk.catalog import losses
from logagent.disk.files.blocks import Block
from logagent.disk.files.text_form import mark_at
from logagent.disk.following.standing import Standing
from logagent.disk.following.tail import Tail, TailBlock
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.times.appended import AppendedTimes

EVENT_QUIET = 0.5
"""Seconds without a further line after which an event counts as complete: programs write a stack trace at once."""


class LogFollower:
    """One log in one follow.

    Args:
        tail: of the log; stays the caller's.
        place: where to begin: the number of a file, and an offset.
        max_line: bytes to which lines are cut.
        woken: called when there may be more to read.

    Attributes:
        name: name of the log.
        number: number of the file that is being read.
    """

    def __init__(
        self, query: Query, tail: Tail, place: tuple[int, int], *, max_line: int, woken: Callable[[LogFollower], None]
    ) -> None:
        self.name = tail.name
        self._tail = tail
        self._woken = woken
        self._builder = BatchBuilder(query, Matcher.of(query), max_line)
        self._wants_times = query.form.times
        self._entered: tuple[int, Origin] | None = None
        self.number, self._offset = place
        self._late: tuple[int, int] | None = None
        self._told = self._position = self._position_here()
        self._notices: list[Notice] = []
        self._standing = Standing(tail.host, tail.chain)
        self._lost: tuple[int, bool] | None = None
        self._scanned = 0
        self._foreign = -1  # the number of a file that turned out to be none to follow
        tail.listeners.add(self)

    def wake(self) -> None:
        """Called by the tail when there may be more to read."""
        self._woken(self)

    def close(self) -> None:
        """Stop following."""
        self._tail.listeners.discard(self)

    @property
    def offset(self) -> int:
        """How far it has read that file."""
        return self._offset

    @property
    def pending(self) -> bool:
        """Whether an event waits for its last lines."""
        return self._builder.waits

    @property
    def position(self) -> Position:
        """How far the log is read once all returned batches are sent."""
        return self._position

    @property
    def untold(self) -> Position | None:
        """The position if no returned batch contains it yet, else None."""
        return self._position if self._position != self._told else None

    def tell_position(self) -> Batch:
        """Return the position in a batch without lines."""
        self._told = self._position
        return replace(SIGN_OF_LIFE, positions=(self._position,))

    async def next_batch(self) -> Batch | None:
        """Return a batch of the lines that are there, up to one block of them; None if there are none.

        The batch may have no lines, if none of the block matches.

        Raises:
            Failure: when the log cannot be followed any more.
        """
        if self._tail.failure is not None:
            raise self._tail.failure
        if (late := await self._late_lines()) is not None:
            return late
        self._notices += self._standing.news(self.number)
        while True:
            file = self._tail.chain.files[self.number]
            is_done = self._tail.chain.is_done(self.number, trio.current_time())
            self._offset = file.place_in_text(self._offset)
            if file.lost and self.number == self._tail.chain.files.last:
                return self._while_waiting()  # until another file has replaced it
            if file.lost:
                self._lose(file)
            elif self._offset < file.whole:
                block = await self._tail.block(self.number, self._offset)
                if block is not None:
                    self._collect(block)
                    return self._batch()
                self._tail.wake()
            elif is_done:
                self._pass_on()
            else:
                return self._while_waiting()

    def finish_event(self) -> Batch:
        """Treat the event that waits for more lines as complete, and return it."""
        self._builder.finish()
        self._note_position()
        return self._batch()

    def _pass_on(self) -> None:
        """Continue with the next file; this one may still get lines, see `_late_lines`."""
        missing = self._tail.chain.files[self.number].seen - self._offset
        if missing > 0:
            self._notices.append(losses.truncated(self._tail.host, self.name, missing))
        self._late = (self.number, self._offset)
        self._go_to_next()
        self._tail.wake()  # it may close the file now

    def _while_waiting(self) -> Batch | None:
        """Return a batch of the pending notices, if any; one says, once, why the next file cannot be opened."""
        self._notices += self._standing.trouble()
        return self._batch() if self._notices or self._lost else None

    def _lose(self, file: GrowingFile) -> None:
        """Continue with the file after a lost one; one notice reports the loss of all files lost in a row."""
        before, torn = self._lost or (0, False)
        self._lost = before + max(0, file.size - self._offset), torn or file.torn
        self._late = None
        self._go_to_next()

    def _go_to_next(self) -> None:
        self.number, self._offset = self.number + 1, 0
        self._notices += self._tail.chain.files.notices(self.number)

    async def _late_lines(self) -> Batch | None:
        """Return lines that were written to the previous file after it was replaced."""
        if self._late is None:
            return None
        number, offset = self._late
        file = self._tail.chain.files.get(number)
        if file is None or file.lost or file.descriptor is None:
            self._late = None
            return None
        stamping = self._tail.chain.files.stamping(number)  # taken before the await: the file may be forgotten then
        if offset >= file.whole or (block := await self._tail.block(number, offset)) is None:
            return None
        self._late = number, offset + len(block.body)
        # Without a fingerprint, so that the position stays in the next file, where the follower already reads.
        self._enter(number, file, stamping, fingerprint=0)
        self._add(block)
        return self._batch()

    def _collect(self, block: TailBlock) -> None:
        files, number = self._tail.chain.files, self.number
        begin = files[number].lines.begin
        if block.offset == begin and (form := foreign_form(block.body, begin)) is not None:
            self._foreign = number
            self._notices.append(
                Notice(self._tail.host, Status.DATA_LOSS, f"{files[number].name}: {not_followed(form)}")
            )
        if number == self._foreign:
            self._offset += len(block.body)
            return
        self._enter(number, files[number], files.stamping(number), files[number].fingerprint)
        self._add(block)
        self._offset += len(block.body)
        self._note_position()

    def _enter(self, number: int, file: GrowingFile, stamping: AppendedTimes, fingerprint: int) -> None:
        origin = Origin(self._tail.host, file.name, stamping.timed or not self._wants_times, self.name, fingerprint)
        if self._entered != (number, origin):
            self._entered = number, origin
            self._builder.enter(origin, stamping)

    def _add(self, block: TailBlock) -> None:
        self._scanned += len(block.body)
        mark = 0 if block.offset else mark_at(block.body)
        self._builder.add(Block(block.offset + mark, block.body[mark:]), partial=block.partial)

    def _note_position(self) -> None:
        fingerprint, offset = self._builder.reached(self._offset)
        if fingerprint:
            self._position = Position(self._tail.host, self.name, fingerprint, offset)

    def _position_here(self) -> Position:
        return Position(self._tail.host, self.name, self._tail.chain.files[self.number].fingerprint, self._offset)

    def _batch(self) -> Batch:
        batch = self._builder.take() if self._builder.count else SIGN_OF_LIFE
        lost, self._lost = self._lost, None
        if lost is not None:
            self._notices.insert(0, losses.truncated(self._tail.host, self.name, lost[0], torn=lost[1]))
        notices, self._notices = tuple(self._notices), []
        if batch.count or notices:
            self._told = self._position
            scanned, self._scanned = self._scanned, 0
            return replace(batch, positions=(self._position,), notices=notices, scanned=scanned)
        return batch
