"""How a question gets to an agent and its answer back: httpx on Trio and asyncio, and httpx that blocks.

The rest of the package is written once, as coroutines; over the courier that blocks they never wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from logagent.peers.answers import QuestionTarget


class SentQuestion(NamedTuple):
    """A question, as it is sent.

    Attributes:
        target: the method, the path, and a form if the parameters fit into no URL.
        headers: besides those of each question.
        silence: seconds after which an agent that says nothing is lost; None: it may take any time.
    """

    target: QuestionTarget
    headers: Mapping[str, str]
    silence: float | None = None


class Arriving(Protocol):
    """A response whose body arrives.

    Attributes:
        status: the HTTP status code.
        headers: by their names, in lower case.
    """

    status: int
    headers: Mapping[str, str]

    async def chunk(self) -> bytes | None:
        """Return the next piece of the body; None after the last.

        Raises:
            ConnectionFailed: if it breaks off.
        """

    async def finish(self) -> None:
        """Read the end of a body of which no more is expected, so that the connection can be used again."""

    async def aclose(self) -> None:
        """Leave the response, read to its end or not, which stops the agent; takes a bounded time, cancelled or not."""

    def abandon(self) -> None:
        """Stop the agent at once, without waiting; the courier closes the rest with its next question."""


class Courier(Protocol):
    """Carries questions to one agent."""

    async def ask(self, asked: SentQuestion) -> Arriving:
        """Send a question, and return the response when its head has come.

        Raises:
            ConnectionFailed: if none comes.
            ClientError: if the courier was closed.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def now(self) -> float:
        """Return seconds from any beginning."""
        ...

    async def aclose(self) -> None:
        """Close all connections, and leave all responses."""
