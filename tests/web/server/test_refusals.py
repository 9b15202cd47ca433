"""What the server answers by itself has a trace, and leaves a line where it is a refusal."""

from __future__ import annotations

import re
from typing import Any

import pytest

from logagent.core.wire.trace import TRACE_HEADER, read_trace_id
from logagent.web.server.refusals import Refusals, spelled
from testbed.asgi import hello

ID = re.compile(rb"[0-9a-f]{32}")


def refusals(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.name == "logagent.refusals"]


def test_what_the_server_answers_by_itself_gets_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    [(name, value)] = Refusals(None).signed(200, [])
    assert name.decode() == TRACE_HEADER
    assert read_trace_id(value.decode())
    assert refusals(caplog) == []


def test_the_trace_of_an_application_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    fields = [(b"log-trace-id", b"its own")]
    assert Refusals(None).signed(404, fields) == fields
    assert refusals(caplog) == []


async def test_malformed_request_over_http2_gets_a_trace_and_leaves_a_line(
    open_http2: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = await open_http2(hello)
    answer = client.start_with(
        [(b":method", b"GET"), (b":path", b"logs"), (b":scheme", b"http"), (b":authority", b"x")]
    )
    await client.flush()
    [line] = refusals(caplog)
    assert ID.fullmatch(answer.headers[b"log-trace-id"])
    assert (line["status"], line["trace_id"].encode()) == (400, answer.headers[b"log-trace-id"])


async def test_garbage_over_http1_gets_a_trace_and_leaves_a_line(
    open_http1: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await open_http1(hello).send(b"garbage\r\n\r\n")
    [line] = refusals(caplog)
    assert (line["status"], answer.count(b"log-trace-id: " + line["trace_id"].encode())) == (400, 1)


async def test_an_application_that_fails_leaves_a_line(open_http2: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        return

    client = await open_http2(silent)
    answer = await client.ask()
    assert (answer.status, [line["status"] for line in refusals(caplog)]) == (500, [500])


@pytest.mark.parametrize(
    ("client", "text"), [(("10.0.0.7", 5), "10.0.0.7:5"), (("fe80::1", 5), "[fe80::1]:5"), (None, "")]
)
def test_an_address_is_spelled_as_in_a_url(client: Any, text: str) -> None:
    assert spelled(client) == text
