"""Answers that are read by calls that block: those of `answers` and `follows`, run without an event loop."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, Self

from logagent.client.follows import AsyncFollow
from logagent.client.streamed import AsyncValues, Value
from logagent.client.values import LogLine, Verdict
from logagent.peers.direct.coroutines import finished


class SyncAnswer(Generic[Value]):
    """The values of one answer, as they come; nothing is asked before the first is taken.

    One that is left early stops the agent: at the end of `with`, at `close`, or when nobody holds it any more.

    Args:
        answer: whose coroutines never wait.
    """

    def __init__(self, answer: AsyncValues[Value]) -> None:
        self._answer = answer

    @property
    def ended(self) -> bool:
        """Whether it has ended, so that there is a verdict."""
        return self._answer.ended

    @property
    def verdict(self) -> Verdict:
        """How it ended.

        Raises:
            RuntimeError: if it has not.
        """
        return self._answer.verdict

    def raise_if_incomplete(self) -> None:
        """Raise `Incomplete` unless it has ended, and holds all that was asked for."""
        self._answer.raise_if_incomplete()

    def close(self) -> None:
        """Leave the answer, and with it the agent's work."""
        finished(self._answer.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Value:
        """Return the next value; see `AsyncAnswer.__anext__`."""
        try:
            return finished(self._answer.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None


class SyncFollow(SyncAnswer[LogLine]):
    """Lines as they are written; see `AsyncFollow`.

    Args:
        follow: whose coroutines never wait.
    """

    def __init__(self, follow: AsyncFollow) -> None:
        super().__init__(follow)
        self._follow = follow

    @property
    def cursor(self) -> str:
        """From which another follow continues behind the last line that was taken; empty if that is not known."""
        return self._follow.cursor

    @property
    def live(self) -> bool:
        """Whether all lines from now on were written since the follow began."""
        return self._follow.live
