"""How fast the lines of one file are counted by time, beside the search for a rare word in it."""

from __future__ import annotations

import json
from pathlib import Path

import commands
import logs
from report import Row
from stage import Stage, hits_url, logs_url

RATIO = 3.0
"""At most, as long as each line tells its time; half of that is the aim."""
REPETITIONS = 7


def hits(stage: Stage) -> list[Row]:
    """All lines, by a step that suits the file and by one that was asked for; then those with a frequent word."""
    return [
        _beside_a_search(stage, f"hits of all {stage.big.lines:,} lines", RATIO, stage.big.lines),
        _beside_a_search(stage, "the same by five minutes", None, stage.big.lines, step="5m"),
        _beside_a_search(stage, f"hits of {logs.COMMON.decode()}, on 5 %", None, None, keyword=logs.COMMON.decode()),
    ]


def _beside_a_search(stage: Stage, what: str, most: float | None, lines: int | None, **asked: str) -> Row:
    counts = stage.directory / "counts.json"
    url = hits_url(stage.agent, stage.big.path.name, **asked)
    search = logs_url(stage.agent, stage.big.path.name, keyword=logs.RARE.decode())
    measured = commands.side_by_side(
        REPETITIONS,
        lambda: commands.fetch(url, str(counts), lines=lines).seconds,
        lambda: commands.fetch(search, lines=logs.RARE_LINES).seconds,
    )
    _require_all_counted(counts)
    ours, theirs = measured.medians
    target, met = ("", None) if most is None else (f"ratio at most {most:g}", measured.ratio <= most)
    return Row(what, f"{ours:.3f} s", f"{theirs:.3f} s search for a rare word", measured.ratio, target, met)


def _require_all_counted(path: Path) -> None:
    counted = json.loads(path.read_bytes())
    if sum(hit["count"] for hit in counted["hits"]) != counted["end"]["lines"]:
        raise RuntimeError("the counts do not come to the lines of the verdict")
