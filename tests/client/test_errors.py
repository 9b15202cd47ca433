"""Refusals as exceptions, whatever answers."""

from __future__ import annotations

import json

import pytest

from logagent.client import ClientError, Refused
from logagent.client.errors import refused
from logagent.peers.answers import MAX_PROBLEM

TRACE = "ab" * 16
PROBLEM = {"title": "Bad Request", "status": 400, "detail": "n: must be a whole number", "parameter": "n"}


def test_a_problem_document_is_read() -> None:
    error = refused(400, {"log-trace-id": TRACE}, json.dumps(PROBLEM).encode())
    assert isinstance(error, ClientError)
    assert (error.status, error.detail, error.parameter) == (400, "n: must be a whole number", "n")
    assert (error.trace_id, error.retry_after, error.is_for_now) == (TRACE, None, False)
    assert str(error) == f"n: must be a whole number (HTTP status 400, trace {TRACE})"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"[]",
        b"\xff",
        b"[" * 10_000,
        b'{"detail":5,"parameter":[]}',
        b'{"detail":"x"}' + b" " * MAX_PROBLEM,
    ],
)
def test_what_is_no_problem_document_is_told_so(document: bytes) -> None:
    error = refused(502, {"log-trace-id": "no trace"}, document)
    assert str(error) == "the answer is no document of an agent's (HTTP status 502)"
    assert (error.parameter, error.trace_id) == (None, "")


@pytest.mark.parametrize(("header", "seconds"), [("1", 1.0), ("120", 120.0), ("-1", None), ("soon", None), ("", None)])
def test_when_to_come_back_is_read(header: str, seconds: float | None) -> None:
    assert refused(503, {"retry-after": header}, b"").retry_after == seconds


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_some_refusals_are_for_now(status: int) -> None:
    assert refused(status, {}, b"").is_for_now
    assert not Refused(403, "no", parameter=None, trace_id="", retry_after=None).is_for_now
