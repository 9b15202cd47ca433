"""Answers on a terminal: a pager shows what does not fit, since an answer otherwise ends at its oldest line.

Only loaded where both standard input and standard output are a terminal.
"""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO, StringIO
from typing import Any, TextIO

from logagent.terminal.answer import CLOSED_PIPE
from logagent.terminal.display_width import rows
from logagent.terminal.streams import WIDTH, Streams, write_all
from logagent.terminal.verdicts import FOUND

DEFAULT = "less -FRSX"
"""The pager if none is named: shows colours, cuts long lines at the edge of the screen (the right arrow shows more),
and leaves what was shown on the screen."""
KEPT = 1024 * 1024
"""Bytes that are printed plainly if the pager fails before it was sent more: one that cannot do its work fails at
once."""
_BEGIN = {"LESS": "FRSX", "LV": "-c", "LESSCHARSET": "utf-8"}
"""What pagers are told if nobody told them: to show colours, and that text is UTF-8, as it is in any locale."""

Size = Callable[[], os.terminal_size]


class PagerLeft(BaseException):
    """Whoever reads has quit the pager; raised anywhere, as `KeyboardInterrupt` is."""


def paged(act: Callable[[Streams], int], streams: Streams, environ: Mapping[str, str]) -> int:
    """Run a command, through a pager if what it prints does not fit on the screen.

    What it says on standard error is shown when the pager is quit; quitting ends the command.

    Args:
        act: prints to the streams that it is given, and returns the exit code.
        streams: those of a terminal.

    Returns:
        The exit code; that of success if the pager was quit before the end.
    """
    command = pager_named(environ)
    if command is None:
        return act(streams)
    screen = Screen(streams, command, environ, lambda: os.get_terminal_size(streams.stdout.fileno()))
    with screen.until_read():
        try:
            code = act(Streams(screen, _Talk(streams.stderr, screen), interactive=True))
        except PagerLeft:
            return FOUND
    return FOUND if screen.is_left and code == CLOSED_PIPE else code


def pager_named(environ: Mapping[str, str]) -> str | None:
    """Return the command that the environment names for a pager; None if none is wanted, or could be used."""
    if environ.get("TERM", "dumb") == "dumb":
        return None
    named = environ.get("LOGAGENT_PAGER", environ.get("PAGER", DEFAULT)).strip()
    return None if named in ("", "cat") else named


class Screen:
    """Standard output on a terminal; see `Stdout`.

    What is printed is held until it is known whether it fits; then it goes to the terminal, or all of it to a pager.
    Where something is told meanwhile, as the progress of a long search is each second, what is held is shown before it.

    Args:
        size: tells that of the terminal.

    Attributes:
        is_left: whether the pager was quit before all was printed.
    """

    def __init__(self, streams: Streams, command: str, environ: Mapping[str, str], size: Size) -> None:
        self.is_left = False
        self._streams = streams
        self._command = command
        self._environ = environ
        self._size = size
        self._kept = bytearray()
        self._shown = 0  # bytes of those kept that stand on the terminal already
        self._plain = False
        self._pager: subprocess.Popen[bytes] | None = None
        self._talk = StringIO()
        self._asking = False

    def write(self, data: bytes | memoryview, /) -> int:
        """Hold some bytes, or print them.

        Raises:
            BrokenPipeError: if the pager was quit.
        """
        if self._plain:
            write_all(self._streams.stdout, bytes(data))
        elif self._pager is not None:
            if len(self._kept) <= KEPT:
                self._kept += data
            self._send(self._pager, data)
        else:
            self._kept += data
            if not self._fits():
                self._start()
        return len(data)

    def fileno(self) -> int:
        """Return the descriptor that is written to at the moment."""
        if self._pager is not None and self._pager.stdin and not self._plain:
            return self._pager.stdin.fileno()
        return self._streams.stdout.fileno()

    def isatty(self) -> bool:
        """Return True: whatever is printed, people see it on a terminal."""
        return True

    def say(self, stderr: TextIO, text: str) -> None:
        """Write to standard error, behind all that was printed; while there is a pager, when it is quit."""
        if self._pager is None or self._plain:
            self._show_kept()
            stderr.write(text)
        elif not text.startswith("\r"):  # the progress, over which the pager would draw
            self._talk.write(text)

    @contextmanager
    def until_read(self) -> Iterator[None]:
        """Print what is held when the block ends, wait until the pager is quit, and then tell what was said."""
        before = _handler_of_ended_children(self._notice)
        self._asking = True
        try:
            yield
        finally:
            self._asking = False
            with _ignored(signal.SIGINT):
                self._finish()
            _handler_of_ended_children(before)

    def _fits(self) -> bool:
        """Return whether the screen has room for what is held, and a row for the shell's prompt."""
        size = self._size()
        return not size.lines or rows(bytes(self._kept), size.columns or WIDTH, size.lines) < size.lines

    def _start(self) -> None:
        try:
            words = shlex.split(self._command)
            if shutil.which(words[0], path=self._environ.get("PATH")) is None:
                raise FileNotFoundError(errno.ENOENT, "there is no such program")
            environ = {**_BEGIN, **self._environ}
            self._pager = subprocess.Popen(words, stdin=subprocess.PIPE, env=environ, bufsize=0)
        except (OSError, ValueError) as error:
            self._go_on_plainly(str(getattr(error, "strerror", None) or error))
        else:
            self._notice()  # it may have ended before it was known
            self._send(self._pager, bytes(self._kept))

    def _send(self, pager: subprocess.Popen[bytes], data: bytes | memoryview) -> None:
        try:
            assert isinstance(pager.stdin, FileIO)  # without a buffer
            write_all(pager.stdin, bytes(data))
        except BrokenPipeError:
            pager.wait()
            if not self._has_failed(pager):
                self.is_left = True
                raise
            self._go_on_plainly(f"failed with exit code {pager.returncode}")

    def _notice(self, *_signal: Any) -> None:
        """Note that the pager has ended: nobody waits then for the rest of an answer that is long in coming."""
        pager = self._pager
        if not self._asking or self._plain or pager is None or pager.poll() is None:
            return
        if not self._has_failed(pager):
            self.is_left = True
            raise PagerLeft
        self._go_on_plainly(f"failed with exit code {pager.returncode}")

    def _has_failed(self, pager: subprocess.Popen[bytes]) -> bool:
        """Return whether a pager that has ended failed rather than was quit, and all that it was sent is kept."""
        return (pager.returncode or 0) > 0 and len(self._kept) <= KEPT

    def _go_on_plainly(self, why: str) -> None:
        """Print without a pager from now on, and what is kept."""
        told, self._plain = self._plain, True
        self._show_kept()
        if self._command != DEFAULT and not told:
            self._streams.say(f"the pager {self._command}: {why}; see $LOGAGENT_PAGER, $PAGER and --no-pager")

    def _show_kept(self) -> None:
        shown, self._shown = self._shown, len(self._kept)
        write_all(self._streams.stdout, bytes(self._kept[shown:]))

    def _finish(self) -> None:
        if self._pager is None:
            self._show_kept()
        else:
            with suppress(OSError):
                self._pager.__exit__(None, None, None)  # closes what it reads, and waits
            if not self.is_left and self._has_failed(self._pager):
                self._go_on_plainly(f"failed with exit code {self._pager.returncode}")
        with suppress(OSError):
            self._streams.stderr.write(self._talk.getvalue())


class _Talk(StringIO):
    """Standard error beside a screen: what is said there comes behind what was printed."""

    def __init__(self, stderr: TextIO, screen: Screen) -> None:
        super().__init__()
        self._stderr = stderr
        self._screen = screen

    def write(self, text: str, /) -> int:
        self._screen.say(self._stderr, text)
        return len(text)

    def flush(self) -> None:
        self._stderr.flush()

    def isatty(self) -> bool:
        return self._stderr.isatty()

    def fileno(self) -> int:
        return self._stderr.fileno()


@contextmanager
def _ignored(number: signal.Signals) -> Iterator[None]:
    """Leave a signal to the pager, which gets it too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def _handler_of_ended_children(handler: Any) -> Any:
    """Set what is called when a child ends, and return what was; Python allows it in the main thread only."""
    if threading.current_thread() is threading.main_thread():
        return signal.signal(signal.SIGCHLD, handler)
    return None
