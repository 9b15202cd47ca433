"""For whom an agent says that it asks: any text is a caller, who can be told on, or refused."""

from __future__ import annotations

from dataclasses import replace

from logagent.core.access.acting import Acting
from logagent.core.access.caller import Proof
from logagent.core.wire.caller import MOST_BYTES, BadCaller, CannotTell, from_header, to_header

_ACTING = Acting({"web-*": tuple(Proof)}, "db-2")


def probe(data: bytes) -> None:
    try:
        caller = from_header(data.decode("latin-1"))
    except BadCaller as bad:
        assert len(str(bad)) < 100
        return
    assert caller.chain
    assert bool(caller.name) is (caller.proof is not Proof.ANONYMOUS)
    _ACTING.objection(caller, ["web-1"])
    try:
        told = to_header(replace(caller, chain=(*caller.chain, "web-2")))
    except CannotTell:
        return
    assert len(told) <= MOST_BYTES
    assert told.isascii()
    assert from_header(told) == replace(caller, chain=(*caller.chain, "web-2"))
