"""When the keys of an identity provider are fetched, and which are used while they cannot be; on a virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.core.outcome import Failure, Status
from logagent.web.admission.key_fetching import FETCH_TIMEOUT, FRESH, KEPT, PAUSE, FetchedKeys, NoKeys
from logagent.web.admission.provider_keys import KeySet, read_keys
from testbed.provider import ADDRESS, Provider, document, jwk

DOWN = Failure(Status.UNAVAILABLE, "cannot connect: connection refused")


def of(provider: Provider) -> FetchedKeys:
    return FetchedKeys(ADDRESS, provider.fetch, partial(read_keys, allowed={"RS256", "ES256"}))


@asynccontextmanager
async def running(keys: FetchedKeys) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keys.run)
        yield
        nursery.cancel_scope.cancel()


def named(known: KeySet) -> list[str | None]:
    return [key.kid for key in known.keys]


async def since(provider: Provider, seconds: float) -> list[float]:
    """Let time pass; when keys were fetched, in seconds since the beginning."""
    began = provider.fetches[0]
    await trio.sleep_until(began + seconds)
    return [fetched - began for fetched in provider.fetches]


async def test_they_are_fetched_at_the_beginning_and_before_they_are_old(autojump_clock: MockClock) -> None:
    provider = Provider()
    keys = of(provider)
    async with running(keys):
        assert named(await keys.known()) == ["RSA"]
        assert await since(provider, 2 * FRESH + 1) == [0, FRESH, 2 * FRESH]


async def test_all_who_wait_for_the_first_attempt_wait_for_the_same(autojump_clock: MockClock) -> None:
    provider = Provider(delay=3)
    keys = of(provider)
    got: list[KeySet] = []

    async def ask() -> None:
        got.append(await keys.known())

    async with running(keys), trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(ask)
    assert len(got) == 100
    assert len(provider.fetches) == 1


async def test_who_is_cancelled_while_it_waits_disturbs_nobody(autojump_clock: MockClock) -> None:
    provider = Provider(delay=3)
    keys = of(provider)
    async with running(keys):
        with trio.move_on_after(1):
            await keys.known()
        assert named(await keys.known()) == ["RSA"]
    assert len(provider.fetches) == 1


async def test_a_key_that_is_not_known_has_them_fetched_again_once_a_minute(autojump_clock: MockClock) -> None:
    provider = Provider()
    keys = of(provider)
    async with running(keys):
        await keys.known()
        provider.published = document(jwk("RSA"), jwk("P-256"))
        assert named(await keys.looked_up_again()) == ["RSA"], "too early"
        await since(provider, PAUSE - 1)
        for _ in range(1000):
            await keys.looked_up_again()
        assert len(provider.fetches) == 1
        await since(provider, PAUSE + 1)
        assert named(await keys.looked_up_again()) == ["RSA", "P-256"]
        assert await since(provider, PAUSE + 1) == [0, PAUSE]


async def test_who_asks_once_the_minute_has_passed_waits_for_the_new_keys(autojump_clock: MockClock) -> None:
    provider = Provider()
    keys = of(provider)
    async with running(keys):
        await keys.known()
        await since(provider, PAUSE + 5)
        provider.published, provider.delay = document(jwk("P-256")), 2
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(keys.looked_up_again)
            assert named(await keys.looked_up_again()) == ["P-256"]
        assert await since(provider, PAUSE + 20) == [0, PAUSE + 5]


async def test_however_many_ask_the_provider_hears_of_it_once_a_minute(autojump_clock: MockClock) -> None:
    provider = Provider()
    keys = of(provider)
    async with running(keys):
        for _ in range(1000):
            await keys.looked_up_again()
            await trio.sleep(1)
        assert len(provider.fetches) <= 1 + 1000 / PAUSE


@pytest.mark.parametrize(
    ("published", "why"),
    [
        (DOWN, "cannot connect: connection refused"),
        (b"<html>", "the document cannot be used: it is not JSON"),
        (document(), "none of its keys can be used: it has none"),
        (document(jwk("RSA", use="enc")), "it is not for signatures"),
    ],
)
async def test_keys_that_cannot_be_had_are_told_and_tried_again_less_and_less_often(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, published: bytes | Exception, why: str
) -> None:
    provider = Provider(published)
    keys = of(provider)
    async with running(keys):
        with pytest.raises(NoKeys, match=f"the keys at {ADDRESS} cannot be fetched: .*{why}"):
            await keys.known()
        with pytest.raises(NoKeys):
            await keys.looked_up_again()
        assert await since(provider, 200) == [0, 5, 15, 35, 75, 135, 195]
        assert caplog.text.count(why) == 1
        assert "no token of this provider can be verified" in caplog.text
        provider.published = document(jwk("RSA"))
        await since(provider, 256)
        assert named(await keys.known()) == ["RSA"]
        assert "are fetched again" in caplog.text


async def test_a_provider_that_hangs_is_left_and_nobody_waits_longer(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    provider = Provider(delay=1e6)
    keys = of(provider)
    async with running(keys):
        began = trio.current_time()
        with pytest.raises(NoKeys, match="no answer within 10 s"):
            await keys.known()
        assert trio.current_time() == began + FETCH_TIMEOUT
    assert "no answer within 10 s" in caplog.text


async def test_nobody_waits_for_keys_that_nobody_fetches(autojump_clock: MockClock) -> None:
    with pytest.raises(NoKeys, match="no answer yet"):
        await of(Provider()).known()


async def test_while_the_provider_is_down_known_keys_count_for_a_day(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    provider = Provider()
    keys = of(provider)
    async with running(keys):
        await keys.known()
        provider.published = DOWN
        await since(provider, KEPT - 1)
        assert named(await keys.known()) == ["RSA"]
        assert "those that were fetched before count for 24 h" in caplog.text
        with pytest.raises(NoKeys):
            await keys.looked_up_again()
        await since(provider, KEPT + 1)
        with pytest.raises(NoKeys, match="connection refused"):
            await keys.known()


async def test_a_document_that_turns_bad_does_not_replace_the_keys(autojump_clock: MockClock) -> None:
    provider = Provider()
    keys = of(provider)
    async with running(keys):
        await keys.known()
        provider.published = document()
        await since(provider, FRESH + 1)
        assert named(await keys.known()) == ["RSA"]


async def test_a_key_that_the_provider_withdraws_is_not_held_any_more(autojump_clock: MockClock) -> None:
    provider = Provider(document(jwk("RSA"), jwk("P-256")))
    keys = of(provider)
    assert keys.may_hold("any"), "nothing is known yet"
    async with running(keys):
        rsa, ec = (await keys.known()).keys
        provider.published = document(jwk("P-256"))
        await since(provider, FRESH + 1)
        assert not keys.may_hold(rsa.fingerprint)
        assert keys.may_hold(ec.fingerprint)


async def test_keys_that_are_not_used_are_told_once(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    provider = Provider(document(jwk("RSA"), jwk("P-256", x="AAAA")))
    async with running(of(provider)):
        await wait_all_tasks_blocked()
        await since(provider, 3 * FRESH)
    assert caplog.text.count("some are not used: key 'P-256': its numbers are not those of a key") == 1


async def test_keys_are_taken_over_from_before_a_change_of_settings(autojump_clock: MockClock) -> None:
    provider = Provider()
    before, after = of(provider), of(Provider(DOWN))
    async with running(before):
        await before.known()
    after.take_over(before)
    async with running(after):
        assert named(await after.known()) == ["RSA"]
        await trio.sleep(KEPT)
        with pytest.raises(NoKeys):
            await after.known()
