"""Proof of `ssh://` with the real sshd: `python tests/proofs/ssh.py`, with Debian's `openssh-server` and `-client`.

Several sshd listen on loopback, with host keys that are pinned and a key that is made for the proof. Three lead to good
hosts, whose agents have logs of their own; one refuses the key, one has no `logagent`, one greets before HTTP/2, and a
bare listener never sends a banner. Lines, counts and a follow come whole from the good ones, and each of the others is
named with its reason; after Ctrl-C no process of ssh and no agent over there is left; a follow whose ssh is killed goes
on, with every line once. All that was made is removed at the end. Takes a minute. Exits 1 if a check fails, 2 where
there are no tools to do it with.
"""

from __future__ import annotations

import getpass
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from proving import Checks, eventually, must

GOOD = ("web-1", "web-2", "db-1")
REFUSES, LACKS, GREETS, HANGS = "no-key", "no-agent", "greeting", "no-banner"
BAD = (REFUSES, LACKS, GREETS, HANGS)
LINES = 2000
"""Lines of each good host's log."""
LIMIT = 150
"""Seconds that a question with bad hosts may take: a good agent has a minute of it to start, on a busy machine."""
PACE = 0.02
"""Seconds between two lines of a host that is followed."""
SSHD = next((path for path in ("/usr/sbin/sshd", "/usr/local/sbin/sshd") if os.access(path, os.X_OK)), None)
LOGAGENT = Path(sys.executable).parent / "logagent"


@dataclass(frozen=True)
class Host:
    """One sshd, or what stands in its place."""

    name: str
    port: int
    root: Path

    @property
    def url(self) -> str:
        """Where it is, with what runs there."""
        command = {
            LACKS: "logagent-that-is-not-there%20stdio",
            GREETS: f"echo%20Welcome;exec%20{LOGAGENT}%20stdio",
        }.get(self.name, f"{LOGAGENT}%20stdio%20--name%20{self.name}%20--root%20{self.root}")
        return f"{self.name}=ssh://{getpass.getuser()}@127.0.0.1:{self.port}?command={command}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Stage:
    """A directory with keys, settings of ssh, logs, and the processes of sshd."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.hosts = {name: Host(name, free_port(), directory / name) for name in (*GOOD, *BAD)}
        must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / "host-key"])
        for key in ("key", "other-key"):
            must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / key])
        pinned = (directory / "host-key.pub").read_text().split()[:2]
        known = (f"[127.0.0.1]:{host.port} {' '.join(pinned)}\n" for host in self.hosts.values())
        (directory / "known_hosts").write_text("".join(known))
        (directory / "config").write_text(
            f"IdentityFile {directory}/key\nIdentitiesOnly yes\nIdentityAgent none\n"
            f"UserKnownHostsFile {directory}/known_hosts\nGlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\n"
        )
        for name in (*GOOD, *BAD):
            (directory / name).mkdir()
        for name in GOOD:
            lines = (line_of(name, number) for number in range(LINES))
            (directory / name / "app.log").write_text("".join(lines))

    @property
    def environ(self) -> dict[str, str]:
        """What commands are run with."""
        mine = {name: text for name, text in os.environ.items() if not name.startswith("LOGAGENT_")}
        return {**mine, "LOGAGENT_SSH": f"ssh -F {self.directory}/config", "HOME": str(self.directory)}

    @contextmanager
    def sshd(self, host: Host) -> Iterator[None]:
        """Let a daemon listen for one host."""
        key = "other-key" if host.name == REFUSES else "key"
        authorized = self.directory / f"authorized-{host.name}"
        authorized.write_text((self.directory / f"{key}.pub").read_text())
        config = self.directory / f"sshd-{host.name}"
        config.write_text(
            f"Port {host.port}\nListenAddress 127.0.0.1\nHostKey {self.directory}/host-key\nPidFile none\n"
            f"AuthorizedKeysFile {authorized}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "UsePAM no\nStrictModes no\nPermitRootLogin yes\n"
        )
        assert SSHD is not None
        with (self.directory / f"sshd-{host.name}.log").open("w") as log:
            daemon = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=log)
        try:
            if not eventually(lambda: is_open(host.port), 10):
                sys.exit(
                    f"cannot go on: sshd does not listen: {(self.directory / f'sshd-{host.name}.log').read_text()}"
                )
            yield
        finally:
            daemon.terminate()
            daemon.wait()

    def command(self, *argv: str, hosts: Sequence[str]) -> list[str]:
        """A command that asks some hosts."""
        peers = [word for name in hosts for word in ("--peer", self.hosts[name].url)]
        return [str(LOGAGENT), argv[0], *peers, *argv[1:]]

    def ask(self, *argv: str, hosts: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = self.command(*argv, hosts=hosts)
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=180, check=False)

    def ssh_processes(self) -> dict[int, str]:
        """The processes of this proof that are left: ssh by its settings, agents over there by their roots."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    state = (entry / "stat").read_text().rpartition(") ")[2][:1]
                except OSError:
                    continue
                is_agent = "stdio" in words and str(self.directory) in words
                if (f"-F {self.directory}/config" in words or is_agent) and "--peer" not in words:
                    found[int(entry.name)] = f"{state} {words.strip()}"
        return found


def line_of(host: str, number: int) -> str:
    return f"2026-11-23T{10 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z {host} {number}\n"


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def silent(port: int) -> Iterator[None]:
    """Let somebody listen who takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def prove_lines(stage: Stage, checks: Checks) -> None:
    began = time.monotonic()
    done = stage.ask("query", "app.log", "--prefix=always", "--order=oldest", hosts=(*GOOD, *BAD))
    took = time.monotonic() - began
    checks.equal("lines of good and bad hosts: the exit code says partial", done.returncode, 3)
    checks.check(f"it takes less than {LIMIT} s", took < LIMIT, f"{took:.1f} s")
    for name in GOOD:
        lines = [line for line in done.stdout.splitlines() if line.startswith(f"{name} ")]
        expected = [f"{name} app.log: {line_of(name, number)}".rstrip("\n") for number in range(LINES)]
        checks.equal(f"all {LINES} lines of {name} come, in order", lines == expected, True)
    told = {line.split(": ")[1]: line for line in done.stderr.splitlines() if line.count(": ") > 1}
    for name, reason in REASONS.items():
        checks.check(f"{name} is named with its reason", reason in told.get(name, ""), told.get(name, done.stderr))
    nothing_left(stage, checks, "after the answer")


REASONS = {
    REFUSES: "Permission denied (publickey)",
    LACKS: "install logagent there, or name the command",
    GREETS: "prints text before it speaks HTTP/2: 'Welcome'",
    HANGS: "ssh did not connect within 4 s",
}
"""What is said of each bad host."""


def nothing_left(stage: Stage, checks: Checks, when: str) -> None:
    eventually(lambda: not stage.ssh_processes(), 60)
    checks.equal(f"{when}, no ssh and no agent over there is left", stage.ssh_processes(), {})


def prove_others(stage: Stage, checks: Checks) -> None:
    counted = stage.ask("hits", "app.log", "-o", "json", hosts=(*GOOD, LACKS))
    lines = sum(row["count"] for row in json.loads(counted.stdout)["hits"])
    checks.equal("hits count all lines of the good hosts", (lines, counted.returncode), (LINES * len(GOOD), 3))
    listed = stage.ask("files", hosts=GOOD)
    checks.equal(
        "files lists the log of each", [line.split()[0] for line in listed.stdout.splitlines()[1:]], sorted(GOOD)
    )
    states = stage.ask("hosts", hosts=(*GOOD, REFUSES))
    reached = {line.split()[0]: line.split()[1] for line in states.stdout.splitlines()[1:]}
    checks.equal("hosts tells who is reached", reached, {**dict.fromkeys(GOOD, "yes"), REFUSES: "no"})
    found = stage.ask("grep", "-h", "web-2 1999", "app.log", hosts=GOOD)
    checks.equal("grep finds a line over several hosts", (found.stdout.count("web-2 1999"), found.returncode), (1, 0))
    one = stage.ask("query", "app.log", "-n", "1", "--host", "db-*", hosts=GOOD)
    checks.equal("--host selects among them", one.stdout.strip().endswith("db-1 1999"), True)


class Growing:
    """Threads that write numbered lines to logs until told to stop."""

    def __init__(self, stage: Stage) -> None:
        self.written = dict.fromkeys(GOOD, LINES)
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(stage.directory, name)) for name in GOOD]
        for thread in self._threads:
            thread.start()

    def _write(self, directory: Path, name: str) -> None:
        with (directory / name / "app.log").open("a") as log:
            while not self._stopped.wait(PACE):
                log.write(line_of(name, self.written[name]))
                log.flush()
                self.written[name] += 1

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()


def prove_follow(stage: Stage, checks: Checks) -> None:
    command = stage.command("follow", "app.log", "--prefix=never", "--since=@0", hosts=(*GOOD, LACKS))
    out, said = stage.directory / "followed", stage.directory / "followed-said"
    with out.open("w") as stdout, said.open("w") as stderr:
        # As a shell does with a terminal's foreground job: Ctrl-C goes to this group.
        follow = subprocess.Popen(command, env=stage.environ, stdout=stdout, stderr=stderr, start_new_session=True)
    growing = Growing(stage)

    def came() -> dict[str, list[int]]:
        lines = [line.split() for line in out.read_text().splitlines() if line.count(" ") == 2]
        return {name: [int(words[2]) for words in lines if words[1] == name] for name in GOOD}

    started = eventually(lambda: all(numbers and max(numbers) > LINES for numbers in came().values()), LIMIT)
    checks.check(
        "a follow begins with all that was there, and goes on", started, {n: len(c) for n, c in came().items()}
    )
    victims = [
        pid for pid, words in stage.ssh_processes().items() if " ssh -F" in f" {words[2:]}" and "--name web-2" in words
    ]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    at = growing.written["web-2"]
    checks.check("the ssh of web-2 is killed while it is followed", victims, victims)
    back = eventually(lambda: max(came()["web-2"]) > at + 50, LIMIT)
    growing.stop()
    whole = eventually(lambda: all(len(came()[name]) >= growing.written[name] for name in GOOD), 20)
    checks.check("it goes on, and all lines come", back and whole, {n: len(c) for n, c in came().items()})
    for name in GOOD:
        checks.equal(
            f"each line of {name} comes once and in order", came()[name] == list(range(growing.written[name])), True
        )
    told = said.read_text()
    checks.check("that web-2 was lost is told, with ssh's end, and that it is back",
                 "web-2: lost: ssh was ended by SIGKILL" in told and "web-2: back after" in told, told)  # fmt: skip
    checks.check(f"{LACKS} is named in the follow, too", REASONS[LACKS] in told, told)
    os.killpg(follow.pid, signal.SIGINT)
    checks.equal("Ctrl-C ends the follow", follow.wait(timeout=20), 130)
    checks.check("ssh says nothing about Ctrl-C", "Killed by signal" not in said.read_text(), said.read_text()[-200:])
    nothing_left(stage, checks, "after Ctrl-C")


def prove_killed_command(stage: Stage, checks: Checks) -> None:
    """A command that is killed cannot end its ssh: the end of its input does."""
    command = stage.command("follow", "app.log", hosts=GOOD[:1])
    follow = subprocess.Popen(command, env=stage.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert follow.stdout is not None
    follow.stdout.readline()
    follow.kill()
    follow.wait()
    follow.stdout.close()
    nothing_left(stage, checks, "after kill -9 of a follow")


def main() -> int:
    if SSHD is None or not LOGAGENT.exists():
        print("needs sshd (Debian: openssh-server) and logagent in this environment", file=sys.stderr)
        return 2
    Path("/run/sshd").mkdir(exist_ok=True)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="ssh-proof-") as directory, ExitStack() as running:
        stage = Stage(Path(directory))
        for name, host in stage.hosts.items():
            running.enter_context(silent(host.port) if name == HANGS else stage.sshd(host))
        prove_lines(stage, checks)
        prove_others(stage, checks)
        prove_follow(stage, checks)
        prove_killed_command(stage, checks)
    return checks.closing()


if __name__ == "__main__":
    sys.exit(main())
