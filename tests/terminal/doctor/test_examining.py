"""Each way in which a peer cannot be reached: the step that fails, why, and what mends it."""

from __future__ import annotations

import json
import os
import pwd
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpcore
import pytest
import trio
from trio.testing import MockClock

from logagent import __version__
from logagent.core.wire.frames import VERSION_HEADER
from logagent.peers.client.tls import client_tls
from logagent.terminal.doctor.command import examine_all
from logagent.terminal.doctor.examining import Tools, examine
from logagent.terminal.doctor.network import MACHINE
from logagent.terminal.doctor.steps import Examination, Peer, State, Step
from testbed.certificates import Pki, make_pki
from testbed.one_server import Answer, Talk, over_tls, says, serving

ID = "0f" * 16


def agent(name: str = "web1", **more: Any) -> Answer:
    """What an agent answers to `GET /healthz`; `headers` and `document` are changed, `status` is its code."""
    headers = {VERSION_HEADER: __version__, "log-agent": f'"{name}";id="{ID}"', "log-takes": "caller"}
    headers |= {"content-type": "application/json", **more.pop("headers", {})}
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    document = {"status": "ok", "name": name, "version": __version__, "time": now, **more.pop("document", {})}
    body = json.dumps({name: value for name, value in document.items() if value is not None}).encode()
    return Answer(headers={name: value for name, value in headers.items() if value}, body=[body], **more)


async def examined(url: str, name: str = "web1", **tools: Any) -> Examination:
    return await examine(Peer(name, url, "`peer` of logagent.toml"), Tools(**tools))


def failing(found: Examination) -> Step:
    """The step that fails; those before it went well, and those after it were not tried."""
    states = [step.state for step in found.steps]
    place = states.index(State.FAILED)
    assert State.NOT_TRIED not in states[:place]
    assert set(states[place + 1 :]) <= {State.NOT_TRIED}
    assert found.steps[place].mend
    return found.steps[place]


def step(found: Examination, name: str) -> Step:
    return next(step for step in found.steps if step.name == name)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"))


def server(pki: Pki, host: str = "good", *, alpn: tuple[str, ...] = ("h2",), asks: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pki.pair(host))
    context.set_alpn_protocols(alpn)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pki.ca)
    return context


async def over_https(pki: Pki, context: ssl.SSLContext, talk: Talk | None = None, **tools: Any) -> Examination:
    with serving(over_tls(context, talk or agent())) as address:
        return await examined(f"https://{address}", **{"tls": client_tls(pki.ca), **tools})


async def over_http(talk: Talk, name: str = "web1", **tools: Any) -> Examination:
    with serving(talk) as address:
        return await examined(f"http://{address}", name, **tools)


async def test_an_agent_that_is_well_passes_each_step(pki: Pki) -> None:
    found = await over_https(pki, server(pki))
    assert found.failing is None
    names = ["address", "port", "tls", "certificate", "http/2", "agent", "name", "refusals", "version", "clock"]
    assert [(step.name, step.state) for step in found.steps] == [(name, State.OK) for name in names]
    assert step(found, "address").said == "127.0.0.1"
    assert step(found, "port").said.startswith("127.0.0.1 in ")
    assert step(found, "tls").said.startswith("good, issued by logagent CA ")
    assert step(found, "certificate").said == "is for good, web1 and 127.0.0.1"
    assert (step(found, "name").said, step(found, "refusals").said) == ("web1", "none, and takes callers")


async def test_a_refused_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found = await examined(f"http://127.0.0.1:{port}")
    assert failing(found) == Step(
        "port",
        State.FAILED,
        "127.0.0.1: connection refused",
        "start the agent there (`systemctl start logagent`), or correct the port: its `listen` says which",
    )


class Ways:
    """A network in which names lead to addresses, and addresses to nowhere or to a real port."""

    def __init__(self, *addresses: str, port: int = 0, error: OSError | None = None) -> None:
        self._addresses = addresses
        self._port = port
        self._error = error
        self.network = self

    async def addresses(self, host: str, port: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        if self._error:
            raise self._error
        return [*self._addresses]

    async def connect_tcp(self, address: str, port: int) -> httpcore.AsyncNetworkStream:
        if address == "blackhole":
            await trio.sleep_forever()
        return await MACHINE.network.connect_tcp(address, port)


async def test_a_blackhole(autojump_clock: MockClock) -> None:
    found = await examined("https://web1:8443", ways=Ways("blackhole", "blackhole"))
    assert failing(found).said == "blackhole: no answer within 5 s; blackhole: no answer within 5 s"
    assert failing(found).mend == "open port 8443 from this host: a firewall drops it, or the machine is off"


async def test_many_blackholes_are_tried_at_the_same_time_but_not_all(autojump_clock: MockClock) -> None:
    peers = [(Peer(f"h{n}", "http://h:1", "x"), Tools(ways=Ways("blackhole"))) for n in range(64)]
    before = trio.current_time()
    found = await examine_all(peers)
    assert [each.peer.name for each in found] == [f"h{n}" for n in range(64)]
    assert 5 <= trio.current_time() - before <= 10


async def test_a_name_without_an_address() -> None:
    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    found = await examined("https://web1:8443", ways=Ways(error=error))
    assert failing(found).said == "web1 has no address: name or service not known"
    assert failing(found).mend == "correct the name in `peer` of logagent.toml, or have DNS or /etc/hosts know it"


async def test_one_of_two_addresses_that_answers_is_used_and_the_other_told() -> None:
    with serving(agent()) as address:
        found = await examined(f"http://{address}", ways=Ways("127.0.0.9", "127.0.0.1"))
    assert found.failing is None
    assert step(found, "port").state is State.WARNING
    assert step(found, "port").said.startswith("127.0.0.9: connection refused; 127.0.0.1 in ")


@pytest.mark.parametrize(
    ("host", "said", "mend"),
    [
        ("ended", "is refused: it ended on ", "`logagent certs host ended DIR --overwrite` makes a new one"),
        ("future", "is refused: it begins on ", "is the clock of this host right?"),
    ],
)
async def test_a_certificate_outside_of_its_life(pki: Pki, host: str, said: str, mend: str) -> None:
    found = failing(await over_https(pki, server(pki, host)))
    assert (found.name, found.mend) == ("tls", mend)
    assert said in found.said


async def test_a_certificate_that_ends_soon(pki: Pki) -> None:
    found = await over_https(pki, server(pki, "soon"))
    assert found.failing is None
    assert step(found, "tls").state is State.WARNING
    assert step(found, "tls").mend == "it ends soon: `logagent certs host soon DIR --overwrite`"


async def test_an_authority_that_is_not_trusted(pki: Pki, tmp_path: Path) -> None:
    found = failing(await over_https(pki, server(pki), tls=client_tls(make_pki(tmp_path / "other").ca)))
    assert found.name == "tls"
    assert "is refused: it is not issued by logagent CA" in found.said
    assert found.mend.startswith("both sides need certificates of one authority")


async def test_a_certificate_for_another_name(pki: Pki) -> None:
    with serving(over_tls(server(pki), agent())) as address:
        port = address.rpartition(":")[2]
        found = await examined(f"https://db-9:{port}", tls=client_tls(pki.ca), ways=Ways("127.0.0.1"))
    assert step(found, "tls").state is State.OK
    assert failing(found).name == "certificate"
    assert failing(found).said.endswith("it is for good, web1 and 127.0.0.1, not for db-9")
    assert "logagent certs host good DIR --address db-9 --overwrite" in failing(found).mend


async def test_an_agent_that_wants_a_certificate_and_is_shown_none(pki: Pki) -> None:
    found = failing(await over_https(pki, server(pki, asks=True)))
    assert found.name == "tls"
    assert "requires a certificate, and none was shown to it" in found.said
    assert "--certs" in found.mend


async def test_a_port_that_speaks_no_tls() -> None:
    with serving(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as address:
        found = failing(await examined(f"https://{address}"))
    assert (found.name, found.said) == ("tls", "https was asked of a port that speaks http")
    assert found.mend == "ask it by http://, or have it listen by https"


def over_http1(**headers: str) -> Talk:
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    body = json.dumps({"status": "ok", "name": "web1", "version": __version__}).encode()
    return says(f"HTTP/1.1 200 OK\r\n{told}content-length: {len(body)}\r\n\r\n".encode() + body)


async def test_a_server_of_http1_only(pki: Pki) -> None:
    talk = over_http1(log_version=__version__, log_agent=f'"web1";id="{ID}"', date=format_datetime(datetime.now(UTC)))
    found = await over_https(pki, server(pki, alpn=("http/1.1",)), talk)
    assert step(found, "http/2").state is State.WARNING
    assert step(found, "http/2").mend.endswith("let the proxy speak HTTP/2 (nginx: `http2 on;`)")


async def test_another_server_than_an_agent() -> None:
    found = failing(await over_http(Answer(status=404, headers={"server": "nginx/1.25.3"}, body=[b"<html>"])))
    assert found.name == "agent"
    assert found.said == "answers 404 to GET /healthz, as no agent does (server: nginx/1.25.3)"
    assert found.mend.startswith("name the port of the agent itself")


async def test_a_server_in_cleartext_that_speaks_no_http2() -> None:
    found = failing(await over_http(says(b"HTTP/1.1 400 Bad Request\r\nserver: nginx\r\n\r\n")))
    assert found.name == "agent"
    assert found.mend


async def test_another_agent_than_the_one_listed() -> None:
    found = failing(await over_http(agent("db-2")))
    assert (found.name, found.said) == ("name", "says that it is db-2, but is listed as web1")
    assert found.mend == "list it as db-2 in `peer` of logagent.toml, or set `name` in its own settings"


async def test_an_agent_that_is_known_by_its_url_alone_may_have_any_name() -> None:
    found = await over_http(agent("db-2"), name="")
    assert (found.failing, step(found, "name").said) == (None, "db-2")


@pytest.mark.parametrize(
    ("version", "said", "mend"),
    [
        ("0.0.9", f"0.0.9, older than {__version__} here", "upgrade that one"),
        ("9.0.0", f"9.0.0, newer than {__version__} here", "upgrade this one"),
    ],
)
async def test_another_version(version: str, said: str, mend: str) -> None:
    found = await over_http(agent(headers={VERSION_HEADER: version}))
    assert found.failing is None
    assert step(found, "version") == Step("version", State.WARNING, said, mend)


async def test_an_agent_that_would_refuse() -> None:
    found = failing(await over_http(agent(document={"refuses": "alice may read nothing here"})))
    assert (found.name, found.said) == ("refusals", "alice may read nothing here")


@pytest.mark.parametrize("status", [401, 403, 421])
async def test_an_agent_that_refuses_with_a_status(status: int) -> None:
    found = failing(
        await over_http(agent(status=status, document={"detail": "addressed by a name that is not its own"}))
    )
    assert found.name == "refusals"
    assert found.said == f"answers {status}: addressed by a name that is not its own"


async def test_an_agent_that_takes_no_callers_where_rules_need_that() -> None:
    old = agent(headers={"log-takes": ""})
    assert (await over_http(old)).failing is None
    found = failing(await over_http(old, rules=True))
    assert found.said == "does not take the caller's identity, which rules here need"
    assert found.mend == "upgrade the agent there"


def shifted(seconds: float, *, exact: bool) -> Answer:
    there = datetime.now(UTC) + timedelta(seconds=seconds)
    told = there.isoformat().replace("+00:00", "Z") if exact else None
    return agent(document={"time": told}, headers={"date": format_datetime(there, usegmt=False)})


@pytest.mark.parametrize(("seconds", "which"), [(300, "ahead of"), (-300, "behind")])
@pytest.mark.parametrize("exact", [True, False])
async def test_a_clock_that_is_apart(seconds: float, which: str, exact: bool) -> None:
    found = failing(await over_http(shifted(seconds, exact=exact)))
    assert found.name == "clock"
    assert found.said.startswith("its clock is at least ")
    assert found.said.endswith(f" s {which} this one's")
    assert "timedatectl" in found.mend


async def test_an_agent_that_tells_no_time() -> None:
    found = await over_http(agent(document={"time": None}))
    assert (found.failing, step(found, "clock").said) == (None, "not known: it tells no time")


async def test_an_agent_that_says_nothing() -> None:
    def silent(connected: socket.socket) -> None:
        while connected.recv(65536):
            pass

    found = failing(await over_http(silent, patience=0.2))
    assert (found.name, found.said) == ("agent", "nothing within 0.2 s")


@pytest.fixture
def unix_socket(tmp_path: Path) -> Iterator[Callable[[bool], Path]]:
    opened: list[socket.socket] = []

    def bound(listens: bool) -> Path:
        one = socket.socket(socket.AF_UNIX)
        opened.append(one)
        one.bind(str(tmp_path / "a.sock"))
        if listens:
            one.listen()
        return tmp_path / "a.sock"

    yield bound
    for one in opened:
        one.close()


async def test_a_unix_socket(unix_socket: Callable[[bool], Path], tmp_path: Path) -> None:
    missing = failing(await examined(f"unix:{tmp_path}/none.sock"))
    assert missing.said == f"{tmp_path}/none.sock does not exist"
    left = failing(await examined(f"unix:{unix_socket(False)}"))
    assert left.said.endswith("a.sock: nobody listens there")
    file = tmp_path / "file"
    file.touch()
    assert failing(await examined(f"unix:{file}")).name == "socket"


async def test_who_listens_at_a_unix_socket(unix_socket: Callable[[bool], Path]) -> None:
    found = await examined(f"unix:{unix_socket(True)}", patience=0.2)

    assert step(found, "socket").said == f"user {pwd.getpwuid(os.geteuid()).pw_name} listens"


def ssh_that(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `ssh` be a program of the test."""
    program = directory / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")


async def test_ssh_that_is_not_let_in_gives_its_own_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh_that(tmp_path, "echo 'alice@web-1: Permission denied (publickey).' >&2; exit 255", monkeypatch)
    found = failing(await examined("ssh://alice@web-1"))
    assert found.name == "ssh"
    assert "Permission denied (publickey)" in found.said
    assert found.mend == "`ssh -o BatchMode=yes alice@web-1` must let this user in without a question"


async def test_an_agent_that_ssh_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh_that(tmp_path, f"exec {sys.executable} -m logagent stdio --name web1 --root {tmp_path}", monkeypatch)
    found = await examined("ssh://web-1", patience=60.0)
    assert found.failing is None
    assert [step.name for step in found.steps] == ["ssh", "agent", "name", "refusals", "version", "clock"]
    assert step(found, "ssh").said.startswith("started an agent within ")


async def test_the_clock_is_judged_by_the_moments_of_asking() -> None:
    sent = Tools(clock=lambda: time.time() - 100)
    with serving(agent()) as address:
        found = await examine(Peer("web1", f"http://{address}", "x"), replace(sent, patience=5.0))
    assert failing(found).said.endswith("ahead of this one's")
