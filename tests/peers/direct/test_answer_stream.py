"""One answer as it arrives: nothing is read ahead, and time that is over is told."""

from __future__ import annotations

import math

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

from logagent.peers.direct.answer_stream import WINDOW, AgentRequest, AnswerStream
from logagent.peers.direct.coroutines import finished
from logagent.peers.direct.waiting import Late

PIECE = b"x" * 16_384


class Agent:
    """An agent in memory as a wire, which answers as far as the windows allow, one piece for each read."""

    in_cleartext = True

    def __init__(self) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.reads = self.sent = 0
        self.asked: dict[str, str] = {}

    def send(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, RequestReceived):
                self.asked = dict(event.headers or [])
                self.h2.send_headers(1, [(":status", "200"), ("a", "1"), ("a", "2")])

    def receive(self, most: int, until: float) -> bytes:
        self.reads += 1
        if until <= 0 or self.h2.local_flow_control_window(1) < len(PIECE):
            raise Late
        self.h2.send_data(1, PIECE)
        self.sent += len(PIECE)
        return self.h2.data_to_send()

    def close(self) -> None:
        pass


def stream_of(agent: Agent) -> AnswerStream:
    stream = AnswerStream(agent, math.inf)
    stream.ask("https://web-1:443", AgentRequest("GET", "/logs?filename=a", {"accept": "x"}))
    stream.wait_for_head()
    return stream


class Taker(Agent):
    """An agent that takes a body as it is read, and answers behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.body = b""

    def send(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, DataReceived):
                self.body += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(event, StreamEnded):
                self.h2.send_headers(1, [(":status", "200")])

    def receive(self, most: int, until: float) -> bytes:
        self.reads += 1
        return self.h2.data_to_send()


def test_a_body_is_sent_as_far_as_the_agent_takes_it() -> None:
    agent, body = Taker(), bytes(range(256)) * 1000
    stream = AnswerStream(agent, math.inf)
    stream.ask("https://web-1:443", AgentRequest("POST", "/logs", {"content-length": str(len(body))}, body))
    stream.wait_for_head()
    assert (agent.body == body, stream.status_code) == (True, 200)
    assert agent.reads > len(body) // 65_536


def test_a_request_names_the_agent_and_asks_for_trailers() -> None:
    agent = Agent()
    stream = stream_of(agent)
    assert agent.asked == {
        ":method": "GET",
        ":authority": "web-1",
        ":scheme": "https",
        ":path": "/logs?filename=a",
        "accept": "x",
        "te": "trailers",
    }
    assert (stream.status_code, stream.headers["a"]) == (200, "1, 2")


def test_nothing_is_read_before_it_is_asked_for() -> None:
    agent = Agent()
    chunks = stream_of(agent).chunks()
    assert [next(chunks), next(chunks)] == [PIECE, PIECE]
    assert agent.reads == 2


def test_windows_are_given_back_as_pieces_are_taken() -> None:
    agent = Agent()
    chunks = stream_of(agent).chunks()
    while agent.sent < 3 * WINDOW:
        next(chunks)
    assert agent.h2.local_flow_control_window(1) >= len(PIECE)


def test_an_agent_that_does_not_greet_in_time_is_late() -> None:
    with pytest.raises(Late):
        AnswerStream(Agent(), math.inf).wait_for_greeting(0.0)


def test_a_coroutine_that_waits_is_an_error() -> None:
    class Waiting:
        def __await__(self) -> object:
            yield

    async def wait() -> None:
        await Waiting()  # type: ignore[misc]

    with pytest.raises(RuntimeError, match="no event loop"):
        finished(wait())
