"""An answer that is read as it comes: an asynchronous iterator with a verdict at its end."""

from __future__ import annotations

from logagent.client.asking import opened
from logagent.client.couriers import Courier, SentQuestion
from logagent.client.errors import ClientError, ConnectionFailed
from logagent.client.reading import AnswerReading
from logagent.client.records import LEFT, BadRecord
from logagent.client.streamed import AsyncValues, Value
from logagent.core.outcome import Status


class AsyncAnswer(AsyncValues[Value]):
    """The values of one answer, as they come.

    Args:
        courier: carries the question.
        asked: the question.
        reading: of the answer.
        raises: whether the end of an incomplete answer raises `Incomplete`.
    """

    def __init__(
        self, courier: Courier, asked: SentQuestion, reading: AnswerReading[Value], *, raises: bool = False
    ) -> None:
        super().__init__(raises)
        self._courier = courier
        self._asked = asked
        self._reading = reading

    async def __anext__(self) -> Value:
        """Return the next value.

        Raises:
            StopAsyncIteration: at the end; then there is a verdict.
            Incomplete: at the end of an incomplete answer, if that was asked for.
            ConnectionFailed: if no answer came.
            Refused: if the agent refuses the question.
        """
        if self._over:
            raise StopAsyncIteration
        try:
            value = await self._next()
        except ClientError:
            self._over = True
            await self._leave()  # noqa: ASYNC120 - shielded, and bounded
            raise
        except BaseException:
            await self.aclose()  # noqa: ASYNC102 - likewise
            raise
        if value is not None:
            return value
        await self._finish()
        self._stop()
        raise StopAsyncIteration

    async def _next(self) -> Value | None:
        """Return the next value; None at the end."""
        if self._response is None:
            await self._begin()
        assert self._response is not None
        while (value := self._reading.take()) is None and self._reading.verdict is None:
            try:
                chunk = await self._response.chunk()
            except ConnectionFailed as lost:
                self._reading.cut(str(lost))
                continue
            if chunk is None:
                self._reading.cut("it ended without a verdict")
            else:
                self._reading.receive(chunk)
        return value

    async def _begin(self) -> None:
        self._response = await opened(self._courier, self._asked)
        try:
            self._reading.begin(self._response.headers)
        except BadRecord as bad:
            raise ConnectionFailed(f"the agent answers with {bad}") from None

    async def _finish(self) -> None:
        """Keep the verdict, and the connection if the answer came whole."""
        self._over, self._verdict = True, self._reading.verdict
        if self._response is not None and self._reading.is_whole:
            await self._response.finish()
        await self._leave()

    async def aclose(self) -> None:
        """Leave the answer, and with it the agent's work; takes a bounded time, cancelled or not."""
        if not self._over:
            self._reading.cut(LEFT, Status.CANCELLED)
            self._over, self._verdict = True, self._reading.verdict
        await self._leave()
