"""How fast a rare word is found in archives, newest first, beside zgrep and zstdgrep; and what memory that takes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import commands
import logs
import processes
from report import Row, megabytes
from stage import Stage, logs_url

RATIO = 1.0
MEMORY = 64_000_000
REPETITIONS = 5
PACKERS = {".gz": ("gzip", "zgrep"), ".zst": ("zstd", "zstdgrep")}


def archives(stage: Stage) -> list[Row]:
    """A rare word, looked for in the big file packed by gzip and by zstd."""
    return [row for suffix in PACKERS for row in _beside_grep(stage, suffix)]


def _beside_grep(stage: Stage, suffix: str) -> list[Row]:
    packer, grep = PACKERS[suffix]
    what = f"keyword on {logs.RARE_LINES} of {stage.big.lines:,} lines, {suffix}"
    if not shutil.which(grep):
        return [Row(what, "", f"{grep} is not installed", None, "", None)]
    archive = stage.directory / f"packed{suffix}" / f"packed{suffix}"
    archive.parent.mkdir()
    with archive.open("wb") as packed:
        subprocess.run([packer, "-c", str(stage.big.path)], stdout=packed, check=True)
    ours, theirs = stage.directory / "ours", stage.directory / "theirs"
    line = f'{grep} -F "$1" "$2" > "$3"'
    with processes.agent("archives", archive.parent) as agent:
        url = logs_url(agent, archive.name, keyword=logs.RARE.decode())
        before = agent.memory
        measured = commands.side_by_side(
            REPETITIONS,
            lambda: commands.fetch(url, str(ours), lines=logs.RARE_LINES).seconds,
            lambda: commands.shell(line, logs.RARE.decode(), archive, theirs),
        )
        growth = agent.peak_memory - before
    _require_equal(ours, theirs)
    mine, their = measured.medians
    compared = f"{their:.3f} s {grep} -F"
    limit = megabytes(MEMORY)
    return [
        Row(what, f"{mine:.3f} s", compared, measured.ratio, f"ratio at most {RATIO:g}", measured.ratio <= RATIO),
        Row(f"memory for that, {suffix}", megabytes(growth), "", None, f"under {limit}", growth < MEMORY),
    ]


def _require_equal(ours: Path, theirs: Path) -> None:
    if ours.read_bytes().splitlines()[::-1] != theirs.read_bytes().splitlines():
        raise RuntimeError("the other finds other lines")
