"""With rules, nothing is asked of agents of earlier revisions, which look at no caller, and they get nothing."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import hpack
from hyperframe.frame import Frame, HeadersFrame
from proving import Checks, agent, must, run

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
RULES = '[[rule]]\nwho = ["unix:*"]\naccess = "allow"\n'
ACTING = '[acting]\nasked = "unix"\n'
ROUTES = ("/logs?filename=app.log&n=2", "/hits?filename=app.log", "/files?filename=app.log", "/hosts")
TOO_OLD = "does not take the caller's identity, which rules here need: upgrade it"


def with_rules(checks: Checks, tree: Path, earlier: Path, root: Path, into: Path) -> None:
    """Ask agents with rules that have agents of the earlier revision as peers, and the other way round.

    Args:
        into: a directory for settings and certificates.
    """
    into.mkdir()
    rules, acting = into / "rules.toml", into / "acting.toml"
    rules.write_text(RULES)
    acting.write_text(RULES + ACTING)
    with agent(tree, "other", root) as url, agent(tree, "asked", root, *_peer(url), "--config", str(rules)) as first:
        checks.equal("new with rules asks new: of other", {said_of_other(first, route) for route in ROUTES}, {""})
    with agent(earlier, "other", root) as url, relayed(url) as relay:
        with agent(tree, "asked", root, *_peer(relay.url), "--config", str(rules)) as first:
            told = [said_of_other(first, route) for route in ROUTES]
        if all(told):
            checks.check("new with rules asks old: named by each route", all(TOO_OLD in said for said in told), told[0])
            checks.equal("new with rules asks old: what it is asked", relay.asked(), {"/healthz"})
        else:
            checks.note("the earlier revision takes callers")
    secured = ("--certs", str(_certificates(tree, into / "certs")))
    with agent(tree, "other", root, *secured, "--config", str(acting)) as url:
        for code, names in ((tree, "new"), (earlier, "old")):
            with agent(code, "asked", root, *secured, "--listen", "http://127.0.0.1:0", *_peer(url)) as first:
                said = said_of_other(first.rpartition(", ")[2], ROUTES[0])
                wanted = "must say for whom" if code is earlier and all(told) else ""  # else it says for whom it asks
                checks.check(
                    f"{names} asks new with rules: of other", wanted in said and bool(said) is bool(wanted), said
                )


def _peer(url: str) -> tuple[str, str]:
    return "--peer", f"other={url}"


def _certificates(tree: Path, directory: Path) -> Path:
    command = ["env", f"PYTHONPATH={tree}", sys.executable, "-m", "logagent", "certs"]
    must([*command, "init", directory])
    for host in ("asked", "other"):
        must([*command, "host", host, directory, "--address", "127.0.0.1"])
    return directory


def said_of_other(url: str, route: str) -> str:
    """What an answer says of `other`: empty where it was asked and has answered."""
    kind = "application/x-ndjson" if route.startswith("/logs") else "application/json"
    answer = run(["curl", "-s", "--http2-prior-knowledge", "-m", "60", "-H", f"accept: {kind}", url + route]).stdout
    document = json.loads(answer.splitlines()[-1])
    hosts = document.get("end", document)["hosts"]
    return "".join(host["message"] for host in hosts if host.get("host", host.get("name")) == "other")


class Relay:
    """Passes connections on to an agent in cleartext, and keeps what is asked."""

    def __init__(self, agent_url: str, listener: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._to = (urlsplit(agent_url).hostname, urlsplit(agent_url).port)
        self._sent: list[bytearray] = []
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._to)
                self._sent.append(bytearray())
                threading.Thread(target=_pass_on, args=(client, server, self._sent[-1]), daemon=True).start()
                threading.Thread(target=_pass_on, args=(server, client, bytearray()), daemon=True).start()

    def asked(self) -> set[str]:
        """Return the paths that were asked for."""
        return {path.partition("?")[0] for sent in self._sent for path in _paths(bytes(sent))}


def _pass_on(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    with suppress(OSError), sink:
        while received := source.recv(1 << 16):
            kept += received
            sink.sendall(received)


def _paths(sent: bytes) -> Iterator[str]:
    decoder, at = hpack.Decoder(), len(PREFACE)
    while at + 9 <= len(sent):
        frame, length = Frame.parse_frame_header(memoryview(sent)[at : at + 9])
        frame.parse_body(memoryview(sent)[at + 9 : at + 9 + length])
        at += 9 + length
        if isinstance(frame, HeadersFrame):
            yield str(dict(decoder.decode(frame.data))[":path"])


@contextmanager
def relayed(url: str) -> Iterator[Relay]:
    """Relay connections to an agent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Relay(url, listener)
