"""What a log answers is what the tools print that people know: grep, tac, head, awk, cut, sort, uniq and zgrep."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from logagent.core.hits.histogram import Histogram
from logagent.core.matching.expressions import BadPattern
from logagent.core.matching.patterns import compiled
from logagent.core.query import Order
from logagent.core.units import MINUTE, SECOND
from logagent.disk.archives.compression import Compression
from testbed.packing import PACK, packed
from testbed.reading import answer, joined

PIECES = [b"a", b"b", b"A", b"ab", b"ba", b" ", b".", b"1", b"-", b"(", b"\\", b"\t", b"\r", b"\xff", "é".encode()]
ATOMS = [rb"a", rb"b", rb"A", rb"1", rb"\.", rb".", rb"[ab]", rb"[^a]", rb"[A-Z]", rb"[[:digit:]]", rb"\w", rb"\W"]
ATOMS += [rb"\s", rb"\S", rb"\(", rb"\\", rb"-"]
TIMES = [b"*", b"+", b"?", b"{2}", b"{1,3}", b"{2,}"]

lines_of_text = st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map(b"".join), max_size=25)
literals = st.lists(st.sampled_from(PIECES), min_size=1, max_size=2).map(b"".join)
sizes = st.lists(st.integers(8, 200), min_size=1, max_size=3).map(sorted).map(tuple)
bodies = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(b"".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda those: b"(" + b"|".join(those) + b")"),
        st.tuples(inner, st.sampled_from(TIMES)).map(lambda pair: b"(" + pair[0] + b")" + pair[1]),
    ),
    max_leaves=5,
)
expressions = st.tuples(st.sampled_from([b"", b"", b"^"]), bodies, st.sampled_from([b"", b"", b"$"])).map(b"".join)
"""Of what extended and Perl's regular expressions have in common."""


def run(*command: str | bytes, text: bytes) -> bytes:
    """What a tool prints; grep ends with 1 where it finds nothing."""
    ended = subprocess.run(command, input=text, capture_output=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    assert ended.returncode in (0, 1), ended.stderr
    assert ended.stderr == b""
    return ended.stdout


def rows(text: bytes) -> list[bytes]:
    """Lines as grep knows them, to which a carriage return belongs."""
    return text.split(b"\n")[:-1]


def grep(text: bytes, *flags: str, pattern: bytes, ignore_case: bool = False) -> bytes:
    return run("grep", "-a", *flags, *(["-i"] if ignore_case else []), "-e", pattern, text=text)


def is_searched_for(expression: bytes, ignore_case: bool) -> bool:
    """Unless no line at all can match."""
    try:
        compiled(expression, ignore_case=ignore_case)
    except BadPattern as refused:
        if str(refused) != "Pattern can never match":
            raise
        return False
    return True


@settings(max_examples=150, deadline=None)
@given(lines_of_text, expressions, st.booleans(), sizes)
@example([b"", b"a"], b"a*$", False, (8,))
async def test_a_regex_finds_what_grep_finds_with_either_syntax(
    lines: list[bytes], expression: bytes, ignore_case: bool, sizes: tuple[int, ...]
) -> None:
    assume(is_searched_for(expression, ignore_case))
    text = joined(lines)
    out, _ = await answer([text], sizes, regex=(expression,), ignore_case=ignore_case, order=Order.OLDEST)
    for syntax in ("-E", "-P"):
        assert out.lines == rows(grep(text, syntax, pattern=expression, ignore_case=ignore_case))


several = st.fixed_dictionaries(
    {
        "keywords": st.lists(literals, max_size=2).map(tuple),
        "exclude": st.lists(literals, max_size=2).map(tuple),
        "regex": st.lists(expressions, max_size=2).map(tuple),
        "exclude_regex": st.lists(expressions, max_size=2).map(tuple),
        "ignore_case": st.booleans(),
        "order": st.sampled_from(Order),
    }
)
FLAGS = {"keywords": ("-F",), "exclude": ("-F", "-v"), "regex": ("-E",), "exclude_regex": ("-E", "-v")}


@settings(max_examples=100, deadline=None)
@given(lines_of_text, several, st.none() | st.integers(1, 6), sizes)
async def test_all_that_is_asked_for_holds_as_behind_one_grep_after_another(
    lines: list[bytes], asked: dict[str, Any], n: int | None, sizes: tuple[int, ...]
) -> None:
    """Newest first is what tac prints, and n what head leaves."""
    ignore_case = asked["ignore_case"]
    assume(all(is_searched_for(one, ignore_case) for one in asked["regex"] + asked["exclude_regex"]))
    text = joined(lines)
    out, _ = await answer([text], sizes, n=n, **asked)
    for name, flags in FLAGS.items():
        for pattern in asked[name]:
            text = grep(text, *flags, pattern=pattern, ignore_case=ignore_case)
    text = run("tac", text=text) if asked["order"] is Order.NEWEST else text
    assert out.lines == rows(text if n is None else run("head", "-n", str(n), text=text))


TOOLS = {Compression.GZIP: "zgrep", Compression.BZIP2: "bzgrep", Compression.XZ: "xzgrep", Compression.ZSTD: "zstdgrep"}


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("kind", list(PACK))
async def test_an_archive_answers_what_its_grep_prints(kind: Compression, members: int, tmp_path: Path) -> None:
    """Where a host lacks that tool, grep is given the text itself. A line goes over the border of the members."""
    lines = [b"%d %b" % (number, b"refused" if number % 7 == 0 else b"accepted") for number in range(3000)]
    text = joined(lines)
    border = 20_003 if members == 2 else len(text)
    archive = packed(kind, [part for part in (text[:border], text[border:]) if part])
    path = tmp_path / "app.log.1"
    path.write_bytes(archive)
    tool = shutil.which(TOOLS[kind]) if kind in TOOLS else None
    for pattern in (b"refused", b"99 accepted"):
        expected = run(tool, "-a", "-e", pattern, str(path), text=b"") if tool else grep(text, pattern=pattern)
        assert expected == grep(text, "-F", pattern=pattern)
        for order in Order:
            out, outcome = await answer([archive], (4096,), keywords=(pattern,), order=order)
            assert joined(out.lines) == (run("tac", text=expected) if order is Order.NEWEST else expected)
            assert outcome.complete


NOON = datetime(2023, 11, 14, 12, tzinfo=UTC)
KINDS = st.sampled_from([None, *PACK])
steps = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([b"match", b"other", b" more match"])), min_size=1, max_size=40
)


def stamped(second: int) -> bytes:
    return f"{NOON + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}".encode()


def timed(steps: Sequence[tuple[int, bytes]], back: int = 0) -> list[bytes]:
    """Lines of ascending times but for those of every third line, which are late by `back` seconds; some have none."""
    seconds = accumulate(step for step, _ in steps)
    return [
        text if text[:1] == b" " and number else stamped(second - (back if number % 3 == 2 else 0)) + b" " + text
        for number, (second, (_, text)) in enumerate(zip(seconds, steps, strict=True))
    ]


def generations(lines: list[bytes], borders: Sequence[int], kinds: Sequence[Compression | None]) -> list[bytes]:
    """The lines as files, oldest first, each but the last packed or not; each begins with a time, as rotation is."""
    places = [0, *sorted(borders), len(lines)]
    parts = [lines[begin:end] for begin, end in pairwise(places)]
    assume(all(not part or part[0][:1] != b" " for part in parts))
    packing = [*kinds, None]
    return [
        joined(part) if kind is None else PACK[kind](joined(part)) for part, kind in zip(parts, packing, strict=True)
    ]


logs_of_three = st.tuples(st.tuples(st.integers(0, 40), st.integers(0, 40)), st.tuples(KINDS, KINDS))
IN_RANGE = """/^2/ { time = $1 } time >= since && time < until { print }"""


@settings(max_examples=100, deadline=None)
@given(steps, logs_of_three, st.sampled_from([0, 4]), st.integers(-5, 900), st.integers(1, 600), sizes)
@example([(0, b"match"), (21, b" more match"), (40, b"match")], ((0, 3), (None, Compression.GZIP)), 0, 0, 1, (54,))
async def test_a_range_over_generations_holds_what_awk_prints(
    steps: list[tuple[int, bytes]],
    files: tuple[tuple[int, int], tuple[Compression | None, Compression | None]],
    back: int,
    since: int,
    length: int,
    sizes: tuple[int, ...],
) -> None:
    lines = timed(steps, back)
    contents = generations(lines, *files)
    begin, end = stamped(since), stamped(since + length)
    limits = ["-v", b"since=" + begin, "-v", b"until=" + end]
    inside = grep(run("awk", *limits, IN_RANGE, text=joined(lines)), "-F", pattern=b"match")
    asked = {"keywords": (b"match",), "since": at(since), "until": at(since + length)}
    for order in Order:
        out, outcome = await answer(contents, sizes, order=order, **asked)
        assert joined(out.lines) == (run("tac", text=inside) if order is Order.NEWEST else inside)
        assert outcome.complete


def at(second: int) -> int:
    return (int(NOON.timestamp()) + second) * SECOND


@settings(max_examples=60, deadline=None)
@given(steps, logs_of_three, sizes)
async def test_hits_over_generations_are_what_cut_sort_and_uniq_count(
    steps: list[tuple[int, bytes]],
    files: tuple[tuple[int, int], tuple[Compression | None, Compression | None]],
    sizes: tuple[int, ...],
) -> None:
    lines = timed([(step, text.strip()) for step, text in steps])
    printed = grep(joined(lines), "-F", pattern=b"match")
    for tool in (["cut", "-c1-16"], ["sort"], ["uniq", "-c"]):
        printed = run(*tool, text=printed)
    expected = Counter(
        {
            int(datetime.fromisoformat(f"{minute.decode()}:00Z").timestamp()) * SECOND: int(count)
            for count, minute in map(bytes.split, rows(printed))
        }
    )
    out, _ = await answer(generations(lines, *files), sizes, keywords=(b"match",), hits=True, step=MINUTE)
    histogram = Histogram(MINUTE)
    for batch in out.batches:
        if batch.count:
            histogram.add(batch)
    assert {row.start: row.lines for row in histogram.rows()} == expected
