"""The agent of this very host, for a command that names none: where its settings say that it listens.

A file of settings describes it, or, as in a container, the environment that it was started with.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.config.given import Given, from_environment, from_file
from logagent.config.patterns import filled

_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_DEFAULT_LISTEN = "127.0.0.1:8000"


class OwnAgent(NamedTuple):
    """The agent of this host, by its settings.

    Attributes:
        url: where it is reached from this host.
        where: what described it, for messages.
        name: its host's name.
        given: the settings that were found, by name.
    """

    url: str
    where: str
    name: str
    given: Mapping[str, Given]

    def path(self, setting: str) -> Path | None:
        """Return the path that a setting holds, if it is given."""
        given = self.given.get(setting)
        return given.base / given.texts[-1] if given else None


def own_agent(environ: Mapping[str, str], usual: str) -> OwnAgent | None:
    """Return the agent that settings of this host describe; None if there are none that say where it listens.

    Args:
        usual: the file of settings that is looked for where `LOGAGENT_CONFIG` names none.

    Raises:
        ConfigError: for settings that cannot be used.
    """
    in_environment = bool(environ.get("LOGAGENT_LISTEN"))
    file = _file(environ, usual)
    if file is None and not in_environment:
        return None
    read = {**(from_file(file) if file else {}), **(from_environment(environ) if in_environment else {})}
    given = filled(read, socket.gethostname())
    where = "LOGAGENT_LISTEN" if in_environment else str(file)
    listen = given.get("listen") or Given((_DEFAULT_LISTEN,), where)
    secure = "certs" in given or "tls_certificate" in given
    urls = [url for text in listen.texts if (url := _reached(text, listen, secure=secure))]
    if not urls:
        return None
    name = given["name"].texts[-1] if "name" in given else socket.gethostname().partition(".")[0]
    return OwnAgent(min(urls, key=_distance), where, name, given)


def _file(environ: Mapping[str, str], usual: str) -> Path | None:
    named = environ.get("LOGAGENT_CONFIG")
    if named:
        return Path(named)
    # A file that this user may not read describes nothing to him: the default address is asked, as without it.
    return Path(usual) if os.access(usual, os.R_OK) else None


def _reached(text: str, listen: Given, *, secure: bool) -> str | None:
    """Return the URL by which this host reaches an address that is listened on; None if its port is not known."""
    try:
        address = values.address(text)
    except ValueError as error:
        raise ConfigError(listen.where, str(error)) from None
    if isinstance(address, values.UnixAddress):
        return f"{values.UNIX}{(listen.base / address.path).absolute()}"
    if address.port == 0:
        return None
    host = _LOOPBACK_OF.get(address.host, address.host)
    return address._replace(host=host, tls=secure if address.tls is None else address.tls).url


def nearest(listen: Iterable[str]) -> str:
    """Return the URL by which this host reaches an agent that listens on some; empty if no port is known.

    Args:
        listen: URLs, each with a scheme and a port, or of a Unix socket.
    """
    given = Given((), "listen")
    urls = [reached for url in listen if (reached := _reached(url, given, secure=True))]
    return min(urls, key=_distance, default="")


def _distance(url: str) -> int:
    """Return the rank of a way to the agent: in cleartext on this host, which needs no certificate, before others."""
    if values.is_unix(url):
        return 1
    parts = urlsplit(url)
    if parts.scheme == "https":
        return 3
    return 0 if values.is_loopback(parts.hostname or "") else 2
