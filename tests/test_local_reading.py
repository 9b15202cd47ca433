"""Files of this machine against an agent that has them, and what is no file: pipes, standard input, devices."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from datetime import UTC
from pathlib import Path

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.batch import Batch
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import FollowOptions, Order, Query
from logagent.core.times.named_formats import FormatRules
from logagent.disk.catalog.streams import Stream
from logagent.local_reading import reading
from logagent.terminal.local_files import LocalFiles
from testbed.console import Console
from testbed.processes import Process, running

pytestmark = pytest.mark.real

HERE = {"LOGAGENT_NAME": "one", "TZ": "UTC"}
FILES = LocalFiles("one", "http://127.0.0.1:8000", UTC, FormatRules())
LINES = b"".join(
    b"2026-11-%02dT10:00:%02dZ %s\n"
    % (1 + number // 10, number % 10 * 3, (b"refused", b"took 12 ms", b"ok")[number % 3])
    for number in range(40)
)


@contextmanager
def piped(data: bytes) -> Iterator[str]:
    """The path of a pipe that holds some bytes and ends."""
    reader, writer = os.pipe()
    with contextlib.closing(os.fdopen(reader, "rb")):
        os.write(writer, data)
        os.close(writer)
        yield f"/dev/fd/{reader}"


@contextmanager
def as_standard_input(path: str) -> Iterator[None]:
    before, opened = os.dup(0), os.open(path, os.O_RDONLY)
    try:
        os.dup2(opened, 0)
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(opened)


def run(*argv: str, **environ: str) -> tuple[int, str, str]:
    console = Console()
    code = console.run(*argv, environ=HERE | environ)
    return code, console.data, console.talk


# Against an agent.


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    root = tmp_path_factory.mktemp("root")
    (root / "shop").mkdir()
    lines = LINES.splitlines(keepends=True)
    (root / "app.log.2.gz").write_bytes(gzip.compress(b"".join(lines[:15])))
    (root / "app.log.1").write_bytes(b"".join(lines[15:25]))
    (root / "app.log").write_bytes(b"".join(lines[25:]) + b"  a continuation, which no time begins\n")
    (root / "shop" / "web.log").write_bytes(b"".join(lines[::2]))
    (root / "shop" / "untimed.log").write_bytes(b"refused\nok\nlast without an end")
    (root / "empty.log").touch()
    with running("one", root, "--timezone", "UTC") as process, chdir(root):
        yield process


NAMES = [
    "app.log",
    "shop/web.log",
    "shop/untimed.log",
    "empty.log",
    "**/*.log",
    "shop/",
    "*.log",
    "app.log.1",
]
FLAGS = [
    [],
    ["--order", "oldest"],
    ["-n", "3"],
    ["-S", "2026-11-02T00:00:00Z"],
    ["-U", "2026-11-03T10:00:09Z"],
    ["--events"],
    ["-C", "1"],
    ["--no-rotated"],
    ["-i"],
    ["--max-bytes", "300"],
]


def told(data: str) -> list[object]:
    """The records of NDJSON, without the way in which a path was spelled, and without what takes time."""
    records = [json.loads(line) for line in data.replace('"./', '"').replace(" ./", " ").splitlines()]
    for record in records:
        for varying in ("timings_ms", "trace_id", "cursor", "bytes_scanned", "message"):
            record.get("end", {}).pop(varying, None)
        if record.get("end", {}).get("status") == Status.NOT_FOUND:
            record["end"].pop("hosts")  # an agent answers with a status of HTTP in place of a verdict
        for part in record.get("end", {}).get("hosts", []):
            part.pop("message")
    return records


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    command=st.sampled_from(["query", "hits"]),
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True),
    flags=st.lists(st.sampled_from(FLAGS), max_size=2, unique_by=tuple),
    words=st.lists(st.sampled_from(["refused", "took", "REFUSED", "nosuchword"]), max_size=1),
)
def test_the_answer_is_that_of_an_agent(
    agent: Process, command: str, names: list[str], flags: list[list[str]], words: list[str]
) -> None:
    if command == "hits":
        flags = [flag for flag in flags if flag[:1] not in (["--order"], ["-n"], ["-C"], ["--max-bytes"])]
    rest = ["-o", "json", *(word for flag in flags for word in flag), *(f"-e{word}" for word in words)]
    asked = run(command, *(f"--file={name}" for name in names), *rest, LOGAGENT_AGENT=agent.url)
    read = run(command, *(f"--file=./{name}" for name in names), *rest)
    assert (read[0], told(read[1])) == (asked[0], told(asked[1])), (read[2], asked[2])


def test_a_cursor_of_an_answer_goes_on(agent: Process) -> None:
    whole = run("query", "./app.log", "--json")[1].splitlines()
    talk = run("query", "./app.log", "-n", "17", "--show-cursor")[2]
    rest = run("query", "./app.log", "--json", "--cursor", talk.split()[-1])[1].splitlines()
    assert rest == whole[17:]


# What is no file.


def test_a_pipe_is_read_to_its_end_newest_first() -> None:
    expected = "".join(f"{line}\n" for line in reversed(LINES.decode().splitlines()) if "refused" in line)
    for data in (LINES, gzip.compress(LINES), LINES.removesuffix(b"\n")):
        with piped(data) as path:
            assert run("query", path, "refused") == (0, expected, "")
    with piped(LINES) as path, as_standard_input(path):
        code, printed, _ = run("query", "-", "refused", "-n1", "--json")
    assert (code, json.loads(printed)["file"]) == (0, "-")


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        (["grep", "-c", "refused"], "14\n"),
        (["grep", "-nm1", "took"], "2:2026-11-01T10:00:03Z took 12 ms\n"),
        (["tail", "-n1"], "2026-11-04T10:00:27Z refused\n"),
        (["cat"], LINES.decode()),
        (["ls"], "{path}\n"),
        (["query", "-c", "-S", "2026-11-04T00:00:00Z"], "10\n"),
        (["follow", "--exclude", "o"], "".join(x for x in LINES.decode().splitlines(keepends=True) if "refused" in x)),
        (["follow", "nosuchword"], ""),
        (["tail", "-f"], LINES.decode()),
    ],
)
def test_commands_read_pipes(command: list[str], printed: str) -> None:
    with piped(LINES) as path:
        name = [command[0], *command[1:2], path, *command[2:]] if command[0] == "follow" else [*command, path]
        name = [command[0], path, *command[1:]] if command[0] in ("follow", "query") else name
        assert run(*name)[1:] == (printed.format(path=path) if "{" in printed else printed, "")


def test_what_ends_without_a_line_break_ends_as_a_line() -> None:
    with piped(b"2026-11-01T10:00:03Z a\nb") as path:
        assert run("follow", path) == (0, "2026-11-01T10:00:03Z a\nb\n", "")
    with piped(gzip.compress(b"a\nb")) as path:
        assert run("follow", path) == (0, "a\nb\n", "")
    with piped(b"") as path:
        assert run("follow", path) == (1, "", "")


@pytest.mark.parametrize("query", [Query(files=("x",), follow=FollowOptions()), Query.of(files=("x",))])
async def test_lines_of_a_pipe_come_as_they_are_written(query: Query) -> None:
    reader, writer = os.pipe()
    send, lines = trio.open_memory_channel[bytes](100)
    outcomes: list[Outcome] = []

    class Lines:
        async def send(self, batch: Batch) -> None:
            for line in batch.lines():
                send.send_nowait(bytes(line))

    path = f"/dev/fd/{reader}"
    form = query.form if query.follow else query.form.__class__(order=Order.OLDEST)
    asked = Query(files=(path,), follow=query.follow, form=form)
    async with reading(FILES, print) as source, trio.open_nursery() as nursery:

        async def pump() -> None:
            outcomes.append(await source.pump(asked, Lines()))

        nursery.start_soon(pump)
        for number in range(3):
            os.write(writer, b"line %d\n" % number)
            assert (await lines.receive()).strip() == b"line %d" % number
        os.close(writer)
    os.close(reader)
    assert [(outcome.status, outcome.lines) for outcome in outcomes] == [(Status.OK, 3)]


async def test_a_file_is_followed_over_its_rotation(tmp_path: Path) -> None:
    send, lines = trio.open_memory_channel[bytes](100)
    begun = trio.Event()

    class Lines:
        async def send(self, batch: Batch) -> None:
            if batch.live:
                begun.set()
            for line in batch.lines() if batch.count else ():
                send.send_nowait(bytes(line))

    log = tmp_path / "app.log"
    log.write_bytes(b"before\n")
    async with reading(FILES, print) as source, trio.open_nursery() as nursery:
        asked = Query(files=(f"{tmp_path}/app.log",), follow=FollowOptions())
        nursery.start_soon(source.pump, asked, Lines())
        await begun.wait()
        with log.open("ab") as opened:
            opened.write(b"one\n")
        assert (await lines.receive()).strip() == b"one"
        log.rename(tmp_path / "app.log.1")
        log.write_bytes(b"two\n")
        assert (await lines.receive()).strip() == b"two"
        nursery.cancel_scope.cancel()


def test_what_does_not_end_within_the_timeout_is_told() -> None:
    reader, writer = os.pipe()
    code, data, talk = run("query", f"/dev/fd/{reader}", "--timeout", "50ms")
    os.close(writer)
    os.close(reader)
    assert (code, data) == (3, "")
    assert "timeout reached before its input ended (DEADLINE_EXCEEDED)" in talk


def test_what_never_ends_is_not_copied_for_ever() -> None:
    stream = Stream("/dev/zero", most=1_000_000)
    with pytest.raises(Failure, match="/dev/zero: more than 1,000,000 bytes; write it to a file") as refused:
        stream.fill()
    assert refused.value.status is Status.RESOURCE_EXHAUSTED
    stream.close()


def test_an_open_file_is_read_where_it_is_and_from_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(LINES)
    (tmp_path / "app.log.1").write_bytes(LINES)
    with as_standard_input(f"{tmp_path}/app.log"):
        assert run("query", "-c", "-", "refused")[1] == "14\n"
        os.lseek(0, len(LINES) - 29, os.SEEK_SET)
        assert run("query", "-") == (0, "2026-11-04T10:00:27Z refused\n", "")


def test_files_that_the_kernel_makes_up_are_read() -> None:
    assert run("grep", "-c", "^Name:", "/proc/self/status") == (0, "1\n", "")
    assert run("query", "/dev/null") == (1, "", "")


def test_a_pipe_is_merged_with_files(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"2026-11-01T10:00:04Z between\n")
    with piped(b"".join(LINES.splitlines(keepends=True)[:2])) as path:
        lines = run("query", "--file", path, "--file", f"{tmp_path}/app.log", "--order", "oldest")[1].splitlines()
    assert [line.split()[1] for line in lines] == ["refused", "took", "between"]
    with piped(LINES) as path:
        assert run("grep", "-c", "refused", path, f"{tmp_path}/none.log")[:2] == (2, f"{path}:14\n")


def test_standard_input_is_not_both_patterns_and_log() -> None:
    told = "reads standard input, which is to be searched; give a file\n"
    assert run("query", "-", "--patterns-from", "-") == (2, "", f"logagent: --patterns-from: {told}")
    assert run("grep", "-f", "-", "-")[0] == 2
