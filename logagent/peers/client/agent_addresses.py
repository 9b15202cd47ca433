"""The addresses of one agent, and at which of them it takes connections and then says nothing.

A machine that hangs may still greet: its kernel takes connections, and what stands before it speaks TLS. A question
that got no head of an answer there has got nothing, so it is asked again at another address of the same agent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import trio

from logagent.peers.client.exchange import ONLY_ASKING
from logagent.peers.client.first_to_answer import Address
from logagent.peers.client.h1_connection import Http1Connection
from logagent.peers.client.h2_connection import Http2Connection

HEAD_TIMEOUT = 2.5
"""Seconds for the head of an answer where the agent may be asked at another address: one that works sends it within
one, and half of the usual patience is left for the other address."""
SILENT = 60.0
"""Seconds for which an address that has sent no head in time is left out where there is another one."""

_Connection = Http1Connection | Http2Connection


class AgentAddresses:
    """What is known of the addresses of one agent."""

    def __init__(self) -> None:
        self._addresses: tuple[Address, ...] = ()
        self._silent: dict[Address, float] = {}
        self._leads_to: WeakKeyDictionary[_Connection, Address] = WeakKeyDictionary()

    def to_try(self, addresses: Sequence[Address]) -> list[Address]:
        """Return at which of its addresses a connection is tried: all, if it was silent at all of them."""
        self._addresses = tuple(addresses)
        return self._speaking() or list(addresses)

    def note(self, connection: _Connection, address: Address) -> None:
        """Note where a connection leads."""
        self._leads_to[connection] = address

    def time_for_head(self, connection: _Connection, method: str) -> float:
        """Return the seconds for the head of an answer on a connection; without end if it is asked nowhere else.

        Args:
            connection: on which the request was sent.
            method: of the request.
        """
        here = self._leads_to.get(connection)
        may_repeat = method in ONLY_ASKING and any(address != here for address in self._speaking())
        return HEAD_TIMEOUT if may_repeat else math.inf

    def note_silence(self, connection: _Connection) -> None:
        """Note that no head came in time, and let no other request use the connection."""
        connection.retire()
        if (address := self._leads_to.get(connection)) is not None:
            self._silent[address] = trio.current_time() + SILENT

    def _speaking(self) -> list[Address]:
        now = trio.current_time()
        return [address for address in self._addresses if self._silent.get(address, now) <= now]
