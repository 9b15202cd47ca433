"""Another agent as a source: asks it over HTTP/2, forwards its batches, and turns its trailers into an outcome."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx
import trio

from logagent.core.batch import Batch, Noted, Origin, Out
from logagent.core.notes import add_up, of_host
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
    without_labels,
)
from logagent.peers.behind import Behind, check_way
from logagent.peers.certificates import certificate_notes
from logagent.peers.checking import Checks, hosts_in
from logagent.peers.client.http_client import chunks, retire, trailers
from logagent.peers.client.reasons import reason
from logagent.peers.roll import Roll
from logagent.peers.takers import Takers
from logagent.peers.tracing import trace_headers

MOST_RENAMED = 10_000
"""Origins that are remembered with their new names: a follow may go on for months, over any number of files."""
HEAD_START = 0.2
"""Seconds by which a primary has to end before the agent that asks it: its verdict names who was too slow behind it."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PeerSource:
    """The answer of one other agent.

    Batches are sent compressed, but not between agents on one machine. Cancelling resets the stream, which stops the
    other agent's reading.

    Attributes:
        client: of the agent, with the agent's base URL; the caller closes it.
        host: the name by which this agent lists the other; if that one is too old to say its name, it replaces the
            host's name in all batches. None: names stay unchanged, since the answer is about many hosts.
        roll: notes who answers, and refuses another than the one that is listed; None: whoever answers is taken.
        takers: knows whether the agent takes callers, for a roll that is strict about it.
        behind: told which hosts the agent answers for, which is asked as a primary; None: only for itself.
    """

    client: httpx.AsyncClient
    host: str | None = None
    roll: Roll | None = None
    takers: Takers | None = None
    behind: Behind | None = None

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Ask the agent and pass its batches on; see `Source.pump`."""
        counted = Counted(out)
        try:
            return replace(await self._ask(query, counted), lines=counted.lines)
        except (Failure, httpx.HTTPError) as error:
            return failed(_failure(error), lines=counted.lines)
        except Exception:
            _log.exception("asking %s failed", self.client.base_url)
            return failed(Failure(Status.INTERNAL, "internal error while asking"), lines=counted.lines)

    async def _ask(self, query: Query, out: Out) -> Outcome:
        await self._check_taking(query.trace)
        # Who lists a host knows its labels by its header; a primary tells those of the hosts behind it, if it can.
        asked = query if self.host is None else without_labels(query)
        query = query if self.behind is not None else asked
        method, path, form = question_target(_with_time_left(asked, 0.0 if self.behind is None else HEAD_START))
        headers = self._headers(query) | form_headers(form)
        async with self.client.stream(method, path, headers=headers, content=form or None) as response:
            notes = certificate_notes(response, self.host)
            try:
                outcome = await self._read(response, query, Noted(out, notes))
            except (Failure, httpx.HTTPError) as error:
                outcome = failed(_failure(error))
            all_notes = add_up((*outcome.notes, *notes)) if notes else outcome.notes
            return replace(outcome, trace=trace_of(response), notes=all_notes)

    async def _read(self, response: httpx.Response, query: Query, out: Out) -> Outcome:
        told = self._meet(response)
        if self.takers is not None and self.roll is not None and self.roll.strict:
            self.takers.meet(response)
        check_way(response, self.host, self.roll, self.behind)
        if response.status_code != 200:
            raise await refusal(response)
        check_head(response)
        if self.behind is not None:
            self.behind.meet(response.headers)
        checks = Checks(query, self.host if told and self.behind is None else None)
        await self._pass_on(response, checks, _unchanged if told or not self.host else _Renaming(self.host), out)
        outcome = verdict_in(trailers(response))
        if self.behind is not None:
            self.behind.end(outcome.unmatched)
        if outcome.status is Status.UNAVAILABLE:
            retire(response)  # The agent may be stopping, and would wait for what is read on the connection.
        return checks.settle(outcome)

    async def _check_taking(self, trace: str | None) -> None:
        """Ask nothing of an agent that takes no callers, where the roll is strict about it."""
        if self.takers is not None and self.host is not None and self.roll is not None and self.roll.strict:
            await self.takers.check(self.client, self.host, self.roll, trace)

    def _meet(self, response: httpx.Response) -> bool:
        """Return whether the agent says its name, which then is the listed one."""
        return self.roll is not None and self.host is not None and self.roll.meet(self.host, response.headers)

    def _headers(self, query: Query) -> dict[str, str]:
        headers = question_headers(query, self.client.base_url.host)
        about = {} if self.roll is None or self.host is None else self.roll.headers(self.host)
        return headers | about | trace_headers(query.trace)

    async def _pass_on(
        self, response: httpx.Response, checks: Checks, renamed: Callable[[Batch], Batch], out: Out
    ) -> None:
        body = AnswerBody(str(self.client.base_url), response, checks)
        async for chunk in chunks(response):
            for batch in body.receive(chunk):
                await out.send(renamed(batch))
        body.finish()


def _failure(error: Failure | httpx.HTTPError) -> Failure:
    return error if isinstance(error, Failure) else Failure(Status.UNAVAILABLE, reason(error))


class _Renaming:
    """Replaces the host's name in batches; equal origins become the same object in all batches."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._renamed: dict[Origin, Origin] = {}

    def __call__(self, batch: Batch) -> Batch:
        if hosts_in(batch) <= {self._host}:
            return batch
        positions = tuple(position._replace(host=self._host) for position in batch.positions)
        notices = tuple(notice._replace(host=self._host) for notice in batch.notices)
        origins, notes = tuple(map(self._origin, batch.origins)), of_host(batch.notes, self._host)
        return replace(batch, origins=origins, positions=positions, notices=notices, notes=notes)

    def _origin(self, origin: Origin) -> Origin:
        if len(self._renamed) > MOST_RENAMED:
            self._renamed.clear()
        return self._renamed.setdefault(origin, origin._replace(host=self._host))


def _unchanged(batch: Batch) -> Batch:
    return batch


def _with_time_left(query: Query, head_start: float) -> Query:
    """Return the query with a timeout that is no longer than the caller's deadline.

    For a follow, only its own timeout counts: the caller's deadline moves with every sign of life.

    Args:
        query: what is asked.
        head_start: seconds that are left for the verdict to come back, at most a tenth of the time.
    """
    left = math.inf if query.follow else trio.current_effective_deadline() - trio.current_time()
    left = min(left, math.inf if query.limits.timeout is None else query.limits.timeout)
    if left == math.inf:
        return query
    return with_timeout(query, left - min(head_start, left / 10))


async def refusal(response: httpx.Response) -> Failure:
    """Turn a response with a status other than 200 into a failure, with the message of its problem document (RFC 9457).

    Without such a document, the message names the status.
    """
    return refusal_in(response, await read_at_most(response, MAX_PROBLEM))


async def read_at_most(response: httpx.Response, most: int) -> bytes:
    """Return the body of a response, as far as it has at most so many bytes, and one chunk more."""
    body = bytearray()
    async for chunk in chunks(response):
        body += chunk
        if len(body) > most:
            break
    return bytes(body)
