"""Schemathesis as anybody runs it: it makes cases of an agent's description, and compares each answer with it.

Of its checks, one is left out: that what fits the description is never refused. The words of JSON Schema cannot say
that `until` must be after `since`, which regular expressions there are, or which cursors. It speaks HTTP/1.1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

TESTS = Path(__file__).parents[1]
CONFIG = """
[checks]
positive_data_acceptance.enabled = false
negative_data_rejection.expected-statuses = [STATUSES]
"""
REFUSED = ("400", "401", "403", "404", "406", "413", "414", "415", "431")
"""How what does not fit the description may be refused: that it is too large may be seen first."""
ACCEPT = "application/json, application/x-ndjson;q=0.9"
"""The media types that are whole over HTTP/1.1 also where an answer is incomplete; a text is cut then, as is meant."""
TIMEOUT = 900
"""Seconds that a run may take: it must not hang."""


@dataclass(frozen=True)
class Cases:
    """What came of some cases.

    Attributes:
        failed: whether an answer was not as described.
        told: what Schemathesis printed.
        statuses: how many answers there were, by method, path and status code.
    """

    failed: bool
    told: str
    statuses: Counter[tuple[str, str, int]]

    def seen(self, path: str) -> set[int]:
        """The status codes of answers to GET of a path."""
        return {status for method, asked, status in self.statuses if (method, asked) == ("GET", path)}


def generated(
    url: str,
    directory: Path,
    *,
    phases: str,
    examples: int,
    document: str = "",
    more: Sequence[str] = (),
) -> Cases:
    """Ask an agent with cases made of its description; the same cases each time.

    Args:
        url: of the agent.
        directory: for files.
        phases: of Schemathesis, with commas between them.
        examples: of each operation at most, in the phase `fuzzing`.
        document: a file in place of the agent's own description.
        more: further arguments.
    """
    config, har = directory / "schemathesis.toml", directory / "cases.har"
    config.write_text(CONFIG.replace("STATUSES", ", ".join(f'"{status}"' for status in REFUSED)))
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    command += ["--config-file", str(config), "run", document or f"{url}/openapi.json", "--url", url]
    command += ["--phases", phases, "--max-examples", str(examples), "--generation-deterministic"]
    command += ["--request-timeout", "30", "--warnings", "off", "--no-color"]
    command += ["--header", f"Accept: {ACCEPT}", "--report-har-path", str(har), *more]
    hooks = {"SCHEMATHESIS_HOOKS": "testbed.case_hooks", "PYTHONPATH": str(TESTS)}
    environment = os.environ | hooks
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=directory, timeout=TIMEOUT
    )
    assert har.exists(), ran.stdout + ran.stderr
    entries = json.loads(har.read_text("utf-8"))["log"]["entries"]
    statuses = Counter(
        (each["request"]["method"], urlsplit(each["request"]["url"]).path, each["response"]["status"])
        for each in entries
    )
    return Cases(ran.returncode != 0, ran.stdout + ran.stderr, statuses)
