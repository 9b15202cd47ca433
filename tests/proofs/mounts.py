"""Proof of a follow on a volume that is detached and mounted again: `python tests/proofs/mounts.py`, as root, with
`unshare`, `mount` and `curl`.

An agent in a mount namespace of its own follows a log on a volume. The volume is detached while it is followed, written
to elsewhere, and mounted again; then a new one, a tmpfs, is mounted in its place. The follow must tell when the log is
gone and when it is back, hold no file of the detached volume for long, and give each line once. Takes a minute. Exits 1
if a check fails, 2 where there are no tools to do it with.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from proving import Checks, eventually

INSIDE = "--inside"
PATIENCE = 30.0
"""Seconds for anything to happen: ten until a mount is noticed, ten until files are let go."""


def main() -> int:
    """Begin again in a mount namespace of its own, whose mounts nobody else sees and which goes with the process."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "mount", "umount", "curl"))):
        print("needs root, unshare, mount, umount and curl")
        return 2
    if INSIDE in sys.argv:
        with tempfile.TemporaryDirectory() as directory:
            return prove(Path(directory), Checks())
    here = ["unshare", "--mount", "--propagation", "private", sys.executable, __file__, INSIDE]
    return subprocess.run(here, check=False).returncode


def prove(directory: Path, checks: Checks) -> int:
    """Follow a log over the volume's absence, and print what holds."""
    data, volume = directory / "data", directory / "volume"
    data.mkdir()
    volume.mkdir()
    write(data, "old")
    run("mount", "--bind", data, volume)
    serve = [sys.executable, "-m", "logagent", "serve", "--root", str(volume), "--listen", "127.0.0.1:0"]
    agent = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True)
    assert agent.stdout is not None
    url = agent.stdout.readline().split()[-1]
    out = directory / "out"
    with out.open("wb") as into:
        ask = f"{url}/logs?follow=true&filename=app.log"
        curl = ["curl", "-gsSN", "--http2-prior-knowledge", "-H", "accept: application/x-ndjson", ask]
        follow = subprocess.Popen(curl, stdout=into)
    try:
        _prove(checks, data, volume, agent.pid, out)
    finally:
        follow.terminate()
        agent.terminate()
        agent.wait()
        run("umount", "--lazy", volume)
    return checks.closing()


def _prove(checks: Checks, data: Path, volume: Path, agent: int, out: Path) -> None:
    eventually(lambda: "live" in out.read_text(), PATIENCE)
    write(data, "first")
    checks.check("a line is followed", eventually(lambda: lines(out) == ["first"], PATIENCE), lines(out))
    run("umount", "--lazy", volume)
    checks.check("it is told that the log is gone", eventually(lambda: len(told(out)) == 1, PATIENCE), told(out))
    held = f"{volume}/"
    checks.check("no file is held", eventually(lambda: not holds(agent, "app.log"), PATIENCE), held)
    write(data, "meanwhile")
    run("mount", "--bind", data, volume)
    checks.check("it is told that it is back", eventually(lambda: [*told(out), 1][1] == 0, PATIENCE), told(out))
    write(data, "second")
    expected = ["first", "meanwhile", "second"]
    checks.check("it goes on where it was", eventually(lambda: lines(out) == expected, PATIENCE), lines(out))
    run("umount", "--lazy", volume)
    checks.check("it is told again", eventually(lambda: len(told(out)) == 3, PATIENCE), told(out))
    run("mount", "-t", "tmpfs", "none", volume)
    write(volume, "of another volume")
    expected.append("of another volume")
    checks.check(
        "a new file comes from its beginning", eventually(lambda: lines(out) == expected, PATIENCE), lines(out)
    )
    time.sleep(2)
    checks.check("nothing comes twice", lines(out) == expected, lines(out))


def write(directory: Path, line: str) -> None:
    with (directory / "app.log").open("a") as file:
        file.write(line + "\n")


def run(*command: object) -> None:
    subprocess.run(list(map(str, command)), check=True, timeout=PATIENCE)


def records(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.read_text().splitlines(keepends=True) if line.endswith("\n")]


def lines(out: Path) -> list[object]:
    return [record["line"] for record in records(out) if "line" in record]


def told(out: Path) -> list[int]:
    """The statuses of the notices."""
    return [notice["status"] for record in records(out) if isinstance(notice := record.get("notice"), dict)]


def holds(process: int, name: str) -> bool:
    """Return whether a process has a file of a name open."""
    links = [link for link in Path(f"/proc/{process}/fd").iterdir() if link.is_symlink()]
    return any(link.readlink().name == name for link in links)


if __name__ == "__main__":
    sys.exit(main())
