"""The body of an answer: batches become its bytes, the outcome becomes its trailers.

Every error becomes an outcome here at the latest: sending a body never raises.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import trio
from quart_trio.wrappers import TrioResponse

from logagent.core.batch import Batch
from logagent.core.hits.counts import lines_in
from logagent.core.merging.answer_cursors import AnswerCursor
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source
from logagent.core.wire.through import ASKS_HEADER, to_names
from logagent.core.wire.trace import trace_id
from logagent.core.wire.verdict import TRAILERS, to_trailers
from logagent.telemetry.hook import current
from logagent.web.answers import Answers
from logagent.web.body import Body, BodyRendering
from logagent.web.documents import Problem
from logagent.web.handover import Handover
from logagent.web.rights import TAKEN_AWAY, Right

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Refuse = Callable[[Outcome], Problem]

_log = logging.getLogger(__name__)

_REFUSALS = frozenset({Status.NOT_FOUND, Status.PERMISSION_DENIED})
"""Failures that have a status code of their own, if they come before the first byte."""


class AnsweringConnection(Protocol):
    """The server's side of one request, as an answer uses it."""

    @property
    def nursery(self) -> trio.Nursery:
        """The request's."""
        ...

    async def send_plain(self, send: Send, response: Any) -> None:
        """Send a response whose body is in memory."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is needed to send an answer.

    Attributes:
        source: gives the batches and the outcome.
        query: what the source is asked.
        rendering: makes the text of the body.
        coding: the body's content coding.
        as_is: whether that text is the batches' own bytes.
        trailers: whether the connection can carry them.
        in_band: whether the rendering ends with the verdict.
        strict: whether an incomplete answer ends in a stream reset.
        refuse: makes the response in place of an answer that failed before its first byte.
        cursors: makes the cursors of records, if they have any.
        right: of the caller to the answer; None: anybody's.
        asks: for an agent that asked for all hosts behind this one, the names of those that are asked; None: a client
            has asked, or for this host only.
    """

    source: Source
    query: Query
    rendering: BodyRendering
    coding: str
    as_is: bool
    trailers: bool
    in_band: bool
    strict: bool
    refuse: Refuse
    cursors: RecordCursors | None = None
    right: Right | None = None
    asks: Sequence[str] | None = None


class Answer(TrioResponse):
    """A response whose body streams the batches of a source.

    Args:
        plan: what it is made of.
        answers: those under way, among which it is counted while it is sent.
        mimetype: its media type.
    """

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
            self.headers["x-accel-buffering"] = "no"  # nginx and its like would hold lines until a buffer is full.
        if plan.strict:
            self.headers["preference-applied"] = "handling=strict"
        if plan.asks is not None:
            self.headers[ASKS_HEADER] = to_names(plan.asks)
        self._plan = plan
        self._answers = answers

    async def deliver(self, connection: AnsweringConnection, send: Send) -> None:
        """Pump the source into the body and end it with the verdict; cancelled when the client is gone."""
        await _Delivery(self, self._plan, self._answers, connection, send).run()


class _Delivery:
    """One answer on its way.

    The response starts with the first batch or sign of life, so that a failure before that still has a status code.
    """

    def __init__(
        self, answer: Answer, plan: Plan, answers: Answers, connection: AnsweringConnection, send: Send
    ) -> None:
        self._answer = answer
        self._plan = plan
        self._answers = answers
        self._connection = connection
        self._send = send
        self._story = current()
        self._body = Body(plan.rendering, plan.coding, answers.threads, as_is=plan.as_is)
        self._started = False
        self._lines = 0
        self._scanned = 0
        self._notes: tuple[Note, ...] = ()
        self._cursor = AnswerCursor(plan.query)
        self._outcome = Outcome()

    async def run(self) -> None:
        outcome = replace(self._with_cursor(await self._answered()), trace=trace_id(self._plan.query.trace))
        self._story.outcome = outcome
        if not self._started and self._is_refusal(outcome):
            await self._connection.send_plain(self._send, self._plan.refuse(outcome))
        else:
            await self._end(outcome)
            self._story.delivered = True

    def _is_refusal(self, outcome: Outcome) -> bool:
        """Return whether a status code says how it ended.

        It does not where it would hide another failure, nor where only a peer denied what this agent does not.
        """
        hides = any(part.status not in (Status.OK, *_REFUSALS) for part in outcome.hosts)
        denied = [part.host for part in outcome.hosts if part.status is Status.PERMISSION_DENIED]
        return outcome.status in _REFUSALS and not hides and (not denied or self._answers.name in denied)

    async def _answered(self) -> Outcome:
        """Send all batches, and return the outcome, also if the source raised or the answer was cut."""
        try:
            with self._answers.one_more(self._plan.query, self._plan.right) as under_way, under_way.cutting:
                await self._pump()
                return self._outcome
        except Exception:
            _log.exception("an answer failed")
            return self._unfinished(Status.INTERNAL, "internal error")
        if under_way.is_taken:
            return self._unfinished(Status.PERMISSION_DENIED, TAKEN_AWAY)
        return self._unfinished(Status.UNAVAILABLE, f"{self._answers.name} is stopping")

    def _with_cursor(self, outcome: Outcome) -> Outcome:
        """Add the cursor after this answer, unless nothing is left."""
        if self._plan.asks is not None:
            return outcome  # an agent makes its own, of all positions that it got
        cursor, missing = self._cursor.after(outcome)
        lacks = [(NoteKind.CURSOR, missing)]
        if self._plan.cursors is not None:
            lacks.append((NoteKind.RECORD_CURSORS, self._plan.cursors.lacking))
        notes = [Note(kind, (), logs, self._answers.name) for kind, logs in lacks if logs]
        return replace(outcome, cursor=cursor, notes=(*outcome.notes, *notes))

    def _unfinished(self, status: Status, message: str) -> Outcome:
        outcome = Outcome(status, message, self._lines, self._scanned).of_host(self._answers.name)
        return replace(outcome, notes=self._notes)

    async def _pump(self) -> None:
        source, query = self._plan.source, self._plan.query
        body, nursery = self._body, self._connection.nursery
        handover = Handover(nursery, body.batch, self._take, as_is=body.as_is, compresses=body.compresses)
        self._outcome = await handover.pumped(partial(source.pump, query))

    async def _take(self, batch: Batch, piece: bytes) -> None:
        # Counted first: if the answer is cut while this is sent, the client gets it all the same.
        lines = lines_in(batch) if self._plan.query.form.hits else batch.count
        self._lines += lines
        self._scanned += batch.scanned
        self._cursor.note(batch)
        self._notes = batch.notes or self._notes
        self._story.sending(batch, lines)
        await self._write(piece)
        self._story.tell("taken")

    async def _write(self, piece: bytes) -> None:
        await self._start()
        if piece:
            await self._send_body(piece)

    async def _start(self) -> None:
        if not self._started:
            self._started = True
            self._story.status = 200
            headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in self._answer.headers]
            start: Message = {"type": "http.response.start", "status": 200, "headers": headers}
            if self._plan.trailers:
                start["trailers"] = True
            if self._plan.query.follow:
                start["unhurried"] = True
            await self._send(start)

    async def _send_body(self, chunk: bytes, *, more: bool = True) -> None:
        self._story.bytes_sent += len(chunk)
        await self._send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def _end(self, outcome: Outcome) -> None:
        """End the body and turn the outcome into trailers.

        An incomplete answer that could be mistaken for a complete one is not ended: the server then resets the stream
        or, over HTTP/1.1, closes the connection.
        """
        await self._write(await self._body.end(outcome, large=self._plan.query.form.hits))
        if not outcome.complete and (self._plan.strict or not (self._plan.trailers or self._plan.in_band)):
            return
        await self._send_body(self._body.finish(), more=False)
        if self._plan.trailers:
            spelled = to_trailers(outcome, between_agents=self._plan.asks is not None)
            trailers = [(name.encode(), value.encode("latin-1")) for name, value in spelled]
            await self._send({"type": "http.response.trailers", "headers": trailers, "more_trailers": False})
