"""The body of an answer: batches become DATA, the outcome becomes trailers.

This is where a body ends: whatever went wrong has become an outcome by then, and the body never raises.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import trio
from quart_trio import QuartTrio
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioResponse

from logagent.core.batch import Batch
from logagent.core.cursor import encode
from logagent.core.hits.counts import lines_in
from logagent.core.merging.positions import Positions
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query, Source
from logagent.core.wire.coding import encoder
from logagent.core.wire.verdict import TRAILERS, to_trailers

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Refuse = Callable[[Outcome], TrioResponse]

_log = logging.getLogger(__name__)


class Rendering(Protocol):
    """How batches, and at the end the outcome, become bytes of a body."""

    def batch(self, batch: Batch) -> bytes: ...

    def end(self, outcome: Outcome) -> bytes: ...


MAX_FOLLOWS = 1000
"""Follows at once: each costs some batches of memory, and little else while nothing is written."""


class Answers:
    """The answers under way: bounded in number, and cut all at once when the agent stops.

    Follows are counted apart: they go on for days, and would otherwise leave no room for answers that end.
    name: the agent's, for verdicts. most: how many answers at once; each costs some batches of memory and a place in
    the queue for the disk. most_follows: likewise. max_time, max_bytes: seconds that an answer may take, and bytes of
    lines that it may hold; a follow has no such end.
    """

    def __init__(
        self,
        name: str,
        most: int,
        *,
        most_follows: int = MAX_FOLLOWS,
        max_time: float = math.inf,
        max_bytes: int | None = None,
    ) -> None:
        self.name = name
        self._most = most
        self._most_follows = most_follows
        self._max_time = max_time
        self._max_bytes = max_bytes
        self._scopes: set[trio.CancelScope] = set()
        self._follows: set[trio.CancelScope] = set()

    @property
    def under_way(self) -> int:
        """How many answers are under way, follows not counted."""
        return len(self._scopes)

    @property
    def follows(self) -> int:
        """How many follows are under way."""
        return len(self._follows)

    def full(self, query: Query) -> bool:
        """Whether as many of this query's kind are under way as may be."""
        return self.follows >= self._most_follows if query.follow else self.under_way >= self._most

    def bounded(self, query: Query) -> Query:
        """The query within this agent's own ceilings: what runs into one ends with a verdict and a cursor, as with the
        client's."""
        if query.follow:
            return query
        timeout = min(math.inf if query.limits.timeout is None else query.limits.timeout, self._max_time)
        sizes = [
            size for size in (query.limits.max_bytes, None if query.form.hits else self._max_bytes) if size is not None
        ]
        return replace(
            query,
            limits=replace(
                query.limits, timeout=None if timeout == math.inf else timeout, max_bytes=min(sizes, default=None)
            ),
        )

    @contextmanager
    def one_more(self, query: Query) -> Iterator[trio.CancelScope]:
        """The cancel scope of an answer under way."""
        scope = trio.CancelScope()
        scopes = self._follows if query.follow else self._scopes
        scopes.add(scope)
        try:
            yield scope
        finally:
            scopes.discard(scope)

    def cut_follows(self) -> None:
        """End every follow now, with a verdict that says why: it would not end by itself."""
        for scope in self._follows:
            scope.cancel()

    def cut(self) -> None:
        """End every answer and follow now, with a verdict that says why."""
        self.cut_follows()
        for scope in self._scopes:
            scope.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an answer is to be made of and look like.

    trailers: whether the connection can carry them. in_band: whether the rendering ends with the verdict. strict:
    whether an incomplete answer is to end in a stream reset. refuse: the response in place of an answer that failed
    before its first byte.
    """

    source: Source
    query: Query
    rendering: Rendering
    coding: str
    trailers: bool
    in_band: bool
    strict: bool
    refuse: Refuse


class Answer(TrioResponse):
    """A response whose body is a source under way."""

    def __init__(self, plan: Plan, answers: Answers, mimetype: str) -> None:
        super().__init__(content_type=mimetype)
        self.timeout = None  # Quart would cut the body after a minute, without a verdict.
        self.headers.pop("content-length", None)
        self.headers["cache-control"] = "no-store"
        self.headers["vary"] = "accept, accept-encoding, prefer"
        self.headers["x-content-type-options"] = "nosniff"
        if plan.coding != "identity":
            self.headers["content-encoding"] = plan.coding
        if plan.trailers:
            self.headers["trailer"] = ", ".join(TRAILERS)
        if plan.query.follow:
            self.headers["x-accel-buffering"] = "no"  # Proxies of nginx's kind would hold lines until a buffer is full.
        if plan.strict:
            self.headers["preference-applied"] = "handling=strict"
        self._plan = plan
        self._answers = answers

    async def deliver(self, connection: Connection, send: Send) -> None:
        """Pump the source into the body and end it with the verdict. Cancelled when the client is gone."""
        await _Delivery(self, self._plan, self._answers, connection, send).run()


class _Delivery:
    """One answer on its way. The response starts with the first batch or sign of life, so that a failure before any
    byte can still be an honest status code."""

    def __init__(self, answer: Answer, plan: Plan, answers: Answers, connection: Connection, send: Send) -> None:
        self._answer = answer
        self._plan = plan
        self._answers = answers
        self._connection = connection
        self._send = send
        self._encoder = encoder(plan.coding)
        self._started = False
        self._lines = 0
        self._records = 0
        self._scanned = 0
        self._positions = Positions(newest=plan.query.form.order is Order.NEWEST)
        # A log that says nothing of itself this time, as its host failed, stays where the earlier answer left it.
        self._positions.advance(plan.query.positions)
        self._outcome = Outcome()

    async def run(self) -> None:
        outcome = self._with_cursor(await self._answered())
        if not self._started and outcome.status in _REFUSALS:
            await self._connection.send_plain(self._send, self._plan.refuse(outcome))
        else:
            await self._end(outcome)

    async def _answered(self) -> Outcome:
        """Where an exception becomes an outcome, if it did not where its source ended."""
        try:
            with self._answers.one_more(self._plan.query) as scope, scope:
                await self._stream()
                return self._outcome
        except Exception:
            _log.exception("an answer failed")
            return self._unfinished(Status.INTERNAL, "internal error")
        return self._unfinished(Status.UNAVAILABLE, f"{self._answers.name} is stopping")

    def _with_cursor(self, outcome: Outcome) -> Outcome:
        """A complete answer that has all there is, newest first, has nothing further; oldest first, more may come."""
        query = self._plan.query
        whole = outcome.complete and (query.limits.n is None or self._records < query.limits.n)
        if query.own or query.form.hits or (whole and query.form.order is Order.NEWEST):
            return outcome
        return replace(outcome, cursor=encode(query, self._positions.current()))

    def _unfinished(self, status: Status, message: str) -> Outcome:
        return Outcome(status, message, self._lines, self._scanned).of_host(self._answers.name)

    async def _stream(self) -> None:
        # No slot: while one batch is being sent the next is being read, and no third is held.
        out, batches = trio.open_memory_channel[Batch](0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._pump, out)
            async with batches:
                async for batch in batches:
                    # Counted first: an answer that is cut while it sends this has it on its way all the same.
                    self._lines += lines_in(batch) if self._plan.query.form.hits else batch.count
                    self._records += batch.records
                    self._scanned += batch.scanned
                    self._positions.advance(batch.positions)
                    await self._write(self._plan.rendering.batch(batch))

    async def _pump(self, out: trio.MemorySendChannel[Batch]) -> None:
        async with out:
            self._outcome = await self._plan.source.pump(self._plan.query, out)

    async def _write(self, rendered: bytes) -> None:
        await self._start()
        if rendered:
            await self._body(self._encoder.encode(rendered))

    async def _start(self) -> None:
        if not self._started:
            self._started = True
            headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in self._answer.headers]
            start: Message = {"type": "http.response.start", "status": 200, "headers": headers}
            if self._plan.trailers:
                start["trailers"] = True
            if self._plan.query.follow:
                start["unhurried"] = True
            await self._send(start)

    async def _body(self, chunk: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def _end(self, outcome: Outcome) -> None:
        """Where an outcome becomes trailers. An answer that nobody may take for complete is left without its end: the
        server then resets the stream, or cuts the connection where that is all that HTTP/1.1 offers."""
        await self._write(self._plan.rendering.end(outcome))
        if not outcome.complete and (self._plan.strict or not (self._plan.trailers or self._plan.in_band)):
            return
        await self._body(self._encoder.finish(), more=False)
        if self._plan.trailers:
            trailers = [(name.encode(), value.encode("latin-1")) for name, value in to_trailers(outcome)]
            await self._send({"type": "http.response.trailers", "headers": trailers, "more_trailers": False})


class Connection(TrioASGIHTTPConnection):
    """Quart-Trio's connection to one request, that knows how to deliver an `Answer`."""

    async def handle_messages(  # type: ignore[override]  # Quart-Trio's own signature, not Quart's
        self, nursery: trio.Nursery, request: Any, receive: Any
    ) -> None:
        """Drop what is uploaded, since no route takes a body, and cancel the request when its client is gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
        nursery.cancel_scope.cancel()

    async def _send_response(self, send: Any, response: Any) -> None:
        if isinstance(response, Answer) and self.scope["method"] != "HEAD":
            await response.deliver(self, send)
        else:
            await self.send_plain(send, response)

    async def send_plain(self, send: Any, response: Any) -> None:
        """A response whose body is at hand."""
        await super()._send_response(send, response)


class StreamingQuart(QuartTrio):
    """A Quart-Trio application whose responses may be answers under way."""

    asgi_http_class = Connection


_REFUSALS = frozenset({Status.NOT_FOUND, Status.PERMISSION_DENIED})
"""Failures that have a status code of their own, if they come before the first byte."""
