"""Why a request got no answer, in words, from the errors of httpx and of the operating system; any HTTP client's."""

from __future__ import annotations

import os
import socket
import ssl

import httpx

_WHAT_HAPPENED: dict[type[httpx.HTTPError], str] = {
    httpx.ConnectError: "cannot connect",
    httpx.ConnectTimeout: "cannot connect in time",
    httpx.PoolTimeout: "too many requests to it are under way",
}


def told_of(error: httpx.HTTPError) -> str:
    """Describe an error in one sentence, with the operating system's message if there is one."""
    return f"{_WHAT_HAPPENED.get(type(error), 'connection lost')}: {word_of_system(error) or error}".rstrip(": ")


def word_of_system(error: BaseException | None) -> str:
    """Return the message of the deepest operating-system error in a chain; Trio groups those of several addresses.

    Returns:
        Empty if there is none.
    """
    word = ""
    while error is not None:
        # Errors of TLS and of name resolution are OSErrors too, with numbers of their own.
        if isinstance(error, socket.gaierror):
            word = (error.strerror or "").lower()
        elif isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno:
            word = os.strerror(error.errno).lower()
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__ or error.__context__
    return word
