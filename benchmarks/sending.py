"""How fast lines are sent: all of one file over TLS, and those of three agents merged."""

from __future__ import annotations

from statistics import median

import commands
from commands import Fetched
from report import Row
from stage import Stage, logs_url

EVERYTHING_REPETITIONS = 3
EVERYTHING_LINES = 500_000
EVERYTHING_RATIO = 3.0
MERGED_REPETITIONS = 5
MERGED_LINES = 600_000


def everything(stage: Stage) -> list[Row]:
    """All lines of a file over TLS, beside the same bytes from Hypercorn as it is."""
    big = stage.big
    url, stock = logs_url(stage.tls_agent, big.path.name), stage.stock.url
    measured = commands.side_by_side(
        EVERYTHING_REPETITIONS,
        lambda: commands.fetch(url, lines=big.lines).seconds,
        lambda: commands.download(stock),
    )
    ours, theirs = measured.medians
    rate, faster = big.lines / ours, 1 / measured.ratio
    return [
        Row(
            "everything, curl over TLS and HTTP/2",
            f"{rate:,.0f} lines/s, {big.size / ours / 1e6:.0f} MB/s",
            f"{big.size / theirs / 1e6:.0f} MB/s stock Hypercorn",
            faster,
            f"{EVERYTHING_LINES:,} lines/s, ratio {EVERYTHING_RATIO:g}",
            rate >= EVERYTHING_LINES and faster >= EVERYTHING_RATIO,
        )
    ]


def merged(stage: Stage) -> list[Row]:
    """Three agents of a million lines each, as one text, beside a merge of their files on one host."""
    lines, files = sum(file.lines for file in stage.merged), [file.path for file in stage.merged]
    url = logs_url(stage.cluster[0], files[0].name)
    spent: list[_Spent] = []
    measured = commands.side_by_side(
        MERGED_REPETITIONS,
        lambda: _fetch_spending(stage, url, lines, spent),
        lambda: commands.shell('sort -m -s -k 1,1 "$@" > /dev/null', *files),
    )
    ours, theirs = measured.medians
    rate = lines / ours
    compared = f"{lines / theirs:,.0f} lines/s sort -m of local files"
    typical = sorted(spent[1:], key=lambda one: one.fetched.seconds)[MERGED_REPETITIONS // 2]
    return [
        Row(
            f"{len(files)} agents of {stage.merged[0].lines:,} lines each, merged, text",
            f"{rate:,.0f} lines/s",
            compared,
            1 / measured.ratio,
            f"{MERGED_LINES:,} lines/s",
            rate >= MERGED_LINES,
            typical.told(median([one.fetched.seconds for one in spent[1:]])),
        )
    ]


class _Spent:
    """Where the time of one answer went: seconds of processor for each agent, and curl's."""

    def __init__(self, fetched: Fetched, agents: dict[str, float]) -> None:
        self.fetched = fetched
        self.agents = agents

    def told(self, seconds: float) -> list[str]:
        agents = ", ".join(f"{name} {used:.2f} s" for name, used in self.agents.items())
        return [
            f"processor time in {seconds:.2f} s: {agents}, curl {self.fetched.cpu_seconds:.2f} s",
            f"server-timing: {self.fetched.server_timing}",
        ]


def _fetch_spending(stage: Stage, url: str, lines: int, spent: list[_Spent]) -> float:
    before = {process.name: process.cpu_seconds for process in stage.cluster}
    fetched = commands.fetch(url, lines=lines)
    used = {process.name: process.cpu_seconds - before[process.name] for process in stage.cluster}
    spent.append(_Spent(fetched, used))
    return fetched.seconds
