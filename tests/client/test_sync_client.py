"""Asking by calls that block, of a server that says what a test tells it to."""

from __future__ import annotations

import gc
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from logagent.client import ClientError, ConnectionFailed, HitCount, Incomplete, Notice, Refused, Status, SyncClient
from logagent.core.outcome import HostOutcome, Outcome
from logagent.core.wire.end_records import end_record
from testbed.one_server import Talk, says, serving

pytestmark = pytest.mark.real

END = end_record(Outcome(lines=2, trace="ab" * 16, cursor="next"))


def record(text: str, **more: Any) -> dict[str, Any]:
    return {"time": None, "host": "web-1", "file": "a.log", "offset": 0, "line": text, **more}


def head(kind: str, status: str = "200 OK", *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", "transfer-encoding: chunked", *more]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def chunk(*records: dict[str, Any]) -> bytes:
    text = "".join(f"{json.dumps(each)}\n" for each in records).encode()
    return b"%x\r\n%b\r\n" % (len(text), text)


LAST = b"0\r\n\r\n"
NDJSON, EVENTS, JSON = "application/x-ndjson", "text/event-stream", "application/json"
WHOLE = says(head(NDJSON), chunk(record("one")), chunk(record("two"), END), LAST)


def asking(talk: Talk, ask: Callable[[SyncClient], Any], **how: Any) -> Any:
    """What a question to such a server gives."""
    with serving(talk) as address, SyncClient(f"http://{address}", **how) as client:
        return ask(client)


def test_lines_and_a_verdict() -> None:
    def ask(client: SyncClient) -> None:
        answer = client.logs("a.log")
        assert not answer.ended
        assert [line.line for line in answer] == ["one", "two"]
        assert (answer.ended, answer.verdict.complete, answer.verdict.cursor) == (True, True, "next")
        answer.raise_if_incomplete()
        assert list(answer) == []

    asking(WHOLE, ask)


def test_an_answer_that_is_cut_is_unknown() -> None:
    def ask(client: SyncClient) -> None:
        answer = client.logs("a.log", raise_if_incomplete=True)
        assert next(answer).line == "one"
        with pytest.raises(Incomplete) as incomplete:
            next(answer)
        assert incomplete.value.verdict.status is Status.UNAVAILABLE
        assert incomplete.value.verdict.message.startswith("the answer was cut off: connection lost: ")

    asking(says(head(NDJSON), chunk(record("one"))), ask)


def test_a_refusal_and_nobody_there() -> None:
    problem = json.dumps({"detail": "full", "status": 503})
    sent = f"{len(problem):x}\r\n{problem}\r\n".encode()

    def ask(client: SyncClient) -> None:
        with pytest.raises(Refused, match="full") as refused:
            next(client.logs("a.log"))
        assert (refused.value.status, refused.value.retry_after) == (503, 2.0)

    talk = says(head("application/problem+json", "503 Service Unavailable", "retry-after: 2"), sent, LAST)
    asking(talk, ask)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with SyncClient(f"http://127.0.0.1:{bound.getsockname()[1]}") as client:
            with pytest.raises(ConnectionFailed, match=r"^cannot connect: connection refused$"):
                client.hosts()


def test_what_is_no_agent_is_told() -> None:
    def ask(client: SyncClient) -> None:
        with pytest.raises(ConnectionFailed, match="the agent answers with text/html in place of"):
            next(client.logs("a.log"))
        for document in (client.hosts, client.files):
            with pytest.raises(ConnectionFailed, match="is it an agent"):
                document()

    asking(says(head("text/html"), LAST), ask)


def test_counts_files_and_hosts() -> None:
    count = {"host": "web-1", "file": "a.log", "count": 3}
    assert asking(says(head(NDJSON), chunk(count, END), LAST), lambda it: list(it.hits("a.log", by="file"))) == [
        HitCount(None, "web-1", "a.log", 3)
    ]
    listing = {"files": [], "hosts": [{"host": "web-1", "status": 14, "message": "gone"}]}
    listed = asking(says(head(JSON), chunk(listing), LAST), lambda it: it.files())
    assert (len(listed), listed.verdict.hosts) == (0, (HostOutcome("web-1", Status.UNAVAILABLE, "gone"),))
    hosts = {"hosts": [{"name": "web-1", "reachable": True}]}
    assert [host.name for host in asking(says(head(JSON), chunk(hosts), LAST), lambda it: it.hosts())] == ["web-1"]


def test_an_idle_connection_that_was_closed_is_made_anew() -> None:
    assert asking(WHOLE, lambda it: [len(list(it.logs("a.log"))) for _ in range(3)]) == [2, 2, 2]


class Left:
    """A server whose answer never ends; `gone` is set when its client has closed the connection."""

    def __init__(self) -> None:
        self.gone = threading.Event()

    def __call__(self, connected: socket.socket) -> None:
        connected.recv(65536)
        connected.sendall(head(NDJSON) + chunk(record("one")))
        while connected.recv(65536):
            pass
        self.gone.set()


def leave_by_block(client: SyncClient) -> None:
    with client.logs("a.log") as answer:
        next(answer)
    assert answer.verdict.status is Status.CANCELLED


def leave_by_break(client: SyncClient) -> None:
    for _ in client.logs("a.log"):
        break
    gc.collect()


@pytest.mark.parametrize("leave", [leave_by_block, leave_by_break])
def test_an_answer_that_is_left_closes_its_connection(leave: Callable[[SyncClient], None]) -> None:
    left = Left()

    def ask(client: SyncClient) -> None:
        leave(client)
        assert left.gone.wait(30)

    asking(left, ask)


def test_closing_the_client_ends_its_answers() -> None:
    left = Left()
    with serving(left) as address:
        with SyncClient(f"http://{address}") as client:
            answer = client.logs("a.log")
            next(answer)
        assert left.gone.wait(30)
        assert list(answer) == []
        assert answer.verdict.message == "the answer was cut off: the client was closed"
        with pytest.raises(ClientError, match="the client was closed"):
            client.hosts()


def event(text: str, cursor: str) -> bytes:
    place = f"id: {cursor}\n" if cursor else ""
    sent = f"{place}data: {json.dumps(record(text))}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(sent), sent)


@pytest.mark.parametrize(
    ("second", "again", "status"),
    [
        ("c2", b"GET /logs?filename=a.log&cursor=c2&follow=true HTTP/1.1", Status.OK),
        ("", b"GET /logs?filename=a.log&n=0&follow=true HTTP/1.1", Status.DATA_LOSS),  # of too many logs for cursors
    ],
)
def test_a_follow_goes_on_behind_the_last_line(second: str, again: bytes, status: Status) -> None:
    asked: list[bytes] = []
    told: list[Notice] = []
    answers = iter([[event("one", "c1"), event("two", second)], [event("three", "c3")]])

    def talk(connected: socket.socket) -> None:
        asked.append(connected.recv(65536).partition(b"\r\n")[0])
        for piece in [head(EVENTS), *next(answers)]:
            connected.sendall(piece)

    def ask(client: SyncClient) -> None:
        with client.follow("a.log", n=5, on_notice=told.append) as follow:
            assert [next(follow).line for _ in range(3)] == ["one", "two", "three"]
            assert (follow.cursor, follow.live) == ("c3", False)
        assert follow.verdict.lines == 3

    asking(talk, ask)
    assert asked == [b"GET /logs?filename=a.log&n=5&follow=true HTTP/1.1", again]
    assert [notice.status for notice in told] == [Status.UNAVAILABLE, status]


def test_a_token_is_not_sent_to_a_listener_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []

    def ask(client: SyncClient) -> None:
        with pytest.raises(ConnectionFailed, match="the token was not sent: user nobody-else listens there"):
            client.hosts()

    monkeypatch.setattr("logagent.client.way.objection", lambda _: "user nobody-else listens there")
    asking(lambda connected: heard.append(connected.recv(65536)), ask, token="secret")
    assert heard == [b""]


def test_a_token_is_sent_to_a_listener_of_ones_own() -> None:
    heard: list[bytes] = []

    def talk(connected: socket.socket) -> None:
        heard.append(connected.recv(65536))
        connected.sendall(head(JSON) + chunk({"hosts": []}) + LAST)

    assert asking(talk, lambda it: it.hosts(), token="secret") == ()
    assert b"\r\nauthorization: Bearer secret\r\n" in heard[0].lower().replace(b"bearer", b"Bearer")
