"""A rule that says how far back: older lines are as if they were not there, on every route."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import pytest
import trio
from trio.testing import MockClock

from logagent.core.access.file_globs import FileGlob
from logagent.core.access.rules import Rule, Rules
from logagent.core.cursor import decode, encode
from logagent.core.units import SECOND
from logagent.core.wire.parameters import parse
from logagent.disk.search.trust import with_trust
from logagent.disk.times.stamping import NEAR, PAGE
from logagent.peers.client.http_client import chunks
from testbed.acting import access_of
from testbed.cluster import Cluster

BOB = "token:bob"
HOUR = 3600
RULES = Rules([Rule(allows=True, who=(BOB,), back=HOUR * SECOND)])
Start = Callable[..., AbstractAsyncContextManager[Cluster]]


def at(minutes: float, text: str) -> bytes:
    """A line that was written so many minutes ago."""
    return f"{datetime.fromtimestamp(time.time() - 60 * minutes, UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n".encode()


def files() -> dict[str, bytes]:
    recent = b"".join(at(minutes, f"recent {minutes}") for minutes in (50, 40, 30, 20, 10))
    old = b"".join(at(minutes, f"old {minutes}") for minutes in (200, 150, 100, 70))
    return {
        "app.log": old + recent,
        "app.log.1": b"".join(at(minutes, f"old {minutes}") for minutes in (500, 400, 300)),
        "old.log": old,
        "untimed.log": b"old, as it may be\nand this too\n",
        "empty.log": b"",
    }


@pytest.fixture
def host(cluster: Start) -> Callable[..., AbstractAsyncContextManager[Cluster]]:
    def start(**changed: bytes) -> AbstractAsyncContextManager[Cluster]:
        return cluster({"access": {"web0": access_of("web0", RULES)}, "rules": {"web0": RULES}}, web0=files() | changed)

    return start


ASKED = (
    *("filename=app.log", "filename=app.log&order=oldest", "filename=*.log", "filename=app.log&unit=event"),
    *("filename=app.log&keyword=recent+50&context=3", "filename=app.log&n=100", "filename=app.log&since=9h"),
    *("filename=app.log&n_per_file=20&order=oldest", "filename=app.log&keyword=recent&before_context=9&order=oldest"),
    "filename=app.log&until=1s",
)


@pytest.mark.parametrize("query", ASKED)
async def test_no_older_line_is_given(autojump_clock: MockClock, host: Start, query: str) -> None:
    async with host() as it:
        reply = await it.ask(query, shows=BOB)
        assert reply.verdict.complete
        assert b"recent 50" in reply.body
        assert b"old" not in reply.body


@pytest.mark.parametrize("route", ["/logs", "/hits", "/files"])
@pytest.mark.parametrize("name", ["old.log", "untimed.log", "app.log.1", "old*", "un*.log"])
async def test_a_file_of_older_lines_or_without_times_is_not_there(
    autojump_clock: MockClock, host: Start, route: str, name: str
) -> None:
    async with host() as it:
        given = await it.ask(f"filename={name}", route=route, shows=BOB)
        missing = await it.ask("filename=missing.log", route=route, shows=BOB)
    assert given.status == missing.status
    told = json.loads(given.body), json.loads(missing.body)
    for one in told:
        one.pop("trace_id", None)
    assert json.dumps(told[0]).replace(name, "missing.log") == json.dumps(told[1])


@pytest.mark.parametrize("name", ["packed.log.2.gz", "app.log.2.gz"])
async def test_a_compressed_file_is_there_with_its_lines_that_are_not_too_old(
    autojump_clock: MockClock, host: Start, name: str
) -> None:
    packed = gzip.compress(b"".join(at(minutes, f"packed {minutes}") for minutes in (90, 70, 55, 52)))
    async with host(**{name: packed}) as it:
        lines = (await it.ask(f"filename={name.removesuffix('.2.gz')}&keyword=packed&order=oldest", shows=BOB)).lines
        exact = (await it.ask(f"filename={name}", shows=BOB)).lines
        listed = json.loads((await it.ask(f"filename={name}", route="/files", shows=BOB)).body)
    assert [line.split(b" ", 1)[1] for line in lines] == [b"packed 55", b"packed 52"]
    assert exact == lines[::-1]
    assert [one["generations"][0]["name"] for one in listed["files"]] == [name]


async def test_a_compressed_file_that_is_older_is_not_there(autojump_clock: MockClock, host: Start) -> None:
    async with host(**{"app.log.2.gz": gzip.compress(at(90, "packed"))}) as it:
        hours_ago = time.time() - 2 * HOUR
        os.utime(it.file("web0", "app.log.2.gz"), (hours_ago, hours_ago))
        assert (await it.ask("filename=app.log.2.gz", shows=BOB)).status == 404


async def test_older_lines_are_not_counted(autojump_clock: MockClock, host: Start) -> None:
    async with host() as it:
        by_time = json.loads((await it.ask("filename=**", route="/hits", shows=BOB)).body)
        by_file = json.loads((await it.ask("filename=**&by=file", route="/hits", shows=BOB)).body)
    assert sum(one["count"] for one in by_time["hits"]) == 5
    assert {one["file"]: one["count"] for one in by_file["hits"]} == {"app.log": 5, "empty.log": 0}


async def test_files_are_listed_from_the_first_time_that_may_be_read(autojump_clock: MockClock, host: Start) -> None:
    begun = time.time()
    async with host() as it:
        listed = json.loads((await it.ask("", route="/files", shows=BOB)).body)
    assert [one["name"] for one in listed["files"]] == ["app.log", "empty.log"]
    oldest = datetime.fromisoformat(listed["files"][0]["oldest"][:19] + "+00:00").timestamp()
    assert begun - HOUR - 1 <= oldest <= time.time() - HOUR
    assert [one["name"] for one in listed["files"][0]["generations"]] == ["app.log"]


async def test_pages_reach_no_further_back(autojump_clock: MockClock, host: Start) -> None:
    lines, cursor = [], ""
    async with host() as it:
        for _ in range(9):
            reply = await it.ask(f"filename=app.log&n=2{cursor and '&cursor=' + cursor}", shows=BOB)
            lines += reply.lines
            if not (cursor := reply.trailers.get("log-cursor", "")) or not reply.lines:
                break
    assert [line.split(b" ", 1)[1] for line in lines] == [b"recent %d" % n for n in (10, 20, 30, 40, 50)]


async def test_a_follow_begins_with_no_older_line(autojump_clock: MockClock, host: Start) -> None:
    got = bytearray()
    async with host() as it, it.client() as client, trio.open_nursery() as nursery:

        async def read() -> None:
            path = "/logs?filename=app.log&follow=true&n=20"
            async with client.stream("GET", path, headers={"shows": BOB, "accept-encoding": "identity"}) as response:
                async for chunk in chunks(response):
                    got.extend(chunk)

        nursery.start_soon(read)
        await trio.sleep(5)
        with it.file("web0").open("ab") as file:
            file.write(at(300, "old, written now") + at(0, "new"))
        await trio.sleep(5)
        nursery.cancel_scope.cancel()
    assert b"new" in got
    assert got.count(b"recent") == 5
    assert b"old" not in got


def _untrusted(cursor: str) -> str:
    """Return a cursor that says of every log that the times in it are not to be trusted."""
    query = parse(b"filename=app.log&n=2", time.time_ns())
    positions = decode(cursor, query).positions
    return encode(query, [one._replace(fingerprint=with_trust(one.fingerprint, trusted=False)) for one in positions])


async def test_a_cursor_makes_no_line_newer_than_it_is(autojump_clock: MockClock, host: Start) -> None:
    async with host() as it:
        reply = await it.ask("filename=app.log&n=2", shows=BOB)
        forged = _untrusted(reply.trailers["log-cursor"])
        again = await it.ask(f"filename=app.log&n=2&cursor={forged}", shows=BOB)
        rest = await it.ask(f"filename=app.log&n=200&cursor={forged}", shows=BOB)
    assert [line.split(b" ", 1)[1] for line in again.lines] == [b"recent 30", b"recent 40"]
    assert b"old" not in rest.body


UNTIMED = (b"old, as it may be\n" * 9, b"old, far from all times\n" * (3 * NEAR * PAGE // 24))


@pytest.mark.parametrize("form", ["", "&order=oldest", "&unit=event", "&keyword=recent&context=99"])
@pytest.mark.parametrize("text", ["before", "far"])
async def test_lines_of_unknown_age_are_not_there(autojump_clock: MockClock, host: Start, text: str, form: str) -> None:
    """Those before the first time of a file, and those far from all times."""
    timed = b"".join(at(minutes, "recent") for minutes in range(50, 10, -1))
    given = (UNTIMED[0] if text == "before" else at(200, "old") + UNTIMED[1]) + timed
    async with host(**{"part.log": given}) as it:
        reply = await it.ask(f"filename=part.log{form}", shows=BOB)
        counted = json.loads((await it.ask("filename=part.log", route="/hits", shows=BOB)).body)
    assert b"old" not in reply.body
    assert reply.body.count(b"recent") == sum(one["count"] for one in counted["hits"]) == 40


async def test_the_shortest_of_several_rules_holds(autojump_clock: MockClock, cluster: Start) -> None:
    rules = Rules([Rule(allows=True, who=(BOB,), files=(FileGlob("app.log"),), back=HOUR * SECOND)])
    given = {"app.log": at(70, "old") + at(10, "recent"), "app.log.1": at(90, "old")}
    options = {"access": {"web0": access_of("web0", rules)}, "rules": {"web0": rules}}
    async with cluster(options, web0=given) as it:
        os.utime(it.file("web0", "app.log.1"), (time.time() - 80, time.time() - 80))
        it.file("web0", "link.log").symlink_to("app.log")
        assert (await it.ask("filename=app.log", shows=BOB)).body.endswith(b"recent\n")
        assert (await it.ask("filename=**", shows=BOB)).body.count(b"\n") == 1
