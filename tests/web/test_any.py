"""One of several patterns is enough, on every host, in lines, counts and follows."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from trio.testing import MockClock

from testbed.broken import Broken
from testbed.cluster import Cluster

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

TEXTS = [b"alpha", b"beta", b"noise", b"gamma 7"]
LINES = [b"2026-11-23T10:00:0%dZ %b" % (second, text) for second, text in enumerate(TEXTS)]


async def test_lines_with_one_of_the_patterns_come_from_every_host(autojump_clock: MockClock, cluster: Start) -> None:
    asked = "filename=app.log&keyword=ALPHA&keyword=beta&regex=gamma+\\d&exclude=noise&ignore_case=true&any=true"
    async with cluster(web0=LINES, web1=LINES) as it:
        reply, follow = await it.ask(asked), await it.ask(f"{asked}&follow=true&n=9&timeout=2s")
        hits = json.loads((await it.ask(f"{asked}&by=file", route="/hits")).body)
        first = await it.ask(f"{asked}&n=2")
        rest = await it.ask(f"{asked}&cursor={first.verdict.cursor}")
        other = await it.ask(f"{asked.removesuffix('&any=true')}&cursor={first.verdict.cursor}")
    wanted = [line for line in LINES for _ in range(2) if b"noise" not in line]
    assert (reply.lines, follow.lines) == (wanted[::-1], wanted)
    assert [row["count"] for row in hits["hits"]] == [3, 3]
    assert [*first.lines, *rest.lines] == wanted[::-1]
    assert "belongs to another question" in json.loads(other.body)["detail"]


async def test_a_host_may_take_its_time_to_compile_many_patterns(autojump_clock: MockClock, cluster: Start) -> None:
    many = "".join(f"&keyword=word{number}" for number in range(100))
    async with cluster(web0=LINES, web1=Broken("silence", at=0)) as it:
        few = await it.ask("filename=app.log&keyword=beta")
        reply = await it.ask(f"filename=app.log&any=true{many}")
    assert ("sent nothing for 5 s" in few.verdict.message, "sent nothing for 15 s" in reply.verdict.message) == (
        True,
        True,
    )
