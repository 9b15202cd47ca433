"""A peer that answers with what no honest agent sends, beside two that are honest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import httpx
import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Origin, Out, Position
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.core.wire.frames import BATCHES, VERSION_HEADER, encode
from logagent.core.wire.identity import AGENT_HEADER, Identity, to_header
from logagent.core.wire.verdict import to_trailers
from logagent.fanout.follow import Follow
from logagent.fanout.gather import Gather
from logagent.peers.roll import Roll
from logagent.peers.source import PeerSource
from testbed.responses import Body
from testbed.sources import NEVER, Reader, lines, source

NAME = "liar"
HONEST = {"a": (10, 30, 50, 70), "z": (20, 40, 60, 80)}
"""The times of the lines of the honest hosts, which are the lines' texts."""


def truth(*times: int) -> Batch:
    """A batch as an honest agent of that name would send it, oldest first, of one log without further lines."""
    batch = lines(*times, host=NAME, file="app.log")
    origin = Origin(NAME, "app.log", True, "app.log", 7 << 32)
    behind = Position(NAME, "app.log", 7 << 32, times[-1] + 3) if times else None
    return Batch(batch.body, batch.count, batch.times, batch.offsets, (origin,), positions=(behind,) if behind else ())


@dataclass
class Liar:
    """A source that asks a peer whose answer is made up.

    Attributes:
        body: the pieces of its body.
        trailers: in place of those of a complete answer.
        headers: besides those of an agent.
        lines: how many lines its verdict tells.
    """

    body: Sequence[bytes] = ()
    trailers: Sequence[tuple[str, str]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lines: int = 0
    status: int = 200

    async def pump(self, query: Query, out: Out) -> Outcome:
        roll = Roll(Identity("a", "a" * 32), ("a", NAME, "z"))
        async with httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url=f"http://{NAME}") as client:
            return await PeerSource(client, NAME, roll).pump(query, out)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        told = to_trailers(Outcome(lines=self.lines)) if self.trailers is None else self.trailers
        trailing = [(name.encode(), value.encode("utf-8", "surrogatepass")) for name, value in told]
        extensions = {"http_version": b"HTTP/2", "trailing_headers": trailing, "body": Body(*self.body)}
        agent = {AGENT_HEADER: to_header(Identity(NAME, "1" * 32)), VERSION_HEADER: "1", "content-type": BATCHES}
        return httpx.Response(self.status, headers=agent | dict(self.headers), extensions=extensions)


def saying(*batches: Batch, **changed: object) -> Liar:
    """A peer that sends these batches, and says how many lines they have."""
    told = {"body": [*map(encode, batches)], "lines": sum(batch.count for batch in batches)} | changed
    return Liar(**told)  # type: ignore[arg-type]  # fields by their names


async def asked(liar: Liar, query: Query) -> tuple[Outcome, Reader]:
    """Ask the peer and two honest hosts for one merged answer, which must end within a virtual hour."""
    reader = Reader()
    honest = {host: times if not query.is_newest_first else times[::-1] for host, times in HONEST.items()}
    hosts = [("a", source(lines(*honest["a"], host="a"), outcome=Outcome(lines=4))), (NAME, liar)]
    hosts += [("z", source(lines(*honest["z"], host="z"), outcome=Outcome(lines=4)))]
    with trio.fail_after(3600):
        outcome = await Gather(hosts, 5.0, of_hosts=True).pump(query, reader)
    return outcome, reader


async def followed(liar: Liar, query: Query) -> tuple[Outcome, Reader]:
    """Follow the peer and two honest hosts, for as long as the query's timeout says."""
    reader = Reader()
    hosts: list[tuple[str, Source]] = [(host, _followed(host)) for host in HONEST]
    with trio.fail_after(3600):
        hosts.insert(1, (NAME, liar))
        return await Follow(hosts, lambda _: source(), 5.0).pump(query, reader), reader


def _followed(host: str) -> Source:
    begin = replace(SIGN_OF_LIFE, live=True, positions=(Position(host, "f", 1, 0),))
    return source(begin, lines(*HONEST[host], host=host), NEVER)


def honest_lines(reader: Reader) -> list[int]:
    """The lines of the honest hosts in the order in which they came."""
    given = [
        (batch.origins[index].host, line)
        for batch in reader.batches
        for index, line in zip(batch.origin_of_each(), batch.lines(), strict=True)
    ]
    return [int(line) for host, line in given if host != NAME]
