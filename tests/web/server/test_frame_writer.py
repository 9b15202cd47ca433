"""What goes out over an HTTP/2 connection, in which order and how much at a time."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hyperframe.frame import PingFrame
from trio.testing import lockstep_stream_pair, memory_stream_pair, wait_all_tasks_blocked

from logagent.web.server.frame_budget import FrameBudget
from logagent.web.server.frame_writer import CONTROL_LIMIT, PASSES_TO_END, FrameWriter
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.receipts import ReadReceipts
from logagent.web.server.server_connection import ServerConnection
from logagent.web.server.stream_buffer import SMALL_ANSWER
from testbed.asgi import WIDE, Endless, body, hello_with_trailers, start
from testbed.raw_http import (
    FIRST_WINDOW,
    Deaf,
    WriteLog,
)

LIMITS = ConnectionLimits()
KIB = 1024
FRAME = 16 * KIB


# The writer alone


class WriterAlone:
    """A writer between h2's server and h2's client, that a test feeds and whose bursts it sees."""

    def __init__(self, limits: ConnectionLimits = LIMITS) -> None:
        self.receipts = ReadReceipts()
        self.server = ServerConnection(self.receipts.stream_given_up)
        self.client = H2Connection(H2Configuration(header_encoding=None))
        self.writer = FrameWriter(self.server, self._send, self.receipts, FrameBudget(limits), limits)
        self.bursts: list[bytes] = []
        self.events: list[Event] = []
        self.may_send = trio.Event()
        self.may_send.set()
        self.server.greet(100)
        self.client.initiate_connection()
        self.client.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: WIDE})
        self.client.increment_flow_control_window(WIDE)
        self.deliver()

    async def _send(self, burst: bytes) -> None:
        await self.may_send.wait()
        self.bursts.append(burst)
        self.events += self.client.receive_data(burst)

    def deliver(self) -> None:
        """Hands what the client has made to the server."""
        self.server.receive_data(self.client.data_to_send())

    async def open(self) -> int:
        """Has the client ask, and the writer begin an answer; returns the stream."""
        stream_id = int(self.client.get_next_available_stream_id())
        pseudo = [(b":method", b"GET"), (b":path", b"/"), (b":scheme", b"http"), (b":authority", b"test")]
        self.client.send_headers(stream_id, pseudo, end_stream=True)
        self.deliver()
        self.writer.open(stream_id)
        self.writer.send_headers(stream_id, [(b":status", b"200")])
        await wait_all_tasks_blocked()
        return stream_id

    def seen(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def body(self, stream_id: int) -> bytes:
        return b"".join(event.data for event in self.seen(DataReceived) if event.stream_id == stream_id)


@pytest.fixture
def alone(nursery: trio.Nursery) -> WriterAlone:
    it = WriterAlone()
    nursery.start_soon(it.writer.run)
    return it


async def test_bursts_are_bounded_however_many_streams_have_something_to_send(
    alone: WriterAlone, nursery: trio.Nursery
) -> None:
    async def answer(stream_id: int) -> None:
        for _ in range(8):
            await alone.writer.write(stream_id, bytes(256 * KIB))
        await alone.writer.end(stream_id)

    for stream_id in [await alone.open() for _ in range(10)]:
        nursery.start_soon(answer, stream_id)
    await wait_all_tasks_blocked()
    assert len(alone.seen(StreamEnded)) == 10
    assert LIMITS.burst <= max(map(len, alone.bursts)) < LIMITS.burst + FRAME + KIB


async def test_end_of_an_answer_whose_bytes_are_gone_is_written_at_once(alone: WriterAlone) -> None:
    stream_id = await alone.open()
    await alone.writer.write(stream_id, b"all")
    await wait_all_tasks_blocked()
    await alone.writer.end(stream_id)
    await wait_all_tasks_blocked()
    assert (alone.body(stream_id), len(alone.seen(StreamEnded))) == (b"all", 1)


async def test_trailers_end_an_answer_behind_its_last_byte(alone: WriterAlone, nursery: trio.Nursery) -> None:
    stream_id = await alone.open()
    await alone.writer.write(stream_id, b"all")
    alone.writer.buffers[stream_id].trailers = [(b"log-status", b"0")]
    nursery.start_soon(alone.writer.end, stream_id)
    await wait_all_tasks_blocked()
    kinds = [type(event) for event in alone.events if isinstance(event, DataReceived | TrailersReceived | StreamEnded)]
    assert kinds == [DataReceived, TrailersReceived, StreamEnded]
    assert alone.writer.buffers == {}


async def test_writer_that_is_held_sends_heads_and_no_bodies(alone: WriterAlone) -> None:
    alone.writer.hold()
    stream_id = await alone.open()
    await alone.writer.write(stream_id, b"later")
    await wait_all_tasks_blocked()
    assert (len(alone.seen(ResponseReceived)), alone.body(stream_id)) == (1, b"")
    alone.writer.release()
    await wait_all_tasks_blocked()
    assert alone.body(stream_id) == b"later"


async def test_abort_delivers_what_there_is_and_then_resets(alone: WriterAlone) -> None:
    stream_id = await alone.open()
    await alone.writer.write(stream_id, b"some")
    await alone.writer.abort(stream_id)
    await wait_all_tasks_blocked()
    assert alone.body(stream_id) == b"some"
    assert [event.error_code for event in alone.seen(StreamReset)] == [ErrorCodes.INTERNAL_ERROR]


async def test_reset_drops_what_waits_and_wakes_whoever_waits_for_room(
    alone: WriterAlone, nursery: trio.Nursery
) -> None:
    stream_id = await alone.open()
    alone.may_send = trio.Event()
    returned = trio.Event()

    async def write() -> None:
        await alone.writer.write(stream_id, bytes(2 * LIMITS.stream_buffer))
        returned.set()

    nursery.start_soon(write)
    await wait_all_tasks_blocked()
    assert not returned.is_set()
    alone.writer.reset(stream_id, ErrorCodes.CANCEL)
    alone.may_send.set()
    await wait_all_tasks_blocked()
    assert returned.is_set()
    assert len(alone.body(stream_id)) <= LIMITS.burst
    assert [event.error_code for event in alone.seen(StreamReset)] == [ErrorCodes.CANCEL]


async def test_every_end_of_an_answer_is_noted(alone: WriterAlone, nursery: trio.Nursery) -> None:
    for end in (alone.writer.end, alone.writer.abort):
        stream_id = await alone.open()
        assert alone.receipts.all_received
        nursery.start_soon(end, stream_id)
        await wait_all_tasks_blocked()
        assert not alone.receipts.all_received
        alone.deliver()
        alone.receipts.stream_given_up(stream_id)


async def test_goodbye_goes_out_once_behind_all_that_is_to_be_written() -> None:
    alone = WriterAlone()
    stream_id = await alone.open()
    await alone.writer.write(stream_id, b"first")
    alone.writer.say_goodbye(ErrorCodes.NO_ERROR)
    alone.writer.say_goodbye(ErrorCodes.ENHANCE_YOUR_CALM)
    assert alone.writer.closing
    await alone.writer.run()
    assert [event.error_code for event in alone.seen(ConnectionTerminated)] == [ErrorCodes.NO_ERROR]


async def test_head_with_a_field_that_may_not_be_sent_resets_the_stream_and_raises(alone: WriterAlone) -> None:
    stream_id = await alone.open()
    with pytest.raises(ProtocolError):
        alone.writer.send_headers(stream_id, [(b":status", b"200"), (b"te", b"nonsense")])
    await wait_all_tasks_blocked()
    assert len(alone.seen(StreamReset)) == 1


# Over a connection


async def test_shut_window_holds_the_app_up(open_http2: Any) -> None:
    app = Endless()
    client = await open_http2(app)
    client.credits = False
    await client.ask()
    assert app.taken <= FIRST_WINDOW + LIMITS.stream_buffer


async def test_opened_window_lets_the_app_go_on(open_http2: Any) -> None:
    app = Endless()
    client = await open_http2(app)
    client.credits = False
    answer = await client.ask()
    before = app.taken
    client.h2.increment_flow_control_window(WIDE)
    await client.flush()
    client.h2.increment_flow_control_window(LIMITS.stream_buffer, answer.stream_id)
    await client.flush()
    assert len(answer.body) == FIRST_WINDOW + LIMITS.stream_buffer
    assert app.taken > before


async def test_one_shut_window_leaves_other_streams_alone(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await (Endless() if scope["path"] == "/endless" else hello_with_trailers)(scope, receive, send)

    client = await open_http2(app)
    client.credits = False
    await client.ask(b"/endless")
    client.h2.increment_flow_control_window(WIDE)
    assert (await client.ask()).ended


async def test_initial_window_that_grows_opens_every_stream(open_http2: Any) -> None:
    client = await open_http2(Endless())
    client.credits = False
    answer = await client.ask()
    client.h2.increment_flow_control_window(WIDE)
    await client.flush()
    client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 2 * FIRST_WINDOW})
    await client.flush()
    assert len(answer.body) == 2 * FIRST_WINDOW


async def test_streams_share_a_narrow_connection_fairly(open_http2: Any) -> None:
    client = await open_http2(Endless())
    answers = [client.start() for _ in range(8)]
    client.credits = False
    await client.flush()
    for _ in range(48):
        client.h2.increment_flow_control_window(FIRST_WINDOW)
        for answer in answers:
            client.h2.increment_flow_control_window(FIRST_WINDOW, answer.stream_id)
        await client.flush()
    sizes = sorted(len(answer.body) for answer in answers)
    assert sizes[0] > 0.8 * sizes[-1]


async def eight_chunks(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    for _ in range(8):
        await body(send, bytes(256 * KIB))
    await body(send, b"", more=False)


async def test_frames_go_out_many_at_a_time(open_http2: Any) -> None:
    theirs, ours = memory_stream_pair()
    log = WriteLog(ours)
    client = await open_http2(eight_chunks, window=WIDE, pair=lambda: (theirs, log))
    answer = await client.ask()
    assert (len(answer.body), answer.ended) == (2048 * KIB, True)
    assert len(log.writes) < 2048 * KIB / LIMITS.burst + 8


async def test_streams_take_turns_within_a_burst(open_http2: Any) -> None:
    client = await open_http2(Endless(256 * KIB))
    client.credits = False
    first, second = client.start(), client.start()
    await client.flush()
    client.arrivals.clear()
    client.h2.increment_flow_control_window(LIMITS.burst)
    for answer in (first, second):
        client.h2.increment_flow_control_window(LIMITS.burst, answer.stream_id)
    await client.flush()
    turns = [stream_id for stream_id, _ in client.arrivals]
    assert turns.count(first.stream_id) == turns.count(second.stream_id) == LIMITS.burst // FRAME // 2
    assert turns[:4] in ([1, 3, 1, 3], [3, 1, 3, 1])


async def test_endless_answer_to_head_lets_others_run(open_http2: Any) -> None:
    sent = 0
    seen: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        if scope["method"] != "HEAD":
            seen.append(sent)
            await hello_with_trailers(scope, receive, send)
            return
        await start(send)
        for sent in range(1000):  # noqa: B007
            await body(send, b"x")
        await body(send, b"", more=False)

    client = await open_http2(app)
    client.start(method=b"HEAD")
    client.start()
    await client.flush()
    assert seen[0] < 999


async def test_ping_goes_out_in_the_same_write_as_the_end_of_an_answer(open_http2: Any) -> None:
    theirs, ours = memory_stream_pair()
    log = WriteLog(ours)
    client = await open_http2(hello_with_trailers, pair=lambda: (theirs, log))
    await client.ask()
    [ping] = [data for data in log.writes if PingFrame(0, opaque_data=bytes([0] * 7 + [1])).serialize() in data]
    assert len(ping) > len(PingFrame(0).serialize()) + len(b"hello")


async def test_client_that_pings_and_takes_nothing_is_read_no_further(open_http2: Any, nursery: trio.Nursery) -> None:
    pings = b"".join(PingFrame(0, opaque_data=b"12345678").serialize() for _ in range(1000))
    theirs, ours = lockstep_stream_pair()
    sent = 0

    async def flood() -> None:
        nonlocal sent
        while sent < 32 * CONTROL_LIMIT:
            await theirs.send_all(pings)
            sent += len(pings)

    patient = ConnectionLimits(idle_frames=1_000_000)
    await open_http2(hello_with_trailers, limits=patient, pair=lambda: (Deaf(theirs), ours))
    nursery.start_soon(flood)
    await wait_all_tasks_blocked()
    assert sent <= 2 * CONTROL_LIMIT


# Small answers


async def test_small_answer_goes_out_in_one_write_although_its_end_comes_some_passes_later(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, trailers=True)
        await body(send, b"hello")
        for _ in range(PASSES_TO_END - 2):
            await trio.lowlevel.checkpoint()
        await body(send, b"", more=False)
        await send({"type": "http.response.trailers", "headers": [(b"log-status", b"0")], "more_trailers": False})

    theirs, ours = memory_stream_pair()
    log = WriteLog(ours)
    client = await open_http2(app, pair=lambda: (theirs, log))
    log.writes.clear()
    answer = await client.ask()
    assert (bytes(answer.body), answer.trailers, answer.ended) == (b"hello", {b"log-status": b"0"}, True)
    assert len([data for data in log.writes if b"hello" in data or PingFrame(0).serialize()[:4] in data]) == 1


async def test_first_bytes_of_an_answer_that_goes_on_are_sent(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, b"first")
        await trio.sleep_forever()

    client = await open_http2(app)
    assert bytes((await client.ask()).body) == b"first"


async def test_first_bytes_are_not_held_back_where_another_answer_is_under_way(alone: WriterAlone) -> None:
    large, small = await alone.open(), await alone.open()
    await alone.writer.write(large, bytes(SMALL_ANSWER + 1))
    await alone.writer.write(small, b"small")
    for _ in range(PASSES_TO_END - 2):  # a write takes two
        await trio.lowlevel.checkpoint()
    assert alone.body(small) == b"small"
