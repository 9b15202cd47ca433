"""The document names every metric, with its type and labels, and every limit, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from logagent.telemetry.metrics.figures import Figures, Usage
from logagent.telemetry.metrics.limits import LIMITS
from logagent.telemetry.metrics.metrics import Metrics
from logagent.telemetry.metrics.peers import PeerSeen

DOCUMENT = Path(__file__).parents[3] / "docs" / "metrics.md"
SUFFIXES = {"counter": "_total", "info": "_info"}


def full() -> Metrics:
    """Figures of which each has a sample."""
    metrics = Metrics(["db-1"])
    some = Usage(1, 2)
    metrics.figures = lambda: Figures(archives={"decoders": some}, certificates={"web-1": 1.0})
    counting = metrics.counting
    counting.queries["logs", "all", "2xx", "OK"] += 1
    counting.probes["metrics", "2xx"] += 1
    counting.refusals["400"] += 1
    counting.peers.peers["db-1"] = PeerSeen("ok", 1.0, 2.0)
    counting.peers.peers["db-1"].ends["OK"] += 1
    return metrics


def between(mark: str) -> str:
    return DOCUMENT.read_text("utf-8").partition(f"<!-- {mark} -->\n")[2].partition(f"<!-- end of {mark} -->")[0]


def rows(mark: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split(" | ")] for line in between(mark).splitlines()[2:]]


def test_every_metric_is_documented_and_no_other() -> None:
    told = {
        (re.findall("`(.*?)`", name)[0], kind, frozenset(re.findall("`(.*?)`", labels)))
        for name, kind, labels, *_ in (line.strip("|").split("|") for line in between("metrics").splitlines()[2:])
    }
    families = {family.name + SUFFIXES.get(family.type, ""): family for family in full().collect()}
    real = {
        (name, {"info": "gauge"}.get(family.type, family.type), frozenset(family.samples[0].labels) - {"le"})
        for name, family in families.items()
    }
    assert {(name, kind.strip(), labels) for name, kind, labels in told} == real


def test_every_limit_is_documented_and_no_other() -> None:
    assert [re.findall("`(.*?)`", row[0])[0] for row in rows("limits")] == list(LIMITS)
