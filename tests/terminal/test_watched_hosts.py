"""`hosts --watch`: a table that is painted anew, or a line for each change."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.config.errors import ConfigError
from logagent.terminal.answer import CLOSED_PIPE
from logagent.terminal.arguments import HostsArguments
from logagent.terminal.documents import hosts_from
from logagent.terminal.hosts import HostsQuestion, hosts_question
from logagent.terminal.watched_hosts import seconds_of, show_hosts
from testbed.console import Console, typed
from testbed.processes import running

Answer = list[dict[str, Any]] | dict[str, Any] | int
WEB = {"name": "web-1", "url": "http://a:1", "reachable": True, "version": "0.1.0", "round_trip_ms": 1.25}
DOWN = {**WEB, "reachable": False, "version": "", "round_trip_ms": None, "message": "connection refused"}
DB = {"name": "db-2", "url": "https://b:1", "reachable": True, "version": "0.1.0"}
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def looks(*answers: Answer) -> httpx.AsyncClient:
    """An agent that answers so at each look; a number is the status of a refusal, 0: nobody is there."""
    left = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        found = next(left)
        if found == 0:
            raise httpx.ConnectError("connection refused")
        if isinstance(found, int):
            return httpx.Response(found)
        return httpx.Response(200, json={"hosts": found} if isinstance(found, list) else found)

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://a:1")


def question(*argv: str) -> HostsQuestion:
    return hosts_question(typed(HostsArguments, "hosts", "--agent", "http://a:1", *argv), {})


async def watched(*answers: Answer, argv: tuple[str, ...] = (), screen: tuple[int, int] | None = None) -> str:
    """What is printed during as many looks as there are answers, one every two seconds."""
    printed = bytearray()

    async def write(data: bytes) -> None:
        await trio.lowlevel.checkpoint()
        printed.extend(data)

    async with looks(*answers) as client:
        with trio.move_on_after(2 * len(answers) - 1):
            await show_hosts(
                partial(hosts_from, client, question(*argv)),
                question(*argv),
                2.0,
                write,
                (lambda: screen) if screen else None,
                lambda: NOW,
            )
    return printed.decode()


async def lines_of(*answers: Answer, argv: tuple[str, ...] = ()) -> list[str]:
    printed = await watched(*answers, argv=argv)
    return [line.removeprefix("2026-11-23T10:00:00+00:00 ") for line in printed.splitlines()]


async def test_each_change_is_a_line(autojump_clock: MockClock) -> None:
    assert await lines_of([WEB], [WEB], [DOWN, DB], [DOWN, DB], [WEB]) == [
        "web-1 reachable, 0.1.0",
        "web-1 not reachable: connection refused",
        "db-2 reachable, 0.1.0",
        "web-1 reachable, 0.1.0",
        "db-2 is known no more",
    ]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"version": "0.2.0"}, "web-1 version 0.2.0, before 0.1.0"),
        ({"url": "http://c:1"}, "web-1 at http://c:1, before http://a:1"),
        ({"stale_since": "2026-11-23T09:00:00Z"}, "web-1 vanished from where it was found"),
        ({"labels": {"role": "web"}}, "web-1 labels role=web"),
        ({"message": "its certificate ends soon"}, "web-1 reachable, 0.1.0: its certificate ends soon"),
    ],
)
async def test_what_changes_is_named(autojump_clock: MockClock, other: dict[str, Any], told: str) -> None:
    assert (await lines_of([WEB], [{**WEB, **other}]))[1:] == [told]


async def test_how_long_a_host_has_been_down_is_no_change(autojump_clock: MockClock) -> None:
    first = {**DOWN, "message": "timed out", "down_since": "2026-11-23T09:59:50Z"}
    later = {**first, "message": "timed out, 12 s ago", "down_since": "2026-11-23T09:59:51Z"}
    again = {**later, "down_since": "2026-11-23T10:01:00Z"}
    assert (await lines_of([first], [later], [WEB], [first], [again]))[1:] == [
        "web-1 reachable, 0.1.0",
        "web-1 not reachable: timed out",
        "web-1 not reachable: timed out, 12 s ago",
    ]


async def test_sources_of_hosts_that_get_into_trouble_are_told(autojump_clock: MockClock) -> None:
    fine = {"name": "t.yml", "found_by": "file t.yml", "last_read": "2026-11-23T10:00:00Z"}
    bad = {**fine, "fault": "is a directory", "fault_since": "2026-11-23T10:05:00Z"}
    looks: list[Answer] = [{"hosts": [WEB], "sources": [one]} for one in (fine, bad, bad, fine)]
    assert (await lines_of(*looks))[1:] == ["file t.yml is a directory", "file t.yml can be used again"]
    painted = await watched(looks[1], screen=(100, 24))
    assert "file t.yml: is a directory; so since 2026-11-23T10:05:00Z; it gives 0 agents" in painted


async def test_how_long_an_answer_took_is_no_change(autojump_clock: MockClock) -> None:
    assert len(await lines_of([WEB], [{**WEB, "round_trip_ms": 9.9}])) == 1


async def test_an_agent_that_is_away_is_told_once_and_waited_for(autojump_clock: MockClock) -> None:
    found = await lines_of([WEB], 0, 0, [WEB], 503)
    assert found[1].startswith("http://a:1 away: cannot connect: connection refused")
    assert found[2] == "http://a:1 answers again"
    assert "503" in found[3]
    assert len(found) == 4


async def test_an_agent_may_be_away_from_the_beginning(autojump_clock: MockClock) -> None:
    found = await lines_of(0, [WEB])
    assert found[1:] == ["http://a:1 answers again", "web-1 reachable, 0.1.0"]


async def test_lines_of_json_hold_the_state(autojump_clock: MockClock) -> None:
    printed = await watched([WEB], [], argv=("-o", "json"))
    first, second = map(json.loads, printed.splitlines())
    assert (first["host"], first["change"], first["state"]["version"]) == ("web-1", "reachable, 0.1.0", "0.1.0")
    assert second == {"time": "2026-11-23T10:00:00+00:00", "host": "web-1", "change": "is known no more"}


async def test_a_terminal_is_painted_anew_and_keeps_the_last_table(autojump_clock: MockClock) -> None:
    first, second, third = (await watched([WEB], [DOWN], 0, screen=(80, 24))).split("\x1b[H")[1:]
    assert first.startswith("http://a:1 every 2 s, 10:00:00\x1b[K\n\x1b[K\nHOST ")
    assert "web-1  yes " in first
    assert "web-1  no " in second
    assert "away: http://a:1: cannot connect" in third
    assert "web-1  no " in third
    assert all(each.removesuffix("\x1b[2J").endswith("\x1b[J") for each in (first, second, third))


async def test_a_small_screen_shows_what_fits(autojump_clock: MockClock) -> None:
    many = [{**WEB, "name": f"web-{number}"} for number in range(100)]
    printed = await watched(many, screen=(80, 24))
    assert printed.count("\n") == 23
    assert "... 81 more" in printed


async def test_what_a_stranger_says_commands_no_terminal(autojump_clock: MockClock) -> None:
    evil = {**DOWN, "message": "no \x1b[31m\n way"}
    for screen in (None, (80, 24)):
        assert "\x1b[31m" not in await watched([evil], screen=screen)


@pytest.mark.parametrize(
    ("argv", "seconds"),
    [(("--watch",), 2.0), (("--watch=5",), 5.0), (("--watch", "10"), 10.0), (("--watch", "1m"), 60)],
)
def test_seconds_are_given_in_two_ways(argv: tuple[str, ...], seconds: float) -> None:
    asked = typed(HostsArguments, "hosts", *argv)
    assert asked.watch is not None
    assert seconds_of(asked.watch, asked.seconds) == seconds


def test_wrong_usage_is_told(console: Console) -> None:
    with pytest.raises(ConfigError, match="--watch: must be a number of seconds"):
        seconds_of("soon", None)
    assert console.run("hosts", "web-1") == 2
    assert "unrecognized arguments: web-1" in console.talk


@pytest.fixture
def watcher() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*argv: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "logagent", "hosts", "--watch=0.2", *argv]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.mark.real
def test_real_watch_ends_with_ctrl_c_and_with_its_reader(
    tmp_path: Path, watcher: Callable[..., subprocess.Popen[str]]
) -> None:
    with running("web-1", tmp_path) as agent:
        for ends, codes in (("ctrl-c", {0}), ("reader", {CLOSED_PIPE})):
            process = watcher("--agent", agent.url)
            assert process.stdout is not None
            assert " web-1 reachable" in process.stdout.readline()
            if ends == "ctrl-c":
                process.send_signal(signal.SIGINT)
            else:
                process.stdout.close()
            assert process.wait(30) in codes


async def test_only_the_hosts_that_are_asked_for_are_looked_at(autojump_clock: MockClock) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"hosts": [WEB]})

    async def write(data: bytes) -> None:
        await trio.lowlevel.checkpoint()

    question_asked = question("--host", "role=web")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://a:1") as client:
        with trio.move_on_after(3):
            await show_hosts(partial(hosts_from, client, question_asked), question_asked, 2.0, write)
    assert asked == ["/hosts?hostname=role%3Dweb"] * 2


@pytest.mark.real
def test_real_hosts_that_flags_name_are_watched(tmp_path: Path, watcher: Callable[..., subprocess.Popen[str]]) -> None:
    with running("web-1", tmp_path, "--label", "role=web") as web:
        peers = ("--peer", f"web-1={web.url}", "--peer", "db-2=http://127.0.0.1:9")
        every, some = watcher(*peers), watcher(*peers, "--host", "role=web", "--host", "web-*")
        assert every.stdout is not None
        assert some.stdout is not None
        assert " db-2 not reachable: cannot connect" in every.stdout.readline()
        assert " web-1 reachable" in every.stdout.readline()
        assert " web-1 reachable" in some.stdout.readline()
        web.kill()
        assert " web-1 not reachable" in some.stdout.readline()
        for process in (every, some):
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
