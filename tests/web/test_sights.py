"""What a caller may not read is as if it were not there, in every answer over the wire, from one host and from two."""

from __future__ import annotations

import base64
import json
import os
import re
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from trio.testing import MockClock

from logagent.core.access.file_globs import FileGlob
from logagent.core.access.rules import Rule, Rules
from testbed.acting import ALL, Papers, access_of, make_papers
from testbed.cluster import Cluster, Reply, start_cluster

ALICE, BOB = "token:alice", "token:bob"
MODIFIED = 1_795_000_000
HIDDEN = ("secret.log", "private/", "**/audit.log", "app.log.2", "link.log")
"""What Bob may not read: files with generations, a directory, a generation of what he may read, a link to it."""
RULES = Rules(
    [
        Rule(allows=False, who=(BOB,), files=tuple(map(FileGlob, HIDDEN))),
        Rule(allows=True, who=(ALICE, BOB)),
    ]
)
OPEN = Rules([Rule(allows=True, who=(ALICE, BOB))])
SEEN = ("app.log", "app.log.1", "nginx/access.log", "nginx/access.log.1", "secret.txt", "untimed.log", "binary.log")
UNSEEN = (
    *("secret.log", "secret.log.1", "secret.log-20261123", "private/x.log", "private/app.log", "private/deep/y.log"),
    *("nginx/audit.log", "nginx/audit.log.1", "app.log.2"),
)
LINKS = {"into.log": "secret.log", "to.log": "nginx/access.log", "there": "private", "out.log": "/etc/hostname"}
"""Of each link the target: the first leads to what is not seen, and is as a link that leads nowhere."""


def lines_of(name: str) -> bytes:
    if name == "untimed.log":
        return b"no time at all\nand none here\n"
    if name == "binary.log":
        return b"\0\1\2\3" * 100
    minute = sum(name.encode()) % 50
    return b"".join(b"2026-11-23T10:%02d:%02dZ %s said %d\n" % (minute, n, name.encode(), n) for n in range(5))


def plant(root: Path, *, whole: bool) -> None:
    """A host's files, the same ones each time; what Bob may not read only if it is `whole`."""
    for name in (*SEEN, *(UNSEEN if whole else ())):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(lines_of(name))
        os.utime(root / name, (MODIFIED, MODIFIED))
    for name, target in LINKS.items():
        (root / name).symlink_to(target)
    if whole:
        (root / "link.log").symlink_to("app.log")
    else:
        (root / "private").rmdir() if (root / "private").exists() else None


@asynccontextmanager
async def agents(directory: Path, papers: Papers, rules: Rules, *, whole: bool) -> AsyncIterator[Cluster]:
    """A primary and a secondary with the same files, and the same rules."""
    for host in ("web0", "web1"):
        plant(directory / host, whole=whole)
    tls = {"web1": (papers.server("web1"), papers.client("web0"))}
    access = {"web0": access_of("web0", rules), "web1": access_of("web1", rules, {"web0": ALL})}
    shown = {"web0": rules, "web1": rules}
    async with start_cluster(directory, {"web0": {}, "web1": {}}, tls=tls, access=access, rules=shown) as it:
        yield it


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return make_papers(tmp_path_factory.mktemp("papers"), "web0", "web1")


MEASURED = re.compile(rb'"(?:timings_ms|round_trip_ms)": ?(?:\{[^}]*\}|[0-9.]+)')
HOW_FAR = re.compile(rb'"bytes_scanned": ?[0-9]+')
CURSOR = re.compile(rb'(?<="cursor": ")[\w-]+')
IDS = re.compile(rb"id: [\w-]+\n")
RANDOM = frozenset({"date", "server-timing", "log-agent", "content-length"})
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
"""The trace of all questions, as one that is made up differs each time."""


def told(reply: Reply) -> object:
    """All that a client gets but what is random or measured, or depends on which log is read first."""
    headers = [(name, value) for name, value in reply.headers.multi_items() if name not in RANDOM]
    trailers = {name: value for name, value in reply.trailers.items() if name not in {*RANDOM, "log-bytes-scanned"}}
    trailers["log-cursor"] = sorted_cursor(trailers.get("log-cursor", "").encode()).decode()
    body = re.sub(rb"\n+", b"\n", IDS.sub(b"", HOW_FAR.sub(b"", MEASURED.sub(b"", b"\n" + reply.body))))
    return reply.status, headers, CURSOR.sub(lambda met: sorted_cursor(met[0]), body), trailers, repr(reply.error)


def sorted_cursor(text: bytes) -> bytes:
    """The positions in a cursor, sorted: they stand in the order in which the logs were read."""
    if not text:
        return b""
    array = zlib.decompress(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))[4:])
    return json.dumps(json.loads(array), sort_keys=True).encode()


NAMES = (
    *("**", "*", "*.log", "secret.log", "secret.log.1", "secret*", "private/x.log", "private/*", "private", "there/*"),
    *("app.log", "app.log.2", "app.log*", "link.log", "into.log", "to.log", "out.log", "nginx/*", "nginx/audit.log"),
    *("web0:secret.log", "../web0/secret.log", "%2e%2e/secret.log", "SECRET.LOG", "there/x.log", "untimed.log"),
    *("**/audit.log*", "[s]ecret.log", "secret.log/", "./secret.log", "nginx/../secret.log", "binary.log"),
)
QUESTIONS = (
    *((f"filename={quote(name)}", "/logs") for name in NAMES),
    *((f"filename={quote(name)}&rotated=false", "/logs") for name in ("**", "app.log", "app.log.2", "secret.log")),
    ("filename=secret.log&filename=app.log", "/logs"),
    ("filename=*.log&filename=secret.log&n=3", "/logs"),
    ("filename=**&n=7&order=oldest", "/logs"),
    ("filename=**&keyword=said+3&context=1", "/logs"),
    ("filename=**&unit=event&keyword=said", "/logs"),
    ("filename=**&since=2026-11-23T10:20:00Z&until=2026-11-23T10:40:00Z", "/logs"),
    ("filename=**&n_per_file=1", "/logs"),
    ("filename=**&hostname=web1", "/logs"),
    *((f"filename={quote(name)}", "/hits") for name in NAMES[:16]),
    *((f"filename={quote(name)}&by=file", "/hits") for name in NAMES[:16]),
    *((f"filename={quote(name)}", "/files") for name in NAMES),
    ("", "/files"),
    ("rotated=false", "/files"),
    ("", "/hosts"),
    ("filename=**&hostname=web9", "/logs"),
)
TYPES = ("text/plain", "application/x-ndjson", "text/event-stream")


async def all_told(it: Cluster, caller: str) -> dict[tuple[str, str, str], object]:
    answers = {}
    for query, route in QUESTIONS:
        for kind in TYPES if route == "/logs" else ("application/json",):
            answers[route, query, kind] = told(
                await it.ask(query, route=route, shows=caller, accept=kind, traceparent=TRACE)
            )
    return answers


async def test_no_answer_tells_what_is_denied_from_what_is_not_there(
    autojump_clock: MockClock, papers: Papers, tmp_path: Path
) -> None:
    given = []
    for number, (rules, whole) in enumerate([(RULES, True), (RULES, False), (OPEN, False)]):
        async with agents(tmp_path / str(number), papers, rules, whole=whole) as it:
            given.append(await all_told(it, BOB))
    for question, denied in given[0].items():
        assert denied == given[1][question] == given[2][question], question
    assert b"secret.txt said" in given[0]["/logs", "filename=%2A%2A", TYPES[0]][2]  # type: ignore[index]


async def test_whoever_may_read_all_reads_all(autojump_clock: MockClock, papers: Papers, tmp_path: Path) -> None:
    async with agents(tmp_path / "all", papers, RULES, whole=True) as it:
        for name in UNSEEN:
            reply = await it.ask(f"filename={name}", shows=ALICE)
            assert name.encode() in reply.body
            assert (await it.ask(f"filename={name}", shows=BOB)).status == 404


async def test_a_cursor_of_one_gives_another_nothing_that_he_may_not_read(
    autojump_clock: MockClock, papers: Papers, tmp_path: Path
) -> None:
    """And looks like one that names a log which is not there."""
    given = []
    async with agents(tmp_path / "first", papers, RULES, whole=True) as it:
        cursors = [
            (await it.ask(f"{query}&n=4", shows=ALICE)).trailers["log-cursor"]
            for query in ("filename=secret.log", "filename=**", "filename=secret*&order=oldest")
        ]
    for number, whole in enumerate((True, False)):
        async with agents(tmp_path / str(number), papers, RULES, whole=whole) as it:
            answers = []
            for query, cursor in zip(("secret.log", "**", "secret*&order=oldest"), cursors, strict=True):
                reply = await it.ask(f"filename={query}&cursor={cursor}", shows=BOB, traceparent=TRACE)
                assert not re.search(rb"secret.log said|audit", reply.body)
                answers.append(told(reply))
            given.append(answers)
    assert given[0] == given[1]
