"""Proof in containers: `python tests/proofs/containers.py [PORT]`, with `docker`, its compose and buildx, and `curl`.

Builds the image, brings docker-compose.yml up as a project of its own, and looks at what it promises: the commands of
its first lines work, nothing can be written, keys stay apart, a container killed, frozen or stopped in the middle of an
answer costs its own lines only and is named. Takes everything down again but the image. Exits 1 if a check fails, 2
where there is no engine to do it with.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from proving import (
    EARLY,
    HOSTS,
    Checks,
    Reader,
    check_partial,
    check_whole,
    eventually,
    known_log,
    must,
    not_working,
    run,
)

DIRECTORY = Path(__file__).resolve().parents[2]
PROJECT = "logagent-proof"
PORT = sys.argv[1] if len(sys.argv) > 1 else "8000"
COMPOSE = ("docker", "compose", "--project-directory", str(DIRECTORY), "-p", PROJECT)
AGENT = f"http://localhost:{PORT}"
KNOWN = f"{AGENT}/logs?filename=known.log"
FIRST_COMMAND = f"{AGENT}/logs?hostname=secondary-2&filename=alternatives.log&keyword=updated&n=20"
MERGED_COMMAND = f"{AGENT}/logs?filename=**/*.log&n=20&prefix=true"
ALONE = f"{PROJECT}-alone"
"""The container of the image by itself."""
ALONE_PORT = int(PORT) + 1
"""Where that one is published, and where the agent of this host listens."""
NODE = platform.node().partition(".")[0]
ROUNDS = 10
"""How often compose is brought up from nothing; each takes some ten seconds."""
STOP_GRACE = 10
"""Seconds after which Docker kills a container that was told to end."""
SLOW = 100_000
"""Lines a second: too slow for the answer to end by itself in the time that an agent has to end, fast enough to take
what is on its way by then."""
PATIENCE = 5
"""Seconds, the default of the setting."""


def container(service: str) -> str:
    return f"{PROJECT}-{service}-1"


def inside(service: str, *command: str) -> subprocess.CompletedProcess[str]:
    return run(["docker", "exec", container(service), *command])


def state(service: str, template: str) -> str:
    return must(["docker", "inspect", "--format", f"{{{{{template}}}}}", container(service)])


def healthy(service: str) -> bool:
    return state(service, ".State.Health.Status") == "healthy"


def prove(checks: Checks) -> None:
    prove_start(checks)
    prove_alone(checks)
    prove_own_host(checks)
    prove_rounds(checks)
    prove_commands(checks)
    prove_confinement(checks)
    prove_keys(checks)
    for host in HOSTS:
        write = ["docker", "exec", "-i", container(f"{host}-logs"), "sh", "-c", "cat > /var/log/demo/known.log"]
        must(write, stdin=known_log(host))
    with Reader(KNOWN) as answer:
        check_whole(checks, answer, "all is well")
    prove_kill(checks)
    prove_freeze(checks)
    prove_stop(checks)
    prove_restart(checks)
    said = must([*COMPOSE, "logs", "--no-color"])
    checks.equal("no container ran into a bug", "".join(said.partition("Traceback")[1:]), "")


def prove_start(checks: Checks) -> None:
    started = time.monotonic()
    must([*COMPOSE, "build"])
    size = int(must(["docker", "image", "inspect", "--format", "{{.Size}}", "logagent"]))
    checks.note(f"image built in {time.monotonic() - started:.1f} s, {size / 1e6:.0f} MB; its layers:")
    for layer in must(["docker", "history", "--format", "{{.Size}}  {{.CreatedBy}}", "logagent"]).splitlines():
        if not layer.startswith("0B"):
            checks.note(f"  {layer[:110]}")
    started = time.monotonic()
    must([*COMPOSE, "up", "--detach", "--wait"])
    checks.note(f"up and healthy in {time.monotonic() - started:.1f} s")
    for host in HOSTS:
        checks.equal(f"{host} turns healthy", state(host, ".State.Health.Status"), "healthy")
    checks.equal("certs ends with 0", state("certs", ".State.ExitCode"), "0")


def prove_alone(checks: Checks) -> None:
    """The image by itself: it listens on loopback only, and says so first, with a command that is right."""
    must(["docker", "run", "-d", "--name", ALONE, "-p", f"127.0.0.1:{ALONE_PORT}:8000", "logagent"])
    eventually(lambda: "serves" in run(["docker", "logs", ALONE]).stdout, 30)
    first = run(["docker", "logs", ALONE]).stderr.splitlines()
    checks.check("alone: its first line says that no port leads there", "no published port leads" in first[0], first[0])
    checks.check("alone: its second that the zone is assumed", "nothing says in which zone" in first[1], first[1])
    asked = ["curl", "-sf", f"http://127.0.0.1:{ALONE_PORT}/files"]
    refused = run(asked)
    checks.check("alone: curl gets no answer", refused.returncode != 0 and not refused.stdout, str(refused.returncode))
    run(["docker", "rm", "-f", ALONE])
    told = re.findall(r"`docker run ([^`]*)IMAGE`", first[0])
    words = told[0].replace("127.0.0.1:8000:8000", f"127.0.0.1:{ALONE_PORT}:8000").split()
    zone = ["-v", "/usr/share/zoneinfo/Europe/Berlin:/etc/localtime:ro"]
    must(["docker", "run", "-d", "--name", ALONE, *words, *zone, "logagent"])
    answers = eventually(lambda: run(asked).returncode == 0, 30)
    checks.check("alone: with the first command that it gives, curl gets an answer", answers)
    checks.equal("alone: with /etc/localtime and that command it has nothing to say", must_say(ALONE), "")
    run(["docker", "rm", "-f", ALONE])


def must_say(name: str) -> str:
    return run(["docker", "logs", name]).stderr


def prove_own_host(checks: Checks) -> None:
    compose = ["docker", "compose", "--project-directory", str(DIRECTORY)]
    compose += ["-f", str(DIRECTORY / "docker-compose.host.yml"), "-p", f"{PROJECT}-host"]
    os.environ["LOGAGENT_PORT"] = str(ALONE_PORT)
    try:
        must([*compose, "up", "-d", "--wait"])
        with Reader(f"http://127.0.0.1:{ALONE_PORT}/logs?filename=**/*&n=5") as answer:
            lines, verdict = answer.text().splitlines(), answer.verdict()
        checks.equal("one's own host: lines of /var/log", len(lines), 5)
        checks.check("one's own host: under its name", f'"{NODE}";' in verdict["log-hosts"], verdict["log-hosts"])
        other = run(
            [
                "setpriv",
                "--reuid",
                "1234",
                "--regid",
                "1234",
                "--clear-groups",
                "curl",
                "-s",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                f"http://127.0.0.1:{ALONE_PORT}/logs?filename=*",
            ]
        )
        checks.equal("one's own host: another user is refused", other.stdout, "403")
    finally:
        run([*compose, "down", "--timeout", "1"])
        os.environ["LOGAGENT_PORT"] = PORT


def prove_rounds(checks: Checks) -> None:
    """The two commands of the README, one after the other, from nothing each time."""
    answered = 0
    for _ in range(ROUNDS):
        must([*COMPOSE, "down", "--volumes", "--timeout", "1"])
        must([*COMPOSE, "up", "--detach", "--wait"])
        answered += len(must(["curl", "-s", "--http2", FIRST_COMMAND]).splitlines()) > 0
    checks.equal("up --wait, and the command behind it at once", answered, ROUNDS)


def prove_commands(checks: Checks) -> None:
    with Reader(FIRST_COMMAND) as answer:
        lines, verdict = answer.text().splitlines(), answer.verdict()
    right = [line for line in lines if line.startswith("update-alternatives ") and "updated" in line]
    checks.check("one host, by keyword: lines that match", right and right == lines and len(lines) <= 20, lines[0])
    checks.equal("one host, by keyword: log-hosts", verdict["log-hosts"], f'"secondary-2";status=0;lines={len(lines)}')
    with Reader(MERGED_COMMAND) as answer:
        lines, verdict = answer.text().splitlines(), answer.verdict()
    checks.equal("all hosts, merged: 20 lines", len(lines), 20)
    checks.check("all hosts, merged: of several hosts", len({line.split()[0] for line in lines}) > 1, lines[0])
    named = all(f'"{host}";status=0' in verdict["log-hosts"] for host in HOSTS)
    checks.check("all hosts, merged: log-hosts has all", named, verdict["log-hosts"])
    checks.equal("all hosts, merged: log-complete", verdict["log-complete"], "true")
    asked = inside("primary", "logagent", "query", "--host", "secondary-*", "shop/app.log", "ERROR")
    checks.equal("secondaries, from the command line: exit code", asked.returncode, 0)
    checks.check(
        "secondaries, from the command line: lines", asked.stdout.count(" ERROR "), asked.stdout.split("\n")[0]
    )


def prove_confinement(checks: Checks) -> None:
    for host in HOSTS:
        status = dict(line.split(":\t", 1) for line in inside(host, "cat", "/proc/1/status").stdout.splitlines())
        seen = (status["Uid"].split()[1], status["CapEff"], status["CapBnd"], status["NoNewPrivs"])
        checks.equal(f"{host}: user, capabilities, no new privileges", seen, ("10001", "0" * 16, "0" * 16, "1"))
        wrote = [
            place
            for place in ("/", "/tmp", "/var/tmp", "/run", "/opt/logagent", "/certs", "/var/log/demo")
            if "Read-only file system" not in inside(host, "touch", f"{place}/written").stderr
        ]
        checks.equal(f"{host}: places that can be written", wrote, [])


def prove_keys(checks: Checks) -> None:
    for host in HOSTS:
        held, own = set(inside(host, "ls", "/certs").stdout.split()), {"ca.pem", f"{host}.pem", f"{host}-key.pem"}
        checks.equal(f"{host} holds its own key and no other", held, own)
    must([*COMPOSE, "run", "--rm", "certs"])
    asked = ("logagent", "query", "--agent", "https://secondary-2:8443", "-n", "5", "alternatives.log")
    known = inside("secondary-1", *asked)
    checks.equal("with a certificate an agent answers another (after certs ran again)", known.returncode, 0)
    unknown = inside("secondary-1", "env", "-u", "LOGAGENT_CERTS", *asked, "--ca", "/certs/ca.pem")
    checks.equal("without one it does not", (unknown.returncode, unknown.stdout), (2, ""))
    checks.note(f"what it says then: {unknown.stderr.strip()}")


def prove_kill(checks: Checks) -> None:
    with Reader(KNOWN) as answer:
        answer.read(EARLY)
        must(["docker", "kill", container("secondary-2")])
        check_partial(checks, answer, "secondary-2", "docker kill in mid-answer")
    asked = inside("primary", "logagent", "query", "known.log", "-n", "4")
    checks.equal("a dead container: exit code of the command line", asked.returncode, 3)
    checks.check("a dead container: named on standard error", "secondary-2: " in asked.stderr, asked.stderr.strip())
    must(["docker", "start", container("secondary-2")])
    checks.check("the dead container is started again, and healthy", eventually(lambda: healthy("secondary-2"), 30))
    with Reader(KNOWN) as answer:
        check_whole(checks, answer, "after that")


def prove_freeze(checks: Checks) -> None:
    with Reader(KNOWN) as answer:
        answer.read(EARLY)
        must(["docker", "pause", container("secondary-3")])
        started = time.monotonic()
        check_partial(checks, answer, "secondary-3", "docker pause in mid-answer")
        took = time.monotonic() - started
    checks.check("docker pause in mid-answer: at least the patience was waited", took > PATIENCE, f"{took:.1f} s")
    must(["docker", "unpause", container("secondary-3")])
    with Reader(KNOWN) as answer:
        check_whole(checks, answer, "the frozen container goes on")


def prove_stop(checks: Checks) -> None:
    """A container that is told to end while it answers: it ends in good order, and says so to who reads."""
    with Reader(KNOWN) as answer:
        answer.read(EARLY)
        check_stop(checks, "secondary-1")
        check_partial(checks, answer, "secondary-1", "docker stop in mid-answer")
    with Reader(KNOWN) as answer:
        answer.read(EARLY)
        stopping = threading.Thread(target=check_stop, args=(checks, "primary"))
        stopping.start()
        verdict = answer.read_rest(pace=SLOW)
        stopping.join()
        checks.note(f"curl's exit code {answer.exit_code}, and last words: {answer.talk.splitlines()[-1]}")
    moment = "docker stop of who merges, and a slow reader"
    checks.equal(f"{moment}: log-complete", verdict.get("log-complete"), "false")
    checks.check(f"{moment}: whole lines only", not answer.merged.cut)
    checks.note(f"log-status: {verdict.get('log-status')}, log-message: {verdict.get('log-message')}")
    must(["docker", "start", container("secondary-1"), container("primary")])
    again = eventually(lambda: healthy("secondary-1") and healthy("primary"), 30)
    checks.check("both are started again, and healthy", again)


def check_stop(checks: Checks, service: str) -> None:
    started = time.monotonic()
    must(["docker", "stop", container(service)])
    took = time.monotonic() - started
    checks.check(f"docker stop {service}: within its time", took < STOP_GRACE, f"{took:.1f} s")
    checks.equal(f"docker stop {service}: exit code", state(service, ".State.ExitCode"), "0")


def prove_restart(checks: Checks) -> None:
    inside("secondary-3", "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
    again = eventually(lambda: state("secondary-3", ".RestartCount") == "1" and healthy("secondary-3"), 30)
    checks.check("an agent that ends by itself is started again", again)
    with Reader(KNOWN) as answer:
        check_whole(checks, answer, "after all that")
    hosts = json.loads(must(["curl", "-s", f"{AGENT}/hosts"]))["hosts"]
    checks.equal("the primary reaches", sorted(host["name"] for host in hosts if host["reachable"]), sorted(HOSTS))


def main() -> int:
    if missing := not_working(["curl", "--version"], ["docker", "info"], ["docker", "compose", "version"]):
        print(f"containers: {missing}", file=sys.stderr)
        return 2
    os.environ["LOGAGENT_PORT"] = PORT
    checks = Checks()
    try:
        prove(checks)
    finally:
        run([*COMPOSE, "down", "--volumes", "--timeout", "1"])
    return checks.closing()


if __name__ == "__main__":
    sys.exit(main())
