"""What the proofs on hosts with links of their own share: network namespaces on one bridge, and agents in them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from proving import HOSTS, Checks, must, not_working, run

PREFIX = f"logagent-{os.getpid()}"
SWITCH = f"{PREFIX}-switch"
PATIENCE = 3
"""Seconds; more than a TCP connection needs to recover from a second without a link."""
READY = 30
"""Seconds in which an agent that is told to end has ended."""
PYTHON = Path(sys.executable)
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("LOGAGENT_")}


def namespace(host: str) -> str:
    return f"{PREFIX}-{host}"


def inside(host: str) -> list[str]:
    """What makes a command run on a host."""
    return ["ip", "netns", "exec", namespace(host)]


def address(host: str) -> str:
    """From the ranges that are set aside for documentation (RFC 5737, RFC 3849); one host has IPv6 only."""
    number = HOSTS.index(host) + 10
    return f"2001:db8::{number}" if host == "secondary-3" else f"192.0.2.{number}"


def ip(command: str) -> None:
    must(["ip", *command.split()])


@contextlib.contextmanager
def network(hosts: Sequence[str] = HOSTS) -> Iterator[None]:
    """A namespace for each host, and one for the bridge between them, where no firewall of this machine reaches."""
    try:
        ip(f"netns add {SWITCH}")
        ip(f"-n {SWITCH} link add bridge type bridge stp_state 0 forward_delay 0")
        ip(f"-n {SWITCH} link set bridge up")
        for host in hosts:
            _plug_in(host)
        yield
    finally:
        for name in (SWITCH, *map(namespace, hosts)):
            run(["ip", "netns", "del", name])


def _plug_in(host: str) -> None:
    name = namespace(host)
    number = HOSTS.index(host) + 10
    ip(f"netns add {name}")
    ip(f"-n {name} link add eth0 type veth peer name {host} netns {SWITCH}")
    ip(f"-n {SWITCH} link set {host} master bridge up")
    ip(f"-n {name} link set lo up")
    ip(f"-n {name} address add 192.0.2.{number}/24 dev eth0")
    ip(f"-n {name} address add 2001:db8::{number}/64 dev eth0 nodad")
    ip(f"-n {name} link set eth0 up")


def link(host: str, state: str) -> None:
    """Pull a host's cable out of the switch (down) or put it back (up); the host itself is told nothing."""
    ip(f"-n {SWITCH} link set {host} {state}")


class Cluster:
    """The agents, as processes; the first of the hosts is the primary, and asks the others."""

    def __init__(self, directory: Path, hosts: Sequence[str] = HOSTS) -> None:
        self._directory = directory
        self._hosts = hosts
        self._agents: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self) -> None:
        """Certificates, and directories for logs."""
        certs = self._directory / "certs"
        must([PYTHON, "-m", "logagent", "certs", "init", certs])
        for host in self._hosts:
            must([PYTHON, "-m", "logagent", "certs", "host", host, certs, "--address", address(host)])
            (self._directory / host).mkdir()

    def start(self, *hosts: str) -> None:
        for host in hosts:
            with (self._directory / f"{host}.stderr").open("ab") as stderr:
                self._agents[host] = subprocess.Popen(
                    self._command(host), stdout=subprocess.PIPE, stderr=stderr, env=ENVIRON
                )
        for host in hosts:
            stdout = self._agents[host].stdout
            if stdout is None or not stdout.readline():
                sys.exit(f"cannot go on: {host} did not start\n{self.said(host)}")

    def _command(self, host: str) -> list[str]:
        peers = [f"--peer={name}={self._url(name)}" for name in self._hosts[1:] if host == self._hosts[0]]
        return [
            *(*inside(host), str(PYTHON), "-m", "logagent", "serve", f"--name={host}"),
            *(f"--root={self._directory / host}", f"--certs={self._directory / 'certs'}"),
            *("--listen=http://127.0.0.1:8000", f"--listen={self._url(host)}", f"--patience={PATIENCE}", *peers),
        ]

    def _url(self, host: str) -> str:
        return f"https://[{address(host)}]:8443" if ":" in address(host) else f"https://{address(host)}:8443"

    def kill(self, host: str) -> None:
        self._agents[host].kill()

    def end(self, host: str) -> int:
        """Tell an agent to end; its exit code."""
        self._agents[host].send_signal(signal.SIGTERM)
        return self._agents[host].wait(READY)

    def said(self, host: str) -> str:
        return (self._directory / f"{host}.stderr").read_text(errors="replace")

    def end_all(self) -> None:
        for agent in self._agents.values():
            agent.kill()
            agent.wait()


def prove_end(checks: Checks, cluster: Cluster, hosts: Sequence[str]) -> None:
    for host in hosts:
        checks.equal(f"{host} ends in good order upon SIGTERM", cluster.end(host), 0)
        checks.check(f"{host} never ran into a bug", "Traceback" not in cluster.said(host), cluster.said(host)[:2000])


def tools_missing() -> str:
    """What this machine lacks to make such hosts, else nothing."""
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    return not_working(["curl", "--version"], ["ip", "netns", "list"])
