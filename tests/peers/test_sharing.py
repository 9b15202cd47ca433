"""How many follows share a connection, and what becomes of one that nobody needs."""

from __future__ import annotations

from contextlib import AsyncExitStack

import httpx

from logagent.peers.sharing import FOLLOWS_PER_CONNECTION, FollowClients


async def test_follows_share_connections_and_none_carries_too_many() -> None:
    made: list[httpx.AsyncClient] = []

    def connect() -> httpx.AsyncClient:
        made.append(httpx.AsyncClient())
        return made[-1]

    clients = FollowClients(connect)
    async with AsyncExitStack() as stack:
        used = [await stack.enter_async_context(clients.borrowed()) for _ in range(2 * FOLLOWS_PER_CONNECTION + 1)]
        assert [used.count(client) for client in made] == [FOLLOWS_PER_CONNECTION, FOLLOWS_PER_CONNECTION, 1]
        assert len(clients) == 3
    assert len(clients) == 0
    assert all(client.is_closed for client in made)


async def test_a_place_that_is_free_again_is_taken_first() -> None:
    clients = FollowClients(httpx.AsyncClient)
    async with clients.borrowed() as first:
        async with clients.borrowed() as second:
            assert second is first
        async with clients.borrowed() as third:
            assert third is first
        assert not first.is_closed


async def test_a_client_that_is_retired_carries_its_follows_to_their_end_and_no_more() -> None:
    clients = FollowClients(httpx.AsyncClient)
    async with clients.borrowed() as first:
        clients.retire()
        async with clients.borrowed() as second:
            assert second is not first
            assert not first.is_closed
    assert first.is_closed
    assert len(clients) == 0
