"""The soak test: an hour of mixed questions, while logs are rotated, peers restarted and settings reloaded.

    python benchmarks/soak.py [--seconds 3600] [--queries 100000] [--rounds 6] [--seed 1] [--keep DIRECTORY]

A primary and four peers run as processes on loopback. In the end their descriptors, threads, tasks and memory must be
what they were after the first questions, each complete answer must hold what was written, and the primary's own log and
metrics must agree with what was asked. After each round the agents rest, and progress on standard error says what they
hold. Ctrl-C ends the asking, not the checking. Prints a table in Markdown; exits with 1 if anything does not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import trio
from report import Row
from soaking import results
from soaking.running import Plan, Soak
from stage import Stage

QUERIES = 100_000
SECONDS = 3600.0
ROUNDS = 6
BYTES_A_QUERY = 10_000
"""Of the big file, when this runs among the other measurements: fewer queries, and less time, with a smaller one."""


def soaked(directory: Path, plan: Plan) -> Soak:
    """A run that has ended."""
    soak = Soak(directory, plan)
    trio.run(soak.run)
    return soak


def soak(stage: Stage) -> list[Row]:
    """Whether all ends where it began, as one row among those of other measurements."""
    queries = min(QUERIES, stage.big.size // BYTES_A_QUERY)
    plan = Plan(SECONDS * queries / QUERIES, queries, ROUNDS, seed=1)
    began = time.monotonic()
    done = soaked(stage.directory / "soak", plan)
    held = list(results.rows(done))
    missed = [line for holds, line in held if not holds]
    minutes = (time.monotonic() - began) / 60
    what = f"soak of {done.account.questions:,} questions in {minutes:.0f} minutes"
    ours = f"{len(held) - len(missed)} of {len(held)} hold"
    notes = [f"{line[0]}: {line[1]} before, {line[2]} after, {line[3]}" for line in missed]
    return [Row(what, ours, "", None, "all", not missed, notes)]


@contextmanager
def _directory(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="logagent-soak-") as made:
        yield Path(made)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="An hour of mixed questions; in the end all is as it was.")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for which questions are asked [3600]")
    parser.add_argument("--queries", type=int, default=QUERIES, help="that are asked in that time, or longer [100000]")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="after each of which the agents rest [6]")
    parser.add_argument("--seed", type=int, default=1, help="of all that is drawn [1]")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="where logs and settings stay [nowhere]")
    asked = parser.parse_args(argv)
    with _directory(asked.keep) as directory:
        done = soaked(directory, Plan(asked.seconds, asked.queries, asked.rounds, asked.seed))
        held = list(results.rows(done))
        print(results.table([line for _, line in held]))
        print()
        for detail in results.details(done):
            print(f"- {detail}")
    return 0 if all(holds for holds, _ in held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
