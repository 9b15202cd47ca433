"""Another agent as a source: asks it over HTTP/2, forwards its batches, and turns its trailers into an outcome."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address

import httpx
import trio

from logagent.core.batch import Batch, Noted, Origin, Out
from logagent.core.cursor import MAX_ASKED, encode
from logagent.core.notes import add_up, of_host
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import Query
from logagent.core.wire.coding import IDENTITY, DecodeError, decoder
from logagent.core.wire.frames import BATCHES, SCOPE_HEADER, FrameDecoder, WireError
from logagent.core.wire.identity import ASKED_AS_HEADER
from logagent.core.wire.parameters import to_query_string
from logagent.core.wire.verdict import BadVerdict, NoVerdict, from_trailers
from logagent.peers.certificates import certificate_notes
from logagent.peers.checking import Checks, hosts_in
from logagent.peers.client.http_client import chunks, retire, trailers
from logagent.peers.client.reasons import reason
from logagent.peers.roll import Roll
from logagent.peers.tracing import trace_headers, trace_of

MAX_PROBLEM = 16 * 1024
"""Bytes read of a refusal's body: a problem document has a few hundred."""
MOST_RENAMED = 10_000
"""Origins that are remembered with their new names: a follow may go on for months, over any number of files."""
LEAST_TIME = 0.001
"""The smallest timeout that a peer is given, in seconds: with less it could not even report that the time is over."""

_log = logging.getLogger(__name__)
_STATUSES = {
    400: Status.INTERNAL,
    401: Status.PERMISSION_DENIED,
    403: Status.PERMISSION_DENIED,
    404: Status.NOT_FOUND,
    408: Status.UNAVAILABLE,
    421: Status.PERMISSION_DENIED,
    429: Status.RESOURCE_EXHAUSTED,
}
_OF_WHO_ASKS = frozenset({401, 421})
"""HTTP status codes that are about who asks, or how, and not about what is asked for."""


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
    """

    client: httpx.AsyncClient
    host: str | None = None
    roll: Roll | None = None

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Ask the agent and pass its batches on; see `Source.pump`."""
        counted = _Counted(out)
        try:
            return replace(await self._ask(query, counted), lines=counted.lines)
        except (Failure, httpx.HTTPError) as error:
            return failed(_failure(error), lines=counted.lines)
        except Exception:
            _log.exception("asking %s failed", self.client.base_url)
            return failed(Failure(Status.INTERNAL, "internal error while asking"), lines=counted.lines)

    async def _ask(self, query: Query, out: Out) -> Outcome:
        url = f"/{'hits' if query.form.hits else 'logs'}?{_spelled(_with_time_left(query))}"
        async with self.client.stream("GET", url, headers=self._headers(query)) as response:
            notes = certificate_notes(response, self.host)
            try:
                outcome = await self._read(response, query, Noted(out, notes))
            except (Failure, httpx.HTTPError) as error:
                outcome = failed(_failure(error))
            all_notes = add_up((*outcome.notes, *notes)) if notes else outcome.notes
            return replace(outcome, trace=trace_of(response), notes=all_notes)

    async def _read(self, response: httpx.Response, query: Query, out: Out) -> Outcome:
        told = self._meet(response)
        if response.status_code != 200:
            raise _in_plain_words(await refusal(response), query)
        if response.http_version != "HTTP/2":
            raise Failure(Status.INTERNAL, f"speaks {response.http_version}; agents speak HTTP/2 to each other")
        if response.headers.get("content-type", "").partition(";")[0] != BATCHES:
            raise Failure(Status.INTERNAL, "answered with something else than batches; is it an agent?")
        checks = Checks(query, self.host if told else None)
        await self._pass_on(response, checks, _unchanged if told or not self.host else _Renaming(self.host), out)
        outcome = _verdict(response)
        if outcome.status is Status.UNAVAILABLE:
            retire(response)  # The agent may be stopping, and would wait for what is read on the connection.
        return checks.settle(outcome)

    def _meet(self, response: httpx.Response) -> bool:
        """Return whether the agent says its name, which then is the listed one."""
        return self.roll is not None and self.host is not None and self.roll.meet(self.host, response.headers)

    def _headers(self, query: Query) -> dict[str, str]:
        columns = "".join(f";{name}=true" for name in ("times", "places") if getattr(query.form, name))
        headers = {
            "accept": f"{BATCHES}{columns};notes=true",
            "accept-encoding": IDENTITY if _is_here(self.client.base_url) else "zstd",
        }
        if query.own:
            headers[SCOPE_HEADER] = "own"
        if self.roll is not None and self.host is not None:
            headers[ASKED_AS_HEADER] = self.roll.asks(self.host)
        return headers | trace_headers(query.trace)

    async def _pass_on(
        self, response: httpx.Response, checks: Checks, renamed: Callable[[Batch], Batch], out: Out
    ) -> None:
        frames = FrameDecoder()
        try:
            decode = decoder(response.headers.get("content-encoding", IDENTITY))
            async for chunk in chunks(response):
                for piece in decode(chunk):
                    for batch in frames.receive(piece):
                        await out.send(renamed(checks.check(batch)))
            frames.finish()
        except (WireError, DecodeError) as error:
            _log.warning("%s sent something else than batches: %s", self.client.base_url, error)
            raise Failure(Status.INTERNAL, f"sent something else than batches: {error}") from None


def _failure(error: Failure | httpx.HTTPError) -> Failure:
    return error if isinstance(error, Failure) else Failure(Status.UNAVAILABLE, reason(error))


class _Counted:
    """Forwards batches, and counts their lines."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        await self._out.send(batch)
        self.lines += batch.count


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


def _spelled(query: Query) -> str:
    """Return the query string; raise `Failure` if the query's positions do not fit into one."""
    if query.positions and not encode(query, query.positions, MAX_ASKED):
        raise Failure(Status.RESOURCE_EXHAUSTED, "too many logs to continue exactly; name fewer of them")
    return to_query_string(query)


def _with_time_left(query: Query) -> Query:
    """Return the query with a timeout that is no longer than the caller's deadline.

    For a follow, only its own timeout counts: the caller's deadline moves with every sign of life.
    """
    left = math.inf if query.follow else trio.current_effective_deadline() - trio.current_time()
    left = min(left, math.inf if query.limits.timeout is None else query.limits.timeout)
    if left == math.inf:
        return query
    return replace(query, limits=replace(query.limits, timeout=max(round(left, 3), LEAST_TIME)))


def _verdict(response: httpx.Response) -> Outcome:
    try:
        return from_trailers(trailers(response))
    except NoVerdict as error:
        raise Failure(Status.UNAVAILABLE, f"its answer ended without a verdict ({error})") from None
    except BadVerdict as error:
        raise Failure(Status.INTERNAL, f"its answer ended with a verdict that is none: {error}") from None


async def refusal(response: httpx.Response) -> Failure:
    """Turn a response with a status other than 200 into a failure, with the message of its problem document (RFC 9457).

    Without such a document, the message names the status.
    """
    return refusal_in(response, await read_at_most(response, MAX_PROBLEM))


def refusal_in(response: httpx.Response, document: bytes) -> Failure:
    """Turn a response with a status other than 200, and the beginning of its body, into a failure."""
    # A server's error may be temporary; a request that the server does not understand fails again.
    other = Status.UNAVAILABLE if response.is_server_error else Status.INTERNAL
    status = _STATUSES.get(response.status_code, other)
    message = _detail(document) or f"answered with HTTP status {response.status_code}"
    if response.status_code in _OF_WHO_ASKS:
        message = f"refuses who asks: {message}"
    return Failure(status, message, trace_of(response))


def _in_plain_words(failure: Failure, query: Query) -> Failure:
    """Return the failure, with a clearer message if the agent's version does not know the parameter `follow`."""
    if query.follow and failure.message.startswith("follow: unknown parameter"):
        return Failure(failure.status, "is of a version that cannot follow yet; update that agent")
    return failure


async def read_at_most(response: httpx.Response, most: int) -> bytes:
    """Return the body of a response, as far as it has at most so many bytes, and one chunk more."""
    body = bytearray()
    async for chunk in chunks(response):
        body += chunk
        if len(body) > most:
            break
    return bytes(body)


def _detail(document: bytes) -> str:
    if len(document) > MAX_PROBLEM:
        return ""
    try:
        return str(json.loads(document)["detail"]).encode("utf-8", "replace").decode()
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _is_here(url: httpx.URL) -> bool:
    """Return whether an agent is on this machine, where compressing batches costs more than sending them."""
    try:
        return ip_address(url.host).is_loopback
    except ValueError:
        return url.host == "localhost"
