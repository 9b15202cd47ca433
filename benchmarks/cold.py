"""How fast a file is searched that is not in the page cache, beside reading it in large blocks; what stays of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import commands
import logs
import processes
from report import Row
from stage import Stage

from logagent.disk.files.residency import absent

RATIO = 1.2
"""At most, of the time that the disk takes for the bytes alone."""
LEFT = 0.05
"""Of the file at most that is in the page cache behind a search that is to leave it as it was."""
REPETITIONS = 5
_FIO = ("--name=cold", "--rw=read", "--bs=1M", "--iodepth=32", "--direct=1", "--ioengine=libaio", "--readonly")


def cold(stage: Stage) -> list[Row]:
    """A rare word, looked for in the big file after the kernel dropped its pages, which may stay, or are dropped."""
    path = stage.big.path
    rows = [_row(path, stage.agent.url, stage.big.lines, "kept", lambda: _read_cached(path), "dd bs=1M")]
    with processes.agent("leaving", path.parent, "--page-cache", "leave") as leaving:
        told = "fio, 32 MiB under way" if shutil.which("fio") else "dd bs=1M iflag=direct"
        rows.append(_row(path, leaving.url, stage.big.lines, "left as it was", lambda: _read_directly(path), told))
        logs.forget(path)
        commands.fetch(f"{leaving.url}/logs?filename={path.name}&keyword={logs.RARE.decode()}", lines=logs.RARE_LINES)
    left = _share_in_cache(path)
    what = "share of that file in the page cache afterwards"
    return [*rows, Row(what, f"{left:.1%}", "", None, f"at most {LEFT:.0%}", left <= LEFT)]


def _row(path: Path, url: str, lines: int, cache: str, read: Callable[[], float], compared: str) -> Row:
    url = f"{url}/logs?filename={path.name}&keyword={logs.RARE.decode()}"
    measured = commands.side_by_side(
        REPETITIONS,
        lambda: _cold(path, lambda: commands.fetch(url, lines=logs.RARE_LINES).seconds),
        lambda: _cold(path, read),
    )
    mine, their = measured.medians
    what = f"keyword on {logs.RARE_LINES} of {lines:,} lines, not in the page cache, which is {cache}"
    target = f"ratio at most {RATIO:g}"
    return Row(what, f"{mine:.3f} s", f"{their:.3f} s {compared}", measured.ratio, target, measured.ratio <= RATIO)


def _cold(path: Path, measure: Callable[[], float]) -> float:
    logs.forget(path)
    return measure()


def _read_cached(path: Path) -> float:
    return commands.shell('dd if="$1" of=/dev/null bs=1M status=none', path)


def _read_directly(path: Path) -> float:
    """Seconds that the disk takes for the bytes, past the page cache; fio's own start is left out."""
    if not shutil.which("fio"):
        return commands.shell('dd if="$1" of=/dev/null bs=1M iflag=direct status=none', path)
    command = ["fio", *_FIO, f"--filename={path}", f"--size={path.stat().st_size}", "--output-format=json"]
    told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return float(told["jobs"][0]["read"]["runtime"]) / 1000


def _share_in_cache(path: Path) -> float:
    size, descriptor = path.stat().st_size, os.open(path, os.O_RDONLY)
    try:
        return 1 - sum(map(len, absent(descriptor, 0, size))) / size
    finally:
        os.close(descriptor)
