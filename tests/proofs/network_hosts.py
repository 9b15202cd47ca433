"""Proof on hosts with links of their own: `python tests/proofs/network_hosts.py`, as root, with `ip` and `curl`.

A primary and three secondaries run as processes in network namespaces on one bridge, in mutual TLS. Links go down,
hosts die, and each answer must hold everything that the others had, in order, and say who is missing. Nothing leaves
the namespaces, which have no way out; all that was made is removed at the end. Takes a minute. Exits 1 if a check
fails, 2 where there are no tools to do it with.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from networks import PATIENCE, PREFIX, PYTHON, Cluster, inside, link, network, prove_end, tools_missing
from proving import EARLY, HOSTS, Checks, Reader, check_partial, check_whole, known_log, run

SECONDARIES = HOSTS[1:]
LONG = 8
"""Seconds without a link after which a TCP connection needs longer than PATIENCE to recover: it tries again 0.2, 0.6,
1.4, 3.0, 6.2, 12.6 s after it broke. Who uses it when the link is up waits in vain; a new one works at once."""
QUERY = "http://127.0.0.1:8000/logs?filename=known.log"


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
    prove_end(checks, cluster, HOSTS)


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


def main() -> int:
    if missing := tools_missing():
        print(f"network_hosts: {missing}", file=sys.stderr)
        return 2
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as directory, network():
        cluster = Cluster(Path(directory))
        try:
            cluster.prepare()
            for host in HOSTS:
                (Path(directory) / host / "known.log").write_bytes(known_log(host))
            cluster.start(*SECONDARIES)
            cluster.start("primary")
            prove(checks, cluster)
        finally:
            cluster.end_all()
    return checks.closing()


if __name__ == "__main__":
    sys.exit(main())
