"""The list of files: a table or JSON, and what is said where hosts or all of it are missing."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.config.errors import ConfigError
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Status
from logagent.core.query import Query
from logagent.core.wire.listed_times import ListedTimes
from logagent.core.wire.listing import ListedFile, ListedLog, Listing, to_json
from logagent.terminal import documents, files
from logagent.terminal.arguments import FilesArguments
from logagent.terminal.verdicts import FAILED, FOUND, NOTHING, PARTIAL
from testbed.console import Console, typed

OK = HostOutcome("web-1", Status.OK, lines=2)
LACKING = HostOutcome("web-3", Status.NOT_FOUND, "no such file")
DOWN = HostOutcome("db-2", Status.UNAVAILABLE, "connection refused")


def files_question(*argv: str) -> files.FilesQuestion:
    return files.files_question(typed(FilesArguments, "files", *argv), {})


NOON = 1_795_435_200_000_000_000
APP = ListedLog(
    "web-1",
    "app.log",
    (ListedFile("app.log", 1500, NOON), ListedFile("app.log.1.gz", 500, NOON, compressed=True)),
    NOON,
    NOON + 1_999_999_999,
    ("iso", "json iso"),
    "UTC",
    True,
)
NOTES = ListedLog("web-1", "a\x1b[2J", (ListedFile("a\x1b[2J", 7, NOON),), timed=False)
LOCKED = ListedLog("web-2", "x.log", (ListedFile("x.log", 3 * 2**30, NOON),), message="permission denied")


async def list_files(console: Console, document: object, *argv: str, status: int = 200) -> int:
    async def pieces() -> AsyncIterator[bytes]:
        yield json.dumps(document).encode()

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=pieces())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://a:1") as client:
        return await documents.list_files(client, files_question(*argv), console.streams)


async def test_notes_are_said_and_in_json(console: Console) -> None:
    listing = Listing((APP,), (OK,), (Note("link", ("out.log",), 1, "web-1"),))
    assert await list_files(console, to_json(listing), "-o", "json") == FOUND
    assert json.loads(console.data)["notes"][0]["files"] == ["out.log"]
    assert console.talk == f"logagent: note: web-1: {listing.notes[0].sentence}\n"


async def test_files_are_a_table(console: Console) -> None:
    document = to_json(Listing((APP, NOTES, LOCKED), (OK,)))
    assert await list_files(console, document) == FOUND
    assert console.data.splitlines() == [
        "HOST   FILE      SIZE     OLDEST                NEWEST                GENERATIONS      FORMAT",
        "web-1  app.log   2.0 KiB  2026-11-23T12:00:00Z  2026-11-23T12:00:01Z  2, 1 compressed  iso, json iso",
        "web-1  a\\x1b[2J  7 B      -                     -                     1                none: one block",
        "web-2  x.log     3.0 GiB  -                     -                     1                permission denied",
    ]
    assert console.talk == ""


async def test_times_of_files_are_local_where_that_is_asked_for(console: Console) -> None:
    asked = files.files_question(typed(FilesArguments, "files", "--local"), {"TZ": "Asia/Kolkata"})
    files.print_files(Listing((APP,), (OK,)), asked, console.streams)
    assert "2026-11-23T17:30:00+05:30" in console.data
    with pytest.raises(ConfigError, match="--local: goes with a table"):
        files_question("--local", "-o", "json")


@pytest.mark.parametrize(
    ("logs", "part", "code", "said"),
    [
        ((), LACKING, NOTHING, f"logagent: {LACKING.message}\n"),
        ((APP, LOCKED), OK, FOUND, ""),
        (
            (APP, LOCKED),
            HostOutcome("web-2", Status.PERMISSION_DENIED, "permission denied: x.log"),
            PARTIAL,
            "logagent: web-2: permission denied: x.log (PERMISSION_DENIED)\n"
            "logagent: partial answer: 1 of 1 hosts failed\n",
        ),
        (
            (replace(LOCKED, status=Status.UNAVAILABLE),),
            HostOutcome("web-2", Status.UNAVAILABLE, "input/output error: x.log"),
            FAILED,
            "logagent: web-2: input/output error: x.log (UNAVAILABLE)\nlogagent: no answer: 1 of 1 hosts failed\n",
        ),
    ],
)
async def test_exit_code_and_talk_say_what_could_not_be_looked_into(
    console: Console, logs: tuple[ListedLog, ...], part: HostOutcome, code: int, said: str
) -> None:
    assert await list_files(console, to_json(Listing(logs, (part,)))) == code
    assert console.talk == said


async def test_what_was_taken_for_times_is_a_table_of_its_own(console: Console) -> None:
    learned = ListedTimes(74, 73, (("iso", 70), ("json iso", 3)), ("field ts", "first"), local=True)
    named = ListedTimes(8, 2, (("%d.%m.", 2),), ("behind 3 words",), named=True, local=True, distrust="not found")
    logs = (replace(APP, times=learned), replace(NOTES, times=named, zone="UTC"), LOCKED)
    assert await list_files(console, to_json(Listing(logs, (OK,))), "--formats") == FOUND
    assert [re.split(" {2,}", line) for line in console.data.splitlines()] == [
        ["HOST", "FILE", "FORMAT", "TIMED", "WHERE", "ZONE", "HOW", "TRUSTED"],
        ["web-1", "app.log", "iso, json iso", "98 % of 74 lines", "field ts; first", "UTC", "learned", "yes"],
        ["web-1", "a\\x1b[2J", "%d.%m.", "25 % of 8 lines", "behind 3 words", "UTC", "named", "no: not found"],
        ["web-2", "x.log", "-", "-", "-", "-", "-", "permission denied"],
    ]


async def test_files_as_json_are_the_document(console: Console) -> None:
    document = to_json(Listing((APP, NOTES), (OK,)))
    assert await list_files(console, document, "-o", "json") == FOUND
    assert json.loads(console.data) == document


@pytest.mark.parametrize(
    ("logs", "hosts", "code", "talk"),
    [
        ((APP,), (OK, DOWN), PARTIAL, ["db-2: connection refused", "partial answer: 1 of 2 hosts failed"]),
        ((), (OK, DOWN), PARTIAL, ["db-2: connection refused", "partial answer: 1 of 2 hosts failed"]),
        ((), (DOWN,), FAILED, ["db-2: connection refused", "no answer: 1 of 1 hosts failed"]),
        ((), (LACKING,), NOTHING, [LACKING.message]),
        ((), (OK,), NOTHING, ["there are no logs"]),
        ((APP,), (OK, LACKING), FOUND, []),
    ],
)
async def test_hosts_that_did_not_list_their_files_are_named(
    console: Console, logs: tuple[ListedLog, ...], hosts: tuple[HostOutcome, ...], code: int, talk: list[str]
) -> None:
    assert await list_files(console, to_json(Listing(logs, hosts))) == code
    said = console.talk.splitlines()
    assert len(said) == len(talk)
    assert all(line.startswith(f"logagent: {start}") for line, start in zip(said, talk, strict=True))
    assert bool(console.data) == bool(logs)


@pytest.mark.parametrize(
    ("document", "status", "message"),
    [
        (
            {"files": [{}], "hosts": []},
            200,
            "something else than files: generations is missing",
        ),
        ({"title": "Not Found"}, 404, "lists no files; is it an agent, and as new as this one? (UNAVAILABLE)"),
        ({"detail": "come again"}, 503, "come again (UNAVAILABLE)"),
    ],
)
async def test_answer_that_lists_no_files_is_told(
    console: Console, document: object, status: int, message: str
) -> None:
    assert await list_files(console, document, status=status) == FAILED
    assert message in console.talk
    assert console.data == ""


async def test_unknown_host_of_files_is_told_in_the_words_of_the_agent(console: Console) -> None:
    assert await list_files(console, {"detail": "no host named x; known are a"}, "--host", "x", status=404) == FAILED
    assert "no host named x; known are a (NOT_FOUND)" in console.talk


async def test_agent_that_lists_no_files_in_time_is_told(autojump_clock: MockClock, console: Console) -> None:
    async def wait(request: httpx.Request) -> httpx.Response:
        await trio.sleep_forever()
        raise AssertionError

    async with httpx.AsyncClient(transport=httpx.MockTransport(wait), base_url="http://a:1") as client:
        assert await documents.list_files(client, files_question("--timeout", "2s"), console.streams) == FAILED
    assert "did not answer within 2 s (DEADLINE_EXCEEDED)" in console.talk


def test_flags_of_files_may_stand_before_and_behind_globs() -> None:
    query = files_question("--host", "a*", "--no-rotated", "x.log", "y b/*", "--host", "b").query
    assert (query.files, query.hosts, query.rotated) == (("x.log", "y b/*"), ("a*", "b"), False)
    assert files_question().query == Query.of(files=("**/*",))


@pytest.mark.parametrize(
    ("argv", "message"), [(("",), "GLOB: is empty"), (("--timeout", "soon"), "--timeout: must be")]
)
def test_unusable_argument_of_files_is_told(argv: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        files_question(*argv)
