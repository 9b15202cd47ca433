"""The command line: what is typed, what is asked, what is printed, and with which exit code it ends."""

from __future__ import annotations

import io
import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.config.errors import ConfigError
from logagent.core.batch import Batch, Mark, Origin, Out, Position
from logagent.core.cursor import encode
from logagent.core.outcome import Outcome, Part, Status
from logagent.core.query import BadParameter, Order, Query, Unit
from logagent.core.wire.listing import ListedFile, ListedLog, Listing, to_json
from logagent.core.wire.parameters import parse
from logagent.terminal import arguments, files, query
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import FAILED, FOUND, NOTHING, PARTIAL, exit_code
from testbed.console import Console, typed
from testbed.counts import counts

OK = Part("web-1", Status.OK, lines=2)
EMPTY = Part("web-2", Status.OK)
LACKING = Part("web-3", Status.NOT_FOUND, "no such file")
DOWN = Part("db-2", Status.UNAVAILABLE, "connection refused")
SPENT = Part("db-3", Status.DEADLINE_EXCEEDED, "ran out of time")


def question(*argv: str, environ: dict[str, str] | None = None) -> query.Question:
    return query.question(typed("query", *argv), environ or {})


# As typed


def test_file_and_keywords_come_in_order() -> None:
    query = question("nginx/*.log", "a b", "c").query
    assert (query.files, query.keywords) == (("nginx/*.log",), (b"a b", b"c"))


def test_flags_may_stand_between_file_and_keyword() -> None:
    query = question("-i", "syslog", "-n", "5", "failed", "--host", "web-*", "-e", "disk").query
    assert (query.files, query.keywords, query.n) == (("syslog",), (b"failed", b"disk"), 5)
    assert (query.ignore_case, query.hosts) == (True, ("web-*",))


def test_keyword_that_begins_with_a_hyphen_comes_after_two_hyphens_or_in_a_flag() -> None:
    assert question("syslog", "--", "-x").query.keywords == (b"-x",)
    assert question("syslog", "--keyword=-x").query.keywords == (b"-x",)


def test_everything_else_of_a_query() -> None:
    query = question(
        *("syslog", "-v", "debug", "--exclude", "x=1&y", "--order", "oldest", "--timeout", "2m", "--max-bytes", "99")
    ).query
    assert query == Query(
        files=("syslog",), places=True, exclude=(b"debug", b"x=1&y"), order=Order.OLDEST, timeout=120.0, max_bytes=99
    )


def test_ranges_context_and_units_are_flags() -> None:
    flags = ("-S", "2026-11-23T10:00:00Z", "--until", "1795428020", "-C", "3", "-A", "1", "--events", "--no-rotated")
    query = question("syslog", *flags, "-c").query
    assert (query.since, query.until) == (1_795_428_000 * 10**9, 1_795_428_020 * 10**9)
    assert (query.before, query.after, query.unit, query.rotated) == (3, 1, Unit.EVENT, False)
    assert question("syslog", "-B", "2").query.places


def test_regular_expressions_have_flags_of_their_own() -> None:
    query = question("syslog", "-E", "a|b", "--regex=c+", "--exclude-regex", "^d").query
    assert (query.regex, query.exclude_regex) == ((b"a|b", b"c+"), (b"^d",))


def test_bytes_that_are_not_utf_8_stand_for_themselves() -> None:
    assert question("syslog", os.fsdecode(b"\xff+ %41")).query.keywords == (b"\xff+ %41",)


@pytest.mark.parametrize(
    ("argv", "times", "places"),
    [
        (["-o", "json"], True, True),
        (["--prefix", "always"], False, True),
        (["--prefix", "never"], False, False),
        (["-c"], False, False),
    ],
)
def test_only_the_columns_that_are_printed_are_asked_for(argv: list[str], times: bool, places: bool) -> None:
    query = question("f", *argv).query
    assert (query.times, query.places) == (times, places)


@pytest.mark.parametrize(
    ("argv", "prefix"),
    [
        ([], True),
        (["--host", "web-1"], False),
        (["--host", "web-*"], True),
        (["--host", "web-1", "--host", "web-2"], True),
        (["--host", "web-1", "--prefix", "always"], True),
        (["--prefix", "never"], False),
        (["-o", "json", "--prefix", "always"], False),
        (["-c"], False),
    ],
)
def test_prefix_is_there_unless_one_host_was_named(argv: list[str], prefix: bool) -> None:
    assert question("f", *argv).prefix is prefix


def test_fixed_strings_are_what_keywords_are_anyway() -> None:
    assert question("-F", "syslog", "a.b").query == question("syslog", "a.b").query
    assert hits_question("syslog", "--fixed-strings", "a.b").query.keywords == (b"a.b",)


PLACE = (Position("web-1", "syslog", 7, 99),)


def test_a_cursor_goes_on_in_the_same_question() -> None:
    asked = question(
        "syslog", "failed", "-C", "2", "--cursor", encode(question("syslog", "failed", "-C", "2").query, PLACE)
    )
    assert asked.query.positions == PLACE


# Wrong usage


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [
        (
            encode(question("other.log").query, PLACE),
            "belongs to another question; ask the same one, or leave the cursor out",
        ),
        (encode(question("syslog").query, PLACE)[1:], "is damaged; give it as it came in log-cursor"),
        ("", "is damaged; give it as it came in log-cursor"),
    ],
)
def test_a_cursor_that_does_not_fit_is_told_in_the_words_of_the_agent(
    console: Console, cursor: str, reason: str
) -> None:
    with pytest.raises(BadParameter) as refused:
        parse(urlencode({"filename": "syslog", "cursor": cursor}).encode(), 0)
    assert console.run("query", "syslog", "--cursor", cursor) == FAILED
    assert console.talk == f"logagent: --cursor: {reason}\n"
    assert refused.value.reason == reason
    assert console.data == ""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["f", "-n", "0"], "--lines: must be a whole number from 1"),
        (["f", "-n", "five"], "--lines: must be a whole number from 1"),
        (["f", ""], "KEYWORD: is empty"),
        (["f", "a\nb"], "KEYWORD: holds a line break"),
        (["f", "-v", ""], "--exclude: is empty"),
        ([""], "FILE: is empty"),
        (["f", "--host", ""], "--host: is empty"),
        (["f", "--order", "random"], "--order: must be newest or oldest"),
        (["f", "--timeout", "soon"], "--timeout: must be a number of seconds"),
        (["f", "--max-bytes", "1k"], "--max-bytes: must be a whole number"),
        (["f", "--agent", "ftp://x"], "--agent: must be an agent's URL"),
        (["f", "--agent", "https://x", "--certs", "/no/such"], "--certs: /no/such/ca.pem does not exist"),
        (["f", "--agent", "https://x", "--ca", "/no/such"], "--ca, --cert, --key: /no/such does not exist"),
        (["f", "--agent", "https://x", "--ca", __file__], "--ca, --cert, --key: cannot be used"),
    ],
)
def test_unusable_argument_is_told_with_what_would_be_right(console: Console, argv: list[str], message: str) -> None:
    assert console.run("query", *argv) == FAILED
    assert console.talk.startswith(f"logagent: {message}")
    assert console.talk.count("\n") == 1
    assert console.data == ""


@pytest.mark.parametrize("argv", [[], ["nothing"], ["query"], ["query", "f", "--nothing"], ["certs"], ["serve", "x"]])
def test_wrong_usage_is_told_on_standard_error(console: Console, argv: list[str]) -> None:
    assert console.run(*argv) == FAILED
    assert console.talk.startswith("usage: logagent")
    assert console.data == ""


@pytest.mark.parametrize("argv", [["--help"], ["query", "--help"], ["serve", "--help"], ["certs", "init", "--help"]])
def test_help_that_was_asked_for_is_data(console: Console, argv: list[str]) -> None:
    assert console.run(*argv) == FOUND
    assert console.data.startswith("usage: logagent")
    assert console.talk == ""


def test_flags_of_settings_reach_the_settings(console: Console) -> None:
    given = arguments.given_settings(
        typed("serve", "--listen", "[::1]:1", "--listen", "127.0.0.1:2", "--no-allow-cleartext", "--max-line=1KiB")
    )
    assert given == {"listen": ["[::1]:1", "127.0.0.1:2"], "allow_cleartext": ["false"], "max_line": ["1KiB"]}


def test_unusable_setting_ends_serve_before_it_begins(console: Console) -> None:
    assert console.run("serve", "--listen", "0.0.0.0:0", "--root", "/") == FAILED
    assert console.talk.startswith("logagent: --listen: http://0.0.0.0:0 would be cleartext")


# Printed


class Told:
    """A source that sends what it is given, then ends as it is told."""

    def __init__(self, outcome: Outcome, *batches: Batch, then_hang: bool = False) -> None:
        self._outcome = outcome
        self._batches = batches
        self._then_hang = then_hang
        self.cancelled = False

    async def pump(self, query: Query, out: Out) -> Outcome:
        try:
            for batch in self._batches:
                await out.send(batch)
            if self._then_hang:
                await trio.sleep_forever()
        except trio.Cancelled:
            self.cancelled = True
            raise
        return self._outcome


TWO_LINES = Batch(b"one\ntwo\n", 2, [0, 1], [0, 4], (Origin("web-1", "syslog"),))
FOUND_TWO = Outcome(lines=2, hosts=(OK,))


async def test_text_is_printed_with_its_prefix(console: Console) -> None:
    outcome = await query.show(Told(FOUND_TWO, TWO_LINES), question("syslog"), console.streams, {})
    assert outcome == FOUND_TWO
    assert console.data == "web-1 syslog: one\nweb-1 syslog: two\n"


async def test_json_ends_with_the_verdict_also_of_a_failure(console: Console) -> None:
    failure = Outcome(Status.UNAVAILABLE, "cannot connect")
    await query.show(Told(failure), question("syslog", "-o", "json"), console.streams, {})
    assert json.loads(console.data)["end"]["status"] == 14


async def test_count_is_printed(console: Console) -> None:
    await query.show(Told(FOUND_TWO, TWO_LINES), question("syslog", "-c"), console.streams, {})
    assert console.data == "2\n"


AROUND = Batch(b"above\nmatch\nbelow\n", 3, marks=bytes([Mark.LEADS, 0, Mark.TRAILS]))
EVENTS = Batch(b"one\n at a\n at b\ntwo\n", 4, marks=bytes([0, Mark.CONTINUES, Mark.CONTINUES, 0]))


@pytest.mark.parametrize(
    ("flags", "batch", "data"), [(("-C", "2"), AROUND, "1\n"), (("--events",), EVENTS, "2\n"), ((), TWO_LINES, "2\n")]
)
async def test_count_is_that_of_matches_whatever_comes_with_them(
    console: Console, flags: tuple[str, ...], batch: Batch, data: str
) -> None:
    answered = Outcome(lines=batch.count, hosts=(OK,))
    outcome = await query.show(Told(answered, batch), question("syslog", "-c", *flags), console.streams, {})
    assert (console.data, outcome and exit_code(outcome)) == (data, FOUND)


async def test_count_of_nothing_is_printed(console: Console) -> None:
    outcome = await query.show(Told(Outcome(hosts=(EMPTY,))), question("syslog", "-c"), console.streams, {})
    assert (console.data, outcome and exit_code(outcome)) == ("0\n", NOTHING)


async def test_count_of_what_could_not_be_asked_is_not_printed(console: Console) -> None:
    await query.show(Told(Outcome(Status.NOT_FOUND)), question("syslog", "-c"), console.streams, {})
    assert console.data == ""


async def test_agent_that_does_not_keep_the_timeout_is_left(console: Console, autojump_clock: MockClock) -> None:
    source = Told(FOUND_TWO, TWO_LINES, then_hang=True)
    counted = question("syslog", "--timeout", "5", "-c")  # a count waits for no thread, which the clock cannot see
    outcome = await query.show(source, counted, console.streams, {})
    assert outcome == Outcome(Status.DEADLINE_EXCEEDED, "the agent did not keep the timeout", lines=2)
    assert source.cancelled


async def test_closed_pipe_cancels_the_question(console: Console) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    source = Told(FOUND_TWO, TWO_LINES, then_hang=True)
    with io.FileIO(writer, "w") as stdout:
        shown = await query.show(source, question("syslog"), Streams(stdout, console.stderr), {})
    assert shown is None
    assert source.cancelled
    assert console.talk == ""


# Hits


def hits_question(*argv: str, environ: dict[str, str] | None = None) -> query.Question:
    return query.hits_question(typed("hits", *argv), environ or {})


def test_hits_take_the_flags_of_a_query_that_say_what_is_counted() -> None:
    query = hits_question(
        *(
            "-i",
            "syslog",
            "failed",
            "-e",
            "disk",
            "-v",
            "debug",
            "-E",
            "a|b",
            "--exclude-regex",
            "c",
            "--host",
            "web-*",
        ),
        *("-S", "1970-01-01T00:00:01Z", "-U", "2", "--step", "5m", "--timeout", "2m", "--no-rotated"),
    ).query
    assert query == Query(
        files=("syslog",),
        hosts=("web-*",),
        keywords=(b"failed", b"disk"),
        exclude=(b"debug",),
        regex=(b"a|b",),
        exclude_regex=(b"c",),
        ignore_case=True,
        since=1_000_000_000,
        until=2_000_000_000,
        step=300_000_000_000,
        timeout=120.0,
        rotated=False,
        hits=True,
        times=True,
        places=True,
    )


def test_a_wrong_step_is_told_by_its_flag() -> None:
    with pytest.raises(ConfigError, match=r"^--step: must be a span such as"):
        hits_question("syslog", "--step", "5")


def test_hits_have_no_flags_that_say_how_lines_are_sent(console: Console) -> None:
    assert console.run("hits", "-n", "5", "syslog") == 2
    assert "unrecognized arguments: -n" in console.talk


async def test_hits_are_a_chart(console: Console) -> None:
    asked = hits_question("syslog", "--step", "1m", "--color", "always")
    environ = {"COLUMNS": "30", "TZ": "Europe/Berlin"}
    await query.show(
        Told(Outcome(lines=3, hosts=(OK,)), counts((0, 1), (60_000_000_000, 2))), asked, console.streams, environ
    )
    first, second, legend = re.sub("\x1b[^m]*m", "", console.data).splitlines()
    assert first == "1970-01-01 01:00 █████▌      1"
    assert second == "1970-01-01 01:01 ███████████ 2"
    assert legend == "by 1m, in Europe/Berlin: █ web-1 3"


async def test_hits_as_json_are_one_object_with_the_verdict(console: Console) -> None:
    asked = hits_question("syslog", "--step", "1m", "-o", "json")
    await query.show(Told(FOUND_TWO, counts((0, 1), (60_000_000_000, 2))), asked, console.streams, {})
    document = json.loads(console.data)
    assert [hit["count"] for hit in document["hits"]] == [1, 2]
    assert (document["step_seconds"], document["end"]["complete"]) == (60, True)


async def test_a_zone_of_no_meaning_is_said_before_anything_is_printed(console: Console) -> None:
    with pytest.raises(ConfigError, match=r"^TZ: "):
        await query.show(Told(FOUND_TWO), hits_question("syslog"), console.streams, {"TZ": "Nowhere/None"})


# The list of files


def files_question(*argv: str) -> files.FilesQuestion:
    return files.files_question(typed("files", *argv), {})


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
        return await files.list_files(client, files_question(*argv), console.streams)


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
        ((), (LACKING,), NOTHING, []),
        ((APP,), (OK, LACKING), FOUND, []),
    ],
)
async def test_hosts_that_did_not_list_their_files_are_named(
    console: Console, logs: tuple[ListedLog, ...], hosts: tuple[Part, ...], code: int, talk: list[str]
) -> None:
    assert await list_files(console, to_json(Listing(logs, hosts))) == code
    said = console.talk.splitlines()
    assert len(said) == len(talk)
    assert all(line.startswith(f"logagent: {start}") for line, start in zip(said, talk, strict=True))
    assert bool(console.data) == bool(logs)


@pytest.mark.parametrize(
    ("document", "status", "message"),
    [
        ({"files": [{}], "hosts": []}, 200, "something else than files; is it an agent? (INTERNAL)"),
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
        assert await files.list_files(client, files_question("--timeout", "2s"), console.streams) == FAILED
    assert "did not answer within 2 s (DEADLINE_EXCEEDED)" in console.talk


def test_flags_of_files_may_stand_before_and_behind_globs() -> None:
    query = files_question("--host", "a*", "--no-rotated", "x.log", "y b/*", "--host", "b").query
    assert (query.files, query.hosts, query.rotated) == (("x.log", "y b/*"), ("a*", "b"), False)
    assert files_question().query == Query(files=("**/*",))


@pytest.mark.parametrize(
    ("argv", "message"), [(("",), "GLOB: is empty"), (("--timeout", "soon"), "--timeout: must be")]
)
def test_unusable_argument_of_files_is_told(argv: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        files_question(*argv)


# Certificates


def test_certs_print_the_files_they_made(console: Console, tmp_path: Path) -> None:
    assert console.run("certs", "init", str(tmp_path)) == FOUND
    assert console.run("certs", "host", "web-1", str(tmp_path), "--address", "10.0.0.2") == FOUND
    made = ("ca.pem", "ca-key.pem", "web-1.pem", "web-1-key.pem")
    assert sorted(console.data.splitlines()) == sorted(str(tmp_path / name) for name in made)


def test_certs_say_what_hinders_them(console: Console, tmp_path: Path) -> None:
    assert console.run("certs", "host", "web-1", str(tmp_path)) == FAILED
    assert console.talk.startswith("logagent: certs host: ")
    assert console.talk.count("\n") == 1


# For real


class Serving:
    """An agent as a process of its own."""

    def __init__(self, root: Path, listen: str, *argv: str) -> None:
        self.root = root
        self.process = subprocess.Popen(
            [*PROGRAM, "serve", "--name", "web-1", "--listen", listen, "--root", str(root), "--graceful", "1s", *argv],
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRON,
        )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        found = re.search(r"https?://\S+$", self.ready)
        assert found, self.ready
        self.url = found[0]

    def end(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()

    def ask(self, *argv: str) -> subprocess.CompletedProcess[bytes]:
        return program("query", "--agent", self.url, *argv)


PROGRAM = (sys.executable, "-m", "logagent")
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("LOGAGENT_")}


def program(*argv: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*PROGRAM, *argv], capture_output=True, check=False, timeout=60, env=ENVIRON | environ)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    root = tmp_path_factory.mktemp("log")
    (root / "app.log").write_bytes(b"".join(b"2026-11-23T10:11:12Z line %d\n" % number for number in range(200_000)))
    (root / "raw.log").write_bytes(b"\x1b[31mred\x00\xff\n")
    agent = Serving(root, "127.0.0.1:0")
    yield agent
    assert agent.end() == 0


@pytest.mark.real
def test_real_agent_says_in_one_line_where_it_serves(serving: Serving) -> None:
    assert serving.ready == f"logagent: web-1 serves {serving.root} on {serving.url}\n"


@pytest.mark.real
def test_real_query_prints_the_newest_lines(serving: Serving) -> None:
    asked = serving.ask("app.log", "line", "-n", "2", "--prefix", "never")
    assert (asked.returncode, asked.stderr) == (0, b"")
    assert asked.stdout == b"2026-11-23T10:11:12Z line 199999\n2026-11-23T10:11:12Z line 199998\n"


@pytest.mark.real
def test_real_query_into_a_pipe_gives_the_bytes_of_the_line(serving: Serving) -> None:
    assert serving.ask("raw.log", "--host", "web-1").stdout == b"\x1b[31mred\x00\xff\n"


@pytest.mark.real
@pytest.mark.parametrize(
    ("argv", "code", "talk"),
    [
        (["app.log", "no such line"], 1, b""),
        (["none.log"], 2, b"NOT_FOUND"),
        (["app.log", "--host", "web-9"], 2, b"no host named web-9"),
        (["app.log", "--max-bytes", "100"], 3, b"RESOURCE_EXHAUSTED"),
    ],
)
def test_real_exit_code_is_the_verdict(serving: Serving, argv: Sequence[str], code: int, talk: bytes) -> None:
    asked = serving.ask(*argv)
    assert (asked.returncode, talk in asked.stderr) == (code, True)


@pytest.mark.real
@pytest.mark.parametrize(
    ("argv", "code", "data", "talk"),
    [
        (["app.log", "--step", "1d"], 0, "2026-11-23 █.* 200000\nby 1d, in UTC: web-1 200000\n", ""),
        (["app.log", "line 19999", "-o", "json"], 0, '.*"count": 11}.*\n', ""),
        (["app.log", "no such line"], 1, "", ""),
        (["none.log"], 2, "", "logagent: .*NOT_FOUND.*\n"),
    ],
)
def test_real_hits_are_counted_and_the_exit_code_is_the_verdict(
    serving: Serving, argv: Sequence[str], code: int, data: str, talk: str
) -> None:
    asked = program("hits", "--agent", serving.url, *argv, TZ="UTC")
    assert asked.returncode == code
    assert re.fullmatch(data, asked.stdout.decode())
    assert re.fullmatch(talk, asked.stderr.decode())


@pytest.mark.real
def test_real_agent_that_is_not_there_fails() -> None:
    asked = program("query", "--agent", "http://127.0.0.1:1", "app.log")
    assert (asked.returncode, asked.stdout) == (2, b"")
    assert asked.stderr.startswith(b"logagent: no answer: http://127.0.0.1:1: cannot connect")


@pytest.mark.real
def test_real_query_ends_quietly_when_its_reader_does(serving: Serving) -> None:
    query = subprocess.Popen(
        [*PROGRAM, "query", "--agent", serving.url, "app.log"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert query.stdout is not None
    assert query.stderr is not None
    query.stdout.readline()
    query.stdout.close()
    assert (query.wait(30), query.stderr.read()) == (141, b"")
    query.stderr.close()


@pytest.mark.real
def test_real_query_ends_quietly_on_interrupt_while_nobody_reads(serving: Serving) -> None:
    query = subprocess.Popen(
        [*PROGRAM, "query", "--agent", serving.url, "app.log"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert query.stdout is not None
    assert query.stderr is not None
    assert select.select([query.stdout], [], [], 30)[0]  # lines have come, more than a pipe holds
    query.send_signal(signal.SIGINT)
    assert (query.wait(30), query.stderr.read()) == (130, b"")
    query.stdout.close()
    query.stderr.close()


@pytest.mark.real
def test_real_host_that_is_down_makes_the_answer_partial_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("one\n")
    agent = Serving(tmp_path, "127.0.0.1:0", "--peer", "db-2=http://127.0.0.1:1")
    asked, hosts = agent.ask("app.log"), program("hosts", "--agent", agent.url)
    assert agent.end() == 0
    assert (asked.returncode, asked.stdout) == (3, b"web-1 app.log: one\n")
    talk = asked.stderr.decode().splitlines()
    assert re.fullmatch(r"logagent: db-2: cannot connect.* \(UNAVAILABLE\)", talk[0])
    assert talk[1:] == ["logagent: partial answer: 1 of 2 hosts failed"]
    assert (hosts.returncode, hosts.stdout.count(b"\n")) == (3, 3)


@pytest.mark.real
def test_real_agent_that_speaks_tls_answers_whom_its_authority_knows(console: Console, tmp_path: Path) -> None:
    certs, root = str(tmp_path / "certs"), tmp_path / "log"
    root.mkdir()
    (root / "app.log").write_text("one\n")
    console.run("certs", "init", certs)
    for name in ("web-1", "admin"):
        console.run("certs", "host", name, certs, "--address", "127.0.0.1")
    agent = Serving(root, "127.0.0.1:0", "--certs", certs)
    known = agent.ask("app.log", "--host", "web-1", "--certs", certs, "--name", "admin")
    unknown = agent.ask("app.log", "--ca", f"{certs}/ca.pem")
    stranger = agent.ask("app.log")
    assert agent.end() == 0
    assert agent.url.startswith("https://")
    assert (known.returncode, known.stdout, known.stderr) == (0, b"one\n", b"")
    assert (unknown.returncode, b"PERMISSION_DENIED" in unknown.stderr) == (2, True)
    assert (stranger.returncode, b"certificate" in stranger.stderr) == (2, True)


@pytest.mark.real
def test_real_hosts_lists_the_agent_itself(serving: Serving) -> None:
    asked = program("hosts", "--agent", serving.url, "-o", "json")
    assert asked.returncode == 0
    assert [host["name"] for host in json.loads(asked.stdout)["hosts"]] == ["web-1"]


@pytest.mark.real
def test_real_files_lists_the_log_that_is_served(serving: Serving) -> None:
    asked = program("files", "--agent", serving.url, "app.*")
    assert (asked.returncode, asked.stderr) == (0, b"")
    assert [line.split()[:2] for line in asked.stdout.splitlines()[1:]] == [[b"web-1", b"app.log"]]


@pytest.mark.real
def test_real_address_in_use_is_one_line(serving: Serving) -> None:
    again = program("serve", "--listen", serving.url, "--root", str(serving.root))
    assert again.returncode == 2
    assert again.stderr.count(b"\n") == 1
    assert again.stderr.startswith(b"logagent: ")


@pytest.mark.real
def test_asking_loads_no_web_server() -> None:
    check = (
        "import sys, logagent.cli, logagent.terminal.query;"
        "print([m for m in ('quart', 'hypercorn') if m in sys.modules])"
    )
    asked = subprocess.run([sys.executable, "-c", check], capture_output=True, check=True, timeout=60)
    assert asked.stdout.strip() == b"[]"
