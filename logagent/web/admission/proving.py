"""Proving who a client is, by one kind of proof after the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from logagent.core.access.caller import ANONYMOUS, Caller, Proof


class BadProof(Exception):
    """What a client shows to prove who it is proves nothing.

    Args:
        told: what the client is told; it must not help somebody who guesses.
        logged: what the agent's own log says; empty: the same.
        status: the HTTP status code: 401 where another proof might do, 403 where none would, 503 where the same proof
            may do later.
    """

    def __init__(self, told: str, logged: str = "", status: int = 401) -> None:
        super().__init__(told)
        self.told = told
        self.logged = logged or told
        self.status = status


class Unnamed(BadProof):
    """What a connection shows is good, but names nobody whom a rule could mean.

    Such as a host's certificate, or a user whom this machine cannot tell from others. It counts only where rules are in
    force; elsewhere such a client is served as it always was.
    """

    def __init__(self, told: str, logged: str = "", status: int = 403) -> None:
        super().__init__(told, logged, status)


class Prover(Protocol):
    """Knows one kind of proof."""

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        """Return who the client of an ASGI request is, by this kind of proof; None if it shows nothing of this kind.

        Raises:
            Unnamed: for one that names nobody.
            BadProof: for a proof of this kind that does not hold.
        """
        ...

    def still_proves(self, caller: Caller) -> bool:
        """Return whether the proof of a caller still holds.

        Callers whom another prover returned, and those for whom another agent asks (with a `chain`), are none of its
        business: for them it returns True. It tells its own by their `proof` and `credential`.
        """
        ...


class Untaken:
    """The prover of kinds of proof that are not taken: it knows nobody, and who was known by them is known no more.

    Args:
        proofs: the kinds.
    """

    def __init__(self, proofs: Collection[Proof]) -> None:
        self._proofs = frozenset(proofs)

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        """Return None; see `Prover`."""
        return None

    def still_proves(self, caller: Caller) -> bool:
        """Return whether a caller was known by another proof than these, as one may have been before a reload."""
        return caller.proof not in self._proofs or bool(caller.chain)


class Provers:
    """Several kinds of proof, of which the first that is shown counts.

    Args:
        provers: what is shown on purpose before what every connection shows: the header of agents that ask for others,
            tokens, then certificates, then the user of this machine.
    """

    def __init__(self, provers: Sequence[Prover] = ()) -> None:
        self._provers = tuple(provers)

    async def prove(self, scope: Mapping[str, Any], *, strict: bool) -> Caller:
        """Return who the client of an ASGI request is.

        Args:
            scope: of the request.
            strict: whether one who shows what names nobody is refused, or else is anonymous.

        Raises:
            BadProof: for a proof that does not hold: no other one counts in its place.
        """
        for prover in self._provers:
            try:
                caller = await prover.prove(scope)
            except Unnamed:
                if strict:
                    raise
                return ANONYMOUS
            if caller is not None:
                return caller
        return ANONYMOUS

    def still_prove(self, caller: Caller) -> bool:
        """Return whether the proof of a caller still holds."""
        return all(prover.still_proves(caller) for prover in self._provers)
