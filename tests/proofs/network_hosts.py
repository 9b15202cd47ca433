"""Proof on hosts with links of their own: `python tests/proofs/network_hosts.py`, as root, with `ip` and `curl`.

A primary and three secondaries run as processes in network namespaces on one bridge, in mutual TLS. Links go down,
hosts die, and each answer must hold everything that the others had, in order, and say who is missing. Nothing leaves
the namespaces, which have no way out; all that was made is removed at the end. Takes a minute. Exits 1 if a check
fails, 2 where there are no tools to do it with.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from proving import EARLY, HOSTS, Checks, Reader, check_partial, check_whole, known_log, must, not_working, run

SECONDARIES = HOSTS[1:]
PREFIX = f"logagent-{os.getpid()}"
SWITCH = f"{PREFIX}-switch"
PATIENCE = 3
"""Seconds; more than a TCP connection needs to recover from a second without a link."""
LONG = 8
"""Seconds without a link after which a TCP connection needs longer than PATIENCE to recover: it tries again 0.2, 0.6,
1.4, 3.0, 6.2, 12.6 s after it broke. Who uses it when the link is up waits in vain; a new one works at once."""
READY = 30
QUERY = "http://127.0.0.1:8000/logs?filename=known.log"
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
def network() -> Iterator[None]:
    """A namespace for each host, and one for the bridge between them, where no firewall of this machine reaches."""
    try:
        ip(f"netns add {SWITCH}")
        ip(f"-n {SWITCH} link add bridge type bridge stp_state 0 forward_delay 0")
        ip(f"-n {SWITCH} link set bridge up")
        for host in HOSTS:
            _plug_in(host)
        yield
    finally:
        for name in (SWITCH, *map(namespace, HOSTS)):
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
    """The agents, as processes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._agents: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self) -> None:
        """Certificates and logs."""
        certs = self._directory / "certs"
        must([PYTHON, "-m", "logagent", "certs", "init", certs])
        for host in HOSTS:
            must([PYTHON, "-m", "logagent", "certs", "host", host, certs, "--address", address(host)])
            (self._directory / host).mkdir()
            (self._directory / host / "known.log").write_bytes(known_log(host))

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
        peers = [f"--peer={name}={self._url(name)}" for name in SECONDARIES if host == "primary"]
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


def ask(url: str = QUERY) -> Reader:
    return Reader(url, before=inside("primary"))


def command_line(*words: str) -> subprocess.CompletedProcess[str]:
    return run([*inside("primary"), PYTHON, "-m", "logagent", "query", *words])


def prove(checks: Checks, cluster: Cluster) -> None:
    with ask() as answer:
        check_whole(checks, answer, "all is well")
    prove_silence(checks)
    prove_death(checks, cluster)
    prove_partition(checks, cluster)
    prove_loneliness(checks)
    prove_end(checks, cluster)


def prove_silence(checks: Checks) -> None:
    with ask() as answer:
        answer.read(EARLY)
        link("secondary-2", "down")
        healing = threading.Timer(1, link, ("secondary-2", "up"))
        healing.start()
        check_whole(checks, answer, "a link down for a second, in mid-answer")
        healing.join()
    with ask() as answer:
        answer.read(EARLY)
        link("secondary-2", "down")
        down = time.monotonic()
        check_partial(checks, answer, "secondary-2", "a link down for good, in mid-answer")
    time.sleep(max(0.0, down + LONG - time.monotonic()))
    link("secondary-2", "up")
    with ask() as answer:
        check_whole(checks, answer, f"the link is up again after {LONG} s")


def prove_death(checks: Checks, cluster: Cluster) -> None:
    with ask() as answer:
        answer.read(EARLY)
        cluster.kill("secondary-1")
        check_partial(checks, answer, "secondary-1", "SIGKILL in mid-answer")
    asked = command_line("known.log", "-n", "4")
    checks.equal("a dead host: exit code of the command line", asked.returncode, 3)
    checks.check("a dead host: named on standard error", "secondary-1: " in asked.stderr, asked.stderr.strip())
    checks.equal("a dead host: lines of the others", len(asked.stdout.splitlines()), 4)
    cluster.start("secondary-1")
    with ask() as answer:
        check_whole(checks, answer, "the dead host is started again")


def prove_partition(checks: Checks, cluster: Cluster) -> None:
    link("secondary-3", "down")
    check_absent(checks, "a link down, asked over a connection that is there")
    checks.equal("the primary ends in good order", cluster.end("primary"), 0)
    cluster.start("primary")
    check_absent(checks, "a link down while the primary connects")
    link("secondary-3", "up")
    with ask() as answer:
        check_whole(checks, answer, "the link is up again")


def check_absent(checks: Checks, moment: str) -> None:
    """Secondary-3 cannot be reached from the begin: the others come, after a bounded wait."""
    started = time.monotonic()
    with ask(f"{QUERY}&n=1000") as answer:
        verdict = answer.read_rest()
    took = time.monotonic() - started
    hosts = verdict.get("log-hosts", "")
    checks.equal(f"{moment}: log-status", verdict.get("log-status"), "14")
    checks.check(f"{moment}: log-hosts names it", hosts.startswith('"secondary-3";status=14;'), hosts)
    checks.check(f"{moment}: the others' lines in order", answer.merged.in_order and answer.merged.gapless)
    checks.equal(f"{moment}: as many lines as were asked for", sum(answer.merged.lines.values()), 1000)
    checks.check(f"{moment}: waited for no longer than twice the patience", took < 2 * PATIENCE, f"{took:.1f} s")


def prove_loneliness(checks: Checks) -> None:
    link("primary", "down")
    started = time.monotonic()
    with ask() as answer:
        verdict = answer.read_rest()
    took = time.monotonic() - started
    named = [host for host in SECONDARIES if f'"{host}";status=14;' in verdict.get("log-hosts", "")]
    checks.equal("the primary alone: its own lines come", answer.merged.whole, {"primary"})
    checks.equal("the primary alone: all others are named", named, list(SECONDARIES))
    checks.check("the primary alone: they are waited for together", took < 2 * PATIENCE + 2, f"{took:.1f} s")
    link("primary", "up")
    with ask() as answer:
        check_whole(checks, answer, "the primary is back")


def prove_end(checks: Checks, cluster: Cluster) -> None:
    for host in HOSTS:
        checks.equal(f"{host} ends in good order upon SIGTERM", cluster.end(host), 0)
        checks.check(f"{host} never ran into a bug", "Traceback" not in cluster.said(host), cluster.said(host)[:2000])


def tools_missing() -> str:
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    return not_working(["curl", "--version"], ["ip", "netns", "list"])


def main() -> int:
    if missing := tools_missing():
        print(f"network_hosts: {missing}", file=sys.stderr)
        return 2
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as directory, network():
        cluster = Cluster(Path(directory))
        try:
            cluster.prepare()
            cluster.start(*SECONDARIES)
            cluster.start("primary")
            prove(checks, cluster)
        finally:
            cluster.end_all()
    return checks.closing()


if __name__ == "__main__":
    sys.exit(main())
