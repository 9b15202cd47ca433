"""The routes, asked over the whole stack."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import zstandard
from trio.testing import MockClock

from logagent.core.batch import Out, Position
from logagent.core.cursor import decode
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.verdict import TRAILERS
from logagent.web.access import Access
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.requests import StreamingQuart
from testbed.broken import Broken
from testbed.cluster import PATIENCE, Cluster, Host, Reply, start_cluster
from testbed.fake_agent import FakeAgent
from testbed.trees import Unprivileged

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [f"2026-11-23T10:00:{second:02}Z line {second}".encode() for second in range(60)]
NEWEST = LINES[::-1]


def problem(reply: Reply) -> dict[str, object]:
    assert reply.headers["content-type"] == "application/problem+json"
    document = json.loads(reply.body)
    assert document["status"] == reply.status
    return dict(document)


def records(reply: Reply) -> list[dict[str, object]]:
    assert reply.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in reply.lines]


async def test_text_is_the_lines_themselves_newest_first(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=app.log")
    assert reply.body == b"".join(line + b"\n" for line in NEWEST)
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


async def test_oldest_first_when_asked(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=app.log&order=oldest&n=3")
    assert reply.lines == LINES[:3]


async def test_filters_work_together(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=app.log&keyword=LINE&keyword=5&exclude=15&ignore_case=true&n=4")
    assert reply.lines == [LINES[59], LINES[58], LINES[57], LINES[56]]


async def test_patterns_filter_on_every_host(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES) as it:
        reply = await it.ask("filename=app.log&regex=%5Cd0Z+line+%5B12%5D&exclude_regex=LINE+2&ignore_case=true")
    assert reply.lines == [LINES[10], LINES[10]]


async def test_trailers_hold_the_whole_verdict_and_are_announced(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=app.log&n=5")
    assert reply.headers["trailer"] == ", ".join(TRAILERS)
    assert reply.trailers.keys() == set(TRAILERS) - {
        "log-hosts-omitted",
        "log-hosts-failed",
        "log-notes",
        "log-notes-omitted",
    }
    assert reply.trailers["log-status"] == "0"
    assert reply.trailers["log-complete"] == "true"
    assert reply.trailers["log-lines"] == "5"
    assert reply.trailers["log-hosts"] == '"web0";status=0;lines=5'
    assert int(reply.trailers["log-bytes-scanned"]) == sum(len(line) + 1 for line in LINES)
    assert "scan;dur=" in reply.trailers["server-timing"]


async def test_ndjson_says_where_lines_come_from_and_ends_with_the_verdict(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=LINES[:2], web1=[b"2026-11-23T10:00:00.5Z \xff"]) as it:
        reply = await it.ask("filename=app.log", accept="application/x-ndjson")
    *lines, end = records(reply)
    where = [(record["time"], record["host"], record["file"], record["offset"]) for record in lines]
    assert where == [
        ("2026-11-23T10:00:01.000000000Z", "web0", "app.log", 28),
        ("2026-11-23T10:00:00.500000000Z", "web1", "app.log", 0),
        ("2026-11-23T10:00:00.000000000Z", "web0", "app.log", 0),
    ]
    assert [record.get("line") for record in lines] == [
        "2026-11-23T10:00:01Z line 1",
        None,
        "2026-11-23T10:00:00Z line 0",
    ]
    assert lines[1]["line_base64"] == "MjAyNi0xMS0yM1QxMDowMDowMC41WiD/"
    assert end["end"]["complete"] is True  # type: ignore[index]


TRACE = [
    b"2026-11-23T10:00:10Z ERROR pay failed",
    b"Traceback (most recent call last):",
    b"ConnectionRefusedError: db-2",
    b"2026-11-23T10:00:20Z INFO paid",
]


async def test_context_of_one_host_is_not_torn_by_the_lines_of_another(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=LINES[::2], web1=LINES[1::2]) as it:
        reply = await it.ask("filename=app.log&keyword=line+3&context=1&since=2026-11-23T10:00:30Z")
    assert reply.lines[:6] == [LINES[41], LINES[39], b"--", LINES[40], LINES[38], b"--"]
    assert reply.verdict.complete


async def test_context_is_marked_in_ndjson(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES[:1]) as it:
        reply = await it.ask("filename=app.log&keyword=line+7&before_context=1&n=1", accept="application/x-ndjson")
    first, second, _ = records(reply)
    assert (first["line"], first.get("context")) == (LINES[7].decode(), None)
    assert (second["line"], second.get("context")) == (LINES[6].decode(), True)


@pytest.mark.parametrize("query", ["keyword=failed&keyword=db-2", "regex=failed.*db-2", "regex=(?m)^Conn.*"])
async def test_a_stack_trace_comes_whole_from_every_host(autojump_clock: MockClock, cluster: Start, query: str) -> None:
    async with cluster(web0=TRACE, web1=TRACE, web2=LINES) as it:
        reply = await it.ask(f"filename=app.log&unit=event&{query}")
        counted = await it.ask(f"filename=app.log&unit=event&n=1&{query}", accept="application/x-ndjson")
    assert reply.lines == TRACE[:3] * 2
    record, _ = records(counted)
    assert record["line"] == b"\n".join(TRACE[:3]).decode()


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_a_range_of_time_is_the_same_on_every_host(autojump_clock: MockClock, cluster: Start, order: str) -> None:
    async with cluster(web0=LINES[::2], web1=LINES[1::2]) as it:
        reply = await it.ask(f"filename=app.log&since=2026-11-23T10:00:10Z&until=1795428020.5&order={order}")
    assert reply.lines == (LINES[10:21] if order == "oldest" else LINES[20:9:-1])


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("accept", ["text/plain", "application/x-ndjson"])
async def test_pages_of_many_hosts_and_files_equal_the_whole(
    autojump_clock: MockClock, cluster: Start, order: str, accept: str
) -> None:
    files = {"a.log": b"\n".join(LINES[::3]), "b.log": b"\n".join(LINES[1::3]) + b"\n"}
    query = f"filename=*.log&exclude=line+1&order={order}"
    async with cluster(web0=files, web1={"c.log": b"\n".join(LINES)}, web2={"none.txt": b""}) as it:
        whole = await it.ask(query)
        lines: list[bytes] = []
        cursor = ""
        for _ in range(99):
            page = await it.ask(f"{query}&n=7{cursor}", accept=accept)
            found = records(page)[:-1] if accept != "text/plain" else []
            got = [str(record["line"]).encode() for record in found] or page.lines
            lines += got if accept == "text/plain" or found else []
            cursor = f"&cursor={page.trailers['log-cursor']}"
            if int(page.trailers["log-lines"]) < 7:
                break
    assert lines == whole.lines
    assert (page.trailers["log-cursor"] == "") == (order == "newest")


async def test_an_answer_without_anything_further_has_no_cursor(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        assert (await it.ask("filename=app.log")).trailers["log-cursor"] == ""
        assert (await it.ask("filename=app.log&n=60")).trailers["log-cursor"] != ""


async def test_the_cursor_of_another_question_is_a_problem(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        cursor = (await it.ask("filename=app.log&n=2")).trailers["log-cursor"]
        reply = await it.ask(f"filename=app.log&n=2&keyword=x&cursor={cursor}")
    assert reply.status == 400
    assert problem(reply)["parameter"] == "cursor"


async def test_an_agents_own_ceiling_ends_an_answer_with_a_verdict_and_a_cursor(
    autojump_clock: MockClock, cluster: Start
) -> None:
    size = len(LINES[0]) + 1
    async with cluster({"ceilings": {"max_bytes": 10 * (size + 1)}}, web0=LINES, web1=LINES) as it:
        first = await it.ask("filename=app.log&max_bytes=999999999")
        second = await it.ask(f"filename=app.log&cursor={first.trailers['log-cursor']}")
        counted = await it.ask("filename=app.log", route="/hits")
    assert first.verdict.status is Status.RESOURCE_EXHAUSTED
    assert first.lines + second.lines == [line for line in NEWEST for _ in range(2)][:20]
    assert counted.verdict.complete


async def test_an_agents_own_time_ends_an_answer(autojump_clock: MockClock, cluster: Start) -> None:
    silent = Broken("silence", at=0)
    async with cluster({"ceilings": {"max_time": 2.0}}, web0=LINES, web1=silent) as it:
        reply = await it.ask("filename=app.log&timeout=1h")
    assert reply.verdict.status is Status.DEADLINE_EXCEEDED
    assert "2 s reached" in reply.verdict.message


async def test_a_failed_host_goes_on_from_where_it_was(autojump_clock: MockClock, cluster: Start) -> None:
    """What was given is not given again; what the dead host had comes when it is back."""
    async with cluster(web0=LINES[::2], web1=LINES[1::2]) as it:
        first = await it.ask("filename=app.log&n=10")
        it.kill("web1")
        failed = await it.ask(f"filename=app.log&cursor={first.trailers['log-cursor']}")
    assert first.lines + failed.lines == [*NEWEST[:10], *LINES[48::-2]]
    assert failed.verdict.status is Status.UNAVAILABLE
    assert failed.trailers["log-cursor"] != ""


async def test_a_cursor_keeps_the_place_of_a_host_that_says_nothing(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES[::2], web1=LINES[1::2]) as it:
        first = (await it.ask("filename=app.log&n=10")).trailers["log-cursor"]
        it.kill("web1")
        failed = (await it.ask(f"filename=app.log&cursor={first}")).trailers["log-cursor"]
    assert [one for one in positions_in(failed) if one.host == "web1"] == [
        one for one in positions_in(first) if one.host == "web1"
    ]
    assert any(one.host == "web1" for one in positions_in(first))


def positions_in(cursor: str) -> tuple[Position, ...]:
    return decode(cursor, Query.of(files=("app.log",))).positions


async def test_prefix_names_host_and_file(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES[:1], web1=LINES[1:2]) as it:
        reply = await it.ask("filename=*.log&prefix=true")
    assert reply.lines == [b"web1 app.log: " + LINES[1], b"web0 app.log: " + LINES[0]]


async def test_files_of_one_host_are_merged_by_time(autojump_clock: MockClock, cluster: Start) -> None:
    files = {"a.log": b"\n".join(LINES[::2]), "sub/b.log": b"\n".join(LINES[1::2]) + b"\n", "other.txt": b"no\n"}
    async with cluster(web0=files) as it:
        reply = await it.ask("filename=**/*.log")
    assert reply.lines == NEWEST


@pytest.mark.parametrize(
    ("query", "parameter", "hint"),
    [
        ("keyword=x", "filename", "is required"),
        ("filename=a&colour=red", "colour", "known are filename"),
        ("filename=a&n=0", "n", "whole number from 1"),
        ("filename=a&n=1&n=2", "n", "once"),
        ("filename=a&order=up", "order", "newest or oldest"),
        ("filename=a&timeout=soon", "timeout", "30s"),
        ("filename=a&keyword=", "keyword", "leave it out"),
        ("filename=a&keyword=x%0Ay", "keyword", "never crosses a line"),
        ("filename=a&regex=(?<=x)y", "regex", "look-behind is not supported"),
        ("filename=a&exclude_regex=(x)%5C1", "exclude_regex", "Back-references are unsupported"),
        ("filename=a&regex=(x", "regex", "parenthesis"),
        ("filename=a&ignore_case=maybe", "ignore_case", "true or false"),
    ],
)
async def test_bad_parameter_is_a_400_that_says_what_is_right(
    autojump_clock: MockClock, cluster: Start, query: str, parameter: str, hint: str
) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask(query)
    assert reply.status == 400
    assert problem(reply)["parameter"] == parameter
    assert hint in str(problem(reply)["detail"])


@pytest.mark.parametrize("name", ["no.log", "../web0/app.log", "/etc/passwd", "app.log/x", "%2e%2e/x", "a%00b", "."])
async def test_no_such_file_is_a_404_that_tells_no_path(autojump_clock: MockClock, cluster: Start, name: str) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask(f"filename={name}")
        directory = str(it.directory)
    assert reply.status == 404
    assert directory not in reply.body.decode()
    assert "no such file" in str(problem(reply)["detail"])


async def test_unknown_host_is_a_404_that_lists_the_known(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES) as it:
        reply = await it.ask("filename=app.log&hostname=web7")
    assert reply.status == 404
    assert problem(reply)["detail"] == "no host named web7; is web1 meant? known are web0, web1"


async def test_hostname_chooses_by_name_and_glob(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES, db0=LINES) as it:
        reply = await it.ask("filename=app.log&hostname=db*&hostname=web1&n=1")
    assert [part.host for part in reply.verdict.hosts] == ["db0", "web1"]


async def test_media_type_that_there_is_not_is_a_406(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=app.log", accept="image/png")
    assert reply.status == 406
    assert problem(reply)["detail"] == "/logs comes as text/plain, application/x-ndjson or text/event-stream"


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("form", ["application/x-ndjson", "text/event-stream"])
async def test_another_answer_goes_on_behind_any_record(
    autojump_clock: MockClock, cluster: Start, order: str, form: str
) -> None:
    question = f"filename=app.log&order={order}&cursors=true"
    async with cluster(web0=LINES[::3], web1=LINES[1::3]) as it:
        whole = await it.ask(question, accept=form)
        wanted = told(whole)
        assert len(wanted) == 40
        for place in range(0, 39, 6):
            headers = {"last_event_id": wanted[place][0], "accept": form}
            later = await it.ask(question, **headers)
            assert [line for _, line in told(later)] == [line for _, line in wanted[place + 1 :]]


def told(reply: Reply) -> list[tuple[str, str]]:
    """Each record's cursor and line."""
    if reply.headers["content-type"] == "text/event-stream":
        events = [block.split(b"\n") for block in reply.body.split(b"\n\n")]
        records = [
            lines for lines in events if len(lines) == 2 and lines[0].startswith(b"id: ") and b"data: " in lines[1]
        ]
        return [(lines[0][4:].decode(), json.loads(lines[1][6:])["line"]) for lines in records]
    return [(each["cursor"], each["line"]) for each in map(json.loads, reply.lines[:-1])]


async def test_browser_gets_text(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=app.log&n=1", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert reply.lines == NEWEST[:1]


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
async def test_answer_is_packed_as_the_client_takes_it(autojump_clock: MockClock, cluster: Start, coding: str) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=app.log", accept_encoding=f"br, {coding}")
    assert reply.headers["content-encoding"] == coding
    unpacked = (
        zstandard.ZstdDecompressor().decompressobj().decompress(reply.body)
        if coding == "zstd"
        else zlib.decompress(reply.body, zlib.MAX_WBITS | 16)
    )
    assert unpacked.splitlines() == NEWEST
    assert reply.verdict.complete


async def test_strict_leaves_a_complete_answer_as_it_is(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=app.log", prefer='respond-async, handling="strict"')
    assert reply.error is None
    assert reply.headers["preference-applied"] == "handling=strict"
    assert reply.lines == NEWEST


async def test_timeout_is_a_verdict_with_the_lines_so_far(autojump_clock: MockClock, cluster: Start) -> None:
    told = [(1_700_000_000_000_000_000, b"2023-11-14T22:13:20Z old")]
    async with cluster(web0=LINES, web1=Broken("silence", told, 1)) as it:
        reply = await it.ask("filename=app.log&timeout=2")
    assert reply.lines == [*NEWEST, told[0][1]]
    assert reply.verdict.status is Status.DEADLINE_EXCEEDED
    assert "timeout=2 s reached" in reply.trailers["log-message"]


async def test_max_bytes_is_a_verdict_over_many_hosts(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES) as it:
        reply = await it.ask("filename=app.log&max_bytes=100")
    assert reply.lines == [NEWEST[0], NEWEST[0], NEWEST[1]]
    assert reply.verdict.status is Status.RESOURCE_EXHAUSTED
    assert reply.trailers["log-message"] == "max_bytes=100 reached"


async def test_full_agent_says_when_to_come_again(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"most": 0}, web0=LINES) as it:
        reply = await it.ask("filename=app.log")
    assert reply.status == 503
    assert reply.headers["retry-after"] == "1"
    assert problem(reply)["detail"] == "too many answers are under way"


async def test_hosts_tells_who_is_there_and_who_is_not(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES, web2=Broken("refused"), web3=Broken("500")) as it:
        reply = await it.ask("", route="/hosts")
    hosts = {host["name"]: host for host in json.loads(reply.body)["hosts"]}
    assert {name: host["reachable"] for name, host in hosts.items()} == {
        "web0": True,
        "web1": True,
        "web2": False,
        "web3": False,
    }
    assert hosts["web1"]["version"]
    assert isinstance(hosts["web1"]["round_trip_ms"], float)
    assert "refused" in hosts["web2"]["message"]


ROTATED = {
    "app.log": b"\n".join(LINES[40:]) + b"\n",
    "app.log.1": b"\n".join(LINES[20:40]) + b"\n",
    "app.log.2.gz": gzip.compress(b"\n".join(LINES[:20]) + b"\n"),
    "sub/notes.txt": b"no time\n",
}


def listed(reply: Reply) -> dict[str, Any]:
    assert reply.headers["content-type"] == "application/json"
    return dict(json.loads(reply.body))


async def test_files_tells_what_is_known_of_each_log(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=ROTATED) as it:
        for name in ROTATED:
            os.utime(it.file("web0", name), ns=(0, 1_800_000_000_000_000_001))
        reply = await it.ask("", route="/files")
    document = listed(reply)
    app, notes = document["files"]
    generations, times = app.pop("generations"), app.pop("times")
    assert (times["timed"], times["named"], times["distrust"]) == (times["sampled"], False, None)
    assert app == {
        "host": "web0",
        "name": "app.log",
        "size": sum(len(ROTATED[name]) for name in ("app.log", "app.log.1", "app.log.2.gz")),
        "modified": "2027-01-15T08:00:00.000000001Z",
        "oldest": "2026-11-23T10:00:00.000000000Z",
        "newest": "2026-11-23T10:00:59.000000000Z",
        "formats": ["iso"],
        "zone": "UTC",
        "timed": True,
        "status": 0,
        "message": "",
    }
    assert [(file["name"], file["size"], file["compressed"]) for file in generations] == [
        (name, len(ROTATED[name]), name.endswith(".gz")) for name in ("app.log", "app.log.1", "app.log.2.gz")
    ]
    assert (notes["name"], notes["timed"], notes["oldest"]) == ("sub/notes.txt", False, None)
    assert "one block" in notes["message"]
    assert document["hosts"] == [{"host": "web0", "status": 0, "message": ""}]
    assert document["complete"] is True


ROUTES = ("/logs", "/hits", "/files")


async def test_files_say_that_nothing_may_be_read_as_logs_do(autojump_clock: MockClock, tmp_path_of_all: Path) -> None:
    hosts: dict[str, Host] = {"web0": {"other.log": b"one\n"}, "web1": LINES, "web2": Broken("refused")}
    async with start_cluster(tmp_path_of_all, hosts) as it:
        it.file("web1").chmod(0)
        with Unprivileged():
            replies = [await it.ask("filename=app.log", route=route, host="web1") for route in ROUTES]
            relayed = [await it.ask("filename=app.log&hostname=web1", route=route) for route in ROUTES]
            own = await it.ask("filename=app.log", route="/files", host="web1", log_scope="own")
            beside = await it.ask("filename=app.log", route="/files")
            hidden = await it.ask("filename=app.log")
    for reply in replies:
        problem = json.loads(reply.body)
        assert (reply.status, problem["detail"].endswith("permission denied: app.log")) == (403, True)
    # What a peer denies is told in the verdict: a 403 would be this agent's own word.
    assert [reply.status for reply in relayed] == [200, 200, 200]
    assert [reply.verdict.status for reply in relayed[:2]] == [Status.PERMISSION_DENIED] * 2
    for document in (listed(relayed[2]), listed(own), listed(beside)):
        assert [(log["name"], log["status"]) for log in document["files"]] == [("app.log", 7)]
        assert (document["status"], document["complete"]) == (7, False)
    assert hidden.status == 200  # a 403 would not name the host that could not be reached
    assert {part.host: part.status for part in hidden.verdict.hosts} == {"web0": 5, "web1": 7, "web2": 14}


async def test_files_of_many_hosts_come_together_and_failing_hosts_are_named(
    autojump_clock: MockClock, cluster: Start
) -> None:
    silent = Broken("silence")
    async with cluster(web0=LINES, web1=ROTATED, web2=Broken("refused"), web3=silent, web4=Broken("404")) as it:
        document = listed(await it.ask("filename=app.log", route="/files"))
    assert [(file["host"], file["name"]) for file in document["files"]] == [("web0", "app.log"), ("web1", "app.log")]
    hosts = {host["host"]: (host["status"], host["message"]) for host in document["hosts"]}
    assert (hosts["web0"], hosts["web1"]) == ((0, ""), (0, ""))
    assert hosts["web2"][0] == 14
    assert "refused" in hosts["web2"][1]
    assert hosts["web3"] == (14, f"no answer within {PATIENCE:g} s")
    assert hosts["web4"] == (14, "lists no files; is it an agent, and as new as this one?")
    assert document["complete"] is False
    assert (b"log-scope", b"own") in silent.asked[0]["headers"]
    assert silent.asked[0]["query_string"] == f"filename=app.log&timeout={float(PATIENCE)}".encode()


async def test_files_are_chosen_by_host_name_and_rotation(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=ROTATED, web1=ROTATED) as it:
        reply = await it.ask("filename=**/*.log&filename=no.log&hostname=*1&rotated=false", route="/files")
    document = listed(reply)
    [log] = document["files"]
    assert (log["host"], log["name"], len(log["generations"])) == ("web1", "app.log", 1)
    assert document["hosts"] == [{"host": "web1", "status": 0, "message": "no such file: no.log"}]


async def test_files_that_no_host_has_are_an_empty_list(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        document = listed(await it.ask("filename=no.log", route="/files"))
    assert (document["files"], document["complete"]) == ([], True)
    assert document["hosts"] == [{"host": "web0", "status": 5, "message": "no such file: no.log"}]


async def test_timeout_of_files_is_less_than_the_patience(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=Broken("silence")) as it:
        document = listed(await it.ask("timeout=250ms", route="/files"))
    assert document["hosts"][1] == {"host": "web1", "status": 14, "message": "no answer within 0.25 s"}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("keyword=x", "keyword"), ("n=1", "n"), ("filename=", "filename"), ("rotated=x", "rotated")],
)
async def test_bad_parameter_of_files_is_a_400(
    autojump_clock: MockClock, cluster: Start, query: str, parameter: str
) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask(query, route="/files")
    assert (reply.status, problem(reply)["parameter"]) == (400, parameter)


async def test_unknown_host_of_files_is_a_404(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("hostname=web7", route="/files")
    assert problem(reply)["detail"] == "no host named web7; is web0 meant? known are web0"


async def test_healthz_and_readyz_answer(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        assert (await it.ask("", route="/healthz")).status == 200
        assert (await it.ask("", route="/readyz")).status == 200


async def test_healthz_tells_which_rules_are_in_force_and_not_what_they_say(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=[]) as it:
        assert json.loads((await it.ask("", route="/healthz")).body)["rules"] == "none"


async def test_agent_whose_root_is_gone_is_not_ready(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        it.file("web0").unlink()
        it.file("web0").parent.rmdir()
        reply = await it.ask("", route="/readyz")
    assert reply.status == 503
    assert "web0" in str(problem(reply)["detail"])


async def test_unknown_route_is_a_problem_document(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("", route="/nowhere")
    assert (reply.status, problem(reply)["title"]) == (404, "Not Found")
    assert str(problem(reply)["detail"]).startswith("there is no such route; there are /files, ")


async def test_parameters_of_hosts_are_refused(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("n=1", route="/hosts")
    assert (reply.status, problem(reply)["parameter"]) == (400, "n")


ASKING = ["/logs?filename=app.log", "/hits?filename=app.log", "/files", "/hosts"]


async def nothing(query: Query, out: Out) -> Outcome:
    return Outcome()


def agent_app(*, certificate_required: bool = False) -> StreamingQuart:
    return create_app(
        FakeAgent(nothing),
        Answers("web0", 10),
        version="0",
        access=Access(["web0"], certificate_required=certificate_required),
    )


def over_tls(certificate: bytes | None) -> Callable[[str], Awaitable[int]]:
    """Asks an agent that requires certificates, by https; gives the status code."""
    app = agent_app(certificate_required=True)

    async def ask(path: str) -> int:
        state = {"state": {"client_certificate": certificate}}
        return (await app.test_client().get(path, scheme="https", scope_base=state)).status_code

    return ask


@pytest.mark.parametrize("path", ASKING)
async def test_client_without_a_certificate_is_refused_by_every_route_that_tells_of_logs(path: str) -> None:
    assert await over_tls(None)(path) == 401


@pytest.mark.parametrize("path", ["/files", "/hosts"])
async def test_client_with_a_certificate_is_admitted(path: str) -> None:
    assert await over_tls(b"DER")(path) == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_told_to_everybody(path: str) -> None:
    assert await over_tls(None)(path) == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-length": "1"}, 413),
        ({"transfer-encoding": "chunked"}, 413),
        ({"content-length": "0"}, 200),
        ({}, 200),
    ],
)
async def test_body_of_a_request_is_refused_however_it_is_announced(headers: dict[str, str], status: int) -> None:
    client = agent_app().test_client()
    response = await client.get("/healthz", headers=headers)
    assert response.status_code == status
    assert (
        status == 200
        or json.loads(await response.get_data())["detail"] == "a body comes with POST to /logs or /hits only"
    )


async def test_every_response_names_the_agents_version(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        replies = [await it.ask("filename=app.log"), await it.ask(""), await it.ask("", route="/hosts")]
    assert [reply.headers[VERSION_HEADER] for reply in replies] == ["0", "0", "0"]
