"""The listeners of an agent: opened as its settings say, and changed when these are read anew."""

from __future__ import annotations

import errno
import ssl
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.config.values import UNIX
from logagent.web.server.accepting import Accepting
from logagent.web.server.listening import Listener, listen_on_all, listen_unix

_SECURE = "https://"


class _Place(NamedTuple):
    """Where to listen: an address without its scheme, told from the same one given before, as `127.0.0.1:0` may be."""

    address: str
    number: int


class Change(NamedTuple):
    """Listeners that are open, and what is to become of those that were open before; see `Openings.commit`.

    Attributes:
        listeners: by their place, all that are to be open.
        opened: those that were not open before.
        taken: whether a new one has to wait for a restart, since an old one holds its port until then.
    """

    listeners: Mapping[_Place, list[Listener]]
    opened: list[Listener]
    taken: bool

    def give_up(self) -> None:
        """Close what was opened for it."""
        for listener in self.opened:
            listener.close()


class Openings:
    """The open listeners of one agent.

    Args:
        settings: say where to listen.
        tls: of those that speak https; None: none does.

    Attributes:
        accepting: accepts connections on them.

    Raises:
        ConfigError: for https without a certificate.
        OSError: for a place where nobody can listen.
    """

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None) -> None:
        self._open: Mapping[_Place, list[Listener]] = {}
        self._open = self.changed(settings, tls).listeners
        self.accepting = Accepting(listener for listeners in self._open.values() for listener in listeners)

    @property
    def addresses(self) -> list[str]:
        """The URLs at which clients reach the agent."""
        return [listener.address for listeners in self._open.values() for listener in listeners]

    def addresses_after(self, change: Change, settings: Settings) -> list[str]:
        """Return the URLs at which clients reach the agent once a change is committed."""
        if change.taken:
            return self.addresses
        urls = _places(settings.listen)
        each = [(urls[place], listener.address) for place, several in change.listeners.items() for listener in several]
        return [f"{urlsplit(url).scheme}:{address.partition(':')[2]}" for url, address in each]

    def changed(self, settings: Settings, tls: ssl.SSLContext | None) -> Change:
        """Open what settings ask for and what is not open yet; nothing else is changed.

        Raises:
            ConfigError: for https without a certificate.
            OSError: for a place where nobody can listen; then nothing is left open.
        """
        wanted = _places(settings.listen)
        if tls is None and (url := next((url for url in wanted.values() if url.startswith(_SECURE)), None)):
            raise ConfigError("listen", f"{url} needs a certificate and its key; see --certs")
        gone = {place: listeners for place, listeners in self._open.items() if place not in wanted}
        with ExitStack() as opened:
            listeners: dict[_Place, list[Listener]] = {}
            for place, url in wanted.items():
                try:
                    listeners[place] = self._open.get(place) or _opened(settings, url, tls)
                except OSError as error:
                    if error.errno == errno.EADDRINUSE and _holds_port_of(url, gone):
                        return Change(self._open, [], taken=True)
                    raise
                if place not in self._open:
                    for listener in listeners[place]:
                        opened.callback(listener.close)
            opened.pop_all()
        new = [listener for place, several in listeners.items() if place not in self._open for listener in several]
        return Change(listeners, new, taken=False)

    async def commit(self, change: Change, settings: Settings, tls: ssl.SSLContext | None, *, drain: bool) -> None:
        """Accept connections where settings say so, and nowhere else.

        Args:
            change: from `changed` with these settings and this TLS.
            drain: whether connections over TLS are drained that were accepted before.
        """
        before, self._open = self._open, change.listeners
        for listener in self.accepting.listeners:
            if listener.file is not None:
                listener.file.regulate(settings.listen_mode, settings.listen_group)
        for listener in change.opened:
            self.accepting.add(listener)
        secure = {place: url.startswith(_SECURE) for place, url in _places(settings.listen).items()}
        for place, listeners in before.items():
            for listener in listeners:
                if place not in change.listeners:
                    await self.accepting.remove(listener)
                elif not change.taken:
                    await self._renew(listener, tls if secure[place] else None, drain=drain)
                elif listener.tls is not None:
                    await self._renew(listener, tls, drain=drain)

    async def _renew(self, listener: Listener, tls: ssl.SSLContext | None, *, drain: bool) -> None:
        other_scheme = (listener.tls is None) != (tls is None)
        if listener.tls is not tls:
            listener.tls = tls
            await self.accepting.renew(listener, tls, drain=other_scheme or (drain and tls is not None))


def _places(urls: tuple[str, ...]) -> dict[_Place, str]:
    """Return the URLs of listeners by their places."""
    counted: Counter[str] = Counter()
    places = {}
    for url in urls:
        address = url if url.startswith(UNIX) else urlsplit(url).netloc
        counted[address] += 1
        places[_Place(address, counted[address])] = url
    return places


def _holds_port_of(url: str, listeners: Mapping[_Place, list[Listener]]) -> bool:
    port = None if url.startswith(UNIX) else urlsplit(url).port
    ports = {urlsplit(one.address).port for several in listeners.values() for one in several if one.file is None}
    return port in ports


def _opened(settings: Settings, url: str, tls: ssl.SSLContext | None) -> list[Listener]:
    if url.startswith(UNIX):
        return [listen_unix(Path(url.removeprefix(UNIX)), settings.listen_mode, settings.listen_group)]
    parts = urlsplit(url)
    return listen_on_all(parts.hostname or "", parts.port or 0, tls if parts.scheme == "https" else None)
