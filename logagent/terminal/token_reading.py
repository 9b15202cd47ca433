"""The token that a command sends: from a file that nobody else can read, or printed by a program; never an argument."""

from __future__ import annotations

import os
import re
import select
import shlex
import stat
import subprocess
import time
from collections.abc import Sequence

from logagent.config.errors import ConfigError
from logagent.core.access.tokens import PREFIX, BadToken, check_form

LONGEST = 16 * 1024
"""Bytes of a token at most, as many as an agent takes: those that identity providers sign have up to some thousand."""
COMMAND_TIME = 60.0
"""Seconds that the program has to print a token: a person may have to unlock a key meanwhile."""

_OTHERS_READ = stat.S_IRWXG | stat.S_IRWXO
_MANY_READ = _OTHERS_READ & ~stat.S_IRGRP
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)
_ALONE = "it must hold the token alone, on one line"


def token_in_file(path: str, where: str) -> str:
    """Return the token in a file; one of root's may be readable for a group, any other for its owner alone.

    Args:
        where: what named the file, for messages.

    Raises:
        ConfigError: if it cannot be read, if others can read it, or if it holds no token.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as short as can be
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_mode & (_OTHERS_READ if status.st_uid else _MANY_READ):
                raise ConfigError(
                    where, f"others can read {path}, and so its token: `chmod 600 {path}`, and a new token"
                )
            text = file.read(LONGEST + 2)
    except OSError as error:
        raise ConfigError(where, f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    return _checked(text, where, path)


def token_from_command(command: str, where: str, seconds: float = COMMAND_TIME) -> str:
    """Return the token that a program prints, which is run without a shell; its messages go to standard error.

    Args:
        command: the program and its arguments, quoted as for a shell.
        where: what named it, for messages.
        seconds: that it may take.

    Raises:
        ConfigError: if it cannot be run, fails, takes too long, or prints no token.
    """
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise ConfigError(where, f"cannot be taken apart: {str(error).lower()}") from None
    if not argv:
        raise ConfigError(where, "must be a program that prints the token, such as 'pass show logagent'")
    try:
        return _checked(_output(argv, where, time.monotonic() + seconds, seconds), where, f"the output of {argv[0]}")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            where, f"cannot run {argv[0]}: {reason}; there is no shell, unless `sh -c ...` is one"
        ) from None


def _output(argv: Sequence[str], where: str, until: float, seconds: float) -> bytes:
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as program:
        try:
            text = _read(program, until)
            if len(text) > LONGEST + 1:
                raise ConfigError(where, f"{argv[0]} prints more than {LONGEST} bytes, and so no token")
            code = program.wait(max(until - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            raise ConfigError(where, f"{argv[0]} has printed no token within {seconds:g} s") from None
        finally:
            program.kill()  # which does nothing to a program that has ended
    if code:
        ended = f"with exit code {code}" if code > 0 else f"by signal {-code}"
        raise ConfigError(where, f"{argv[0]} ended {ended}, and so no token was sent")
    return text


def _read(program: subprocess.Popen[bytes], until: float) -> bytes:
    """Read what a program prints, to its end or until it is more than a token.

    Raises:
        TimeoutExpired: of `subprocess`, if it does not end in time.
    """
    assert program.stdout is not None
    text, descriptor = b"", program.stdout.fileno()
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    while len(text) <= LONGEST + 1:
        left = until - time.monotonic()
        if left <= 0 or not ready.poll(left * 1000):
            raise subprocess.TimeoutExpired(program.args, 0)
        piece = os.read(descriptor, LONGEST)
        if not piece:
            break
        text += piece
    return text


def _checked(text: bytes, where: str, what: str) -> str:
    """Return the token in a text; what is wrong with it is told without a character of it."""
    try:
        token = text.decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if not token or len(token) > LONGEST or not _TOKEN.fullmatch(token):
        raise ConfigError(where, f"{what} is {'empty' if not text.strip() else 'no token'}; {_ALONE}")
    try:
        if token.startswith(PREFIX):
            check_form(token)
    except BadToken as bad:
        raise ConfigError(where, f"{what} is no token: {bad}") from None
    return token
