"""Arguments checked by the readers that an agent has for the parameters of a request.

So a mistake is reported before anything is sent, with the agent's message, but with the name of the flag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from logagent.config.errors import ConfigError
from logagent.core.query import BadParameter, Query
from logagent.core.wire.parameters import HITS_PARAMETERS, PARAMETERS

Parameters = Mapping[str, Sequence[str]]
"""The values of a request's parameters by name; no values: the parameter is left out."""


_NAMES = re.compile(r"(?P<name>follow)=true|(?<=leave out )follow|(?<!seconds )\bsince\b|\buntil\b|\border\b(?= out)")
"""Parameters that a reason for refusing another one names."""
_CURSOR = ("give it as it came in log-cursor", "give it as --show-cursor printed it")


def in_flags(reason: str) -> str:
    """Return a reason that was written for those who ask over HTTP, with the names that the command line has."""
    return _NAMES.sub(lambda found: f"--{found['name'] or found[0]}", reason.replace(*_CURSOR))


def told_in_flags(message: str, flags: Mapping[str, str]) -> str:
    """Return an agent's refusal of a parameter with the name of the argument in front.

    Args:
        flags: as for `checked`.
    """
    name, colon, reason = message.partition(": ")
    if not colon or name not in {*PARAMETERS, *HITS_PARAMETERS}:
        return message
    return f"{_flag(name, flags)}: {in_flags(reason)}"


def _flag(name: str, flags: Mapping[str, str]) -> str:
    return flags.get(name, "--" + name.replace("_", "-"))


def checked(parameters: Parameters, read: Callable[[bytes], Query], flags: Mapping[str, str]) -> Query:
    """Make a query of parameters as an agent would.

    Args:
        read: the agent's reader of a form.
        flags: by the parameter's name, the name of its argument if that is not `--` and the parameter's name.

    Raises:
        ConfigError: for the first value that cannot be used.
    """
    try:
        return read(urlencode(parameters, doseq=True, errors="surrogateescape").encode())
    except BadParameter as wrong:
        raise ConfigError(_flag(wrong.name, flags), in_flags(wrong.reason)) from None


def given(text: str | None) -> list[str]:
    """Return the values of a flag that takes one value and may be left out."""
    return [] if text is None else [text]


def when(is_set: bool, value: str = "true") -> list[str]:
    """Return the values of a parameter that is sent only if a switch is set."""
    return [value] if is_set else []
