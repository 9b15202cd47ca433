"""Proof that a fleet finds itself, with a real server of DNS: `python tests/proofs/discovery.py`, with `dnsmasq`.

Real agents with certificates that know no address, found by a primary over SRV, by A and in files that are swapped as a
ConfigMap's are: added, removed, moved to another port, behind two addresses of which one is dead, and with the server
of DNS gone. Each agent's log grows all the time, and what a follow gives is compared with what was written. Takes a
minute. Exits 1 if a check fails, 2 where there are no tools to do it with.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proving import Checks, eventually, must, not_working, run

PROJECT = Path(__file__).parents[2]
LOGAGENT = [sys.executable, "-m", "logagent"]
GRACE, SOON = 4.0, 20.0
"""Seconds that a vanished agent is kept, and in which anything shows."""
SERVICE = "_logagent._tcp.fleet.test"
PAUSE = 0.02
"""Seconds between two lines of a log."""


def free_port(address: str = "127.0.0.1") -> int:
    with socket.create_server((address, 0)) as one:
        return int(one.getsockname()[1])


@dataclass
class Writer:
    """Writes numbered lines to a log until it is told to stop."""

    path: Path
    name: str
    written: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        with self.path.open("a", buffering=1) as log:
            while not self._over.is_set():
                stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.{time.time_ns() % 10**9:09d}Z"
                log.write(f"{stamp} {self.name} {self.written}\n")
                self.written += 1
                time.sleep(PAUSE)

    def stop(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()


class Dns:
    """A dnsmasq of its own, which is started anew for each change, as its records stand in its arguments."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def serve(self, *records: str) -> None:
        self.stop()
        command = [DNSMASQ, "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--no-daemon"]
        command += [
            f"--port={self.port}",
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
            "--local-ttl=1",
            "--neg-ttl=1",
        ]
        command += ["--local=/test/", "--auth-ttl=1", f"--pid-file={self._directory}/dnsmasq.pid", *records]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE)
        if not eventually(self._answers, SOON):
            sys.exit(f"cannot go on: dnsmasq does not answer: {command}")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.2)
            question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05fleet\x04test\x00\x00\x01\x00\x01"
            try:
                asking.sendto(question, ("127.0.0.1", self.port))
                return asking.recv(512)[:2] == b"\x12\x34"
            except OSError:
                return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


DNSMASQ = shutil.which("dnsmasq", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or ""


@dataclass
class Fleet:
    """Agents with certificates, by name, each with a log that grows."""

    directory: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    writers: dict[str, Writer] = field(default_factory=dict)

    def certify(self, name: str, *addresses: str) -> None:
        given = [part for address in addresses for part in ("--address", address)]
        must([*LOGAGENT, "certs", "host", name, str(self.directory / "certs"), *given])

    def start(self, name: str, listen: str, *more: str) -> None:
        logs = self.directory / name
        logs.mkdir(exist_ok=True)
        command = [
            *LOGAGENT,
            "serve",
            "--name",
            name,
            "--listen",
            f"https://{listen}",
            "--root",
            str(logs),
            "--control",
            "none",
        ]
        command += ["--certs", str(self.directory / "certs"), *more]
        self.running[name] = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        out = self.running[name].stdout
        assert out is not None
        if b" on " not in out.readline():
            sys.exit(f"cannot go on: {name} does not start")
        if name not in self.writers:
            self.writers[name] = Writer(logs / "app.log", name)
            self.writers[name].start()

    def stop(self, name: str, how: int = signal.SIGTERM) -> None:
        process = self.running.pop(name)
        process.send_signal(how)
        process.wait(20)

    def close(self) -> None:
        for writer in self.writers.values():
            writer.stop()
        for name in list(self.running):
            self.stop(name, signal.SIGKILL)


class Followed:
    """A follow of the whole fleet by the command line, and what it has given."""

    def __init__(self, url: str, client: list[str]) -> None:
        command = [*LOGAGENT, "follow", "--agent", url, *client, "-n", "0", "-o", "text", "app.log"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines: list[str] = []
        self.said: list[str] = []
        self._threads = [
            threading.Thread(target=self._read, args=(self._process.stdout, self.lines)),
            threading.Thread(target=self._read, args=(self._process.stderr, self.said)),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, pipe: Any, into: list[str]) -> None:
        for line in pipe:
            into.append(line.decode().rstrip("\n"))

    def numbers(self, name: str) -> list[int]:
        return [int(line.rpartition(" ")[2]) for line in self.lines if f" {name} " in line]

    def hears(self, name: str, since: int = 0) -> bool:
        return any(number >= since for number in self.numbers(name))

    def says(self, *words: str) -> bool:
        return any(all(word in line for word in words) for line in self.said)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(20)
        for thread in self._threads:
            thread.join()


def whole(numbers: list[int]) -> bool:
    """Whether numbers follow each other without a gap, in order, and none twice."""
    return bool(numbers) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def hosts(url: str, client: list[str]) -> dict[str, dict[str, Any]]:
    asked = run([*LOGAGENT, "hosts", "--agent", url, *client, "-o", "json"])
    return {host["name"]: host for host in json.loads(asked.stdout or '{"hosts": []}')["hosts"]}


@dataclass
class Site:
    """All that a part of the proof needs."""

    checks: Checks
    fleet: Fleet
    dns: Dns
    client: list[str]

    def reaches(self, url: str, *names: str) -> bool:
        """Whether exactly these hosts come to be known and answer, within a while."""

        def seen() -> bool:
            known = hosts(url, self.client)
            return set(known) == set(names) and all(host["reachable"] for host in known.values())

        return eventually(seen, SOON)


def by_srv(site: Site) -> None:
    """Hosts come and go under a name of a service, one moves to another port, and DNS goes away for a while."""
    checks, fleet, dns = site.checks, site.fleet, site.dns
    ports = {name: free_port() for name in ("web-1", "web-2", "web-3")}

    def serve(*names: str, dead: bool = False) -> None:
        records = [f"--srv-host={SERVICE},{name}.fleet.test,{ports[name]}" for name in names]
        records += [f"--host-record={name}.fleet.test,127.0.0.1" for name in names]
        # 127.0.0.9 is of this machine, and nobody listens there.
        records += [f"--host-record={name}.fleet.test,127.0.0.9" for name in names] if dead else []
        dns.serve(*records)

    for name in ("web-1", "web-2"):
        fleet.start(name, f"127.0.0.1:{ports[name]}")
    serve("web-1", "web-2")
    port = free_port()
    fleet.start(
        "primary",
        f"127.0.0.1:{port}",
        "--dns",
        SERVICE,
        "--dns-server",
        f"127.0.0.1:{dns.port}",
        "--target-grace",
        str(GRACE),
    )
    url = f"https://127.0.0.1:{port}"
    checks.check(
        "the hosts of a service are found, by names that only this server of DNS knows",
        site.reaches(url, "primary", "web-1", "web-2"),
    )
    found = hosts(url, site.client)["web-1"]
    checks.equal("each says by what it was found", found["found_by"], f"dns SRV {SERVICE}")

    follow = Followed(url, site.client)
    checks.check(
        "a follow begins", eventually(lambda: all(map(follow.hears, ("primary", "web-1", "web-2"))), SOON), follow.said
    )

    fleet.start("web-3", f"127.0.0.1:{ports['web-3']}")
    serve("web-1", "web-2", "web-3")
    checks.check(
        "a host that comes is followed, and that is said",
        eventually(lambda: follow.hears("web-3") and follow.says("web-3", "was found"), SOON),
        follow.said,
    )

    serve("web-1", "web-2", "web-3", dead=True)
    checks.check(
        "a second address of each name, where nobody is, changes nothing",
        site.reaches(url, "primary", "web-1", "web-2", "web-3"),
    )

    fleet.stop("web-1")
    ports["web-1"] = free_port()
    fleet.start("web-1", f"127.0.0.1:{ports['web-1']}")
    since = fleet.writers["web-1"].written
    serve("web-1", "web-2", "web-3", dead=True)
    checks.check(
        "a host that moved to another port is followed there",
        eventually(lambda: follow.hears("web-1", since), SOON),
        follow.said[-5:],
    )
    checks.check(
        "and is one host", site.reaches(url, "primary", "web-1", "web-2", "web-3"), sorted(hosts(url, site.client))
    )

    dns.stop()
    time.sleep(2 * GRACE)
    since = {name: fleet.writers[name].written for name in fleet.writers}
    checks.check(
        "while DNS is gone for longer than the grace, all stay", site.reaches(url, "primary", "web-1", "web-2", "web-3")
    )
    checks.check(
        "and the follow goes on", eventually(lambda: all(follow.hears(name, since[name]) for name in since), SOON)
    )

    serve("web-1", "web-2", dead=True)
    checks.check(
        "a host that vanishes is stale first",
        eventually(lambda: bool(hosts(url, site.client).get("web-3", {}).get("stale_since")), GRACE + 3),
    )
    since_stale = fleet.writers["web-3"].written
    checks.check("and followed on meanwhile", eventually(lambda: follow.hears("web-3", since_stale), GRACE))
    checks.check(
        "then it is gone, and the follow says so",
        eventually(lambda: "web-3" not in hosts(url, site.client) and follow.says("web-3", "no longer known"), SOON),
        follow.said[-3:],
    )

    last = {name: fleet.writers[name].written for name in ("primary", "web-1", "web-2")}
    checks.check(
        "the others are followed to the end",
        eventually(lambda: all(follow.hears(name, last[name]) for name in last), SOON),
    )
    follow.stop()
    for name in ("primary", "web-1", "web-2", "web-3"):
        numbers = follow.numbers(name)
        twice = [number for number, count in Counter(numbers).items() if count > 1]
        checks.check(
            f"of {name} nothing is lost and nothing comes twice: {len(numbers)} lines",
            whole(numbers),
            f"twice: {twice[:5]}",
        )
    for name in ("primary", "web-1", "web-2", "web-3"):
        fleet.stop(name)


def by_address(site: Site) -> None:
    """Addresses of one name are agents of their own; one of them is dead, and one lies about its name."""
    checks, fleet, dns = site.checks, site.fleet, site.dns
    port = free_port()
    for number, name in ((2, "web-1"), (3, "web-2")):
        fleet.start(name, f"127.0.0.{number}:{port}")
    liar = fleet.directory / "certs" / "liar.pem"
    fleet.certify("other")
    liar.write_bytes((fleet.directory / "certs" / "other.pem").read_bytes())
    shutil.copy(fleet.directory / "certs" / "other-key.pem", fleet.directory / "certs" / "liar-key.pem")
    fleet.start("liar", f"127.0.0.4:{port}")
    dns.serve(*(f"--host-record=web.fleet.test,127.0.0.{number}" for number in (2, 3, 4, 9)))
    own = free_port()
    fleet.start(
        "primary",
        f"127.0.0.1:{own}",
        "--dns",
        f"web.fleet.test:{port}",
        "--dns-server",
        f"127.0.0.1:{dns.port}",
        "--target-grace",
        str(GRACE),
    )
    url = f"https://127.0.0.1:{own}"

    def seen() -> bool:
        known = hosts(url, site.client)
        return all(known.get(name, {}).get("reachable") for name in ("web-1", "web-2"))

    checks.check(
        "two agents found by their addresses say their names, which certificates prove that know no address",
        eventually(seen, SOON),
    )
    known = hosts(url, site.client)
    dead, lying = known.get(f"127.0.0.9:{port}", {}), known.get(f"127.0.0.4:{port}", {})
    checks.check("the dead address is named by itself", dead and not dead["reachable"], dead.get("message"))
    checks.check(
        "the one that lies about its name, too, with its certificate",
        "does not prove it" in lying.get("message", ""),
        lying.get("message"),
    )
    asked = run([*LOGAGENT, "query", "--agent", url, *site.client, "-n", "1", "-o", "json", "app.log"])
    checks.check(
        "an answer is partial, and names both",
        asked.returncode == 3 and "127.0.0.9" in asked.stderr and "127.0.0.4" in asked.stderr,
        asked.stderr,
    )
    dns.serve(*(f"--host-record=web.fleet.test,127.0.0.{number}" for number in (2, 3)))
    checks.check("without them it is whole", site.reaches(url, "primary", "web-1", "web-2"))
    for name in ("primary", "web-1", "web-2", "liar"):
        fleet.stop(name)


def by_files(site: Site) -> None:
    """Targets in files that are swapped by a link, as those of a ConfigMap are; half a file changes nothing."""
    checks, fleet = site.checks, site.fleet
    mounted = fleet.directory / "targets"
    mounted.mkdir()
    ports = {name: free_port() for name in ("web-1", "web-2")}
    turn = iter(range(100))

    def swap(content: str) -> None:
        version = mounted / f"..{next(turn)}"
        version.mkdir()
        (version / "fleet.yml").write_text(content)
        (mounted / "..data_tmp").symlink_to(version.name)
        (mounted / "..data_tmp").rename(mounted / "..data")

    def group(*names: str) -> str:
        return "".join(f"- targets: ['127.0.0.1:{ports[name]}']\n  labels: {{role: web}}\n" for name in names)

    swap(group("web-1"))
    (mounted / "fleet.yml").symlink_to("..data/fleet.yml")
    for name in ports:
        fleet.start(name, f"127.0.0.1:{ports[name]}")
    own = free_port()
    fleet.start("primary", f"127.0.0.1:{own}", "--targets", f"{mounted}/*.yml", "--target-grace", str(GRACE))
    url = f"https://127.0.0.1:{own}"
    checks.check("what a file names is found", site.reaches(url, "primary", "web-1"))
    follow = Followed(url, site.client)
    checks.check("a follow begins", eventually(lambda: follow.hears("web-1"), SOON))
    swap(group("web-1", "web-2"))
    checks.check("a link that is swapped brings a host", site.reaches(url, "primary", "web-1", "web-2"))
    checks.check("which the follow takes up", eventually(lambda: follow.hears("web-2"), SOON), follow.said)
    swap(group("web-1", "web-2")[:-9] + "  - [")
    time.sleep(2 * GRACE)
    checks.check(
        "a file that is broken for longer than the grace changes nothing",
        site.reaches(url, "primary", "web-1", "web-2"),
    )
    swap("[]\n")
    checks.check("an empty one lets all go after the grace", site.reaches(url, "primary"))
    follow.stop()
    for name in ("web-1", "web-2"):
        checks.check(
            f"of {name} nothing is lost and nothing comes twice", whole(follow.numbers(name)), len(follow.numbers(name))
        )
    for name in ("primary", *ports):
        fleet.stop(name)


@contextmanager
def made_site(checks: Checks) -> Iterator[Site]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fleet = Fleet(directory)
        stack.callback(fleet.close)
        dns = Dns(directory)
        stack.callback(dns.stop)
        certs = directory / "certs"
        must([*LOGAGENT, "certs", "init", str(certs)])
        fleet.certify("primary", "127.0.0.1")
        for name in ("web-1", "web-2", "web-3"):
            fleet.certify(name, f"{name}.fleet.test")
        client = [
            "--ca",
            str(certs / "ca.pem"),
            "--cert",
            str(certs / "primary.pem"),
            "--key",
            str(certs / "primary-key.pem"),
        ]
        yield Site(checks, fleet, dns, client)


def main() -> int:
    if not DNSMASQ:
        return not_working("dnsmasq is not installed")
    checks = Checks()
    with made_site(checks) as site:
        for part in (by_srv, by_address, by_files):
            checks.note(str(part.__doc__))
            part(site)
    return checks.closing()


if __name__ == "__main__":
    sys.exit(main())
