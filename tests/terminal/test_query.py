"""A query and its hits, printed: in which form, and what cuts it short."""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock

from logagent.config.errors import ConfigError
from logagent.core.batch import Batch, LineFlag, Origin, Out
from logagent.core.hits.by_file import count_of
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query
from logagent.terminal import showing
from logagent.terminal.answer import report
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import FAILED, FOUND, NOTHING, exit_code
from testbed.console import Console, hits_question_of, question_of
from testbed.counts import counts

OK = HostOutcome("web-1", Status.OK, lines=2)
EMPTY = HostOutcome("web-2", Status.OK)


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
    outcome = await showing.show(Told(FOUND_TWO, TWO_LINES), question_of("query", "syslog"), console.streams, {})
    assert outcome == FOUND_TWO
    assert console.data == "web-1 syslog: one\nweb-1 syslog: two\n"


async def test_notes_of_a_follow_are_not_said_twice(console: Console) -> None:
    notes = (Note("link", ("a",), 1, "web-1"), Note("times", ("b",), 1, "web-1"))
    source = Told(replace(FOUND_TWO, notes=notes), replace(TWO_LINES, notes=notes[:1]))
    outcome = await showing.show(source, question_of("follow", "syslog"), console.streams, {})
    assert outcome is not None
    assert outcome.notes == notes[1:]


class Terminal(io.BytesIO):
    """Standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("form", "shown"), [("text", b"\\x1b[2J \\u202e"), ("json", b"\\u001b[2J \\u202e")])
async def test_what_could_command_a_terminal_is_escaped_on_one(console: Console, form: str, shown: bytes) -> None:
    stdout = Terminal()
    evil = Batch("\x1b[2J \u202e\n".encode(), 1, [0], [0], (Origin("web-1", "syslog"),))
    asked = question_of("query", "syslog", "-o", form, "--color", "never")
    await showing.show(Told(FOUND_TWO, evil), asked, Streams(stdout, console.stderr), {})
    assert shown in stdout.getvalue()
    assert stdout.getvalue().isascii()
    assert b"\x1b" not in stdout.getvalue()


async def test_json_ends_with_the_verdict_also_of_a_failure(console: Console) -> None:
    failure = Outcome(Status.UNAVAILABLE, "cannot connect")
    await showing.show(Told(failure), question_of("query", "syslog", "-o", "json"), console.streams, {})
    assert json.loads(console.data)["end"]["status"] == 14


PARTLY = Outcome(Status.RESOURCE_EXHAUSTED, "max_bytes=9 reached", lines=2, hosts=(OK,))


@pytest.mark.parametrize(
    ("outcome", "flags", "told"), [(FOUND_TWO, (), 0), (FOUND_TWO, ("--verbose",), 1), (PARTLY, (), 1)]
)
async def test_lines_alone_are_json_and_the_verdict_is_told(
    console: Console, outcome: Outcome, flags: tuple[str, ...], told: int
) -> None:
    asked = question_of("query", "syslog", "--json", *flags)
    await showing.show(Told(outcome, TWO_LINES), asked, console.streams, {})
    assert [json.loads(line)["line"] for line in console.data.splitlines()] == ["one", "two"]
    ends = [json.loads(line)["end"] for line in console.talk.splitlines()]
    assert [end["complete"] for end in ends] == [outcome.complete] * told


async def test_the_verdict_of_a_failure_is_told_beside_lines_alone(console: Console) -> None:
    failure = Outcome(Status.UNAVAILABLE, "cannot connect \x1b[2J")
    await showing.show(Told(failure), question_of("query", "syslog", "--json"), console.streams, {})
    assert console.data == ""
    assert json.loads(console.talk)["end"]["status"] == 14
    assert "\x1b" not in console.talk


def test_lines_alone_and_their_number_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match=r"^--json: prints lines"):
        question_of("query", "syslog", "--json", "-c")


async def test_names_of_logs_are_printed_once_and_only_of_those_with_a_line(console: Console) -> None:
    forged = Origin("web-1", "a\nb.log.1", log="a\nb.log")
    rows = [(Origin("z", "x"), 1), (forged, 1), (forged, 1), (Origin("b", "no"), 0)]
    source = Told(Outcome(lines=3, hosts=(OK,)), *(count_of(log, lines) for log, lines in rows))
    await showing.show(source, question_of("query", "*", "--files-with-matches"), console.streams, {})
    assert console.data == "web-1 a\\x0ab.log\nz x\n"


async def test_only_what_matches_is_printed_of_each_line(console: Console) -> None:
    asked = question_of("query", "syslog", "o", "-E", "t", "--any", "--only-matching", "--color", "always")
    await showing.show(Told(FOUND_TWO, TWO_LINES), asked, console.streams, {})
    assert re.sub(r"\x1b\[[0-9;]*m", "", console.data) == "".join(f"web-1 syslog: {found}\n" for found in "oto")


async def test_count_is_printed(console: Console) -> None:
    await showing.show(Told(FOUND_TWO, TWO_LINES), question_of("query", "syslog", "-c"), console.streams, {})
    assert console.data == "2\n"


AROUND = Batch(b"above\nmatch\nbelow\n", 3, flags=bytes([LineFlag.LEADS, 0, LineFlag.TRAILS]))
EVENTS = Batch(b"one\n at a\n at b\ntwo\n", 4, flags=bytes([0, LineFlag.CONTINUES, LineFlag.CONTINUES, 0]))


@pytest.mark.parametrize(
    ("flags", "batch", "data"), [(("-C", "2"), AROUND, "1\n"), (("--events",), EVENTS, "2\n"), ((), TWO_LINES, "2\n")]
)
async def test_count_is_that_of_matches_whatever_comes_with_them(
    console: Console, flags: tuple[str, ...], batch: Batch, data: str
) -> None:
    answered = Outcome(lines=batch.count, hosts=(OK,))
    outcome = await showing.show(
        Told(answered, batch), question_of("query", "syslog", "-c", *flags), console.streams, {}
    )
    assert (console.data, outcome and exit_code(outcome)) == (data, FOUND)


async def test_count_of_nothing_is_printed(console: Console) -> None:
    outcome = await showing.show(
        Told(Outcome(hosts=(EMPTY,))), question_of("query", "syslog", "-c"), console.streams, {}
    )
    assert (console.data, outcome and exit_code(outcome)) == ("0\n", NOTHING)


async def test_count_of_what_could_not_be_asked_is_not_printed(console: Console) -> None:
    await showing.show(Told(Outcome(Status.NOT_FOUND)), question_of("query", "syslog", "-c"), console.streams, {})
    assert console.data == ""


async def test_agent_that_does_not_keep_the_timeout_is_left(console: Console, autojump_clock: MockClock) -> None:
    source = Told(FOUND_TWO, TWO_LINES, then_hang=True)
    # A count waits for no thread, which the clock could not see.
    counted = question_of("query", "syslog", "--timeout", "5", "-c")
    outcome = await showing.show(source, counted, console.streams, {})
    assert outcome == Outcome(Status.DEADLINE_EXCEEDED, "the agent did not keep the timeout", lines=2)
    assert source.cancelled


async def test_closed_pipe_cancels_the_question(console: Console) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    source = Told(FOUND_TWO, TWO_LINES, then_hang=True)
    with io.FileIO(writer, "w") as stdout:
        shown = await showing.show(source, question_of("query", "syslog"), Streams(stdout, console.stderr), {})
    assert shown is None
    assert source.cancelled
    assert console.talk == ""


async def test_a_follow_ends_when_its_reader_does_though_nothing_is_written(console: Console) -> None:
    reader, writer = os.pipe()
    source = Told(FOUND_TWO, then_hang=True)
    with io.FileIO(writer, "w") as stdout:
        os.close(reader)
        shown = await showing.show(source, question_of("follow", "syslog"), Streams(stdout, console.stderr), {})
    assert (shown, source.cancelled, console.talk) == (None, True, "")


class Screen(io.StringIO):
    """Standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("outcome", "argv", "stderr", "said"),
    [
        (Outcome(hosts=(EMPTY,)), (), Screen(), "logagent: nothing matched\n"),
        (Outcome(hosts=(EMPTY,)), ("Refused",), Screen(), "logagent: nothing matched; -i ignores case\n"),
        (Outcome(hosts=(EMPTY,)), ("-E", "a.c"), Screen(), "logagent: nothing matched; -i ignores case\n"),
        (Outcome(hosts=(EMPTY,)), ("-i", "Refused"), Screen(), "logagent: nothing matched\n"),
        (Outcome(hosts=(EMPTY,)), (), io.StringIO(), ""),
        (Outcome(hosts=(EMPTY,)), ("-c",), Screen(), ""),
        (FOUND_TWO, (), Screen(), ""),
    ],
)
def test_that_nothing_matched_is_told_on_a_terminal(
    outcome: Outcome, argv: tuple[str, ...], stderr: io.StringIO, said: str
) -> None:
    asked = question_of("query", "syslog", *argv)
    assert report(outcome, asked, Streams(io.BytesIO(), stderr)) == exit_code(outcome)
    assert stderr.getvalue() == said


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            Outcome(Status.INTERNAL, "regex: Missing close parenthesis for group", trace="ab" * 16),
            "--regex: Missing close parenthesis for group",
        ),
        (
            Outcome(Status.INTERNAL, "n: x", hosts=(HostOutcome("web-1", Status.INTERNAL, "n: x"),)),
            "web-1: n: x (INTERNAL)",
        ),
    ],
)
def test_a_mistake_that_only_the_agent_sees_is_told_as_any_other(console: Console, outcome: Outcome, said: str) -> None:
    assert report(outcome, question_of("query", "syslog"), console.streams) == FAILED
    assert console.talk.splitlines()[0] == f"logagent: {said}"


# Hits


async def test_hits_are_a_chart(console: Console) -> None:
    asked = hits_question_of("syslog", "--step", "1m", "--color", "always")
    environ = {"COLUMNS": "30", "TZ": "Europe/Berlin"}
    await showing.show(
        Told(Outcome(lines=3, hosts=(OK,)), counts((0, 1), (60_000_000_000, 2))), asked, console.streams, environ
    )
    first, second, legend = re.sub("\x1b[^m]*m", "", console.data).splitlines()
    assert first == "1970-01-01 01:00 █████▌      1"
    assert second == "1970-01-01 01:01 ███████████ 2"
    assert legend == "by 1m, in Europe/Berlin: █ web-1 3"


async def test_hits_by_a_label_are_rows(console: Console) -> None:
    web, none = Origin("web-1", "web", log="web"), Origin("db-1", "", log="")
    told = Told(FOUND_TWO, count_of(web, 3), count_of(none, 12))
    await showing.show(told, hits_question_of("*.log", "--by", "label:role"), console.streams, {})
    assert console.data.splitlines() == ["-   1 12", "web 1  3"]


async def test_hits_by_file_are_rows(console: Console) -> None:
    told = Told(FOUND_TWO, count_of(Origin("web-1", "a\nb.log", log="a\nb.log"), 3))
    await showing.show(told, hits_question_of("*.log", "--by", "file"), console.streams, {})
    assert console.data == "web-1 a\\x0ab.log 3\n"


def test_times_are_not_for_counts_by_something_else() -> None:
    with pytest.raises(ConfigError, match=r"^--utc: goes with counts by time"):
        hits_question_of("syslog", "--by", "file", "--utc")
    with pytest.raises(ConfigError, match=r"^--by: must be file"):
        hits_question_of("syslog", "--by", "role")


async def test_hits_as_json_are_one_object_with_the_verdict(console: Console) -> None:
    asked = hits_question_of("syslog", "--step", "1m", "-o", "json")
    await showing.show(Told(FOUND_TWO, counts((0, 1), (60_000_000_000, 2))), asked, console.streams, {})
    document = json.loads(console.data)
    assert [hit["count"] for hit in document["hits"]] == [1, 2]
    assert (document["step_seconds"], document["end"]["complete"]) == (60, True)


async def test_a_zone_of_no_meaning_is_said_before_anything_is_printed(console: Console) -> None:
    with pytest.raises(ConfigError, match=r"^TZ: "):
        await showing.show(Told(FOUND_TWO), hits_question_of("syslog"), console.streams, {"TZ": "Nowhere/None"})
