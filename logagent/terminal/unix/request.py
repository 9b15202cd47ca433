"""What all of these commands are asked: which agent, which logs, which range of time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.core.query import Query
from logagent.core.wire.parameter_values import MAX_REPEATS
from logagent.core.wire.parameters import parse
from logagent.terminal import times
from logagent.terminal.address import Asked, asked_of, reads_itself
from logagent.terminal.checking import Parameters, checked, given, when
from logagent.terminal.local_files import STDIN
from logagent.terminal.names import host_names, names_of
from logagent.terminal.unix.logs import Operand
from logagent.terminal.unix.typed import LinesTyped, UnixTyped

EVERYTHING = "**/*"
"""The glob that stands for all logs."""
_WHAT = "a path below the agent's roots, or a glob such as 'nginx/*.log'"
_NO_INPUT = "standard input is not read"
_FLAGS = {
    "filename": "FILE",
    "hostname": "--host",
    "before_context": "-B",
    "after_context": "-A",
    "n": "-n",
    "form": "PATTERN",
}


@dataclass(frozen=True, slots=True)
class UnixRequest:
    """Whom a command asks, and about what.

    Attributes:
        operands: the files, at least one.
        query: its hosts, range and generations hold for all that is asked.
        timeout: seconds that the command may take; None: no limit.
    """

    agent: Asked
    operands: tuple[Operand, ...]
    query: Query
    timeout: float | None
    verbose: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The names and globs of all operands, each once."""
        return tuple(dict.fromkeys(name for operand in self.operands for name in operand.names))

    @property
    def merged_names(self) -> tuple[str, ...]:
        """The names and globs of all operands, for one question about several hosts.

        Raises:
            ConfigError: if they are too many for one question.
        """
        if len(self.names) > MAX_REPEATS:
            raise ConfigError("FILE", f"of several hosts, {MAX_REPEATS} at most; a glob between quotes is one")
        return self.names


def request_of(
    typed: UnixTyped,
    operands: Sequence[Operand],
    environ: Mapping[str, str],
    further: Parameters | None = None,
    flags: Mapping[str, str] | None = None,
) -> UnixRequest:
    """Check what all commands have, and read certificates from their files.

    Args:
        further: parameters of the query of one command.
        flags: how this command calls them.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    if not operands:
        raise ConfigError("FILE", f"is missing: {_WHAT}; {_NO_INPUT} unless - names it")
    itself = reads_itself(typed, [operand.typed for operand in operands], typed.host, environ)
    if not itself and isinstance(typed, LinesTyped) and STDIN in [operand.typed for operand in operands]:
        raise ConfigError("FILE", f"{_NO_INPUT} where an agent is asked; give {_WHAT}, or ./- for a log of that name")
    parameters = {
        "filename": [operands[0].names[0]],
        "hostname": host_names(typed.host),
        "rotated": when(typed.no_rotated, "false"),
        "order": ["oldest"],
        **(_range(typed) if isinstance(typed, LinesTyped) else {}),
        **(further or {}),
    }
    query = checked(parameters, lambda form: parse(b"", time.time_ns(), form), {**_FLAGS, **(flags or {})})
    for operand in operands:
        checked({"filename": operand.names[:1]}, lambda text: parse(text, 0), _FLAGS)
    agent = asked_of(typed, environ, itself=itself)
    return UnixRequest(agent, tuple(operands), query, _timeout(typed), typed.verbose)


def operands_of(
    typed: UnixTyped, words: Sequence[str], environ: Mapping[str, str], *, recursive: bool = False
) -> list[Operand]:
    """Return the files that words mean; `nginx/` means all that lies in it.

    Args:
        recursive: whether `nginx` means that too.

    Raises:
        ConfigError: for words that mean none.
    """
    itself = reads_itself(typed, words, typed.host, environ)
    return [Operand(word, _names(word, recursive=recursive, itself=itself)) for word in words]


def _names(word: str, *, recursive: bool, itself: bool) -> tuple[str, ...]:
    names = names_of([word], "FILE", itself=itself)
    below = [f"{name}/**/*" for name in names if not name.endswith("*")] if recursive else []
    return (*names, *below)


def _range(typed: LinesTyped) -> Parameters:
    return {
        "since": given(_with_zone("--since", typed.since)),
        "until": given(_with_zone("--until", typed.until)),
    }


def _with_zone(flag: str, typed: str | None) -> str | None:
    try:
        return None if typed is None else times.read(typed, datetime.now().astimezone())
    except (times.StillToCome, times.NoTime) as error:
        raise ConfigError(flag, str(error)) from None


def _timeout(typed: UnixTyped) -> float | None:
    try:
        return None if typed.timeout is None else values.seconds(typed.timeout)
    except ValueError as error:
        raise ConfigError("--timeout", str(error)) from None
