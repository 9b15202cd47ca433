"""The table that a run prints."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. met: whether its target is met; None where it has none. notes: what the figure does not say."""

    what: str
    ours: str
    compared: str
    ratio: float | None
    target: str
    met: bool | None
    notes: list[str] = field(default_factory=list)

    @property
    def cells(self) -> list[str]:
        verdict = {True: "met", False: "**missed**", None: ""}[self.met]
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return [self.what, self.ours, self.compared, ratio, self.target, verdict]


HEAD = ["what", "logagent", "compared with", "ratio", "target", "", "others' cores"]


def table(rows: list[tuple[Row, float]]) -> str:
    """The rows as Markdown; beside each, how many cores others kept busy meanwhile."""
    cells = [HEAD, *([*row.cells, f"{busy:.1f}"] for row, busy in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"- {row.what}: {note}" for row, _ in rows for note in row.notes]
    return "\n".join([*lines, "", *notes])


def machine() -> str:
    """What the figures were measured on, and how busy that was."""
    load = ", ".join(f"{load:.2f}" for load in os.getloadavg())
    return f"{os.cpu_count()} cores ({_processor()}), Python {platform.python_version()}, load average {load}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def within(times: Sequence[float], percent: int) -> float:
    """The time within which so many of a hundred are done."""
    return quantiles(times, n=100, method="inclusive")[percent - 1]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def megabytes(count: float) -> str:
    return f"{count / 1e6:.1f} MB"
