"""Answers on a terminal: what fits is printed, the rest is shown by a pager, which may be missing, fail, or be quit."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from logagent import cli
from logagent.terminal import pager
from logagent.terminal.answer import CLOSED_PIPE
from logagent.terminal.pager import paged, pager_named
from logagent.terminal.streams import Streams

LINES = "".join(f"line {number}\n" for number in range(30))
PATH = os.environ["PATH"]


class Terminal(io.BytesIO):
    """A terminal of 80 x 24, in memory."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Streams:
    monkeypatch.setattr(os, "get_terminal_size", lambda _descriptor=1: os.terminal_size((80, 24)))
    return Streams(Terminal(), io.StringIO(), interactive=True)


def shown(streams: Streams) -> tuple[str, str]:
    """What stands on the terminal, and what was said."""
    assert isinstance(streams.stdout, io.BytesIO)
    assert isinstance(streams.stderr, io.StringIO)
    return streams.stdout.getvalue().decode(), streams.stderr.getvalue()


def prints(text: str, code: int = 0, *, said: str = "") -> Callable[[Streams], int]:
    def act(streams: Streams) -> int:
        streams.print(text)
        if said:
            streams.say(said)
        return code

    return act


def environ(command: str) -> dict[str, str]:
    return {"TERM": "xterm", "PATH": PATH, "LOGAGENT_PAGER": command}


def into(file: Path, then: str = "") -> dict[str, str]:
    """A pager that writes what it is sent into a file."""
    return environ(f"sh -c 'cat >{file}; {then}'")


def test_what_fits_is_printed_plainly(terminal: Streams, tmp_path: Path) -> None:
    assert paged(prints("one\ntwo\n", 3, said="partial"), terminal, into(tmp_path / "paged")) == 3
    assert shown(terminal) == ("one\ntwo\n", "logagent: partial\n")
    assert not (tmp_path / "paged").exists()


def test_what_does_not_fit_goes_through_the_pager_and_talk_comes_behind_it(terminal: Streams, tmp_path: Path) -> None:
    file = tmp_path / "paged"

    def act(streams: Streams) -> int:
        streams.print("x" * 1000 + "\n")
        streams.print(LINES)
        streams.say("partial")
        streams.stderr.write("\r 43 % ")
        assert shown(terminal)[1] == ""
        streams.print("end\n")
        return 3

    assert paged(act, terminal, into(file)) == 3
    assert file.read_text() == "x" * 1000 + "\n" + LINES + "end\n"
    assert shown(terminal) == ("", "logagent: partial\n")


def test_rows_count_and_not_lines(terminal: Streams, tmp_path: Path) -> None:
    file = tmp_path / "paged"
    assert paged(prints("x" * 80 * 24 + "\n"), terminal, into(file)) == 0
    assert file.exists()


def test_quitting_the_pager_ends_a_command_that_waits(terminal: Streams) -> None:
    def act(streams: Streams) -> int:
        streams.say("before")
        streams.print(LINES)
        threading.Event().wait(60)
        raise AssertionError("went on")

    assert paged(act, terminal, environ("true")) == 0
    assert shown(terminal)[1] == "logagent: before\n"


def test_quitting_the_pager_ends_a_command_that_prints(terminal: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pager, "KEPT", 0)

    def act(streams: Streams) -> int:
        try:
            while True:
                streams.stdout.write(LINES.encode())
        except BrokenPipeError:
            return CLOSED_PIPE

    assert paged(act, terminal, environ("false")) == 0
    assert shown(terminal) == ("", "")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("no-such-pager -x", "there is no such program"),
        ("false", "failed with exit code 1"),
        ("sh -c 'cat >/dev/null; exit 3'", "failed with exit code 3"),
        ("'", "No closing quotation"),
    ],
)
def test_without_a_pager_that_works_lines_are_printed_plainly(terminal: Streams, command: str, why: str) -> None:
    def act(streams: Streams) -> int:
        streams.print(LINES)
        streams.print(LINES)
        return 0

    assert paged(act, terminal, environ(command)) == 0
    data, talk = shown(terminal)
    assert data == LINES + LINES
    assert talk == f"logagent: the pager {command}: {why}; see $LOGAGENT_PAGER, $PAGER and --no-pager\n"


def test_nothing_is_said_where_less_is_not_installed(terminal: Streams) -> None:
    assert paged(prints(LINES), terminal, {"TERM": "xterm", "PATH": "/nowhere"}) == 0
    assert shown(terminal) == (LINES, "")


def test_what_is_held_is_shown_when_something_is_told_and_at_ctrl_c(terminal: Streams, tmp_path: Path) -> None:
    def act(streams: Streams) -> int:
        streams.print("one\n")
        assert shown(terminal) == ("", "")
        streams.stderr.write("\r 43 % ")
        assert shown(terminal) == ("one\n", "\r 43 % ")
        streams.print("two\n")
        signal.raise_signal(signal.SIGINT)
        return 0

    with pytest.raises(KeyboardInterrupt):
        paged(act, terminal, into(tmp_path / "paged"))
    assert shown(terminal)[0] == "one\ntwo\n"


def test_ctrl_c_leaves_the_pager_to_whoever_reads(terminal: Streams, tmp_path: Path) -> None:
    file = tmp_path / "paged"

    def act(streams: Streams) -> int:
        streams.print(LINES)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paged(act, terminal, into(file, f"kill -INT {os.getpid()}"))
    assert file.read_text() == LINES


def test_a_pager_is_told_to_show_colours_and_letters(terminal: Streams, tmp_path: Path) -> None:
    file = tmp_path / "environment"
    paged(prints(LINES), terminal, {**environ(f"sh -c 'cat >/dev/null; env >{file}'"), "LV": "x"})
    assert {"LESS=FRSX", "LV=x", "LESSCHARSET=utf-8"} <= {*file.read_text().splitlines()}


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"TERM": "xterm"}, "less -FRSX"),
        ({"TERM": "xterm", "PAGER": "more"}, "more"),
        ({"TERM": "xterm", "PAGER": "more", "LOGAGENT_PAGER": "most -x"}, "most -x"),
        ({"TERM": "xterm", "PAGER": "more", "LOGAGENT_PAGER": ""}, None),
        ({"TERM": "xterm", "PAGER": "cat"}, None),
        ({"TERM": "dumb"}, None),
        ({}, None),
    ],
)
def test_which_pager_is_meant(variables: dict[str, str], named: str | None) -> None:
    assert pager_named(variables) == named


def test_no_pager_is_loaded_where_nobody_types_or_none_is_wanted(
    terminal: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "logagent.terminal.pager")
    refuses = ["--agent", "http://127.0.0.1:1"]
    variables = environ("false")
    assert cli.run(["query", "x", *refuses], variables, Streams(terminal.stdout, terminal.stderr)) == 2
    assert cli.run(["query", "x", *refuses, "--no-pager"], variables, terminal) == 2
    assert cli.run(["follow", "x", *refuses], variables, terminal) == 2
    assert "logagent.terminal.pager" not in sys.modules
    assert cli.run(["query", "x", *refuses], variables, terminal) == 2
    assert "logagent.terminal.pager" in sys.modules
