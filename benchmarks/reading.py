"""How fast one file is read: its last lines, a rare word, a common one."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import commands
import logs
import trio
from report import Row, milliseconds
from stage import Stage, logs_url

from logagent.peers.client.http_client import connect

LAST = 20
LAST_TIMES = 50
LAST_RATIO = 2.5
"""Times as long as `/healthz` takes; aimed at is 2."""
COMMON_LINES = 100_000
COMMON_RATIO = 2.0
REPETITIONS = 5


def last_lines(stage: Stage) -> list[Row]:
    """The last lines of a big file, and the smallest answer that there is, in turns, on one connection that is kept."""
    paths = {"last": f"/logs?filename={stage.big.path.name}&n={LAST}", "health": "/healthz"}
    times = trio.run(_in_turns, stage.agent.url, paths)
    ours, smallest = median(times["last"]), median(times["health"])
    what, compared = f"last {LAST} lines, kept connection", f"{milliseconds(smallest)} /healthz"
    target = f"ratio at most {LAST_RATIO:g}"
    return [Row(what, milliseconds(ours), compared, ours / smallest, target, ours <= LAST_RATIO * smallest)]


async def _in_turns(url: str, paths: dict[str, str]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in paths}
    async with connect(url) as client:
        for turn in range(LAST_TIMES + 1):
            for name, path in paths.items():
                began = time.perf_counter()
                (await client.get(path)).raise_for_status()
                if turn:  # the first of each finds nothing prepared
                    times[name].append(time.perf_counter() - began)
    return times


def rare_word(stage: Stage) -> list[Row]:
    """A word on twenty lines, looked for in the whole file."""
    what = f"a word on {logs.RARE_LINES} of {stage.big.lines:,} lines"
    return [_beside_grep(stage, what, logs.RARE, None, 1.0)]


def common_word(stage: Stage) -> list[Row]:
    """A word on many lines, the first hundred thousand of them."""
    what = f"a word on {logs.COMMON_SHARE:.0%} of lines, the first {COMMON_LINES:,}"
    return [_beside_grep(stage, what, logs.COMMON, COMMON_LINES, COMMON_RATIO)]


def _beside_grep(stage: Stage, what: str, word: bytes, n: int | None, most: float) -> Row:
    ours, theirs = stage.directory / "ours", stage.directory / "theirs"
    limit = {} if n is None else {"n": n}
    url = logs_url(stage.agent, stage.big.path.name, keyword=word.decode(), **limit)
    option = "" if n is None else f"-m {n} "
    # Into a file: grep stops at its first hit when it writes to /dev/null.
    line = f'tac "$1" | grep -F {option}{word.decode()} > "$2"'
    measured = commands.side_by_side(
        REPETITIONS,
        lambda: commands.fetch(url, str(ours)).seconds,
        lambda: commands.shell(line, stage.big.path, theirs),
    )
    _require_equal(ours, theirs)
    mine, their = measured.medians
    compared = f"{their:.2f} s tac f \\| grep -F {option}k"
    return Row(what, f"{mine:.2f} s", compared, measured.ratio, f"ratio at most {most:g}", measured.ratio <= most)


def _require_equal(ours: Path, theirs: Path) -> None:
    if ours.read_bytes() != theirs.read_bytes():
        raise RuntimeError("grep finds other lines")
