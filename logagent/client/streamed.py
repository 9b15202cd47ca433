"""What an answer and a follow have in common: values one by one, a verdict, and leaving early."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Generic, Self, TypeVar

from logagent.client.couriers import Arriving
from logagent.client.errors import Incomplete
from logagent.client.values import Verdict

Value = TypeVar("Value")


class AsyncValues(ABC, Generic[Value]):
    """Values that come one by one, with a verdict once they have ended; nothing is asked before the first is taken.

    What is not taken stops the agent's reading. What is left early stops it for good: at the end of `async with`, at
    `aclose`, or when nobody holds it any more.

    Args:
        raises: whether the end of an incomplete answer raises `Incomplete`.
    """

    def __init__(self, raises: bool) -> None:
        self._raises = raises
        self._verdict: Verdict | None = None
        self._response: Arriving | None = None
        self._over = False

    @abstractmethod
    async def __anext__(self) -> Value:
        """Return the next value."""

    @abstractmethod
    async def aclose(self) -> None:
        """Leave the answer, and with it the agent's work; takes a bounded time, cancelled or not."""

    def __aiter__(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def ended(self) -> bool:
        """Whether it has ended, so that there is a verdict."""
        return self._verdict is not None

    @property
    def verdict(self) -> Verdict:
        """How it ended.

        Raises:
            RuntimeError: if it has not.
        """
        if self._verdict is None:
            raise RuntimeError("there is no verdict yet: read the answer to its end first")
        return self._verdict

    def raise_if_incomplete(self) -> None:
        """Raise `Incomplete` unless it has ended, and holds all that was asked for.

        Raises:
            Incomplete: with the verdict.
            RuntimeError: if it has not ended.
        """
        if not self.verdict.complete:
            raise Incomplete(self.verdict)

    def _stop(self) -> None:
        """Raise `Incomplete` at the end, once, if that was asked for."""
        raises, self._raises = self._raises, False
        if raises and self._verdict is not None:
            self.raise_if_incomplete()

    async def _leave(self) -> None:
        if self._response is not None:
            response, self._response = self._response, None
            await response.aclose()

    def __del__(self) -> None:
        response = getattr(self, "_response", None)
        if response is not None:
            response.abandon()
