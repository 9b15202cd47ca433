"""What goes wrong for a program that asks an agent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from logagent.client.values import Verdict
from logagent.core.wire.trace import TRACE_HEADER, read_trace_id
from logagent.peers.answers import MAX_PROBLEM

_FOR_NOW = frozenset({408, 429, 502, 503, 504})
"""HTTP status codes of what may succeed when it is asked again."""


class ClientError(Exception):
    """What a program that asks an agent may meet; each kind is a class of its own."""


class ConnectionFailed(ClientError):
    """No answer came: the agent cannot be reached, or what answers is no agent; the message says why, in words."""


class Incomplete(ClientError):
    """An answer is not complete, and an exception was asked for.

    Attributes:
        verdict: of the answer.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.told)
        self.verdict = verdict


class Refused(ClientError):
    """The agent refused the request, before any byte of an answer.

    Attributes:
        status: the HTTP status code.
        detail: what is wrong, and what would be right.
        parameter: which parameter is wrong; None: another thing is.
        trace_id: by which the refusal is found in the agents' own logs; empty if the agent names none.
        retry_after: seconds after which the agent may be asked again; None: it does not say.
    """

    def __init__(
        self, status: int, detail: str, *, parameter: str | None, trace_id: str, retry_after: float | None
    ) -> None:
        super().__init__(f"{detail} (HTTP status {status}{f', trace {trace_id}' if trace_id else ''})")
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.trace_id = trace_id
        self.retry_after = retry_after

    @property
    def is_for_now(self) -> bool:
        """Whether the same question may be answered later."""
        return self.status in _FOR_NOW


def refused(status: int, headers: Mapping[str, str], document: bytes) -> Refused:
    """Return the exception for a response that is no answer.

    Args:
        status: the HTTP status code.
        headers: by their names, in lower case.
        document: the body, or the beginning of it: a problem document (RFC 9457), if an agent sends it.
    """
    told = _problem(document)
    detail, parameter = told.get("detail"), told.get("parameter")
    return Refused(
        status,
        detail if isinstance(detail, str) else "the answer is no document of an agent's",
        parameter=parameter if isinstance(parameter, str) else None,
        trace_id=read_trace_id(headers.get(TRACE_HEADER)),
        retry_after=_seconds(headers.get("retry-after", "")),
    )


def _problem(document: bytes) -> Mapping[str, object]:
    try:
        told = json.loads(document) if len(document) <= MAX_PROBLEM else {}
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _seconds(text: str) -> float | None:
    """Return the seconds of `Retry-After`; the form with a date is not used by agents."""
    return float(text) if re.fullmatch("[0-9]{1,9}", text, re.ASCII) else None
