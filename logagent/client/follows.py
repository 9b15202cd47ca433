"""Lines as they are written, over lost connections and restarts of the agent, none lost and none twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from logagent.client.asking import asked_of, opened
from logagent.client.couriers import Courier
from logagent.client.errors import ClientError, ConnectionFailed, Refused
from logagent.client.reading import EVENTS, AnswerReading, follow_reading
from logagent.client.records import LEFT, BadRecord, Item, Live, Moved, cut_off
from logagent.client.resuming import Resuming
from logagent.client.streamed import AsyncValues
from logagent.client.values import LogLine, Verdict
from logagent.core.batch import Notice
from logagent.core.outcome import Status

OnNotice = Callable[[Notice], None]
"""Is told what people should know of a host meanwhile; an empty name stands for the agent that was asked."""


class AsyncFollow(AsyncValues[LogLine]):
    """Lines as they are written.

    The agent must be reachable at first. When it is lost later (its connection breaks, nothing is heard of it for two
    heartbeats, it stops, or it refuses for now), it is asked again from behind the last line that was taken.
    A cancelled wait for a line loses nothing: the next one goes on from there.

    Args:
        courier: carries the questions.
        resuming: how far the follow has come.
        headers: of each question.
        on_notice: is told what happens meanwhile; None: nobody is.
        raises: whether an incomplete end raises `Incomplete`.
    """

    def __init__(
        self,
        courier: Courier,
        resuming: Resuming,
        headers: Mapping[str, str],
        *,
        on_notice: OnNotice | None = None,
        raises: bool = False,
    ) -> None:
        super().__init__(raises)
        self._courier = courier
        self._resuming = resuming
        self._headers = headers
        self._on_notice = on_notice
        self._reading: AnswerReading[Item] | None = None
        self._live = False

    @property
    def cursor(self) -> str:
        """From which another follow continues behind the last line that was taken; empty if that is not known."""
        return self._resuming.cursor

    @property
    def live(self) -> bool:
        """Whether all lines from now on were written since the follow began."""
        return self._live

    async def __anext__(self) -> LogLine:
        """Return the next line, however long it takes until it is written.

        Raises:
            StopAsyncIteration: at the end, by `timeout`, `max_bytes` or a failure; then there is a verdict.
            Incomplete: at the end, if that was asked for.
            ConnectionFailed: if the agent cannot be reached at first.
            Refused: if it refuses the question for good.
        """
        while not self._over:
            try:
                item = self._reading.take() if self._reading is not None else None
                if item is None:
                    await self._advance()
                elif (line := self._told(item)) is not None:
                    return line
            except ClientError:
                self._over = True
                await self._leave()  # noqa: ASYNC120 - shielded, and bounded
                raise
            except BaseException:
                await self._leave()  # noqa: ASYNC102 - likewise
                raise
        self._stop()
        raise StopAsyncIteration

    def _told(self, item: Item) -> LogLine | None:
        """Note what came, and return it if it is a line."""
        if isinstance(item, LogLine | Moved):
            self._resuming.take(item)
            return item if isinstance(item, LogLine) else None
        if isinstance(item, Live):
            self._live = True
        elif isinstance(item, Notice):
            self._say(item)
        return None

    def _say(self, notice: Notice | None) -> None:
        if notice is not None and self._on_notice is not None:
            self._on_notice(notice)

    async def _advance(self) -> None:
        """Ask, or wait for more of the answer; go on elsewhere if there is none."""
        if self._response is None or self._reading is None:
            await self._begin()
            return
        if self._reading.verdict is not None:
            await self._settle(self._reading.verdict)
            return
        try:
            chunk = await self._response.chunk()
        except ConnectionFailed as lost:
            await self._lose(str(lost))
            return
        if chunk is None:
            await self._lose("its answer ended without a verdict")
            return
        self._say(self._resuming.hear(self._courier.now()))
        self._reading.receive(chunk)

    async def _begin(self) -> None:
        pairs = [*self._resuming.question(self._courier.now()), ("follow", b"true")]
        asked = asked_of("/logs", pairs, EVENTS, self._headers, self._resuming.silence)
        try:
            self._response = await opened(self._courier, asked)
        except ConnectionFailed as failed:
            if not self._resuming.may_resume:
                raise
            await self._lose(str(failed))
            return
        except Refused as refused:
            if not (self._resuming.may_resume and refused.is_for_now):
                raise
            await self._lose(refused.detail, at_least=refused.retry_after or 0.0)
            return
        self._resuming.reach()
        self._reading = follow_reading()
        try:
            self._reading.begin(self._response.headers)
        except BadRecord as bad:
            raise ConnectionFailed(f"the agent answers with {bad}") from None

    async def _settle(self, verdict: Verdict) -> None:
        """End with a verdict, unless it only says that the agent stops."""
        if verdict.status is Status.UNAVAILABLE:
            await self._lose(verdict.message or "it ended the follow")
        else:
            await self._end(verdict)

    async def _lose(self, why: str, at_least: float = 0.0) -> None:
        """Tell that the agent is lost, and wait before it is asked again; end the follow if it is given up."""
        await self._leave()
        now = self._courier.now()
        self._say(self._resuming.lose(why, now))
        wait = self._resuming.wait(now, at_least)
        if wait is None:
            late = now >= self._resuming.deadline
            status = Status.DEADLINE_EXCEEDED if late else Status.UNAVAILABLE
            await self._end(cut_off(why, self._resuming.lines, self.cursor, status))
        else:
            await self._courier.sleep(wait)

    async def _end(self, verdict: Verdict) -> None:
        await self._leave()
        cursor = self.cursor or verdict.cursor
        self._over, self._verdict = True, replace(verdict, lines=self._resuming.lines, cursor=cursor)

    async def aclose(self) -> None:
        """Leave the follow, and with it the agent's work; takes a bounded time, cancelled or not."""
        if not self._over:
            self._over = True
            self._verdict = cut_off(LEFT, self._resuming.lines, self.cursor, Status.CANCELLED)
        await self._leave()

    async def _leave(self) -> None:
        self._reading = None
        await super()._leave()
