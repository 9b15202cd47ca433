"""Proof of follows on hosts with links of their own: `python tests/proofs/follow_hosts.py`, as root, with `ip`
and `curl`.

A primary and two secondaries run as processes in network namespaces, and every host's log grows all the time. One
follow runs as NDJSON through curl, one through `logagent follow`. An agent is killed and started again, another is cut
off and comes back: each line of each host must come exactly once and in order in both follows, and both must tell, once
each, what was lost and that it is back. All that was made is removed at the end. Takes a minute. Exits 1 if a check
fails, 2 where there are no tools to do it with.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Self

from networks import ENVIRON, PREFIX, PYTHON, READY, Cluster, inside, link, network, prove_end, tools_missing
from proving import HOSTS, Checks, eventually

HOSTS_HERE = HOSTS[:3]
PRIMARY, KILLED, CUT_OFF = HOSTS_HERE
PACE = 0.02
"""Seconds between two lines of a host."""
CALM = 3
"""Seconds in which nothing happens, before and behind each thing that does."""
DEAD = 2
"""Seconds for which the killed agent is dead."""
CUT = 10
"""Seconds for which the other is cut off: more than the two heartbeats after which its silence is noticed."""
HEARTBEAT = 3
BACK = 40
"""Seconds in which a lost host is back: waits between attempts double, and an old TCP connection may be tried first."""
FOLLOW = f"http://127.0.0.1:8000/logs?filename=app.log&follow=true&since=1h&heartbeat={HEARTBEAT}s"
CURL = ("curl", "-gsSN", "--http2-prior-knowledge", "-H", "accept: application/x-ndjson", FOLLOW)
COMMAND_LINE = (
    *(str(PYTHON), "-m", "logagent", "follow", "app.log", "--since=1h", f"--heartbeat={HEARTBEAT}s"),
    "--prefix=never",
)


class Writers:
    """A thread for each host that writes numbered lines to its log until told to stop."""

    def __init__(self, directory: Path) -> None:
        self.written = dict.fromkeys(HOSTS_HERE, 0)
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(host, directory / host / "app.log")) for host in HOSTS_HERE
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _write(self, host: str, log: Path) -> None:
        with log.open("ab", buffering=0) as file:
            while not self._stopped.wait(PACE):
                stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                file.write(f"{stamp} {host} {self.written[host]}\n".encode())
                self.written[host] += 1


class Follower:
    """A follow under way on the primary's host: the numbers of each host's lines as they came, and what was told of it.

    Notices are printed when they come.
    """

    def __init__(self, name: str, command: Sequence[str], checks: Checks) -> None:
        self.name = name
        self.numbers: dict[str, list[int]] = {host: [] for host in HOSTS_HERE}
        self.notices: dict[str, list[tuple[float, str]]] = {host: [] for host in HOSTS_HERE}
        self.others: list[str] = []
        """What was said that is neither a line nor a notice of a host."""
        self._checks = checks
        self._process = subprocess.Popen(
            [*inside(PRIMARY), *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRON
        )
        pipes = (self._process.stdout, self._take), (self._process.stderr, self._hear)
        self._threads = [threading.Thread(target=self._read, args=each) for each in pipes]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()

    def end(self) -> int:
        """Interrupt it, as Ctrl-C does; its exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(READY)

    @property
    def under_way(self) -> bool:
        return self._process.poll() is None

    def told(self, host: str, beginning: str) -> bool:
        return any(message.startswith(beginning) for _, message in self.notices[host])

    def has(self, written: dict[str, int]) -> bool:
        return all(len(self.numbers[host]) >= count for host, count in written.items())

    def _read(self, pipe: IO[bytes], take: Callable[[str], None]) -> None:
        for line in pipe:
            take(line.decode().rstrip("\n"))

    def _take(self, text: str) -> None:
        """A line of its standard output."""
        _, host, number = text.split(" ")
        self.numbers[host].append(int(number))

    def _hear(self, text: str) -> None:
        """A line of its standard error."""
        host, _, message = text.removeprefix("logagent: ").partition(": ")
        self._note(host, message)

    def _note(self, host: str, message: str) -> None:
        self._checks.note(f"{self.name}: {host}: {message}")
        if host in self.notices:
            self.notices[host].append((time.monotonic(), message))
        else:
            self.others.append(f"{host}: {message}")


class NdjsonFollower(Follower):
    """A follow whose lines and notices are records."""

    def _take(self, text: str) -> None:
        record = json.loads(text)
        if "line" in record:
            super()._take(record["line"])
        elif "notice" in record:
            self._note(record["notice"]["host"], record["notice"]["message"])
        elif record not in ({"live": True}, {"heartbeat": True}):
            self.others.append(text)


@contextlib.contextmanager
def following(checks: Checks) -> Iterator[tuple[Follower, ...]]:
    with NdjsonFollower("NDJSON", CURL, checks) as ndjson, Follower("command line", COMMAND_LINE, checks) as typed:
        yield ndjson, typed


def prove(checks: Checks, cluster: Cluster, writers: Writers) -> None:
    with following(checks) as followers:
        time.sleep(CALM)
        prove_death(checks, cluster, followers)
        time.sleep(CALM)
        prove_cut(checks, followers)
        time.sleep(CALM)
        writers.stop()
        eventually(lambda: all(follower.has(writers.written) for follower in followers), READY)
        time.sleep(CALM)  # for what comes twice
        for follower in followers:
            check_story(checks, follower, writers.written)
        for follower in followers:
            checks.note(f"{follower.name}: exit code {follower.end()} upon SIGINT")


def prove_death(checks: Checks, cluster: Cluster, followers: Sequence[Follower]) -> None:
    checks.note(f"{KILLED} gets SIGKILL")
    cluster.kill(KILLED)
    time.sleep(DEAD)
    cluster.start(KILLED)
    checks.note(f"{KILLED} is started again")
    check_back(checks, KILLED, followers)


def prove_cut(checks: Checks, followers: Sequence[Follower]) -> None:
    checks.note(f"{CUT_OFF} is cut off")
    link(CUT_OFF, "down")
    down = time.monotonic()
    time.sleep(CUT)
    link(CUT_OFF, "up")
    checks.note(f"{CUT_OFF} has its link again")
    for follower in followers:
        silent = [at - down for at, message in follower.notices[CUT_OFF] if message.startswith("lost: ")]
        claim = f"{follower.name}: the silence of {CUT_OFF} is noticed within the cut"
        checks.check(claim, silent and silent[0] < CUT, ", ".join(f"{seconds:.1f} s" for seconds in silent))
    check_back(checks, CUT_OFF, followers)


def check_back(checks: Checks, host: str, followers: Sequence[Follower]) -> None:
    for follower in followers:
        claim = f"{follower.name}: {host} is told of as back within {BACK} s"
        checks.check(claim, eventually(partial(follower.told, host, "back "), BACK))


def check_story(checks: Checks, follower: Follower, written: dict[str, int]) -> None:
    name = follower.name
    checks.check(f"{name}: is still under way", follower.under_way)
    for host, count in written.items():
        numbers = follower.numbers[host]
        missing, twice = set(range(count)) - set(numbers), len(numbers) - len(set(numbers))
        seen = f"{len(numbers)} of {count}; {len(missing)} missing: {sorted(missing)[:10]}; {twice} twice"
        checks.check(f"{name}: every line of {host} once", not missing and not twice, seen)
        checks.check(f"{name}: the lines of {host} in order", numbers == sorted(numbers))
    for host, expected in ((PRIMARY, []), (KILLED, ["lost:", "back"]), (CUT_OFF, ["lost:", "back"])):
        told = [message.split(" ")[0] for _, message in follower.notices[host]]
        checks.equal(f"{name}: what is told of {host}", told, expected)
    checks.equal(f"{name}: nothing else is said", follower.others, [])


def main() -> int:
    if missing := tools_missing():
        print(f"follow_hosts: {missing}", file=sys.stderr)
        return 2
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as directory, network(HOSTS_HERE):
        cluster, writers = Cluster(Path(directory), HOSTS_HERE), Writers(Path(directory))
        try:
            cluster.prepare()
            writers.start()
            cluster.start(*HOSTS_HERE[1:])
            cluster.start(PRIMARY)
            prove(checks, cluster, writers)
            prove_end(checks, cluster, HOSTS_HERE)
        finally:
            writers.stop()
            cluster.end_all()
    return checks.closing()


if __name__ == "__main__":
    sys.exit(main())
