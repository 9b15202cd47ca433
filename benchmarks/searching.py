"""How fast patterns are found in one file, beside ripgrep where it is installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import commands
import logs
from report import Row
from stage import Stage, logs_url

LITERAL_RATIO = 1.2
EXPRESSION_RATIO = 1.2
EVERYWHERE_RATIO = 2.0
EVERYWHERE_LINES = 100_000
REPETITIONS = 7

EXPRESSIONS = ("timeout.*refused", "error|fail(ed|ure)?|panic", r"user=\w+ .* status=5\d\d")
"""As they are typed in the search for a fault: two words, alternatives, fields."""
EVERYWHERE = "[0-9]"
"""Matches at many places of every line."""


def patterns(stage: Stage) -> list[Row]:
    """A rare word and expressions, looked for in the whole file, and an expression that matches every line."""
    word = logs.RARE.decode()
    rare = f"{word}, on {logs.RARE_LINES} of {stage.big.lines:,} lines"
    rows = [
        _beside_ripgrep(stage, f"keyword {rare}", "-F", word, LITERAL_RATIO, keyword=word),
        _beside_ripgrep(
            stage, f"keyword {rare}, ignoring case", "-iF", word, LITERAL_RATIO, keyword=word, ignore_case="1"
        ),
    ]
    for pattern in EXPRESSIONS:
        shown = pattern.replace("|", r"\|")
        rows.append(_beside_ripgrep(stage, f"regex {shown}", "-e", pattern, EXPRESSION_RATIO, regex=pattern))
    return [*rows, _everywhere(stage)]


def _beside_ripgrep(stage: Stage, what: str, option: str, pattern: str, most: float, **asked: str) -> Row:
    if not shutil.which("rg"):
        return Row(what, "", "rg is not installed", None, "", None)
    url = logs_url(stage.agent, stage.big.path.name, **asked)
    line = f"""rg --no-config --no-filename {option} "$1" "$2" > "$3" || [ $? = 1 ]"""
    return _compared(stage, what, url, (line, pattern), f"rg {option}", most, reverse=True)


def _everywhere(stage: Stage) -> Row:
    what = f"regex {EVERYWHERE}, on every line, the first {EVERYWHERE_LINES:,}"
    url = logs_url(stage.agent, stage.big.path.name, regex=EVERYWHERE, n=EVERYWHERE_LINES)
    line = f'tac "$2" | grep -E -m {EVERYWHERE_LINES} "$1" > "$3"'
    return _compared(stage, what, url, (line, EVERYWHERE), r"tac f \| grep -E -m n", EVERYWHERE_RATIO, reverse=False)


def _compared(
    stage: Stage, what: str, url: str, theirs: tuple[str, str], named: str, most: float, *, reverse: bool
) -> Row:
    """reverse: whether the other gives the lines from the first to the last."""
    our_lines, their_lines = stage.directory / "ours", stage.directory / "theirs"
    line, pattern = theirs
    measured = commands.side_by_side(
        REPETITIONS,
        lambda: commands.fetch(url, str(our_lines)).seconds,
        lambda: commands.shell(line, pattern, stage.big.path, their_lines),
    )
    _require_equal(our_lines, their_lines, reverse=reverse)
    mine, their = measured.medians
    return Row(
        what,
        f"{mine:.3f} s",
        f"{their:.3f} s {named}",
        measured.ratio,
        f"ratio at most {most:g}",
        measured.ratio <= most,
    )


def _require_equal(ours: Path, theirs: Path, *, reverse: bool) -> None:
    lines = theirs.read_bytes().splitlines(keepends=True)
    if ours.read_bytes().splitlines(keepends=True) != (lines[::-1] if reverse else lines):
        raise RuntimeError("the other finds other lines")
