"""Whether the primary's own log and its metrics agree with what it was asked: each request, and each figure.

A request has a trace of its own, by which its lines are found in the log; the figures are then compared with the lines.
The primary is never restarted, so that none of its figures begins anew.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from logagent.core.outcome import Status
from soaking.account import Account, Asked, Ending
from soaking.leaving import NOWHERE

LOG_SETTINGS = 'log_level = ["info", "logagent.requests=debug"]\nlog_max_bytes = "64MiB"\nlog_keep = 50\n'
"""Settings with which each request leaves at least one line, and none is removed in the course of an hour."""
METRICS = "/metrics"
_ROUTES = {"/logs": "logs", "/hits": "hits", "/files": "files", "/hosts": "hosts", "/openapi.json": "openapi"}
_PROBES = {"/healthz": "healthz", "/readyz": "readyz"}
_LEFT, _NONE = "CANCELLED", "none"
Line = Mapping[str, Any]


@dataclass
class OwnLog:
    """An agent's own log.

    ends: the lines that tell how a request ended, by its trace. asked: likewise, the hosts that it was asked of.
    bugs: lines with a traceback.
    """

    ends: dict[str, list[Line]] = field(default_factory=dict)
    asked: dict[str, set[str]] = field(default_factory=dict)
    bugs: int = 0

    @staticmethod
    def read(directory: Path) -> OwnLog:
        own = OwnLog()
        for file in directory.glob("*.log*"):
            with file.open("rb") as lines:
                for line in map(json.loads, lines):
                    own.take(line)
        return own

    def take(self, line: Line) -> None:
        self.bugs += "error" in line
        trace = line.get("trace_id", "")
        if line.get("event") == "ended" and line["route"] != METRICS:
            self.ends.setdefault(trace, []).append(line)
        if line.get("event") == "asked":
            self.asked.setdefault(trace, set()).update(line["asked_hosts"])


def log_and_account(own: OwnLog, account: Account) -> Iterator[str]:
    """What the log tells otherwise than the clients."""
    known = {asked.trace for asked in account.asked}
    unknown = [ends[0] for trace, ends in own.ends.items() if trace not in known and ends[0]["route"] != NOWHERE]
    yield from (f"nobody asked that: {line}" for line in unknown)
    for asked in account.asked:
        ends = own.ends.get(asked.trace, [])
        saw = asked.ending in (Ending.WHOLE, Ending.REFUSED)
        if len(ends) != 1 and (saw or asked.status or ends):
            yield f"{asked.kind} {asked.path} (trace {asked.trace}): {len(ends)} lines tell how it ended"
        elif saw and (told := _told(ends[0])) != (wanted := _seen(asked)):
            yield f"{asked.kind} {asked.path} (trace {asked.trace}): the log says {told}, the client saw {wanted}"


def _told(line: Line) -> tuple[str, int, str]:
    return line["route"], line.get("http_status", 0), line.get("status", "")


def _seen(asked: Asked) -> tuple[str, int, str]:
    return asked.path, asked.status, "" if asked.verdict is None else Status(asked.verdict).name


def peer_and_primary(primary: OwnLog, name: str, peer: OwnLog) -> Iterator[str]:
    """Complete answers whose trace a peer that was asked does not tell of."""
    for trace, hosts in primary.asked.items():
        if name in hosts and primary.ends.get(trace, [{}])[0].get("complete") and trace not in peer.ends:
            yield f"trace {trace}: {name} was asked, and does not tell of it"


def metrics_and_log(text: str, own: OwnLog) -> Iterator[str]:
    """Figures that count otherwise than the lines of the log.

    A request whose client had left before the agent looked at it has a line, without `seconds`, and is in no figure.
    """
    told = Counter(_counted(line) for ends in own.ends.values() for line in ends if "seconds" in line)
    figures = _figures(text)
    for what in sorted(told.keys() | figures.keys()):
        if told[what] != figures[what]:
            yield f"{' '.join(what)}: {figures[what]:,} by the metrics, {told[what]:,} by the log"


def _counted(line: Line) -> tuple[str, str]:
    """Return as what the metrics count a request: its route, and how it ended."""
    path, status = line["route"], line.get("http_status", 0)
    code = f"{status // 100}xx"
    if path in _PROBES:
        return _PROBES[path], code
    route = "follow" if line.get("follow") else _ROUTES.get(path, "other")
    if status >= 400:
        return route, code
    return route, line.get("status", _LEFT if line.get("client_left") else _NONE)


def _figures(text: str) -> Counter[tuple[str, str]]:
    """Return the same from the metrics, without the questions of other agents, of which the primary has none."""
    figures: Counter[tuple[str, str]] = Counter()
    for name, labels, count in _samples(text):
        if name == "logagent_queries_total":
            is_refused = labels["code"] >= "4xx" and labels["code"] != _NONE
            figures[labels["route"], labels["code"] if is_refused else labels["status"]] += int(count)
        elif name == "logagent_probes_total" and labels["route"] in _PROBES.values():
            figures[labels["route"], labels["code"]] += int(count)
    return figures


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


async def scraped(url: str) -> str:
    """The metrics of an agent, as text."""
    async with httpx.AsyncClient(trust_env=False, timeout=None) as http:
        answer = await http.get(f"{url}{METRICS}")
        answer.raise_for_status()
        return answer.text
