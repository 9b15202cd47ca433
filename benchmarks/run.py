"""Measure logagent on this machine, each figure beside what it is to be compared with.

    python benchmarks/run.py [--size 1G] [--only NAME]... [--old DIRECTORY]

Prints a table in Markdown. Exits with 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import archives
import asking
import bystanders
import cold
import counting
import fleet
import following
import living
import many
import mixed
import processes
import ranging
import reading
import report
import searching
import sending
import soak
import stopping
import telemetry
from stage import SMALLEST, Stage

MEASUREMENTS: dict[str, Callable[[Stage], list[report.Row]]] = {
    "asking": asking.asking,
    "last": reading.last_lines,
    "rare": reading.rare_word,
    "common": reading.common_word,
    "patterns": searching.patterns,
    "ranges": ranging.five_minutes,
    "archives": archives.archives,
    "cold": cold.cold,
    "hits": counting.hits,
    "everything": sending.everything,
    "text": sending.text,
    "ndjson": sending.ndjson,
    "tls": sending.over_tls,
    "merged": sending.merged,
    "held": living.held,
    "health": living.health,
    "idle": living.idle,
    "mixed": mixed.mixed,
    "latency": following.latency,
    "follows": following.many,
    "many": many.many,
    "hosts": following.hosts,
    "fleet": fleet.fleet,
    "interrupted": stopping.interrupted,
    "paused": stopping.paused,
    "bystanders": bystanders.bystanders,
    "soak": soak.soak,
    "telemetry": telemetry.telemetry,
}
WHEN_NAMED = {"soak"}
"""Measured only where `--only` names them, since they take an hour."""
UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}


def main(argv: Sequence[str]) -> int:
    asked = _parser().parse_args(argv)
    # A shell that starts this in the background makes it ignore Ctrl-C, and so would the clients that are interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(report.machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="logagent-benchmarks-") as directory, ExitStack() as stack:
        rows = measure(
            Stage(Path(directory), asked.size, stack, asked.old),
            asked.only or [name for name in MEASUREMENTS if name not in WHEN_NAMED],
        )
    print()
    print(report.table(rows))
    return 1 if any(row.met is False for row, _ in rows) else 0


def measure(stage: Stage, names: Sequence[str]) -> list[tuple[report.Row, float]]:
    """The rows of these measurements, and how many cores others kept busy meanwhile."""
    rows: list[tuple[report.Row, float]] = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        others = processes.OthersWork(stage.servers)
        measured = MEASUREMENTS[name](stage)
        rows += [(row, others.cores()) for row in measured]
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure logagent beside what it is to be compared with.")
    parser.add_argument("--size", type=_size, default="1G", help="bytes of the big file, such as 200M or 1G [1G]")
    parser.add_argument(
        "--only", choices=MEASUREMENTS, action="append", help=f"repeatable [all but {', '.join(WHEN_NAMED)}]"
    )
    parser.add_argument(
        "--old", type=Path, metavar="DIRECTORY", help="a checkout of the commit before, for `telemetry`"
    )
    return parser


def _size(text: str) -> int:
    digits, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    if not digits.isdigit() or unit not in {"", *UNITS}:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes such as 200M or 1G")
    size = int(digits) * UNITS.get(unit, 1)
    if size < SMALLEST:
        raise argparse.ArgumentTypeError(f"at least {SMALLEST:,} bytes")
    return size


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
