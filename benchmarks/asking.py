"""What a command that asks once takes of a processor, beside Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence

import commands
from report import Row, milliseconds
from stage import Stage

REPETITIONS = 15
TIMES_PYTHON = 8.0
AIM = 6.0
_CACHING = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Both run from compiled files, which the first run of each writes."""


def asking(stage: Stage) -> list[Row]:
    """Commands that ask one agent once."""
    log, url, tls = stage.big.path.name, stage.agent.url, stage.tls_agent.url
    certificates = ("--certs", str(stage.certs), "--name", "alone")
    return [
        _row("`query -n 1`", ("query", log, "-n", "1", "--agent", url), TIMES_PYTHON),
        _row("`files`", ("files", log, "--agent", url), None),
        _row("`hosts`", ("hosts", "--agent", url), None),
        _row("`query -n 1`, TLS", ("query", log, "-n", "1", "--agent", tls, *certificates), None),
    ]


def _row(what: str, argv: Sequence[str], most: float | None) -> Row:
    ours = _costs([sys.executable, "-m", "logagent", *argv])
    both = commands.side_by_side(REPETITIONS, ours, _costs([sys.executable, "-c", "pass"]))
    ask, python = both.medians
    return Row(
        f"{what}, processor time",
        milliseconds(ask),
        f"{milliseconds(python)} python -c pass",
        both.ratio,
        "" if most is None else f"at most {most:g}, aim {AIM:g}",
        None if most is None else both.ratio <= most,
    )


def _costs(command: Sequence[str]) -> Callable[[], float]:
    """Runs a command, and returns the seconds of a processor that it took."""

    def run() -> float:
        before = commands.cpu_of_children()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=_CACHING)
        return commands.cpu_of_children() - before

    return run
