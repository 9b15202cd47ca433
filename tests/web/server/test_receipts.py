"""Which answers a client is known to have read."""

from __future__ import annotations

import pytest
from h2.connection import H2Connection
from trio.testing import MockClock

from logagent.web.server.receipts import MAX_UNREAD, PROMPT, SETTLING, ReadReceipts


class Pings(H2Connection):
    """Keeps the PINGs that it is to send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def ping(self, opaque_data: bytes | str) -> None:
        self.sent.append(bytes(opaque_data))  # type: ignore[arg-type]


@pytest.fixture
def receipts() -> ReadReceipts:
    return ReadReceipts()


@pytest.fixture
def pings() -> Pings:
    return Pings()


def end_and_ping(receipts: ReadReceipts, pings: Pings, *stream_ids: int) -> bytes:
    """Answers end, and a PING goes behind them."""
    for stream_id in stream_ids:
        receipts.answer_ended(stream_id)
    receipts.send_ping(pings)
    return pings.sent[-1]


def test_client_without_an_answer_has_nothing_to_read_and_is_asked_nothing(
    receipts: ReadReceipts, pings: Pings
) -> None:
    receipts.want_confirmation()
    receipts.send_ping(pings)
    assert (receipts.all_received, receipts.confirmed, pings.sent) == (True, True, [])


async def test_client_without_an_answer_is_settled(receipts: ReadReceipts) -> None:
    assert receipts.settled


async def test_one_ping_goes_behind_all_answers_that_ended_before_it(receipts: ReadReceipts, pings: Pings) -> None:
    end_and_ping(receipts, pings, 1, 3, 5)
    receipts.send_ping(pings)
    assert pings.sent == [(1).to_bytes(8)]
    assert not receipts.all_received


async def test_acknowledgement_stands_for_all_that_went_before_it(receipts: ReadReceipts, pings: Pings) -> None:
    end_and_ping(receipts, pings, 1)
    second = end_and_ping(receipts, pings, 3)
    end_and_ping(receipts, pings, 5)
    receipts.ping_acknowledged(second)
    assert not receipts.all_received
    receipts.ping_acknowledged(pings.sent[-1])
    assert receipts.all_received


async def test_received_answers_are_read_only_once_a_later_ping_is_acknowledged(
    receipts: ReadReceipts, pings: Pings
) -> None:
    receipts.ping_acknowledged(end_and_ping(receipts, pings, 1))
    assert (receipts.all_received, receipts.confirmed) == (True, False)
    receipts.ping_acknowledged(pings.sent[-1])
    assert not receipts.confirmed
    receipts.want_confirmation()
    receipts.want_confirmation()
    receipts.send_ping(pings)
    receipts.send_ping(pings)
    assert len(pings.sent) == 2
    receipts.ping_acknowledged(pings.sent[-1])
    assert receipts.confirmed


async def test_confirmation_is_not_asked_for_before_all_is_received(receipts: ReadReceipts, pings: Pings) -> None:
    first = end_and_ping(receipts, pings, 1)
    receipts.want_confirmation()
    receipts.send_ping(pings)
    assert pings.sent == [first]


async def test_client_that_has_confirmed_is_left_time_to_end_its_answers(
    receipts: ReadReceipts, pings: Pings, mock_clock: MockClock
) -> None:
    confirm(receipts, pings)
    assert (receipts.confirmed, receipts.settled) == (True, False)
    mock_clock.jump(SETTLING / 2)
    assert not receipts.settled
    mock_clock.jump(SETTLING / 2)
    assert receipts.settled
    assert receipts.settled_at == mock_clock.current_time()


def confirm(receipts: ReadReceipts, pings: Pings) -> None:
    """A client reads one answer as fast as can be."""
    receipts.ping_acknowledged(end_and_ping(receipts, pings, 1))
    receipts.want_confirmation()
    receipts.send_ping(pings)
    receipts.ping_acknowledged(pings.sent[-1])


async def test_another_answer_makes_a_confirmed_client_unsure_again(receipts: ReadReceipts, pings: Pings) -> None:
    confirm(receipts, pings)
    receipts.answer_ended(3)
    assert (receipts.all_received, receipts.confirmed) == (False, False)


async def test_stream_that_the_client_gives_up_counts_as_received(receipts: ReadReceipts, pings: Pings) -> None:
    end_and_ping(receipts, pings, 1)
    receipts.stream_given_up(1)
    assert (receipts.all_received, receipts.confirmed) == (True, False)
    receipts.stream_given_up(99)
    assert receipts.all_received


async def test_ping_before_the_giving_up_of_a_stream_confirms_nothing(receipts: ReadReceipts, pings: Pings) -> None:
    earlier = end_and_ping(receipts, pings, 1)
    receipts.stream_given_up(1)
    receipts.ping_acknowledged(earlier)
    assert not receipts.confirmed


@pytest.mark.parametrize(("takes", "is_late"), [(PROMPT, False), (PROMPT + 0.1, True)])
async def test_client_that_takes_its_time_for_an_answer_is_remembered_as_late(
    receipts: ReadReceipts, pings: Pings, mock_clock: MockClock, takes: float, is_late: bool
) -> None:
    ping = end_and_ping(receipts, pings, 1)
    mock_clock.jump(takes)
    receipts.ping_acknowledged(ping)
    assert receipts.was_late is is_late


def test_answers_that_nobody_acknowledges_cost_little_memory() -> None:
    receipts = ReadReceipts()
    streams = range(1, 4 * MAX_UNREAD, 2)
    for stream_id in streams:
        receipts.answer_ended(stream_id)
    for stream_id in streams[-MAX_UNREAD + 1 :]:
        receipts.stream_given_up(stream_id)
    assert not receipts.all_received
    receipts.stream_given_up(streams[-MAX_UNREAD])
    assert receipts.all_received, "older ones are remembered too"
