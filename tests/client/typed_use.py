"""How a program uses the client, for mypy: it is checked with the package, and never run.

What must not pass is marked as ignored; mypy finds a mark that is not needed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_type

from logagent.client import (
    AsyncAnswer,
    AsyncFollow,
    Client,
    FileList,
    HitCount,
    HostState,
    LogLine,
    Notice,
    SyncAnswer,
    SyncClient,
    SyncFollow,
    Verdict,
)


async def on_an_event_loop(url: str) -> None:
    """Ask everything there is."""
    async with Client(url, token=lambda: "token", ca="ca.pem", raise_if_incomplete=True) as client:
        answer = client.logs(["a.log", "b/*.log"], keyword=b"x", since=datetime.now(UTC), unit="event", any=True)
        assert_type(answer, AsyncAnswer[LogLine])
        async for line in answer:
            assert_type(line, LogLine)
            assert_type(line.time, datetime | None)
        assert_type(answer.verdict, Verdict)
        async with client.hits("a.log", step=timedelta(minutes=5)) as hits:
            assert_type([count async for count in hits], list[HitCount])
        follow = client.follow("a.log", n=5, patience="200ms", on_notice=told)
        assert_type(follow, AsyncFollow)
        assert_type(await anext(follow), LogLine)
        assert_type(await client.files(rotated=False), FileList)
        assert_type(await client.hosts(), tuple[HostState, ...])


def told(notice: Notice) -> None:
    """Take a notice."""
    assert_type(notice.host, str)


def by_calls_that_block(client: SyncClient) -> None:
    """Ask the same."""
    with client.logs("a.log", n=None, cursor=None) as answer:
        assert_type(answer, SyncAnswer[LogLine])
        assert_type(list(answer), list[LogLine])
    follow = client.follow("a.log")
    assert_type(follow, SyncFollow)
    assert_type(follow.cursor, str)
    assert_type([log.name for log in client.files()], list[str])


def what_is_wrong_is_found(client: Client, other: SyncClient) -> None:
    """Ask what cannot be asked."""
    client.logs("a.log", keywrd="x")  # type: ignore[call-arg]
    client.logs("a.log", n="5")  # type: ignore[arg-type]
    client.logs("a.log", step="5m")  # type: ignore[call-arg]
    client.hits("a.log", by=5)  # type: ignore[arg-type]
    client.follow("a.log", until="5m")  # type: ignore[call-arg]
    other.files(hostname=5)  # type: ignore[arg-type]
