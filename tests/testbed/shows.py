"""A proof for tests: a header in which a client says who it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logagent.core.access.caller import Caller, Proof
from logagent.web.admission.proving import BadProof, Unnamed


class Shows:
    """Takes the header `shows` for a proof: `token:NAME` or `token:NAME/GROUP`, `none` for what names nobody, `bad`."""

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        shown = dict(scope.get("headers", [])).get(b"shows", b"").decode()
        if shown == "none":
            raise Unnamed("a host's certificate proves no person")
        if shown == "bad":
            raise BadProof("the token is not valid", "token alice has ended")
        proof, _, who = shown.partition(":")
        name, _, group = who.partition("/")
        return Caller(Proof(proof), name, frozenset(filter(None, [group]))) if name else None

    def still_proves(self, caller: Caller) -> bool:
        return caller.name != "revoked"
