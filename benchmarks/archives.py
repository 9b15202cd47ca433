"""How fast words are found in archives, newest first, beside the tools for that; and what memory that takes."""

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
COMMON_RATIO = 2.0
"""At most, for a word on 5 % of the lines; half of that is the aim."""
REPETITIONS = 5
PACKERS = {".gz": ("gzip", "zgrep"), ".zst": ("zstd", "zstdgrep")}


def archives(stage: Stage) -> list[Row]:
    """A rare word and a frequent one, looked for in the big file packed by gzip and by zstd."""
    return [row for suffix in PACKERS for rows in (_beside_grep, _beside_tac) for row in rows(stage, suffix)]


def _beside_tac(stage: Stage, suffix: str) -> list[Row]:
    """A word on 5 % of the lines, the newest first."""
    packer, word = PACKERS[suffix][0], logs.COMMON.decode()
    archive = _packed(stage, suffix)
    ours, theirs = stage.directory / "ours", stage.directory / "theirs"
    line = f'{packer} -dc "$2" | grep -F "$1" | tac > "$3"'
    with processes.agent("archives", archive.parent) as agent:
        url = logs_url(agent, archive.name, keyword=word)
        before = agent.memory
        measured = commands.side_by_side(
            REPETITIONS,
            lambda: commands.fetch(url, str(ours)).seconds,
            lambda: commands.shell(line, word, archive, theirs),
        )
        growth = agent.peak_memory - before
    if ours.read_bytes() != theirs.read_bytes():
        raise RuntimeError("the other finds other lines")
    (mine, their), ratio = measured.medians, measured.ratio
    what, compared = f"keyword on 5 %, {suffix}, newest first", rf"{their:.3f} s {packer} -dc \| grep -F \| tac"
    target = f"ratio at most {COMMON_RATIO:g}"
    return [
        Row(what, f"{mine:.3f} s", compared, ratio, target, ratio <= COMMON_RATIO),
        Row(f"memory for that, {suffix}", megabytes(growth), "", None, f"under {megabytes(MEMORY)}", growth < MEMORY),
    ]


def _packed(stage: Stage, suffix: str) -> Path:
    """The big file, packed; made when it is asked for first."""
    archive = stage.directory / f"packed{suffix}" / f"packed{suffix}"
    if not archive.exists():
        archive.parent.mkdir()
        with archive.open("wb") as packed:
            subprocess.run([PACKERS[suffix][0], "-c", str(stage.big.path)], stdout=packed, check=True)
    return archive


def _beside_grep(stage: Stage, suffix: str) -> list[Row]:
    grep = PACKERS[suffix][1]
    what = f"keyword on {logs.RARE_LINES} of {stage.big.lines:,} lines, {suffix}"
    if not shutil.which(grep):
        return [Row(what, "", f"{grep} is not installed", None, "", None)]
    archive = _packed(stage, suffix)
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
