"""How fast a file is searched that is not in the page cache, beside reading it in large blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import commands
import logs
from report import Row
from stage import Stage, logs_url

RATIO = 1.2
"""At most, of the time that the disk takes for the bytes alone."""
REPETITIONS = 5


def cold(stage: Stage) -> list[Row]:
    """A rare word, looked for in the big file after the kernel dropped its pages."""
    path = stage.big.path
    url = logs_url(stage.agent, path.name, keyword=logs.RARE.decode())
    measured = commands.side_by_side(
        REPETITIONS,
        lambda: _cold(path, lambda: commands.fetch(url, lines=logs.RARE_LINES).seconds),
        lambda: _cold(path, lambda: commands.shell('dd if="$1" of=/dev/null bs=1M status=none', path)),
    )
    mine, their = measured.medians
    target = f"ratio at most {RATIO:g}"
    what = f"keyword on {logs.RARE_LINES} of {stage.big.lines:,} lines, not in the page cache"
    return [Row(what, f"{mine:.3f} s", f"{their:.3f} s dd bs=1M", measured.ratio, target, measured.ratio <= RATIO)]


def _cold(path: Path, measure: Callable[[], float]) -> float:
    logs.forget(path)
    return measure()
