"""How fast the lines of one file are counted by time, beside the tools that count them without reading times."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import commands
import logs
from report import Row
from stage import Stage, hits_url

ALL_RATIO = 5.0
STEP_RATIO = 7.0
COMMON_RATIO = 3.0
"""At most, of all lines by a step that suits the file, by one that was asked for, and of lines with a frequent word."""
REPETITIONS = 7


def hits(stage: Stage) -> list[Row]:
    """All lines, by a step that suits the file and by one that was asked for; then those with a frequent word."""
    word, lines = logs.COMMON.decode(), stage.big.lines
    count_all, count_word = 'wc -l "$2" > /dev/null', 'rg --no-config -c -F "$1" "$2" > /dev/null'
    rows = [
        _beside(stage, f"hits of all {lines:,} lines", ("wc -l", count_all), ALL_RATIO, lines),
        _beside(stage, "the same by five minutes", ("wc -l", count_all), STEP_RATIO, lines, step="5m"),
    ]
    what = f"hits of {word}, on 5 %"
    if not shutil.which("rg"):
        return [*rows, Row(what, "", "rg is not installed", None, "", None)]
    return [*rows, _beside(stage, what, ("rg -c", count_word), COMMON_RATIO, None, keyword=word)]


def _beside(stage: Stage, what: str, theirs: tuple[str, str], most: float, lines: int | None, **asked: str) -> Row:
    counts = stage.directory / "counts.json"
    url = hits_url(stage.agent, stage.big.path.name, **asked)
    named, line = theirs
    measured = commands.side_by_side(
        REPETITIONS,
        lambda: commands.fetch(url, str(counts), lines=lines).seconds,
        lambda: commands.shell(line, logs.COMMON.decode(), stage.big.path),
    )
    _require_all_counted(counts)
    mine, their = measured.medians
    target, met = f"ratio at most {most:g}", measured.ratio <= most
    return Row(what, f"{mine:.3f} s", f"{their:.3f} s {named}", measured.ratio, target, met)


def _require_all_counted(path: Path) -> None:
    counted = json.loads(path.read_bytes())
    if sum(hit["count"] for hit in counted["hits"]) != counted["end"]["lines"]:
        raise RuntimeError("the counts do not come to the lines of the verdict")
