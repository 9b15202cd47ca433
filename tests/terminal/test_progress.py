"""What a terminal shows while a long scan is under way, and that nothing of it is left."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Sequence
from dataclasses import replace

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from logagent.core.batch import SIGN_OF_LIFE, Batch, Origin, Out
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query
from logagent.terminal import showing
from logagent.terminal.progress import progress_line
from logagent.terminal.streams import Streams, text_writer
from testbed.console import hits_question_of, question_of
from testbed.counts import counts

LINE = Batch(b"a line that is longer than what is said\n", 1, [0], [0], (Origin("web-1", "syslog"),))
GB = 2**30
FOUND = Outcome(lines=1, hosts=(HostOutcome("web-1", Status.OK, lines=1),))
Step = tuple[float, Batch]


class Screen(io.StringIO):
    """A terminal for talk, and for data if `data` is its standard output. frames: what it showed after each write."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = [""]
        self.column = 0
        self.frames: list[str] = []
        self.data = _Data(self)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        for character in text:
            self._put(character)
        self.frames.append(self.shown)
        return len(text)

    def _put(self, character: str) -> None:
        if character == "\n":
            self.rows.append("")
        if character in "\r\n":
            self.column = 0
            return
        row = self.rows[-1].ljust(self.column)
        self.rows[-1] = row[: self.column] + character + row[self.column + 1 :]
        self.column += 1

    @property
    def shown(self) -> str:
        return "\n".join(row.rstrip() for row in self.rows)

    @property
    def said(self) -> list[str]:
        """The lines of progress that were to be seen, each once where it stayed."""
        last = [frame.rpartition("\n")[2] for frame in self.frames]
        return [row for row, before in zip(last, ["", *last], strict=False) if row not in ("", before)]


class _Data(io.BytesIO):
    """Standard output on the same terminal."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen

    def isatty(self) -> bool:
        return True

    def write(self, data: bytes | memoryview, /) -> int:  # type: ignore[override]
        self._screen.write(bytes(data).decode())
        return len(data)


class Paced:
    """A source that sends each of its batches after so many seconds; hang: and then never ends."""

    def __init__(self, clock: MockClock, steps: Sequence[Step], *, hang: bool = False) -> None:
        self._clock = clock
        self._steps = steps
        self._hang = hang

    async def pump(self, query: Query, out: Out) -> Outcome:
        for seconds, batch in self._steps:
            self._clock.jump(seconds)
            await out.send(batch)
        if self._hang:
            await trio.sleep_forever()
        return FOUND


def sign(scanned: int, planned: int = 0) -> Batch:
    return replace(SIGN_OF_LIFE, scanned=scanned, planned=planned)


def show(
    steps: Sequence[Step], *argv: str, command: str = "query", streams: Streams, environ: dict[str, str] | None = None
) -> None:
    clock = MockClock()
    asked = hits_question_of("syslog", *argv) if command == "hits" else question_of(command, "syslog", *argv)
    trio.run(showing.show, Paced(clock, steps), asked, streams, environ or {}, clock=clock)


@pytest.fixture
def screen() -> Screen:
    return Screen()


THREE = [(0.9, sign(GB, 4 * GB)), (0.2, sign(GB)), (1.0, replace(LINE, scanned=GB))]


def test_share_of_bytes_and_lines_are_said_and_erased(screen: Screen) -> None:
    stdout = io.BytesIO()
    show(THREE, "--prefix", "never", streams=Streams(stdout, screen))
    assert screen.said == ["logagent: 50 % of 4.0 GiB read, 0 lines", "logagent: 75 % of 4.0 GiB read, 1 line"]
    assert screen.shown == ""
    assert stdout.getvalue() == LINE.body


def test_nothing_is_said_in_the_first_second(screen: Screen) -> None:
    show([(0.3, sign(GB, 4 * GB))] * 3, streams=Streams(io.BytesIO(), screen))
    assert screen.frames == []


def test_it_is_said_once_a_second_at_most(screen: Screen) -> None:
    show([(0.25, sign(GB, 100 * GB))] * 20, "-c", streams=Streams(io.BytesIO(), screen))
    assert len(screen.said) == 5


def test_nothing_is_said_as_long_as_nobody_knows_how_much_there_is_to_read(screen: Screen) -> None:
    show([(5, SIGN_OF_LIFE)], streams=Streams(io.BytesIO(), screen))
    assert screen.frames == []


@pytest.mark.parametrize("environ", [{}, {"TERM": "xterm"}])
def test_a_pipe_hears_nothing(environ: dict[str, str]) -> None:
    stderr = io.StringIO()
    show(THREE, streams=Streams(Screen().data, stderr), environ=environ)
    assert stderr.getvalue() == ""


def test_a_terminal_that_cannot_go_back_hears_nothing(screen: Screen) -> None:
    show(THREE, streams=Streams(io.BytesIO(), screen), environ={"TERM": "dumb"})
    assert screen.frames == []


@pytest.mark.parametrize("argv", [("--color", "never"), ("--color", "always"), ("-o", "json"), ("-c",)])
@pytest.mark.parametrize("steps", [[*THREE, *THREE], [*THREE, (3.0, sign(1))]])
def test_data_on_the_same_terminal_are_what_they_are_without_it(steps: list[Step], argv: tuple[str, ...]) -> None:
    quiet, screen = io.BytesIO(), Screen()
    show(steps, *argv, streams=Streams(quiet, io.StringIO()))
    show(steps, *argv, streams=Streams(screen.data, screen))
    assert screen.shown == quiet.getvalue().decode()
    assert screen.said


@given(
    st.lists(
        st.tuples(
            st.floats(0, 3),
            st.one_of(st.just(LINE), st.builds(sign, st.integers(0, GB), st.integers(0, GB))),
        ),
        max_size=20,
    )
)
def test_whatever_comes_nothing_of_it_is_left(steps: list[Step]) -> None:
    screen = Screen()
    show(steps, "--prefix", "never", streams=Streams(screen.data, screen))
    assert screen.shown == LINE.body.decode() * sum(batch.count for _, batch in steps)


def test_a_chart_is_drawn_where_the_line_was(screen: Screen) -> None:
    steps = [(0.0, replace(counts((0, 3)), planned=GB)), (2.0, sign(GB // 2))]
    show(steps, command="hits", streams=Streams(screen.data, screen), environ={"TZ": "UTC", "COLUMNS": "30"})
    assert screen.said[0] == "logagent: 50 % of 1.0 GiB read, 3 lines"
    assert "logagent" not in screen.shown
    assert screen.shown.endswith("web-1 3\n")


def test_an_interrupt_leaves_nothing_of_the_line(screen: Screen) -> None:
    clock = MockClock()
    source = Paced(clock, THREE[:2], hang=True)

    async def interrupted() -> None:
        async with trio.open_nursery() as nursery:
            asked = question_of("query", "syslog")
            nursery.start_soon(showing.show, source, asked, Streams(io.BytesIO(), screen), {})
            await trio.testing.wait_all_tasks_blocked()
            assert screen.shown != ""
            nursery.cancel_scope.cancel()

    trio.run(interrupted, clock=clock)
    assert screen.shown == ""


def test_a_terminal_that_is_gone_is_no_failure() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stderr, stdout = text_writer(writer), io.BytesIO()
    stderr.isatty = lambda: True  # type: ignore[method-assign]
    show(THREE, "--prefix", "never", streams=Streams(stdout, stderr))
    os.close(writer)
    assert stdout.getvalue() == LINE.body


def _read_all(screen: io.FileIO, size: int) -> bytes:
    """Return what a terminal was sent; the kernel hands each write over on its own."""
    shown = b""
    while len(shown) < size:
        shown += screen.read(size)
    return shown


@pytest.mark.parametrize(
    ("columns", "text"), [(20, "logagent: 50 % of 4"), (1, ""), (0, "logagent: 50 % of 4.0 GiB read, 0 lines")]
)
def test_the_line_is_no_wider_than_its_terminal(columns: int, text: str) -> None:
    controller, terminal = pty.openpty()
    with os.fdopen(controller, "rb", buffering=0) as screen, os.fdopen(terminal, "w") as stderr:
        resize(terminal, columns)
        show([(2.0, sign(2 * GB, 4 * GB))], streams=Streams(io.BytesIO(), stderr))
        expected = f"\r{text}" + (f"\r{' ' * len(text)}\r" if text else "")
        assert _read_all(screen, len(expected)).decode() == expected


def resize(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def test_it_is_never_done_before_it_ends() -> None:
    assert progress_line(12 * GB, 12 * GB, 1) == "logagent: 99 % of 12 GiB read, 1 line"
    assert progress_line(15 * GB, 12 * GB, 2) == "logagent: 99 % of 15 GiB read, 2 lines"
    assert progress_line(0, 1, 0) == "logagent: 0 % of 1 B read, 0 lines"
