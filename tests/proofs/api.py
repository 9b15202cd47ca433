"""Proof of the API's description: `python tests/proofs/api.py`.

Schemathesis makes cases of what agents say of themselves at `/openapi.json`: everything that can be wrong with each
parameter, then some hundred cases drawn for each operation. An agent with a peer answers them, one that answers nobody,
and one whose roots are gone. No answer may be one that is not described, and none a 5xx that is not a 503. Takes five
minutes. Exits 1 if a check fails.
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from proving import Checks

sys.path.insert(0, str(Path(__file__).parents[1]))

from testbed.generated_cases import Cases, generated
from testbed.processes import running

EXAMPLES = 50
"""Cases drawn for each operation at most."""
RULES = '[[rule]]\nwho = ["token:nobody"]\naccess = "allow"\n'


def main() -> int:
    """Ask each agent, and print what holds."""
    checks = Checks()
    os.environ["LOGAGENT_CONTROL"] = "none"  # where the machine's own agent may listen
    with tempfile.TemporaryDirectory() as directory:
        of_peers(Path(directory), checks)
        of_nobody(Path(directory), checks)
        of_no_roots(Path(directory), checks)
    return checks.closing()


def root_of(directory: Path, name: str) -> Path:
    """A root with a log, its archive, and a file that is no text."""
    root = directory / name
    root.mkdir()
    lines = (b"2026-11-23T10:%02d:%02dZ %b line %d\n" % (n // 60, n % 60, name.encode(), n) for n in range(600))
    (root / "app.log").write_bytes(b"".join(lines))
    (root / "app.log.1.gz").write_bytes(gzip.compress(b"2026-11-22T10:00:00Z old\n"))
    (root / "odd.log").write_bytes(bytes(range(256)) + b"\n")
    return root


def of_peers(directory: Path, checks: Checks) -> None:
    """An agent that asks another one, and one that is not there."""
    with running("web-2", root_of(directory, "web-2")) as peer:
        peers = ["--peer", f"web-2={peer.url}", "--peer", "web-3=http://127.0.0.1:9"]
        with running("web-1", root_of(directory, "web-1"), *peers) as agent:
            cases = generated(agent.url, directory, phases="coverage,fuzzing", examples=EXAMPLES)
    told(checks, "an agent with peers", cases)
    for path in ("/logs", "/hits", "/files"):
        checks.check(f"{path} gave answers, and refused bad parameters", cases.seen(path) >= {200, 400})


def of_nobody(directory: Path, checks: Checks) -> None:
    """An agent with rules, which give nothing to who asks."""
    rules = directory / "rules.toml"
    rules.write_text(RULES)
    with running("web-4", root_of(directory, "web-4"), "--config", str(rules)) as agent:
        cases = generated(agent.url, directory, phases="fuzzing", examples=20)
    told(checks, "an agent that answers nobody", cases)
    checks.equal("it refuses whoever asks for logs", cases.seen("/hosts") & {200, 403}, {403})


def of_no_roots(directory: Path, checks: Checks) -> None:
    """An agent whose roots are gone: it is not ready, and says so."""
    root = root_of(directory, "web-5")
    with running("web-5", root) as agent:
        for file in root.iterdir():
            file.unlink()
        root.rmdir()
        cases = generated(agent.url, directory, phases="fuzzing", examples=20, more=["--exclude-checks", SERVER])
    told(checks, "an agent without roots", cases, but={503})
    checks.equal("it is not ready", cases.seen("/readyz"), {503})


SERVER = "not_a_server_error"
"""The check that takes any 5xx for a failure, also one that is described and meant."""


def told(checks: Checks, name: str, cases: Cases, but: frozenset[int] | set[int] = frozenset()) -> None:
    """Check that no answer was one that is not described, and print what came."""
    checks.check(f"{name}: every answer is one that is described", not cases.failed, cases.told if cases.failed else "")
    statuses: Counter[int] = Counter()
    for (_, _, status), count in cases.statuses.items():
        statuses[status] += count
    checks.check(f"{name}: no 5xx", {status for status in statuses if status >= 500} <= but)
    listed = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    checks.note(f"{sum(statuses.values())} answers: {listed}")


if __name__ == "__main__":
    sys.exit(main())
