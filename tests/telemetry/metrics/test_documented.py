"""The document names every metric, with its type and labels, and every limit, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from logagent.telemetry.metrics.limits import LIMITS
from testbed.scrapes import full

DOCUMENT = Path(__file__).parents[3] / "docs" / "metrics.md"
SUFFIXES = {"counter": "_total", "info": "_info"}


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
