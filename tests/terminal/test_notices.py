"""Notices of an answer under way."""

from __future__ import annotations

import io
from dataclasses import replace

from logagent.core.batch import SIGN_OF_LIFE, Notice
from logagent.core.notes import Note
from logagent.core.outcome import Status
from logagent.terminal.notices import NoticePrinter
from logagent.terminal.progress import Progress
from logagent.terminal.streams import Streams
from testbed.reading import Collected


async def test_notes_of_a_follow_are_said_as_they_change_and_of_an_answer_in_the_end() -> None:
    link, times, more = Note("link", ("a",), 1, "web-1"), Note("times", ("b",), 1, "web-1"), Note("link", ("a",), 2)
    noting = [replace(SIGN_OF_LIFE, notes=notes) for notes in ((link,), (), (link, times), (more, times))]
    said = {}
    for at_once in (False, True):
        stderr, out = io.StringIO(), Collected()
        streams = Streams(io.BytesIO(), stderr)  # type: ignore[arg-type]  # nothing is written to it
        printer = NoticePrinter(out, Progress(None, shared=False), streams, "http://web-1", at_once=at_once)
        for batch in noting:
            await printer.send(batch)
        assert printer.told == ((more, times) if at_once else ())
        said[at_once] = stderr.getvalue().splitlines()
    assert said[False] == []
    assert said[True] == [
        f"logagent: note: web-1: {link.sentence}",
        f"logagent: note: web-1: {times.sentence}",
        f"logagent: note: http://web-1: {more.sentence}",
    ]


async def test_notices_go_to_standard_error_and_batches_on() -> None:
    stderr, out = io.StringIO(), Collected()
    streams = Streams(io.BytesIO(), stderr)  # type: ignore[arg-type]  # nothing is written to it
    notices = (Notice("web-2", Status.UNAVAILABLE, "lost: gone"), Notice("", Status.OK, "back after 1.0 s"))
    batch = replace(SIGN_OF_LIFE, notices=notices)
    await NoticePrinter(out, Progress(None, shared=False), streams, "http://web-1").send(batch)
    assert stderr.getvalue() == "logagent: web-2: lost: gone\nlogagent: http://web-1: back after 1.0 s\n"
    assert out.batches == [batch]


async def test_hosts_that_are_lost_together_are_one_line() -> None:
    stderr, out = io.StringIO(), Collected()
    streams = Streams(io.BytesIO(), stderr)  # type: ignore[arg-type]  # nothing is written to it
    lost = [Notice(f"web-{n}", Status.UNAVAILABLE, "lost: connection refused; trying again") for n in range(1000)]
    batch = replace(SIGN_OF_LIFE, notices=(*lost, Notice("db-1", Status.OK, "back after 1.0 s")))
    await NoticePrinter(out, Progress(None, shared=False), streams, "http://web-1").send(batch)
    assert stderr.getvalue().splitlines() == [
        "logagent: 1,000 hosts (web-0, web-1, web-2 and 997 more): lost: connection refused; trying again",
        "logagent: db-1: back after 1.0 s",
    ]
