"""Prove that a thousand hosts are asked as ten are, though some are dead, some stall and some are slow.

    python tests/proofs/scale.py

A thousand whole agents of 10,000 lines each lie in this process, on pipes of memory and a clock that jumps: every layer
is the real one. They are asked for their newest lines by one agent that knows them all, and through 32 sites of 32.
Prints a line for each check, and the processor time for a host with ten hosts and with a thousand.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import trio
import trio.testing

sys.path.insert(0, str(Path(__file__).parents[1]))

from testbed.cluster import PATIENCE, Reply
from testbed.fleet import Fleet, numbered, running

WITHIN = PATIENCE + 1.0
"""Virtual seconds for the first page."""
FLAT = 2.0
"""How much more processor time a host of a thousand may take than a host of ten, on a machine that others use."""
_failed: list[str] = []


def check(what: str, holds: bool) -> None:
    """Print a check."""
    print(f"{'holds' if holds else 'DOES NOT HOLD'}: {what}", flush=True)
    if not holds:
        _failed.append(what)


async def asked(fleet: Fleet) -> tuple[Reply, float, float]:
    """The newest lines of a fleet, virtual seconds until they came, and processor seconds for it all."""
    with tempfile.TemporaryDirectory() as directory:
        async with running(Path(directory), fleet) as it:
            began, used = trio.current_time(), time.process_time()
            reply = await it.ask("filename=app.log&n=100")
            return reply, trio.current_time() - began, time.process_time() - used


def prove(what: str, fleet: Fleet) -> float:
    """Ask a fleet; return the milliseconds of processor time for a host."""
    reply, took, used = trio.run(asked, fleet, clock=trio.testing.MockClock(autojump_threshold=0))
    verdict = reply.verdict
    each = used * 1000 / len(fleet.leaves)
    print(f"{what}: {took:.2f} virtual seconds, {each:.1f} ms of processor time a host: {verdict.message}", flush=True)
    ill = {*fleet.dead, *fleet.stalled, *fleet.slow}
    check(f"{what}: a hundred lines within patience and a second", len(reply.lines) == 100 and took <= WITHIN)
    failing = {part.host for part in verdict.hosts if part.fails}
    check(f"{what}: all that are dead, stalled or slow are named, and no other", failing == ill)
    check(f"{what}: the message tells the kinds", f"{len(ill)} of " in verdict.message and "refused" in verdict.message)
    return each


def main() -> int:
    """Prove all of it."""
    ten = prove("ten hosts", Fleet(numbered(10)))
    thousand = prove("a thousand hosts", Fleet(numbered(1000)))
    prove("32 sites of 32 hosts", Fleet(numbered(1024), sites=32))
    print(f"processor time a host: {ten:.1f} ms of ten, {thousand:.1f} ms of a thousand, {thousand / ten:.2f} times")
    check(
        f"a host of a thousand takes at most {FLAT:g} times the processor time of a host of ten", thousand / ten < FLAT
    )
    print(f"{len(_failed)} checks do not hold" if _failed else "every check holds")
    return bool(_failed)


if __name__ == "__main__":
    sys.exit(main())
