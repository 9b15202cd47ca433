"""Lines as hundreds of programs write them have the times that they state, or none."""

from __future__ import annotations

import datetime
import random
import re
import zoneinfo
from pathlib import Path

import pytest

from logagent.core.times.decided_formats import DECIDED
from logagent.core.times.judgement import judge
from logagent.core.times.leading_formats import LEADING
from logagent.core.times.places import candidates
from logagent.core.times.stamper import Stamper
from testbed.times import instant, ns

ZONE = zoneinfo.ZoneInfo("America/New_York")
MODIFIED = ns("2026-11-28 22:00:00")
CHARACTERS = {
    "{TAB}": "\t",
    "{ESC}": "\x1b",
    "{BOM}": "\ufeff",
    "{NARROW}": "\u202f",
    "{FIXED}": "\u00a0",
    "{MINUS}": "\u2212",
    "\\|": "|",
}


def lines_of_corpus() -> list[tuple[str, str, bytes]]:
    """The lines with their times and programs."""
    texts = (Path(__file__).parent / "corpus.txt").read_text("utf-8").splitlines()
    rows = [text.split(" | ", 2) for text in texts if not text.startswith("#")]
    for name, character in CHARACTERS.items():
        rows = [[*row[:2], row[2].replace(name, character)] for row in rows]
    return [(program, time, line.encode()) for time, program, line in rows]


def expected(time: str) -> int | None:
    if time == "none":
        return None
    moment = datetime.datetime.fromisoformat(time)
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=ZONE))


CORPUS = lines_of_corpus()


@pytest.mark.parametrize(("program", "time", "line"), CORPUS, ids=[program for program, _, _ in CORPUS])
def test_a_line_of_a_program_has_the_time_that_it_states(program: str, time: str, line: bytes) -> None:
    stamps = Stamper(ZONE, MODIFIED).stamps([line] * 4)
    assert len(set(stamps)) == 1
    assert _microseconds(stamps[0]) == expected(time), program


def _microseconds(stamp: int | None) -> int | None:
    """The corpus writes no nanoseconds."""
    return None if stamp is None else stamp // 1000 * 1000


@pytest.mark.parametrize(("program", "time", "line"), CORPUS, ids=[program for program, _, _ in CORPUS])
def test_a_line_by_itself_is_a_file_whose_time_is_found(program: str, time: str, line: bytes) -> None:
    judgement = judge([line], ZONE, MODIFIED)
    if time == "none":
        assert set(judgement.formats) <= {form.name for form in DECIDED}, program
        return
    stamper = Stamper(ZONE, MODIFIED, judgement)
    assert [_microseconds(stamp) for stamp in stamper.stamps([line] * 4)] == [expected(time)] * 4, program


def layout(line: bytes) -> tuple[str, bytes] | None:
    """How a line's time is written: its format, and its text with all digits as 0 and all letters as a."""
    judgement = judge([line], ZONE, MODIFIED)
    found = next((each.found for each in candidates(line) if each.place in judgement.places), None)
    if found is None:
        return None
    text = re.sub(rb"[A-Za-z\x80-\xff]+", lambda letters: b"a" * min(4, len(letters[0])), found.match[0])
    return found.form.name, re.sub(rb"\d", b"0", text)


def test_the_corpus_holds_many_layouts() -> None:
    layouts = {layout(line) for _, time, line in CORPUS if time != "none"} - {None}
    assert len(layouts) >= 380
    assert len({program for program, _, _ in CORPUS}) == len(CORPUS)


def test_lines_of_the_corpus_mean_the_same_in_one_file() -> None:
    lines = [line for _, _, line in CORPUS for _ in range(3)]
    fresh = [Stamper(ZONE, MODIFIED).stamp(line) for line in lines]
    assert Stamper(ZONE, MODIFIED).stamps(lines) == fresh


@pytest.mark.parametrize("seed", range(20))
def test_lines_of_a_mixed_file_mean_the_same_whatever_comes_before_them(seed: int) -> None:
    choose = random.Random(seed)
    lines = [line for _, _, line in choose.sample(CORPUS, choose.choice([1, 2, 3, 5, 8]))]
    lines += [b"  " + lines[0], b"x " + lines[-1], b'{"a":"%b"}' % lines[0][:40].replace(b'"', b"'")]
    judgement = judge(lines, ZONE, MODIFIED)
    many = [choose.choice(lines) for _ in range(60)]
    fresh = [Stamper(ZONE, MODIFIED, judgement).stamp(line) for line in many]
    assert Stamper(ZONE, MODIFIED, judgement).stamps(many) == fresh


def test_no_line_of_the_corpus_begins_with_two_formats() -> None:
    """Which one is tried first depends on the lines before."""
    for _, _, line in CORPUS:
        assert len([form for form in LEADING if form.pattern.match(line)]) <= 1, line
