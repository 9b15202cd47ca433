"""An agent as a source that is asked over a blocking socket; its coroutines wait for nothing but the reader."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from logagent.core.batch import Out
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import Query
from logagent.peers.answers import (
    MAX_PROBLEM,
    AnswerBody,
    Counted,
    check_head,
    form_headers,
    question_headers,
    question_target,
    refusal_in,
    trace_of,
    verdict_in,
    with_timeout,
)
from logagent.peers.checking import Checks
from logagent.peers.client.credentials import Credential
from logagent.peers.direct.answer_stream import NO_TRACE, AgentRequest, AnswerStream, open_answer
from logagent.peers.direct.waiting import Lost
from logagent.peers.direct.wires import Secure, base_url, host_of


class DirectSource(NamedTuple):
    """The answer of one agent, about all hosts that it knows; not for a follow, which has to survive lost connections.

    Attributes:
        agent: its URL.
        secure: speaks TLS with it; None: for `http://` and Unix sockets.
        until: when waiting for the answer ends, as `time.monotonic` tells it.
        credential: proves who asks; None: nothing does.
        trace: headers that name the trace to which the question belongs.
    """

    agent: str
    secure: Secure | None = None
    until: float = math.inf
    credential: Credential | None = None
    trace: Mapping[str, str] = NO_TRACE

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Ask the agent and pass its batches on; see `Source.pump`.

        Raises:
            Late: if the answer does not end in time.
            SpeaksHttp1: if the other side does not speak HTTP/2; nothing was sent to it then.
        """
        counted = Counted(out)
        try:
            outcome = await self._ask(query, counted)
        except (Failure, Lost) as error:
            outcome = failed(_failure(error))
        return replace(outcome, lines=counted.lines)

    async def _ask(self, query: Query, out: Out) -> Outcome:
        limited = query if query.limits.timeout is None else with_timeout(query, query.limits.timeout)
        method, path, form = question_target(limited)
        headers = question_headers(query, host_of(self.agent)) | form_headers(form)
        asked = AgentRequest(method, path, headers, form)
        answer = open_answer(self.agent, self.secure, asked, self.until, self.credential, self.trace)
        with contextlib.closing(answer) as stream:
            try:
                outcome = await self._read(stream, query, out)
            except (Failure, Lost) as error:
                outcome = failed(_failure(error))
            return replace(outcome, trace=trace_of(stream))

    async def _read(self, stream: AnswerStream, query: Query, out: Out) -> Outcome:
        if stream.status_code != 200:
            raise refusal_in(stream, stream.read_at_most(MAX_PROBLEM))
        check_head(stream)
        checks = Checks(query, None)
        body = AnswerBody(base_url(self.agent), stream, checks)
        for chunk in stream.chunks():
            for batch in body.receive(chunk):
                await out.send(batch)
        body.finish()
        return checks.settle(verdict_in(stream.trailers))


def _failure(error: Failure | Lost) -> Failure:
    return error if isinstance(error, Failure) else Failure(Status.UNAVAILABLE, str(error))
