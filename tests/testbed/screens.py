"""A terminal of 80 x 24 that tmux shows, in which commands are typed, and its screen with its colours."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from testbed.processes import program_at

WIDTH, HEIGHT = 80, 24
PROMPT = "$ "
_PATIENCE = 300
"""Looks at the screen, a tenth of a second apart, until something has to be there."""


class Screen:
    """A terminal with a shell in it.

    Args:
        socket: of the tmux that shows it.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def tmux(self, *arguments: str) -> str:
        """What tmux prints for a command of its own."""
        asked = [program_at("tmux") or "tmux", "-u", "-S", str(self._socket), *arguments]
        return subprocess.run(
            asked, stdout=subprocess.PIPE, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
        ).stdout.decode()

    def type(self, text: str) -> None:
        """Type a command."""
        self.tmux("send-keys", "-t", "x", "-l", text)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys, such as `C-c`."""
        self.tmux("send-keys", "-t", "x", *keys)

    def until(self, text: str, *, at_end: bool = False) -> str:
        """The screen with its colours, without those of the shell, once it shows a text, or ends with it."""
        pause = threading.Event()
        for _ in range(_PATIENCE):
            plain = self.tmux("capture-pane", "-p", "-t", "x").rstrip("\n")
            if plain.rstrip().endswith(text.rstrip()) if at_end else text in plain:
                return self.tmux("capture-pane", "-e", "-p", "-t", "x").rstrip("\n") + "\n"
            pause.wait(0.1)
        raise AssertionError(f"{text!r} is not on the screen:\n{plain}")

    def run(self, command: str) -> str:
        """The screen after a command that ends by itself, cleared before."""
        self.clear()
        self.type(command)
        return self.until(f"\n{PROMPT}", at_end=True)

    def clear(self) -> None:
        """Clear the screen, whatever stands on it."""
        self.type(f"clear; tmux -S {self._socket} wait-for -S cleared")
        self.tmux("wait-for", "cleared")
        pause = threading.Event()
        while self.tmux("capture-pane", "-p", "-t", "x").strip() != PROMPT.strip():
            pause.wait(0.05)


@contextlib.contextmanager
def terminal(**environ: str) -> Iterator[Screen]:
    """A terminal in which the program `logagent` can be typed; ended with the context."""
    with tempfile.TemporaryDirectory() as directory:
        bin_ = Path(directory) / "logagent"
        bin_.write_text(f'#!/bin/sh\nexec {sys.executable} -m logagent "$@"\n')
        bin_.chmod(0o755)
        screen = Screen(Path(directory) / "tmux")
        variables = {
            "PATH": f"{directory}:/usr/bin:/bin",
            "HOME": directory,
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PS1": PROMPT,
        }
        given = [f"{name}={value}" for name, value in (variables | environ).items()]
        size = ("-x", str(WIDTH), "-y", str(HEIGHT))
        screen.tmux("-f", "/dev/null", "new-session", "-d", "-s", "x", *size, "env", "-i", "TERM=screen", *given, "sh")
        try:
            yield screen
        finally:
            screen.tmux("kill-server")


def settled_text(screen: str) -> str:
    """A screen without what differs from run to run: ports and traces."""
    screen = re.sub(r"(127\.0\.0\.1:)\d{4,5}", lambda found: found[1] + "0" * (len(found[0]) - 10), screen)
    return re.sub(r"(?:[0-9a-f]\n?){32}", lambda found: re.sub("[0-9a-f]", "0", found[0]), screen)
