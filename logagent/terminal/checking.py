"""Arguments checked by the readers that an agent has for the parameters of a request.

So a mistake is reported before anything is sent, with the agent's message, but with the name of the flag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from logagent.config.errors import ConfigError
from logagent.core.query import BadParameter, Query

Parameters = Mapping[str, Sequence[str]]
"""The values of a request's parameters by name; no values: the parameter is left out."""


def checked(parameters: Parameters, read: Callable[[bytes], Query], flags: Mapping[str, str]) -> Query:
    """Make a query of parameters as an agent would.

    Args:
        read: the agent's reader of a URL's query string.
        flags: by the parameter's name, the name of its argument if that is not `--` and the parameter's name.

    Raises:
        ConfigError: for the first value that cannot be used.
    """
    try:
        return read(urlencode(parameters, doseq=True, errors="surrogateescape").encode())
    except BadParameter as wrong:
        raise ConfigError(flags.get(wrong.name, "--" + wrong.name.replace("_", "-")), wrong.reason) from None


def given(text: str | None) -> list[str]:
    """Return the values of a flag that takes one value and may be left out."""
    return [] if text is None else [text]


def when(is_set: bool, value: str = "true") -> list[str]:
    """Return the values of a parameter that is sent only if a switch is set."""
    return [value] if is_set else []
