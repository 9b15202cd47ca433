"""Plain questions: what they print, and how they end when nobody reads, or nobody answers."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import ssl
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logagent import cli
from logagent.authority import certs
from logagent.core.batch import Batch, Origin
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.wire.frames import BATCHES, encode
from logagent.core.wire.verdict import to_trailers
from logagent.peers.direct.coroutines import finished
from logagent.peers.direct.waiting import Late
from logagent.terminal import plain
from logagent.terminal.plain import DirectPipe, Unwritable
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import FAILED, FOUND, PARTIAL
from testbed.console import Console, question_of
from testbed.one_server import Answer, over_tls, says, serving

LINES = Batch(b"one\ntwo\n", 2, None, [0, 4], (Origin("web-1", "syslog"),))
FOUND_TWO = dict(to_trailers(Outcome(lines=2, hosts=(HostOutcome("web-1", Status.OK, lines=2),))))
ANSWER = Answer(200, {"content-type": BATCHES}, [encode(LINES)], FOUND_TWO)


class Full(io.BytesIO):
    """A standard output on a disk without room."""

    def write(self, data: object, /) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def piped(*argv: str) -> tuple[int, str, str]:
    """Exit code, data and talk of a command that writes into a pipe."""
    reader, writer = os.pipe()
    talk = io.StringIO()
    with io.FileIO(reader) as read:
        with io.FileIO(writer, "w") as written:
            code = cli.run(argv, {}, Streams(written, talk))
        return code, read.readall().decode(), talk.getvalue()


def test_a_reader_that_is_gone_is_told_apart_from_a_full_disk() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with io.FileIO(writer, "w") as gone, pytest.raises(Unwritable) as broken:
        finished(DirectPipe(gone, math.inf).write(b"x"))
    assert isinstance(broken.value.error, BrokenPipeError)
    with pytest.raises(Unwritable, match="No space left"):
        finished(DirectPipe(Full(), math.inf).write(b"x"))


def test_a_reader_that_does_not_read_in_time_is_left() -> None:
    reader, writer = os.pipe()
    with io.FileIO(reader) as read, io.FileIO(writer, "w") as unread:
        with pytest.raises(Late):
            finished(DirectPipe(unread, 0.0).write(b"x"))
        assert read


def test_a_reader_in_time_gets_all() -> None:
    reader, writer = os.pipe()
    with io.FileIO(reader) as read:
        with io.FileIO(writer, "w") as written:
            finished(DirectPipe(written, time.monotonic() + 1e9).write(b"0123" * 4096))
        assert read.readall() == b"0123" * 4096


@pytest.mark.real
def test_the_answer_is_printed(console: Console) -> None:
    with serving(ANSWER) as address:
        assert console.run("query", "syslog", "--agent", address) == FOUND
        assert piped("query", "syslog", "--agent", address, "--timeout", "999999999") == (FOUND, console.data, "")
    assert (console.data, console.talk) == ("web-1 syslog: one\nweb-1 syslog: two\n", "")


@pytest.mark.real
def test_output_that_cannot_be_written_is_told(console: Console) -> None:
    with serving(ANSWER) as address, pytest.raises(OSError, match="standard output: No space left on device"):
        plain.ask(question_of("query", "syslog", "--agent", address), Streams(Full(), console.stderr), {})


@pytest.mark.real
def test_an_agent_that_does_not_keep_the_timeout_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "GRACE", 0.0)
    with serving(Answer(200, {"content-type": BATCHES}, [encode(LINES)], hangs=True)) as address:
        code, _, talk = piped("query", "syslog", "--agent", address, "--timeout", "50ms")
    assert code in (FAILED, PARTIAL)  # as far as it came until then
    assert "the agent did not keep the timeout (DEADLINE_EXCEEDED)" in talk


@pytest.mark.real
@pytest.mark.parametrize("command", ["files", "hosts"])
def test_a_document_that_does_not_come_in_time_is_told(console: Console, command: str) -> None:
    with serving(Answer(200, {}, [b"{"], hangs=True)) as address:
        assert console.run(command, "--agent", address, "--timeout", "100ms") == FAILED
    assert console.talk == f"logagent: http://{address} did not answer within 0.1 s (DEADLINE_EXCEEDED)\n"


HOST = {"name": "web-1", "url": "http://a:1", "reachable": True, "version": "0.1.0", "round_trip_ms": 1.25}


@pytest.mark.real
@pytest.mark.parametrize("command", [["files"], ["hosts"], ["query", "syslog"]])
def test_what_to_do_is_told_where_nobody_listens(console: Console, command: list[str]) -> None:
    with serving(Answer(200, {})) as address:
        pass
    assert console.run(*command, "--agent", address) == 2
    assert "connection refused (UNAVAILABLE)\nlogagent: nothing listens there; `logagent serve`" in console.talk


@pytest.mark.real
def test_hosts_are_printed(console: Console) -> None:
    with serving(Answer(200, {}, [json.dumps({"hosts": [HOST]}).encode()])) as address:
        assert console.run("hosts", "--agent", address, "-o", "json") == FOUND
    assert json.loads(console.data)["hosts"][0]["name"] == "web-1"


@pytest.mark.real
@pytest.mark.parametrize("command", ["files", "hosts"])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(403, {}, [b'{"detail": "you may not"}']), "you may not (PERMISSION_DENIED)"),
        (Answer(200, {}, [b"<p>"]), "answered with something else than"),
        (Answer(200, {}, [b"{"], reset=8), "connection lost: the agent reset the stream (CANCEL) (UNAVAILABLE)"),
    ],
)
def test_a_document_that_is_none_is_told(console: Console, command: str, answer: Answer, said: str) -> None:
    with serving(answer) as address:
        assert console.run(command, "--agent", address) == FAILED
    assert console.talk.startswith(f"logagent: http://{address}")
    assert said in console.talk


@pytest.mark.real
@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("hosts",), "web-1"),
        (("files",), "answered with something else than files"),
        (("query", "a"), "speaks HTTP/1.1; agents speak HTTP/2 to each other"),
        (("hits", "a"), "speaks HTTP/1.1; agents speak HTTP/2 to each other"),
    ],
)
def test_who_speaks_http_1_only_is_asked_all_the_same(
    console: Console, tmp_path: Path, argv: tuple[str, ...], said: str
) -> None:
    directory, now = tmp_path / "certs", datetime.now(UTC)
    certs.init(directory, now=now)
    certs.host("web-1", directory, addresses=["127.0.0.1"], now=now)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(directory / "web-1.pem", directory / "web-1-key.pem")
    context.set_alpn_protocols(["http/1.1"])
    body = json.dumps({"hosts": [HOST]}).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
    with serving(over_tls(context, says(head, body))) as address:
        console.run(*argv, "--agent", f"https://{address}", "--ca", str(directory / "ca.pem"))
    assert said in console.data + console.talk
