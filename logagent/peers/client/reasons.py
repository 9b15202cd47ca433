"""Why another agent gave no answer, in words for people."""

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


def reason(error: httpx.HTTPError) -> str:
    """One sentence, with the operating system's own word where it has one."""
    return f"{_WHAT_HAPPENED.get(type(error), 'connection lost')}: {_word_of_system(error) or error}".rstrip(": ")


def _word_of_system(error: BaseException | None) -> str:
    """Of a chain of errors the deepest that the operating system gave. Trio groups those of several addresses."""
    word = ""
    while error is not None:
        # Errors of TLS and of names are OSErrors too, with numbers of their own.
        if isinstance(error, OSError) and not isinstance(error, ssl.SSLError | socket.gaierror) and error.errno:
            word = os.strerror(error.errno).lower()
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__ or error.__context__
    return word
