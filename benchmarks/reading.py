"""How fast one file is read: its last lines, a rare word, a common one."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import commands
import logs
import trio
from logs import LogFile
from report import Row, milliseconds
from stage import Stage, logs_url

from logagent.peers.client.http_client import connect

LAST = 20
LAST_TIMES = 50
LAST_SECONDS = 0.005
LAST_RATIO = 1.5
COMMON_LINES = 100_000
COMMON_RATIO = 2.0
REPETITIONS = 5


def last_lines(stage: Stage) -> list[Row]:
    """The last lines of a big file and of a small one, in turns, on one connection that is kept."""
    times = trio.run(_last_lines, stage.agent.url, stage.big, stage.small)
    ours, small = median(times[stage.big]), median(times[stage.small])
    met = ours < LAST_SECONDS and ours <= LAST_RATIO * small
    target = f"under {milliseconds(LAST_SECONDS)}, ratio at most {LAST_RATIO}"
    compared = f"{milliseconds(small)} of {stage.small.size / 1e6:.0f} MB"
    return [Row(f"last {LAST} lines, kept connection", milliseconds(ours), compared, ours / small, target, met)]


async def _last_lines(url: str, big: LogFile, small: LogFile) -> dict[LogFile, list[float]]:
    times: dict[LogFile, list[float]] = {big: [], small: []}
    async with connect(url) as client:

        async def ask(file: LogFile) -> float:
            began = time.perf_counter()
            response = await client.get("/logs", params={"filename": file.path.name, "n": LAST})
            took = time.perf_counter() - began
            if response.content.count(b"\n") != LAST:
                raise RuntimeError(f"{url} sent other than {LAST} lines of {file.path.name}")
            return took

        await _repeat(ask, times)
    return times


async def _repeat(ask: Callable[[LogFile], Awaitable[float]], times: dict[LogFile, list[float]]) -> None:
    for turn in range(LAST_TIMES + 1):
        for file, taken in times.items():
            took = await ask(file)
            if turn:  # the first of each finds nothing prepared
                taken.append(took)


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
