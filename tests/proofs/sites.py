"""Proof of trees on hosts with links of their own: `python tests/proofs/sites.py`, as root, with `ip` and `curl`.

Two sites of three hosts, each with a primary, and a primary above both run as processes in network namespaces, in
mutual TLS. A link is cut for ten seconds during a query, a follow and a walk of pages: that of a primary, behind which
all of a site is missing, and that of a host behind one. Each answer must name each host that is missing, hold all that
the others had, and hold nothing twice; what was missing must come when the link is back. Nothing leaves the namespaces;
all that was made is removed at the end. Takes two minutes. Exits 1 if a check fails, 2 where there are no tools.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

from networks import ENVIRON, PREFIX, PYTHON, READY, SWITCH, inside, ip, link, namespace, tools_missing
from proving import Checks, eventually, must, run

TOP = "top"
SITES = {"site-a": ("a-1", "a-2", "a-3"), "site-b": ("b-1", "b-2", "b-3")}
HOSTS = (TOP, *(host for site, behind in SITES.items() for host in (site, *behind)))
SITE_B = {"site-b", *SITES["site-b"]}
PATIENCE = 6
WARM = 120
"""Seconds in which all agents have made their first connections and answer in time, on a slow machine too."""
CUT = 10
"""Seconds for which a link is cut."""
LINES = 60_000
"""Lines of each host's large log, some 8 MB that hardly compress: more than waits on the way to a slow reader."""
EARLY = 2_000
"""Lines after which that reader pauses: each host has begun by then."""
PADDING = 45
"""Random bytes of each of these lines, in hexadecimal digits."""
WALKED = 400
"""Lines of each host that are read in pages."""
PAGE = 150
PACE = 0.05
"""Seconds between two lines of a host that is followed."""
HEARTBEAT = 3
BACK = 60
"""Seconds in which a lost host is back in a follow: waits between attempts double."""
BEGIN = 1_700_000_000
AGENT = "http://127.0.0.1:8000/logs"


@contextlib.contextmanager
def network() -> Iterator[None]:
    """A namespace for each host, and one for the bridge between them."""
    try:
        ip(f"netns add {SWITCH}")
        ip(f"-n {SWITCH} link add bridge type bridge stp_state 0 forward_delay 0")
        ip(f"-n {SWITCH} link set bridge up")
        for host in HOSTS:
            name = namespace(host)
            ip(f"netns add {name}")
            ip(f"-n {name} link add eth0 type veth peer name {host} netns {SWITCH}")
            ip(f"-n {SWITCH} link set {host} master bridge up")
            ip(f"-n {name} link set lo up")
            ip(f"-n {name} address add {address(host)}/24 dev eth0")
            ip(f"-n {name} link set eth0 up")
        yield
    finally:
        for name in (SWITCH, *map(namespace, HOSTS)):
            run(["ip", "netns", "del", name])


def address(host: str) -> str:
    """From a range that is set aside for documentation (RFC 5737)."""
    return f"192.0.2.{HOSTS.index(host) + 10}"


class Agents:
    """The agents, as processes: a primary lists the hosts of its site as peers, the topmost lists both primaries."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._agents: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self) -> None:
        certs = self._directory / "certs"
        must([PYTHON, "-m", "logagent", "certs", "init", certs])
        for host in HOSTS:
            must([PYTHON, "-m", "logagent", "certs", "host", host, certs, "--address", address(host)])
            root = self._directory / host
            root.mkdir()
            lines, chance = [], random.Random(host)
            for number in range(LINES):
                lines.append(_line(host, number, chance.randbytes(PADDING).hex()))
            (root / "large.log").write_bytes(b"".join(lines))
            (root / "walk.log").write_bytes(b"".join(lines[:WALKED]))

    def start(self) -> None:
        for host in reversed(HOSTS):
            with (self._directory / f"{host}.stderr").open("ab") as stderr:
                command = [*inside(host), *self._command(host)]
                self._agents[host] = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, env=ENVIRON)
        for host, agent in self._agents.items():
            if agent.stdout is None or not agent.stdout.readline():
                sys.exit(f"cannot go on: {host} did not start\n{self.said(host)}")

    def _command(self, host: str) -> list[str]:
        known = [f"--peer={name}={_url(name)}" for name in SITES.get(host, ())]
        known += [f"--primary={name}={_url(name)}" for name in SITES if host == TOP]
        return [
            *(str(PYTHON), "-m", "logagent", "serve", f"--name={host}", f"--root={self._directory / host}"),
            *(f"--certs={self._directory / 'certs'}", "--listen=http://127.0.0.1:8000", f"--listen={_url(host)}"),
            *(f"--patience={PATIENCE}", "--peer-pause=1", *known),
        ]

    def said(self, host: str) -> str:
        return (self._directory / f"{host}.stderr").read_text(errors="replace")

    def end(self, checks: Checks) -> None:
        for agent in self._agents.values():
            agent.send_signal(signal.SIGTERM)
        codes = {agent.wait(READY) for agent in self._agents.values()}
        checks.equal("all agents end in good order upon SIGTERM", codes, {0})
        bugs = [host for host in HOSTS if "Traceback" in self.said(host)]
        checks.check("no agent ever ran into a bug", not bugs, [self.said(host)[:500] for host in bugs])

    def kill(self) -> None:
        for agent in self._agents.values():
            agent.kill()
            agent.wait()


def _url(host: str) -> str:
    return f"https://{address(host)}:8443"


def _line(host: str, number: int, padding: str) -> bytes:
    """A line each second in turn with those of the other hosts, so that all times differ."""
    moment = datetime.fromtimestamp(BEGIN + number + HOSTS.index(host) / 100, UTC)
    return f"{moment.isoformat(timespec='microseconds')[:26]}Z {host} {number} {padding}\n".encode()


class Curl:
    """curl under way on the topmost host, with the answer's trailers at its end."""

    def __init__(self, query: str, accept: str = "text/plain") -> None:
        self._talk = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as this
        curl = ["curl", "--http2-prior-knowledge", "-gsvN", "-H", f"accept: {accept}", "--max-time", "200"]
        self.process = subprocess.Popen(
            [*inside(TOP), *curl, f"{AGENT}?{query}"], stdout=subprocess.PIPE, stderr=self._talk
        )
        assert self.process.stdout is not None
        self.body = self.process.stdout

    def trailers(self) -> dict[str, str]:
        self.process.wait()
        self._talk.seek(0)
        talk = self._talk.read().decode(errors="replace")
        return dict(re.findall(r"^< ([a-z-]+): (.*?)\r?$", talk, re.MULTILINE))


def failing(trailers: dict[str, str]) -> set[str]:
    """The hosts that a verdict names as failed."""
    parts = re.findall(r'"([^"]+)";status=(\d+)', trailers.get("log-hosts", ""))
    return {host for host, status in parts if status != "0"}


@contextlib.contextmanager
def cut(host: str) -> Iterator[None]:
    """The link of a host is down from here on, for `CUT` seconds at least."""
    link(host, "down")
    began = time.monotonic()
    try:
        yield
        time.sleep(max(0.0, began + CUT - time.monotonic()))
    finally:
        link(host, "up")


def answers_whole() -> bool:
    """Whether every host answers: the first connections take longest."""
    asked = Curl("filename=walk.log&n=1")
    asked.body.read()
    return asked.trailers().get("log-complete") == "true"


def prove_query(checks: Checks) -> None:
    checks.check("all is well: all agents answer in time", eventually(answers_whole, WARM))
    whole = Curl("filename=walk.log")
    got = Counter(line.split()[1].decode() for line in whole.body)
    checks.equal("all is well: every line of every host", got, Counter(dict.fromkeys(HOSTS, WALKED)))
    trailers = whole.trailers()
    checks.equal("all is well: log-complete", trailers.get("log-complete"), "true")
    checks.note(f"log-message: {trailers.get('log-message')}")
    named = set(re.findall(r'"([^"]+)";status=0;lines=400', trailers.get("log-hosts", "")))
    checks.equal("all is well: each host has its part in the verdict", named, set(HOSTS))
    for lost, missing in (("site-b", SITE_B), ("a-2", {"a-2"})):
        prove_cut_answer(checks, lost, missing)


def prove_cut_answer(checks: Checks, lost: str, missing: set[str]) -> None:
    moment = f"the link of {lost} cut in mid-answer"
    answer = Curl("filename=large.log")
    lines = [line for _, line in zip(range(EARLY), answer.body, strict=False)]
    with cut(lost):
        began = time.monotonic()
        lines += answer.body
        took = time.monotonic() - began
        trailers = answer.trailers()
    got = Counter(line.split()[1].decode() for line in lines)
    checks.note(f"{moment}: the rest took {took:.1f} s; {trailers.get('log-message')}")
    checks.equal(f"{moment}: log-status", trailers.get("log-status"), "14")
    checks.equal(f"{moment}: each host that is missing is named, and no other", failing(trailers), missing)
    others = {host: LINES for host in HOSTS if host not in missing}
    checks.equal(f"{moment}: every line of the others", {host: got[host] for host in others}, others)
    checks.check(f"{moment}: nothing twice", len(set(lines)) == len(lines))
    checks.check(f"{moment}: in order", all(one[:26] >= other[:26] for one, other in pairwise(lines)))
    told = dict(re.findall(r'"([^"]+)";status=\d+;lines=(\d+)', trailers.get("log-hosts", "")))
    checks.equal(f"{moment}: the verdict counts the lines of each host", {host: int(told[host]) for host in told}, got)


def prove_walk(checks: Checks) -> None:
    lines: list[bytes] = []
    cursor, pages, missing, done = "", 0, set[str](), False
    down = threading.Event()

    def cut_for_a_while() -> None:
        with cut("site-b"):
            down.set()

    cutting = threading.Thread(target=cut_for_a_while)
    while not done:
        page = Curl(f"filename=walk.log&n={PAGE}{cursor}")
        read = list(page.body)
        trailers = page.trailers()
        lines += read
        missing |= failing(trailers)
        pages += 1
        if pages == 2:
            cutting.start()
            down.wait()
        done = trailers.get("log-complete") == "true" and not trailers.get("log-cursor")
        cursor = f"&cursor={quote(trailers['log-cursor'])}" if trailers.get("log-cursor") else cursor
        if not read:
            time.sleep(1)
    cutting.join()
    checks.note(f"a walk of {pages} pages, of which some lacked {sorted(missing)}")
    checks.check("a walk with a link cut: what is missing is named by host", "site-b" in missing, sorted(missing))
    got = Counter(line.split()[1].decode() for line in lines)
    checks.check("a walk with a link cut: nothing twice", len(set(lines)) == len(lines), len(lines) - len(set(lines)))
    checks.equal("a walk with a link cut: nothing lost", got, Counter(dict.fromkeys(HOSTS, WALKED)))


class Writers:
    """A thread that writes numbered lines to the followed log of each host."""

    def __init__(self, directory: Path) -> None:
        self.written = dict.fromkeys(HOSTS, 0)
        self._files = {host: (directory / host / "app.log").open("ab", buffering=0) for host in HOSTS}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        for file in self._files.values():
            file.close()

    def _write(self) -> None:
        while not self._stopped.wait(PACE):
            for host, file in self._files.items():
                file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z {host} {self.written[host]}\n".encode())
                self.written[host] += 1


def prove_follow(checks: Checks, directory: Path) -> None:
    writers = Writers(directory)
    follow = Curl(f"filename=app.log&follow=true&since=1h&heartbeat={HEARTBEAT}s", "application/x-ndjson")
    numbers: dict[str, list[int]] = {host: [] for host in HOSTS}
    notices: list[tuple[str, int, str]] = []

    def read() -> None:
        for text in follow.body:
            record = json.loads(text)
            if "line" in record:
                numbers[record["host"]].append(int(record["line"].split()[2]))
            elif notice := record.get("notice"):
                notices.append((notice["host"], notice["status"], notice["message"]))
                checks.note(f"{notice['host']} ({notice['status']}): {notice['message']}")

    reading = threading.Thread(target=read)
    reading.start()
    checks.check("a follow: lines of all hosts come", eventually(lambda: all(numbers.values()), BACK))
    for lost, behind in (("site-b", SITES["site-b"]), ("a-2", ())):
        notices.clear()
        with cut(lost):
            pass
        back = eventually(lambda lost=lost: any(host == lost and not status for host, status, _ in notices), BACK)
        checks.check(f"a follow with the link of {lost} cut: it is back", back)
        told = " ".join(message for host, status, message in notices if host == lost and status)
        named = told and all(host in told for host in behind)
        checks.check(f"a follow with the link of {lost} cut: who is missing is named", named, told)
    time.sleep(3)
    writers.stop()
    came = eventually(lambda: all(len(numbers[host]) >= writers.written[host] for host in HOSTS), BACK)
    checks.check("a follow over two cuts: every line has come", came, {host: len(numbers[host]) for host in HOSTS})
    once = {host: numbers[host] == list(range(writers.written[host])) for host in HOSTS}
    checks.equal("a follow over two cuts: each line once, and in order", once, dict.fromkeys(HOSTS, True))
    follow.process.kill()
    reading.join()


def main() -> int:
    if missing := tools_missing():
        print(f"sites: {missing}", file=sys.stderr)
        return 2
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, network():
        directory = Path(name)
        agents = Agents(directory)
        try:
            agents.prepare()
            agents.start()
            prove_query(checks)
            prove_walk(checks)
            prove_follow(checks, directory)
            agents.end(checks)
        finally:
            agents.kill()
    return checks.closing()


if __name__ == "__main__":
    sys.exit(main())
