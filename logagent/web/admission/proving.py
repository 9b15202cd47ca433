"""Proving who a client is, by one kind of proof after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from logagent.core.access.caller import Caller


class BadProof(Exception):
    """What a client shows to prove who it is proves nothing.

    Args:
        told: what the client is told; it must not help somebody who guesses.
        logged: what the agent's own log says; empty: the same.
        status: the HTTP status code: 401 where another proof might do, 403 where none would.
    """

    def __init__(self, told: str, logged: str = "", status: int = 401) -> None:
        super().__init__(told)
        self.told = told
        self.logged = logged or told
        self.status = status


class Prover(Protocol):
    """Knows one kind of proof."""

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        """Return who the client of an ASGI request is, by this kind of proof; None if it shows nothing of this kind.

        Raises:
            BadProof: for a proof of this kind that does not hold.
        """
        ...

    def still_proves(self, caller: Caller) -> bool:
        """Return whether the proof of a caller that this prover returned, found by its `credential`, still holds."""
        ...
