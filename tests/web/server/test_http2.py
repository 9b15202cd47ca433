"""What HTTP/2 clients can rely on, and what they cannot do to us. Each test names a moment in an answer's life."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
import trio
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hypercorn.trio.worker_context import WorkerContext
from hyperframe.frame import PingFrame, PriorityFrame
from quart import Response
from quart_trio import QuartTrio
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair, wait_all_tasks_blocked

from logagent.web.server.frame_writer import CONTROL_LIMIT
from logagent.web.server.http2 import Http2Protocol
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.receipts import MAX_UNREAD, PROMPT, SETTLING, ReadReceipts

KIB = 1024
LIMITS = ConnectionLimits()
WIDE = 64 * KIB * KIB
FIRST_WINDOW = 65_535
FRAME = 16 * KIB


async def start(send: Any, *, status: int = 200, **others: Any) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [], **others})


async def body(send: Any, chunk: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await start(send, trailers=True)
    await body(send, b"hello\n", more=False)
    await send({"type": "http.response.trailers", "headers": [(b"log-status", b"0")]})


async def follow(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] != "/follow":
        await hello(scope, receive, send)
        return
    await start(send)
    await body(send, b"first\n")
    await trio.sleep_forever()


class Endless:
    """An app that sends for ever, and counts the bytes that were taken from it."""

    def __init__(self, chunk: int = 16 * KIB, *, unhurried: bool = False) -> None:
        self._unhurried = unhurried
        self.taken = 0
        self.cancelled = False
        self._chunk = bytes(chunk)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [], "unhurried": self._unhurried})
        try:
            while True:
                await body(send, self._chunk)
                self.taken += len(self._chunk)
                assert self.taken < WIDE, "nothing holds this app up"
        except trio.Cancelled:
            self.cancelled = True
            raise


async def settle(clock: MockClock) -> None:
    """Lets a client's last acknowledgement lie back long enough."""
    clock.jump(SETTLING)
    await wait_all_tasks_blocked()


def http2(client: Any) -> Http2Protocol:
    protocol = client.connection.protocol
    assert isinstance(protocol, Http2Protocol)
    return protocol


# Trailers


async def test_trailers_arrive_although_the_request_has_no_te(open_http2: Any) -> None:
    answer = await (await open_http2(hello)).ask()
    assert (answer.status, answer.body, answer.trailers, answer.ended) == (200, b"hello\n", {b"log-status": b"0"}, True)


async def test_trailers_arrive_once_if_the_request_has_te(open_http2: Any) -> None:
    answer = await (await open_http2(hello)).ask(b"/", [(b"te", b"trailers")])
    assert (answer.trailers, answer.ended) == ({b"log-status": b"0"}, True)


async def test_trailers_in_several_messages_arrive_as_one_block(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, trailers=True)
        await body(send, b"x", more=False)
        await send({"type": "http.response.trailers", "headers": [(b"a", b"1")], "more_trailers": True})
        await send({"type": "http.response.trailers", "headers": [(b"b", b"2")]})

    answer = await (await open_http2(app)).ask()
    assert (answer.trailers, answer.ended) == ({b"a": b"1", b"b": b"2"}, True)


async def test_trailers_are_offered_and_push_is_not(open_http2: Any) -> None:
    offered: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        offered.extend(scope["extensions"])
        await hello(scope, receive, send)

    await (await open_http2(app)).ask()
    assert "http.response.trailers" in offered
    assert "http.response.push" not in offered


async def test_nothing_is_left_of_three_thousand_answers_with_trailers(open_http2: Any) -> None:
    client = await open_http2(hello)
    for _ in range(60):
        answers = [client.start() for _ in range(50)]
        await client.flush()
        assert all(answer.ended for answer in answers)
    protocol = http2(client)
    assert (protocol.streams.in_flight, protocol.writer.buffers) == ({}, {})
    assert not protocol.writer._turns


# Answers that do not end as they should


async def test_app_raises_after_part_of_its_body(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, bytes(100 * KIB))
        raise ValueError("lost the file")

    answer = await (await open_http2(app)).ask()
    assert (len(answer.body), answer.ended, answer.reset) == (100 * KIB, False, ErrorCodes.INTERNAL_ERROR)


async def test_app_returns_without_its_last_body(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, b"some")

    answer = await (await open_http2(app)).ask()
    assert (answer.body, answer.ended, answer.reset) == (b"some", False, ErrorCodes.INTERNAL_ERROR)


async def test_app_returns_without_the_trailers_that_it_announced(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, trailers=True)
        await body(send, b"all", more=False)

    answer = await (await open_http2(app)).ask()
    assert (answer.body, answer.ended, answer.reset) == (b"all", False, ErrorCodes.INTERNAL_ERROR)


async def test_app_raises_before_its_answer_starts(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("no such thing")

    answer = await (await open_http2(app)).ask()
    assert (answer.status, answer.ended, answer.reset) == (500, True, None)


async def test_app_raises_while_the_window_is_shut(open_http2: Any, mock_clock: MockClock) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, bytes(FIRST_WINDOW + 1))
        raise ValueError("lost the file")

    client = await open_http2(app)
    client.credits = False
    answer = await client.ask()
    assert (len(answer.body), answer.reset) == (FIRST_WINDOW, None)
    mock_clock.jump(LIMITS.write_timeout)
    await wait_all_tasks_blocked()
    assert answer.reset == ErrorCodes.INTERNAL_ERROR


async def test_window_opens_after_the_app_has_raised(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, bytes(FIRST_WINDOW + 1))
        raise ValueError("lost the file")

    client = await open_http2(app)
    client.credits = False
    answer = await client.ask()
    client.h2.increment_flow_control_window(1)
    client.h2.increment_flow_control_window(1, answer.stream_id)
    await client.flush()
    assert (len(answer.body), answer.reset) == (FIRST_WINDOW + 1, ErrorCodes.INTERNAL_ERROR)


async def test_app_gives_a_header_that_may_not_be_sent(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/bad":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"te", b"nonsense")]})
        await hello(scope, receive, send)

    client = await open_http2(app)
    assert (await client.ask(b"/bad")).reset == ErrorCodes.INTERNAL_ERROR
    assert (await client.ask(b"/good")).ended


async def test_app_gives_a_trailer_that_may_not_be_sent(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, trailers=True)
        await body(send, b"x", more=False)
        await send({"type": "http.response.trailers", "headers": [(b"te", b"nonsense")]})

    client = await open_http2(app)
    assert (await client.ask()).reset == ErrorCodes.INTERNAL_ERROR
    assert http2(client).writer.buffers == {}


async def test_app_that_gives_up_sending_leaves_the_connection_whole(open_http2: Any, mock_clock: MockClock) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        with trio.move_on_after(5):
            await Endless()(scope, receive, send)

    client = await open_http2(app)
    client.credits = False
    answer = await client.ask()
    mock_clock.jump(5)
    await wait_all_tasks_blocked()
    client.h2.increment_flow_control_window(WIDE)
    client.h2.increment_flow_control_window(WIDE, answer.stream_id)
    await client.flush()
    assert (len(answer.body), answer.reset) == (LIMITS.stream_buffer + 64 * KIB, ErrorCodes.INTERNAL_ERROR)


# Flow control and bursts


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
        await (Endless() if scope["path"] == "/endless" else hello)(scope, receive, send)

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


class Counting:
    """A stream that notes the size of every write."""

    def __init__(self, stream: trio.StapledStream[Any, Any]) -> None:
        self._stream = stream
        self.writes: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def send_all(self, data: bytes) -> None:
        self.writes.append(len(data))
        await self._stream.send_all(data)


async def eight_chunks(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    for _ in range(8):
        await body(send, bytes(256 * KIB))
    await body(send, b"", more=False)


async def test_frames_go_out_many_at_a_time(open_http2: Any) -> None:
    theirs, ours = memory_stream_pair()
    counting = Counting(ours)
    client = await open_http2(eight_chunks, window=WIDE, pair=lambda: (theirs, counting))
    answer = await client.ask()
    assert (len(answer.body), answer.ended) == (2048 * KIB, True)
    assert len(counting.writes) < 2048 * KIB / LIMITS.burst + 8


async def test_bursts_are_bounded_however_many_streams_have_something_to_send(open_http2: Any) -> None:
    client = await open_http2(eight_chunks, window=WIDE)
    bursts: list[int] = []
    write = client.connection._writer.write

    async def note_and_write(data: bytes) -> None:
        bursts.append(len(data))
        await write(data)

    client.connection._writer.write = note_and_write
    answers = [client.start() for _ in range(10)]
    await client.flush()
    assert all(answer.ended for answer in answers)
    assert max(bursts) < LIMITS.burst + FRAME + KIB


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
            await hello(scope, receive, send)
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


# Requests that are too many


async def test_two_thousand_requests_leave_a_stream_in_flight_alone(open_http2: Any) -> None:
    client = await open_http2(follow)
    following = await client.ask(b"/follow")
    for _ in range(40):
        answers = [client.start() for _ in range(50)]
        await client.flush()
        assert all(answer.ended for answer in answers)
    assert (following.reset, client.goaway) == (None, None)


async def test_connection_that_has_used_up_its_requests_ends_politely(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(hello, limits=ConnectionLimits(requests_per_connection=3))
    answers = [await client.ask() for _ in range(3)]
    assert all(answer.ended for answer in answers)
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_stream_in_flight_cannot_keep_a_used_up_connection(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow, limits=ConnectionLimits(requests_per_connection=2))
    held = await client.ask(b"/follow")
    await client.ask()
    refused = await client.ask()
    assert (refused.reset, client.goaway) == (ErrorCodes.REFUSED_STREAM, None)
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert held.reset == ErrorCodes.INTERNAL_ERROR
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_one_stream_too_many_is_refused_and_harms_no_other(open_http2: Any) -> None:
    client = await open_http2(follow, limits=ConnectionLimits(max_streams=2))
    client.h2.remote_settings.update({SettingCodes.MAX_CONCURRENT_STREAMS: 100})
    client.h2.remote_settings.acknowledge()
    held = [await client.ask(b"/follow") for _ in range(2)]
    refused = await client.ask()
    assert refused.reset == ErrorCodes.REFUSED_STREAM
    assert [answer.reset for answer in held] == [None, None]
    assert client.goaway is None


async def test_client_is_told_how_many_streams_it_may_open(open_http2: Any) -> None:
    client = await open_http2(hello, limits=ConnectionLimits(max_streams=7))
    assert client.h2.remote_settings.max_concurrent_streams == 7


async def test_flood_of_resets_ends_the_connection(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow, limits=ConnectionLimits(resets=10))
    for _ in range(11):
        answer = await client.ask(b"/follow")
        client.h2.reset_stream(answer.stream_id)
    await client.flush()
    assert client.goaway == ErrorCodes.ENHANCE_YOUR_CALM


async def test_resets_spread_over_time_are_fine(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow, limits=ConnectionLimits(resets=10, resets_per_second=1))
    for _ in range(30):
        answer = await client.ask(b"/follow")
        client.h2.reset_stream(answer.stream_id)
        mock_clock.jump(1)
    await client.flush()
    assert client.goaway is None


async def test_requests_that_are_reset_at_once_never_reach_the_app(open_http2: Any) -> None:
    asked: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await hello(scope, receive, send)

    client = await open_http2(app)
    for _ in range(20):
        client.h2.reset_stream(client.start(b"/never").stream_id)
    await client.flush()
    assert asked == []


# Requests that are wrong


def pseudo(method: bytes = b"GET", path: bytes | None = b"/") -> list[tuple[bytes, bytes]]:
    fields = [(b":method", method), (b":scheme", b"http"), (b":authority", b"test")]
    return fields if path is None else [*fields, (b":path", path)]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(pseudo(path=b"/\xff"), id="path beyond ASCII"),
        pytest.param(pseudo(method=b"G\xcbT"), id="method beyond ASCII"),
        pytest.param(pseudo(path=b"logs"), id="path without its slash"),
    ],
)
async def test_request_that_no_app_can_be_given_is_answered_400(open_http2: Any, headers: Any) -> None:
    client = await open_http2(follow)
    bystander = await client.ask(b"/follow")
    answer = client.start_with(headers)
    await client.flush()
    assert (answer.status, answer.ended) == (400, True)
    assert (bystander.reset, client.goaway) == (None, None)


async def test_connect_without_a_path_fails_alone(open_http2: Any) -> None:
    client = await open_http2(hello)
    neighbour = await open_http2(hello)
    await client.raw(b"")
    client.start_with([(b":method", b"CONNECT"), (b":authority", b"test:443")])
    await client.flush()
    assert (await neighbour.ask()).ended


async def test_two_thousand_priority_frames_change_nothing(open_http2: Any) -> None:
    client = await open_http2(follow)
    bystander = await client.ask(b"/follow")
    frames = [PriorityFrame(stream_id, depends_on=0, stream_weight=3) for stream_id in range(101, 4101, 2)]
    await client.raw(b"".join(frame.serialize() for frame in frames))
    assert (await client.ask()).ended
    assert bystander.reset is None


async def test_garbage_ends_the_connection_with_a_reason(open_http2: Any) -> None:
    client = await open_http2(follow)
    await client.ask(b"/follow")
    await client.raw(b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00")
    assert client.goaway == ErrorCodes.PROTOCOL_ERROR
    assert http2(client).streams.in_flight == {}


async def test_huge_header_list_ends_the_connection_with_a_reason(open_http2: Any) -> None:
    client = await open_http2(hello)
    await client.ask(b"/", [(b"x-%d" % n, bytes(b"y" * 4000)) for n in range(20)])
    assert client.goaway == ErrorCodes.ENHANCE_YOUR_CALM


# Request bodies, that no route here wants


async def upload(client: Any, answer: Any, length: int) -> int:
    """Sends up to so many bytes of a request's body; returns how many the windows let through."""
    sent = 0
    while sent < length:
        room = min(client.h2.local_flow_control_window(answer.stream_id), 16 * KIB, length - sent)
        if room == 0:
            break
        client.h2.send_data(answer.stream_id, bytes(room))
        sent += room
        await client.flush()
    return sent


async def test_upload_to_an_answer_that_has_ended_is_read_and_forgotten(open_http2: Any) -> None:
    client = await open_http2(hello)
    answer = await client.ask(method=b"POST", end=False)
    assert answer.ended
    assert await upload(client, answer, 2048 * KIB) == 2048 * KIB
    client.h2.end_stream(answer.stream_id)
    assert (await client.ask()).ended
    assert client.goaway is None


async def test_upload_that_the_app_does_not_read_is_held_up(open_http2: Any) -> None:
    client = await open_http2(follow)
    answer = await client.ask(b"/follow", method=b"POST", end=False)
    assert await upload(client, answer, 2048 * KIB) == FIRST_WINDOW
    assert (await client.ask()).ended


async def test_upload_in_many_small_pieces_that_the_app_does_not_read_holds_nobody_up(open_http2: Any) -> None:
    client = await open_http2(follow)
    answer = await client.ask(b"/follow", method=b"POST", end=False)
    for _ in range(100):
        client.h2.send_data(answer.stream_id, b"x")
    assert (await client.ask()).ended


async def test_upload_left_unread_gives_its_window_back_when_the_answer_ends(open_http2: Any) -> None:
    over = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await over.wait()
        await hello(scope, receive, send)

    client = await open_http2(app)
    first = await client.ask(method=b"POST", end=False)
    await upload(client, first, 2048 * KIB)
    over.set()
    second = await client.ask(method=b"POST", end=False)
    assert await upload(client, second, 512 * KIB) == 512 * KIB


async def test_upload_that_the_app_reads_goes_on(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        length, more = 0, True
        while more:
            message = await receive()
            length, more = length + len(message["body"]), message["more_body"]
        await start(send)
        await body(send, b"%d" % length, more=False)

    client = await open_http2(app)
    answer = await client.ask(method=b"POST", end=False)
    assert await upload(client, answer, 512 * KIB) == 512 * KIB
    client.h2.end_stream(answer.stream_id)
    await client.flush()
    assert answer.body == b"%d" % (512 * KIB)


# Clients that leave


async def test_reset_cancels_the_app_at_once(open_http2: Any) -> None:
    app = Endless()
    client = await open_http2(app)
    client.credits = False
    answer = await client.ask()
    client.h2.reset_stream(answer.stream_id, ErrorCodes.CANCEL)
    await client.flush()
    assert app.cancelled
    assert http2(client).writer.buffers == {}


async def test_reset_of_one_stream_leaves_the_others_running(open_http2: Any) -> None:
    client = await open_http2(follow)
    left, kept = await client.ask(b"/follow"), await client.ask(b"/follow")
    client.h2.reset_stream(left.stream_id, ErrorCodes.CANCEL)
    await client.flush()
    assert list(http2(client).streams.in_flight) == [kept.stream_id]


@pytest.mark.parametrize("leave", ["aclose", "send_eof"])
async def test_end_of_the_connection_cancels_the_app_at_once(open_http2: Any, leave: str) -> None:
    app = Endless()
    client = await open_http2(app)
    client.credits = False
    await client.ask()
    await getattr(client.stream, leave)()
    await wait_all_tasks_blocked()
    assert app.cancelled


async def test_goaway_cancels_the_app_at_once(open_http2: Any) -> None:
    app = Endless()
    client = await open_http2(app)
    client.credits = False
    await client.ask()
    client.h2.close_connection()
    await client.flush()
    assert app.cancelled


async def test_app_that_has_answered_is_not_cancelled(open_http2: Any) -> None:
    done = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)
        await trio.lowlevel.checkpoint()
        done.set()

    await (await open_http2(app)).ask()
    assert done.is_set()


# Idle connections, and the end of the server


def quart() -> QuartTrio:
    app = QuartTrio("test")

    @app.route("/")
    async def index() -> Response:
        return Response("hello\n")

    return app


async def test_idle_connection_ends_after_its_time_under_quart(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(quart())
    assert (await client.ask()).ended
    mock_clock.jump(LIMITS.idle_timeout - 1)
    await wait_all_tasks_blocked()
    assert client.goaway is None
    mock_clock.jump(1)
    await wait_all_tasks_blocked()
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR
    assert client.closed.is_set()


async def test_connection_that_never_asks_ends_after_its_time(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(hello)
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_connection_with_a_request_in_flight_is_not_idle(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow)
    await client.ask(b"/follow")
    await client.ask()
    mock_clock.jump(10 * LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert (await client.ask()).ended
    assert client.goaway is None


async def test_reset_of_the_last_stream_makes_the_connection_idle(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow)
    answer = await client.ask(b"/follow")
    client.h2.reset_stream(answer.stream_id)
    await client.flush()
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_shutdown_ends_an_idle_connection_at_once(open_http2: Any, mock_clock: MockClock) -> None:
    context = WorkerContext(None)
    client = await open_http2(quart(), context=context)
    await client.ask()
    await context.terminated.set()
    await wait_all_tasks_blocked()
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR
    assert client.closed.is_set()


async def test_shutdown_lets_an_answer_in_flight_finish(open_http2: Any, mock_clock: MockClock) -> None:
    proceed = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await proceed.wait()
        await body(send, b"the end", more=False)

    context = WorkerContext(None)
    client = await open_http2(app, context=context)
    answer = await client.ask()
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert client.goaway is None
    proceed.set()
    await wait_all_tasks_blocked()
    await settle(mock_clock)
    assert (answer.body, answer.ended, client.goaway) == (b"the end", True, ErrorCodes.NO_ERROR)


async def test_post_during_shutdown_is_refused_and_its_data_ignored(open_http2: Any) -> None:
    context = WorkerContext(None)
    client = await open_http2(follow, context=context)
    held = await client.ask(b"/follow")
    await context.terminated.set()
    post = client.start(method=b"POST", end=False)
    client.h2.send_data(post.stream_id, b"some data", end_stream=True)
    await client.flush()
    assert post.reset == ErrorCodes.REFUSED_STREAM
    assert (held.reset, client.goaway) == (None, None)


# The end of a connection whose client reads slowly


async def ask_and_stop(open_http2: Any, last_ping: int | None, **others: Any) -> Any:
    """A client that has been answered, on a connection that a shutdown is to end."""
    context = WorkerContext(None)
    client = await open_http2(hello, context=context, **others)
    client.last_ping = last_ping
    await client.ask()
    await context.terminated.set()
    await wait_all_tasks_blocked()
    return client


async def test_ping_goes_out_in_the_same_write_as_the_end_of_an_answer(open_http2: Any) -> None:
    client = await open_http2(hello)
    writes: list[bytes] = []
    write = client.connection._writer.write

    async def note_and_write(data: bytes) -> None:
        writes.append(data)
        await write(data)

    client.connection._writer.write = note_and_write
    await client.ask()
    [ping] = [data for data in writes if PingFrame(0, opaque_data=bytes([0] * 7 + [1])).serialize() in data]
    assert len(ping) > len(PingFrame(0).serialize()) + len(b"hello")


async def test_shutdown_does_not_say_goodbye_before_the_answer_is_read(open_http2: Any, mock_clock: MockClock) -> None:
    context = WorkerContext(None)
    client = await open_http2(hello, context=context)
    client.reading = trio.Event()
    answer = await client.ask()
    await context.terminated.set()
    mock_clock.jump(10 * LIMITS.farewell_timeout)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    assert (answer.ended, client.goaway) == (True, None)
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_shutdown_does_not_say_goodbye_after_the_first_acknowledgement(
    open_http2: Any, mock_clock: MockClock
) -> None:
    client = await ask_and_stop(open_http2, last_ping=1)
    mock_clock.jump(LIMITS.farewell_timeout - SETTLING)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    assert (client.pings, client.goaway) == (2, None)
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_client_that_reads_nothing_between_requests_holds_a_shutdown_up_for_a_moment(
    open_http2: Any, mock_clock: MockClock
) -> None:
    client = await ask_and_stop(open_http2, last_ping=1)
    mock_clock.jump(LIMITS.farewell_timeout)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    assert (client.closed.is_set(), client.goaway) == (True, None)


async def test_client_that_was_slow_to_receive_its_answer_is_given_time_during_a_shutdown(
    open_http2: Any, mock_clock: MockClock
) -> None:
    context = WorkerContext(None)
    client = await open_http2(hello, context=context)
    client.reading, client.last_ping = trio.Event(), 1
    await client.ask()
    await context.terminated.set()
    mock_clock.jump(2 * PROMPT)
    client.reading.set()
    await wait_all_tasks_blocked()
    mock_clock.jump(2 * LIMITS.farewell_timeout)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_shutdown_ends_a_connection_without_requests_at_once(open_http2: Any) -> None:
    context = WorkerContext(None)
    client = await open_http2(hello, context=context)
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_reset_of_an_answer_that_has_ended_counts_as_its_reading(open_http2: Any, mock_clock: MockClock) -> None:
    context = WorkerContext(None)
    client = await open_http2(hello, context=context)
    client.reading = trio.Event()
    answer = await client.ask()
    client.h2.reset_stream(answer.stream_id, ErrorCodes.CANCEL)
    await client.flush()
    await context.terminated.set()
    await wait_all_tasks_blocked()
    mock_clock.jump(LIMITS.farewell_timeout)
    await wait_all_tasks_blocked()
    with pytest.raises(trio.BrokenResourceError):
        await client.stream.send_all(b"x")


async def test_idle_connection_whose_answer_is_not_read_is_kept_for_long_and_ends_without_goodbye(
    open_http2: Any, mock_clock: MockClock
) -> None:
    client = await open_http2(hello)
    client.reading = trio.Event()
    await client.ask()
    mock_clock.jump(LIMITS.unread_timeout - 1)
    await wait_all_tasks_blocked()
    await client.stream.send_all(PingFrame(0).serialize())
    mock_clock.jump(1)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    assert (client.closed.is_set(), client.goaway) == (True, None)


async def test_idle_connection_that_is_read_late_goes_on(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(hello)
    client.last_ping = 1
    await client.ask()
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    answer = await client.ask()
    await settle(mock_clock)
    assert (answer.ended, client.goaway, client.closed.is_set()) == (True, None, False)


def test_answers_that_nobody_acknowledges_cost_little_memory() -> None:
    receipts = ReadReceipts()
    for stream_id in range(1, 4 * MAX_UNREAD, 2):
        receipts.answer_ended(stream_id)
    assert len(receipts._unread) == MAX_UNREAD


# Clients that do not read


async def test_client_that_takes_nothing_is_dropped_after_a_while(open_http2: Any, mock_clock: MockClock) -> None:
    app = Endless()
    theirs, ours = lockstep_stream_pair()
    client = await open_http2(app, window=WIDE, pair=lambda: (Deaf(theirs), ours))
    client.start()
    await client.flush()
    assert not app.cancelled
    mock_clock.jump(LIMITS.write_timeout)
    await wait_all_tasks_blocked()
    assert app.cancelled


async def test_client_of_an_unhurried_answer_may_take_nothing_for_as_long_as_it_likes(
    open_http2: Any, mock_clock: MockClock
) -> None:
    app = Endless(unhurried=True)
    client = await open_http2(app, window=WIDE, pair=lockstep_stream_pair)
    client.reading = trio.Event()
    await client.ask()
    taken = app.taken
    assert taken
    mock_clock.jump(100 * LIMITS.write_timeout)
    await wait_all_tasks_blocked()
    assert (app.cancelled, app.taken) == (False, taken)


async def test_answer_in_flight_outlives_1500_requests_on_its_connection(open_http2: Any) -> None:
    followed = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        if scope["path"] == "/follow":
            await followed.wait()
        await body(send, b"told", more=False)

    client = await open_http2(app)
    follow = await client.ask(b"/follow")
    for _ in range(1500):
        client.start()
        if len(client.answers) % 50 == 0:
            await client.flush()
    await client.flush()
    assert sum(answer.ended for answer in client.answers.values()) == 1500
    followed.set()
    await wait_all_tasks_blocked()
    assert (bytes(follow.body), follow.ended, client.goaway) == (b"told", True, None)


class Deaf:
    """A stream of whose incoming bytes nothing is taken."""

    def __init__(self, stream: trio.StapledStream[Any, Any]) -> None:
        self._stream = stream

    async def send_all(self, data: bytes) -> None:
        await self._stream.send_all(data)

    async def receive_some(self) -> NoReturn:
        await trio.sleep_forever()


async def test_client_that_pings_and_takes_nothing_is_read_no_further(open_http2: Any, nursery: trio.Nursery) -> None:
    pings = b"".join(PingFrame(0, opaque_data=b"12345678").serialize() for _ in range(1000))
    theirs, ours = lockstep_stream_pair()
    sent = 0

    async def flood() -> None:
        nonlocal sent
        while sent < 32 * CONTROL_LIMIT:
            await theirs.send_all(pings)
            sent += len(pings)

    await open_http2(hello, pair=lambda: (Deaf(theirs), ours))
    nursery.start_soon(flood)
    await wait_all_tasks_blocked()
    assert sent <= 2 * CONTROL_LIMIT
