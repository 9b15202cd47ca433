"""One peer examined: each step of reaching it tried after the other, until one fails."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import time
from urllib.parse import urlsplit

import httpcore
import httpx
import trio

from logagent.core.outcome import Failure
from logagent.core.wire.certificate_faults import WRONG_NAME
from logagent.core.wire.certificates import EXPIRES_SOON, listed, moment, read_certificates
from logagent.peers.client.addresses import UNIX
from logagent.peers.client.credentials import Credential
from logagent.peers.client.exchange import TlsBroken, TlsFailure
from logagent.peers.client.http_client import OVER_SSH, connect
from logagent.peers.client.reasons import reason
from logagent.peers.client.tls import AgentTls, system_tls
from logagent.peers.client.tls_connection import TlsConnection, start_tls
from logagent.peers.client.words import word_of_system
from logagent.peers.health import MAX_HEALTH
from logagent.peers.source import read_at_most
from logagent.ssh_address import is_ssh
from logagent.terminal.doctor import telling
from logagent.terminal.doctor.network import MACHINE, PinnedNetwork, WaysToPeers, listener_of, of_system
from logagent.terminal.doctor.steps import Examination, Peer, State, Step, StepFailed
from logagent.terminal.doctor.telling import ToldHealth

FIRST_WORD = 0.5
"""Seconds for the first word after a handshake: agents begin with one, and others need not."""
_PORTS = {"http": 80, "https": 443}

Found = tuple[State, str, str]
"""What a step found: its state, what is said of it, and what to do."""


@dataclass(frozen=True)
class Tools:
    """What a peer is examined with.

    Attributes:
        tls: what is trusted and shown; None: the system's authorities are, and nothing.
        credential: a token; None: none is sent.
        rules: whether this host has rules.
        patience: seconds for each step.
        ways: lead to machines.
        clock: seconds since the epoch.
    """

    tls: ssl.SSLContext | None = None
    credential: Credential | None = None
    rules: bool = False
    patience: float = 5.0
    ways: WaysToPeers = field(default_factory=lambda: MACHINE)
    clock: Callable[[], float] = time


async def examine(peer: Peer, tools: Tools) -> Examination:
    """Try each step of reaching a peer."""
    return await _Examined(peer, tools).run()


class _Examined:
    def __init__(self, peer: Peer, tools: Tools) -> None:
        self._peer = peer
        self._tools = tools
        self._addresses: list[str] = []
        self._reached = ""
        self._stream: httpcore.AsyncNetworkStream | None = None
        self._tls: TlsConnection | None = None
        self._misnamed: StepFailed | None = None
        self._client: httpx.AsyncClient | None = None
        self._told = ToldHealth(0, {}, b"", 0.0, 0.0)

    async def run(self) -> Examination:
        found: list[Step] = []
        try:
            for name, step in self._steps().items():
                if found and found[-1].state in (State.FAILED, State.NOT_TRIED):
                    found.append(Step(name, State.NOT_TRIED))
                    continue
                found.append(await self._tried(name, step))
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 1.0):
                await self._close()
        return Examination(self._peer, tuple(found))

    def _steps(self) -> dict[str, Callable[[], Awaitable[Found]]]:
        reach: dict[str, Callable[[], Awaitable[Found]]]
        if is_ssh(self._peer.url):
            reach = {"ssh": self._ssh}
        elif self._peer.url.startswith(UNIX):
            reach = {"socket": self._socket}
        else:
            reach = {"address": self._address, "port": self._port}
        if self._peer.url.startswith("https:"):
            reach |= {"tls": self._handshake, "certificate": self._certificate, "http/2": self._protocol}
        reach |= {"agent": self._agent, "name": self._name}
        return reach | {"refusals": self._refusals, "version": self._version, "clock": self._clock}

    async def _tried(self, name: str, step: Callable[[], Awaitable[Found]]) -> Step:
        try:
            with trio.fail_after(self._tools.patience + (OVER_SSH if name == "ssh" else 0.0)):
                state, said, mend = await step()
            return Step(name, state, said, mend)
        except StepFailed as failed:
            return Step(name, State.FAILED, failed.said, failed.mend)
        except trio.TooSlowError:
            said = f"nothing within {self._tools.patience:g} s"
            mend = "look on that host whether the agent hangs, or whether something between drops what it sends"
            return Step(name, State.FAILED, said, mend)

    async def _close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
        if self._stream is not None:
            await self._stream.aclose()

    @property
    def _host(self) -> str:
        return urlsplit(self._peer.url).hostname or ""

    @property
    def _port_number(self) -> int:
        parts = urlsplit(self._peer.url)
        return parts.port or _PORTS[parts.scheme]

    async def _socket(self) -> Found:
        await trio.lowlevel.checkpoint()
        user = listener_of(self._peer.url.removeprefix(UNIX))
        self._reached = self._peer.url
        return State.OK, f"user {user} listens", ""

    async def _address(self) -> Found:
        try:
            self._addresses = await self._tools.ways.addresses(self._host, self._port_number)
        except OSError as error:
            mend = f"correct the name in {self._peer.where}, or have DNS or /etc/hosts know it"
            raise StepFailed(f"{self._host} has no address: {of_system(error)}", mend) from None
        return State.OK, ", ".join(self._addresses), ""

    async def _port(self) -> Found:
        """Connect to each address, all at the same time, and keep the first connection."""
        said: dict[str, str] = {}
        async with trio.open_nursery() as nursery:
            for address in self._addresses:
                nursery.start_soon(self._connect, address, said)
        told = "; ".join(said[address] for address in self._addresses)
        if not self._reached:
            raise StepFailed(told, _mend_port("; ".join(said.values()), self._port_number))
        if len(said) > 1 and any(" in " not in each for each in said.values()):
            return State.WARNING, told, "take the addresses that do not answer out of DNS, or listen there too"
        return State.OK, told, ""

    async def _connect(self, address: str, said: dict[str, str]) -> None:
        began = trio.current_time()
        said[address] = f"{address}: no answer within {self._tools.patience:g} s"
        with trio.move_on_after(self._tools.patience * 0.9):
            try:
                stream = await self._tools.ways.network.connect_tcp(address, self._port_number)
            except (httpcore.ConnectError, OSError) as error:
                said[address] = f"{address}: {word_of_system(error) or error}"
                return
            said[address] = f"{address} in {(trio.current_time() - began) * 1000:.1f} ms"
            if self._reached:
                await stream.aclose()
            else:
                self._reached, self._stream = address, stream

    async def _handshake(self) -> Found:
        context = self._tools.tls or system_tls()
        context.set_alpn_protocols(["h2", "http/1.1"])
        assert self._stream is not None, "the port was reached"
        try:
            self._tls = await start_tls(self._stream, context, self._host)
        except TlsFailure as failure:
            said, mend = _apart(str(failure))
            cause = failure.__cause__.__cause__ if failure.__cause__ else None
            if isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code in WRONG_NAME:
                self._misnamed = StepFailed(said, mend)
                return State.OK, "its certificate is trusted", ""
            raise StepFailed(said, mend) from None
        self._stream = self._tls
        await _hear_objection(self._tls)
        return _trusted(self._tls, context, self._tools.clock())

    async def _certificate(self) -> Found:
        await trio.lowlevel.checkpoint()
        if self._misnamed is not None:
            raise self._misnamed
        assert self._tls is not None, "after the handshake"
        shown = self._tls.get_extra_info("ssl_object").getpeercert(binary_form=True)
        names = [name for each in read_certificates(shown or b"")[:1] for name in each.names]
        return State.OK, f"is for {listed(names)}", ""

    async def _protocol(self) -> Found:
        await trio.lowlevel.checkpoint()
        assert self._tls is not None, "after the handshake"
        agreed = self._tls.get_extra_info("ssl_object").selected_alpn_protocol()
        if agreed == "h2":
            return State.OK, "agreed on by ALPN", ""
        said = "agreed on HTTP/1.1 only; a proxy may stand before the agent"
        return State.WARNING, said, "name the agent's own port, or let the proxy speak HTTP/2 (nginx: `http2 on;`)"

    async def _ssh(self) -> Found:
        """Have ssh start the agent, and ask it: what ssh says is the reason where that fails."""
        self._client = connect(self._peer.url, credential=self._tools.credential)
        self._told = await self._asked()
        return State.OK, f"started an agent within {self._told.took:.1f} s", ""

    async def _agent(self) -> Found:
        if self._client is not None:
            return State.OK, telling.check_agent(self._told), ""
        if self._stream is not None:
            await self._stream.aclose()
        network = PinnedNetwork(self._tools.ways.network, self._reached)
        self._client = connect(self._peer.url, tls=self._tools.tls, network=network, credential=self._tools.credential)
        self._told = await self._asked()
        return State.OK, telling.check_agent(self._told), ""

    async def _asked(self) -> ToldHealth:
        assert self._client is not None, "made before"
        began, sent = trio.current_time(), self._tools.clock()
        try:
            async with self._client.stream("GET", "/healthz") as response:
                body = await read_at_most(response, MAX_HEALTH)
        except httpx.HTTPError as error:
            raise StepFailed(*_apart(reason(error))) from None
        except Failure as failure:
            raise StepFailed(*_apart(failure.message)) from None
        return ToldHealth(response.status_code, dict(response.headers), body, sent, trio.current_time() - began)

    async def _name(self) -> Found:
        await trio.lowlevel.checkpoint()
        return State.OK, telling.check_name(self._told, self._peer), ""

    async def _refusals(self) -> Found:
        await trio.lowlevel.checkpoint()
        return State.OK, telling.check_refusals(self._told, rules=self._tools.rules), ""

    async def _version(self) -> Found:
        await trio.lowlevel.checkpoint()
        step = telling.judge_version(self._told)
        return step.state, step.said, step.mend

    async def _clock(self) -> Found:
        """Ask once more: the first answer took the time of connecting, too, by which no clock can be told."""
        return State.OK, telling.check_clock(await self._asked()), ""


async def _hear_objection(tls: TlsConnection) -> None:
    """Wait for the first word of the agent: with TLS 1.3 it refuses after the handshake what it was shown."""
    with trio.move_on_after(FIRST_WORD):
        try:
            await tls.read(1)
        except TlsBroken as broken:
            raise StepFailed(*_apart(str(broken))) from None
        except httpcore.NetworkError:
            pass  # the next step tells more of it


def _trusted(tls: TlsConnection, context: ssl.SSLContext, now: float) -> Found:
    shown = tls.get_extra_info("ssl_object").getpeercert(binary_form=True)
    certificate = next(iter(read_certificates(shown or b"")), None)
    whose = "an authority given" if isinstance(context, AgentTls) and context.authority else "the system's authorities"
    if certificate is None:
        return State.OK, f"trusted by {whose}", ""
    said = f"{certificate.subject}, issued by {certificate.issuer}, ends {moment(certificate.ends)}; {whose} trusted"
    if certificate.ends - now < EXPIRES_SOON:
        return State.WARNING, said, f"it ends soon: `logagent certs host {certificate.subject} DIR --overwrite`"
    return State.OK, said, ""


def _apart(why: str) -> tuple[str, str]:
    """Return why a step failed, and what to do, which the words of the network name behind a semicolon or colon."""
    for mark in ("; ", ": "):
        said, found, mend = why.rpartition(mark)
        if found:
            return said, mend
    return why, "name the port of an agent, as `listen` in its settings says it"


def _mend_port(said: str, port: int) -> str:
    if "refused" in said:
        return "start the agent there (`systemctl start logagent`), or correct the port: its `listen` says which"
    if "no answer" in said:
        return f"open port {port} from this host: a firewall drops it, or the machine is off"
    return "correct the address, or the route to it: `ip route get ADDRESS` says which one is taken"
