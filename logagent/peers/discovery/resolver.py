"""Asking DNS, over dnspython, which is loaded with the first question."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Any, Protocol

import trio

from logagent.peers.discovery.names import DnsAnswer, DnsRecord, RecordType

if TYPE_CHECKING:
    from dns.message import QueryMessage
    from dns.resolver import Answer

LONGEST = 5.0
"""Seconds for an answer, from whichever of the servers, as programs wait by resolv.conf(5)."""
PAYLOAD = 1232
"""Bytes of an answer over UDP, which fit into one packet on any path; larger ones come over TCP."""
NO_TTL = 30.0
"""Seconds for which an empty answer holds that does not say for how long: servers must, but not all do (RFC 2308)."""
DNS_PORT = 53
"""The port of a server of DNS."""


class DnsFailure(Exception):
    """DNS has not answered; the message says why."""


class Resolver(Protocol):
    """Looks names up."""

    async def look_up(self, name: str, record_type: RecordType) -> DnsAnswer:
        """Return what DNS says of a name.

        Raises:
            DnsFailure: if it does not answer, or answers that it failed: then nothing is known.
        """
        ...


class DnsResolver:
    """Looks names up with the servers of this machine, or with one that is given.

    Args:
        server: the address of a server, and maybe its port; empty: those of `/etc/resolv.conf`, which is read each
            time, since it changes with the network.
    """

    def __init__(self, server: str = "") -> None:
        self._server = server

    async def look_up(self, name: str, record_type: RecordType) -> DnsAnswer:
        """Return what DNS says of a name; see `Resolver.look_up`.

        With a server of its own, the name is taken as it stands; else it is completed as `/etc/resolv.conf` says.
        """
        import dns.exception
        from dns import asyncresolver, resolver

        try:
            with trio.fail_after(LONGEST):
                asked = self._made(asyncresolver)
                answer = await asked.resolve(name, record_type.value, search=not self._server, lifetime=LONGEST)
                return _answer_in(answer)
        except (resolver.NXDOMAIN, resolver.NoAnswer) as nothing:
            return DnsAnswer((), _negative_ttl(nothing))
        except (trio.TooSlowError, dns.exception.Timeout):
            raise DnsFailure(f"no answer within {LONGEST:g} s{self._of_server}") from None
        except resolver.NoNameservers as failed:
            raise DnsFailure(f"{_why(failed)}{self._of_server}") from None
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise DnsFailure(f"{str(error) or type(error).__name__}{self._of_server}") from None

    @property
    def _of_server(self) -> str:
        return f" from {self._server}" if self._server else " from the servers in /etc/resolv.conf"

    def _made(self, asyncresolver: Any) -> Any:
        made = asyncresolver.Resolver(configure=not self._server)
        if self._server:
            host, port = host_and_port(self._server)
            made.nameservers, made.port = [host], port
        made.use_edns(0, 0, PAYLOAD)
        return made


def host_and_port(server: str) -> tuple[str, int]:
    """Return the address and the port of a server of DNS, such as `10.0.0.53`, `127.0.0.1:8600` or `[::1]:53`."""
    try:
        return str(ipaddress.ip_address(server.strip("[]"))), DNS_PORT
    except ValueError:
        host, _, port = server.rpartition(":")
        return host.strip("[]"), int(port)


def _answer_in(answer: Answer) -> DnsAnswer:
    records = tuple(_record(one) for one in answer)
    return DnsAnswer(records, max(answer.expiration - time.time(), 0.0))


def _record(data: Any) -> DnsRecord:
    if data.rdtype.name == RecordType.SRV:
        host = data.target.to_text(omit_final_dot=True)
        return DnsRecord(host, data.port, data.priority, data.weight)
    return DnsRecord(data.address)


def _negative_ttl(nothing: Any) -> float:
    """Return for how long there is nothing, as the zone's SOA in the answer says."""
    responses = nothing.kwargs.get("responses") or {None: nothing.kwargs.get("response")}
    ttls = [_ttl_of(response) for response in responses.values() if response is not None]
    return min(ttls, default=NO_TTL)


def _ttl_of(response: QueryMessage) -> float:
    try:
        return response.resolve_chaining().minimum_ttl if response.authority else NO_TTL
    except Exception:  # whatever dnspython dislikes of the chain: what there is of it says that there is nothing
        return NO_TTL


def _why(failed: Any) -> str:
    """Return in words why no server has answered, from the errors of all attempts."""
    reasons = [str(error[3]) or type(error[3]).__name__ for error in failed.kwargs.get("errors", ())]
    return "; ".join(dict.fromkeys(reasons)) or "there is no server to ask"
