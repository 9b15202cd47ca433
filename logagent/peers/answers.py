"""Asking an agent, whatever carries the bytes: a question's path and headers, and what each part of an answer means.

Nothing in here waits, or knows the client that is used.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import NamedTuple, Protocol

from logagent.core.batch import Batch, Out
from logagent.core.cursor import MAX_ASKED, encode
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.coding import IDENTITY, DecodeError, decoder
from logagent.core.wire.frames import BATCHES, SCOPE_HEADER, VERSION_HEADER, FrameDecoder, WireError
from logagent.core.wire.parameters import HITS_PARAMETERS, MAX_FORM, PARAMETERS, to_query_string
from logagent.core.wire.trace import TRACE_HEADER, read_trace_id
from logagent.core.wire.verdict import BadVerdict, NoVerdict, from_trailers
from logagent.peers.checking import Checks

MAX_PROBLEM = 16 * 1024
"""Bytes read of a refusal's body: a problem document has a few hundred."""
LONGEST_PATH = 56 * 1024
"""Bytes of a path with its query string: agents take 60 KiB, and with it 64 KiB of headers."""
FORM = "application/x-www-form-urlencoded"
"""The media type of parameters in a body."""
LEAST_TIME = 0.001
"""The smallest timeout that a peer is given, in seconds: with less it could not even report that the time is over."""

_refusals = logging.getLogger("logagent.refusals")
_STATUSES = {
    400: Status.INTERNAL,
    401: Status.PERMISSION_DENIED,
    403: Status.PERMISSION_DENIED,
    404: Status.NOT_FOUND,
    408: Status.UNAVAILABLE,
    421: Status.PERMISSION_DENIED,
    429: Status.RESOURCE_EXHAUSTED,
    508: Status.RESOURCE_EXHAUSTED,
}
_UNKNOWN = re.compile("([a-z_]+): unknown parameter; (?:known are |this route takes none)")
"""What an agent says of a parameter that it does not know."""
METHOD_NOT_ALLOWED, NO_BODY = 405, "no route takes a body"
"""How what takes no POST answers: by a status code of HTTP, and agents of this one's first version with these words."""
_OF_WHO_ASKS = frozenset({401, 421})
"""HTTP status codes that are about who asks, or how, and not about what is asked for."""


class AnswerHead(Protocol):
    """The head of a response.

    Attributes:
        status_code: of HTTP.
        headers: by their names, in lower case.
        http_version: such as `HTTP/2`.
    """

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def http_version(self) -> str: ...


class QuestionTarget(NamedTuple):
    """What of a question is no header.

    Attributes:
        method: of HTTP.
        path: with the query string, if the parameters fit into it.
        form: the parameters, if they do not.
    """

    method: str
    path: str
    form: bytes = b""


def question_target(query: Query) -> QuestionTarget:
    """Return how to ask a query: as every agent knows it, by POST if it fits into no URL.

    Raises:
        Failure: if it fits into no form either, or its positions fit into no cursor.
    """
    if query.positions and not encode(query, query.positions, MAX_ASKED):
        raise Failure(Status.RESOURCE_EXHAUSTED, "too many logs to continue exactly; name fewer of them")
    return target_of("/hits" if query.form.hits else "/logs", to_query_string(query))


def target_of(route: str, parameters: str) -> QuestionTarget:
    """Return how to ask a route with these parameters; see `question_target`.

    Args:
        parameters: as they stand in a query string.

    Raises:
        Failure: if they fit into no form either.
    """
    path = f"{route}?{parameters}" if parameters else route
    if len(path) <= LONGEST_PATH:
        return QuestionTarget("GET", path)
    if len(parameters) > MAX_FORM:
        raise Failure(Status.RESOURCE_EXHAUSTED, f"the question is larger than {MAX_FORM} bytes; give fewer patterns")
    return QuestionTarget("POST", route, parameters.encode("ascii"))


def question_headers(query: Query, host: str) -> dict[str, str]:
    """Return the headers that ask for an answer in batches.

    Batches are asked for compressed, but not from an agent on this machine, where compressing costs more than sending.

    Args:
        host: of the agent's URL.
    """
    columns = "".join(f";{name}=true" for name in ("times", "places") if getattr(query.form, name))
    most = f";most={query.form.batch_bytes}" if query.form.batch_bytes else ""
    labels = ";labels=true" if query.form.labels else ""
    headers = {
        "accept": f"{BATCHES}{columns};notes=true{labels}{most}",
        "accept-encoding": IDENTITY if _is_here(host) else "zstd",
    }
    return headers | ({SCOPE_HEADER: "own"} if query.own else {})


def form_headers(form: bytes) -> dict[str, str]:
    """Return the headers of a question's body; none if it has none."""
    return {"content-type": FORM, "content-length": str(len(form))} if form else {}


def without_labels(query: Query) -> Query:
    """Return the query for an agent of any version, which may be too old for the labels of hosts."""
    return replace(query, form=replace(query.form, labels=False)) if query.form.labels else query


def with_timeout(query: Query, left: float) -> Query:
    """Return the query with a timeout of so many seconds, but not with less than an agent can answer in."""
    return replace(query, limits=replace(query.limits, timeout=max(round(left, 3), LEAST_TIME)))


def check_head(head: AnswerHead) -> None:
    """Check that a response that is no refusal is an agent's answer in batches.

    Raises:
        Failure: if it is not.
    """
    if head.http_version != "HTTP/2":
        raise Failure(Status.INTERNAL, f"speaks {head.http_version}; agents speak HTTP/2 to each other")
    if head.headers.get("content-type", "").partition(";")[0] != BATCHES:
        raise Failure(Status.INTERNAL, "answered with something else than batches; is it an agent?")


class AnswerBody:
    """Turns the bytes of an answer's body into batches, which it checks.

    Args:
        agent: its URL, for the log.
        head: of the answer.
        checks: of this answer.

    Raises:
        Failure: if the body is in a coding that is not known.
    """

    def __init__(self, agent: str, head: AnswerHead, checks: Checks) -> None:
        self._agent = agent
        self._checks = checks
        self._frames = FrameDecoder()
        try:
            self._decode = decoder(head.headers.get("content-encoding", IDENTITY))
        except DecodeError as error:
            raise self._failure(error) from None

    def receive(self, chunk: bytes) -> Iterator[Batch]:
        """Yield the batches that are complete now.

        Raises:
            Failure: if the bytes are something else, or no honest agent sends them.
        """
        try:
            for piece in self._decode(chunk):
                for batch in self._frames.receive(piece):
                    yield self._checks.check(batch)
        except (WireError, DecodeError) as error:
            raise self._failure(error) from None

    def finish(self) -> None:
        """End the body.

        Raises:
            Failure: if the last batch is cut.
        """
        try:
            self._frames.finish()
        except WireError as error:
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> Failure:
        # Bounded with the other refusals: a peer that lies, lies in each of its answers.
        _refusals.warning("the answer of %s: it sent something else than batches: %s", self._agent, error)
        return Failure(Status.INTERNAL, f"sent something else than batches: {error}")


class Counted:
    """Forwards batches, and counts their lines.

    Attributes:
        lines: the number of lines forwarded so far.
    """

    def __init__(self, out: Out) -> None:
        self._out = out
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Forward a batch."""
        await self._out.send(batch)
        self.lines += batch.count


def verdict_in(trailers: Mapping[str, str]) -> Outcome:
    """Return the outcome that the trailers of an answer tell.

    Raises:
        Failure: if they tell none.
    """
    try:
        return from_trailers(trailers)
    except NoVerdict as error:
        raise Failure(Status.UNAVAILABLE, f"its answer ended without a verdict ({error})") from None
    except BadVerdict as error:
        raise Failure(Status.INTERNAL, f"its answer ended with a verdict that is none: {error}") from None


def refusal_in(head: AnswerHead, document: bytes) -> Failure:
    """Turn a response with a status other than 200 into a failure, with the message of its problem document (RFC 9457).

    Without such a document, the message names the status.

    Args:
        document: the beginning of the body.
    """
    # A server's error may be temporary; a request that the server does not understand fails again.
    other = Status.UNAVAILABLE if 500 <= head.status_code <= 599 else Status.INTERNAL
    version = head.headers.get(VERSION_HEADER, "")
    if head.status_code == METHOD_NOT_ALLOWED or _detail(document) == NO_BODY:
        told = f"{version or 'the version there'} takes no question that fits into no URL: upgrade that agent"
        return Failure(other, f"{told}, or give fewer patterns", trace_of(head))
    if 300 <= head.status_code <= 399:
        told = f"answered with a redirect (HTTP status {head.status_code})"
        return Failure(Status.INTERNAL, f"{told}, which is not followed: give the agent's own URL", trace_of(head))
    message = _in_plain_words(_detail(document), version) or f"answered with HTTP status {head.status_code}"
    if head.status_code in _OF_WHO_ASKS:
        message = f"refuses who asks: {message}"
    return Failure(_STATUSES.get(head.status_code, other), message, trace_of(head))


def _in_plain_words(message: str, version: str) -> str:
    """Return the message of a refusal, a clearer one if the agent is too old for a parameter of this version."""
    unknown = _UNKNOWN.match(message)
    if unknown is None or unknown[1] not in (*PARAMETERS, *HITS_PARAMETERS):
        return message
    return f"{version or 'the version there'} does not know `{unknown[1]}`: upgrade that agent"


def trace_of(head: AnswerHead) -> str:
    """Return the trace's id that a response names; empty if it names none."""
    return read_trace_id(head.headers.get(TRACE_HEADER))


def _detail(document: bytes) -> str:
    if len(document) > MAX_PROBLEM:
        return ""
    try:
        return str(json.loads(document)["detail"]).encode("utf-8", "replace").decode()
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
