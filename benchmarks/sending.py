"""How fast lines are sent: all of one file as text, as NDJSON and over TLS, and those of three agents merged."""

from __future__ import annotations

from statistics import median

import commands
import nginx
from commands import Fetched
from report import Row
from stage import Stage, logs_url

REPETITIONS = 3
TEXT_RATIO = 4.0
"""Times as much of a processor as `tac` takes time; aimed at is 2.5."""
TLS_RATIO = 1.8
"""Times as fast as Hypercorn as it is; aimed at is 3."""
MERGED_REPETITIONS = 5
MERGED_RATIO = 9.0
"""Times as long as `sort -m` of local files; aimed at is 7."""
NGINX_RATIO = 3.5
"""Times as much of a processor as nginx takes for the same bytes; aimed at is 2."""
NDJSON_RATIO = 12.0
"""Times as much of a processor as `tac` takes time; aimed at is 8."""


def text(stage: Stage) -> list[Row]:
    """All lines of a file as text, newest first, without TLS, beside `tac`."""
    return [_beside_tac(stage, "everything as text, newest first", "text/plain", TEXT_RATIO)]


def ndjson(stage: Stage) -> list[Row]:
    """All lines of a file as NDJSON, newest first, without TLS, beside `tac`."""
    return [_beside_tac(stage, "everything as NDJSON, newest first", "application/x-ndjson", NDJSON_RATIO)]


def _beside_tac(stage: Stage, what: str, accept: str, most: float) -> Row:
    """The agent's processor time for all lines."""
    big, url = stage.big, logs_url(stage.agent, stage.big.path.name)

    def ours() -> float:
        before = stage.agent.cpu_seconds
        commands.fetch(url, lines=big.lines, accept=accept)
        return stage.agent.cpu_seconds - before

    measured = commands.side_by_side(REPETITIONS, ours, lambda: commands.shell('tac "$1" > /dev/null', big.path))
    used, native = measured.medians
    told = f"{used:.2f} s of a processor, {used / big.lines * 1e9:.0f} ns a line"
    return Row(what, told, f"{native:.2f} s tac", measured.ratio, f"ratio at most {most:g}", measured.ratio <= most)


def everything(stage: Stage) -> list[Row]:
    """All lines of a file over TLS, beside the same bytes from Hypercorn as it is."""
    big = stage.big
    url, stock = logs_url(stage.tls_agent, big.path.name), stage.stock.url
    measured = commands.side_by_side(
        REPETITIONS,
        lambda: commands.fetch(url, lines=big.lines).seconds,
        lambda: commands.download(stock),
    )
    ours, theirs = measured.medians
    faster = 1 / measured.ratio
    return [
        Row(
            "everything, curl over TLS and HTTP/2",
            f"{big.lines / ours:,.0f} lines/s, {big.size / ours / 1e6:.0f} MB/s",
            f"{big.size / theirs / 1e6:.0f} MB/s stock Hypercorn",
            faster,
            f"ratio {TLS_RATIO:g}",
            faster >= TLS_RATIO,
        )
    ]


def over_tls(stage: Stage) -> list[Row]:
    """The agent's processor time for all lines of a file over TLS, beside that of nginx for the file as it is."""
    what, target = "everything as text over TLS, processor time", f"ratio at most {NGINX_RATIO:g}"
    if not nginx.is_installed():
        return [Row(what, "", "nginx is not installed", None, target, None)]
    big, agent, other = stage.big, stage.tls_agent, stage.nginx
    url, theirs = logs_url(agent, big.path.name), f"{other.url}/{big.path.name}"

    def ours() -> float:
        before = agent.cpu_seconds
        commands.fetch(url, lines=big.lines, accept="text/plain")
        return agent.cpu_seconds - before

    def of_nginx() -> float:
        before = other.cpu_seconds
        commands.download(theirs)
        return other.cpu_seconds - before

    measured = commands.side_by_side(REPETITIONS, ours, of_nginx)
    used, native = measured.medians
    return [Row(what, f"{used:.2f} s", f"{native:.2f} s nginx", measured.ratio, target, measured.ratio <= NGINX_RATIO)]


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
            measured.ratio,
            f"ratio of times at most {MERGED_RATIO:g}",
            measured.ratio <= MERGED_RATIO,
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
